import { RgsweepError } from '../errors.js';

/** A tensor's content, row-major (last index fastest). An empty shape is a scalar with one value. */
export interface TensorData {
  shape: number[];
  data: Float32Array | Float64Array | Int32Array | Uint8Array;
}

type ElementType = 'F64' | 'F32' | 'I32' | 'U8';

/** Widest first, in the order in which the reference implementation lays tensors out. */
const elementTypes = {
  F64: { bytes: 8, rank: 0, create: (buffer: ArrayBuffer) => new Float64Array(buffer) },
  F32: { bytes: 4, rank: 1, create: (buffer: ArrayBuffer) => new Float32Array(buffer) },
  I32: { bytes: 4, rank: 2, create: (buffer: ArrayBuffer) => new Int32Array(buffer) },
  U8: { bytes: 1, rank: 3, create: (buffer: ArrayBuffer) => new Uint8Array(buffer) },
} as const;

const metadataName = '__metadata__';
/** The reference implementation's own limit. */
const maximumHeaderBytes = 100_000_000;

function elementTypeOf(name: string, data: TensorData['data']): ElementType {
  if (data instanceof Float32Array) return 'F32';
  if (data instanceof Float64Array) return 'F64';
  if (data instanceof Int32Array) return 'I32';
  if (data instanceof Uint8Array) return 'U8';
  throw new RgsweepError(
    'internal',
    `tensor "${name}" is neither Float32Array, Float64Array, Int32Array nor Uint8Array`,
  );
}

function isSize(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** Order of UTF-8 bytes, which is the order of code points and the same in every language. */
function compareText(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a, 'utf8'), Buffer.from(b, 'utf8'));
}

/**
 * Writes tensors in the safetensors format: the header's length as a little-endian 64-bit integer, the header as JSON,
 * the values in little-endian order.
 *
 * Tensors lie widest element type first, then by name: without any gap (the format forbids gaps) every tensor starts at
 * a multiple of its element size, and float64 tensors at multiples of 8 bytes. Equal content gives equal bytes, whatever
 * the order of the arguments' keys.
 *
 * @throws RgsweepError('internal') when a shape does not fit its data or a name is reserved
 */
export function encodeSafetensors(
  tensors: Record<string, TensorData>,
  metadata: Record<string, string> = {},
): Uint8Array {
  const entries = Object.entries(tensors).map(([name, { shape, data }]) => {
    if (name === metadataName)
      throw new RgsweepError(
        'internal',
        `a tensor cannot be called "${metadataName}": the format reserves it`,
      );
    const type = elementTypeOf(name, data);
    if (!shape.every(isSize) || elementCount(shape) !== data.length)
      throw new RgsweepError(
        'internal',
        `tensor "${name}" has shape [${shape.join(', ')}] but ${data.length} values`,
      );
    return { name, type, shape, data };
  });
  entries.sort(
    (a, b) => elementTypes[a.type].rank - elementTypes[b.type].rank || compareText(a.name, b.name),
  );

  // Built by hand: an object would move names that look like integers to the front.
  const fields: string[] = [];
  const described = Object.entries(metadata).sort(([a], [b]) => compareText(a, b));
  if (described.length > 0) {
    const pairs = described.map(([name, text]) => `${JSON.stringify(name)}:${JSON.stringify(text)}`);
    fields.push(`"${metadataName}":{${pairs.join(',')}}`);
  }
  let end = 0;
  for (const { name, type, shape, data } of entries) {
    const start = end;
    end += data.byteLength;
    fields.push(
      `${JSON.stringify(name)}:{"dtype":"${type}","shape":[${shape.join(',')}],"data_offsets":[${start},${end}]}`,
    );
  }
  const text = Buffer.from(`{${fields.join(',')}}`, 'utf8');
  const headerBytes = Math.ceil(text.length / 8) * 8;

  const bytes = new Uint8Array(8 + headerBytes + end);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(headerBytes), true);
  bytes.set(text, 8);
  bytes.fill(0x20, 8 + text.length, 8 + headerBytes);
  let offset = 8 + headerBytes;
  for (const { data } of entries) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), offset);
    offset += data.byteLength;
  }
  return bytes;
}

function invalid(what: string, cause?: unknown): RgsweepError {
  return new RgsweepError('data-missing', `not a whole safetensors file: ${what}`, {
    remedy: 'the file is truncated or was not written as safetensors; restore or make it again',
    ...(cause === undefined ? {} : { cause }),
  });
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parseHeader(bytes: Uint8Array): { header: Record<string, unknown>; dataStart: number } {
  if (bytes.length < 8) throw invalid(`it has ${bytes.length} bytes, at least 8 are needed`);
  const headerBytes = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true);
  if (headerBytes > BigInt(maximumHeaderBytes))
    throw invalid(`its header claims ${headerBytes} bytes, at most ${maximumHeaderBytes} are allowed`);
  const dataStart = 8 + Number(headerBytes);
  if (dataStart > bytes.length)
    throw invalid(`its header claims ${headerBytes} bytes, the whole file has ${bytes.length}`);
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(8, dataStart)));
  } catch (error) {
    throw invalid('its header is not JSON', error);
  }
  if (!isRecord(header)) throw invalid('its header is not a JSON object');
  return { header, dataStart };
}

function parseMetadata(value: unknown): Record<string, string> {
  if (value === undefined) return {};
  if (!isRecord(value)) throw invalid(`"${metadataName}" is not an object`);
  for (const [name, text] of Object.entries(value))
    if (typeof text !== 'string') throw invalid(`metadata "${name}" is not text`);
  return value as Record<string, string>;
}

interface TensorPlace {
  name: string;
  type: ElementType;
  shape: number[];
  start: number;
  end: number;
}

function parsePlace(name: string, value: unknown): TensorPlace {
  if (!isRecord(value)) throw invalid(`tensor "${name}" is not described by an object`);
  const { dtype, shape, data_offsets: offsets } = value;
  if (typeof dtype !== 'string' || !Object.hasOwn(elementTypes, dtype))
    throw invalid(
      `tensor "${name}" has element type ${JSON.stringify(dtype)}, supported are ${Object.keys(elementTypes).join(', ')}`,
    );
  const type = dtype as ElementType;
  if (!Array.isArray(shape) || !shape.every(isSize))
    throw invalid(`tensor "${name}" has shape ${JSON.stringify(shape)}`);
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isSize))
    throw invalid(`tensor "${name}" has offsets ${JSON.stringify(offsets)}`);
  const [start, end] = offsets as [number, number];
  if (end - start !== elementCount(shape) * elementTypes[type].bytes)
    throw invalid(`tensor "${name}" ${dtype}[${shape.join(', ')}] lies in ${end - start} bytes`);
  return { name, type, shape, start, end };
}

/**
 * Reads a safetensors file: float64, float32, int32 and uint8 tensors. The arrays are copies, independent of `bytes`.
 * Bounds, gaps, overlaps and the total length are checked; flipped bits in the values are not noticed, that is what
 * a checkpoint's hashes are for.
 *
 * @throws RgsweepError('data-missing') that says what is wrong with the file
 */
export function decodeSafetensors(bytes: Uint8Array): {
  tensors: Record<string, TensorData>;
  metadata: Record<string, string>;
} {
  const { header, dataStart } = parseHeader(bytes);
  const metadata = parseMetadata(header[metadataName]);
  const places = Object.entries(header)
    .filter(([name]) => name !== metadataName)
    .map(([name, value]) => parsePlace(name, value))
    .sort((a, b) => a.start - b.start || a.end - b.end);
  let expected = 0;
  for (const { name, start, end } of places) {
    if (start !== expected) throw invalid(`tensor "${name}" starts at ${start} instead of ${expected}`);
    expected = end;
  }
  const available = bytes.length - dataStart;
  if (expected !== available)
    throw invalid(`its tensors need ${expected} bytes, ${available} follow the header`);
  const tensors = places.map(({ name, type, shape, start, end }): [string, TensorData] => {
    const copy = new Uint8Array(end - start);
    copy.set(bytes.subarray(dataStart + start, dataStart + end));
    return [name, { shape, data: elementTypes[type].create(copy.buffer) }];
  });
  return { tensors: Object.fromEntries(tensors), metadata };
}
