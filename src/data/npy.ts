import type { TensorData } from '../tensors/safetensors.js';

const types = {
  '<f4': { bytes: 4, create: (buffer: ArrayBuffer) => new Float32Array(buffer) },
  '<f8': { bytes: 8, create: (buffer: ArrayBuffer) => new Float64Array(buffer) },
} as const;

/**
 * An array as numpy.save writes it (NEP 1, versions 1 to 3): float32 or float64, little-endian, in C order.
 * @throws Error with the reason, for the caller to say of which file
 */
export function decodeNpy(bytes: Uint8Array): TensorData {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (file.length < 12 || file.toString('latin1', 0, 6) !== '\x93NUMPY')
    throw new Error('it is no .npy file');
  const long = file[6]! > 1;
  const start = long ? 12 : 10;
  const end = start + (long ? file.readUInt32LE(8) : file.readUInt16LE(8));
  const header = file.toString('latin1', start, end);
  const type = /'descr':\s*'([^']*)'/.exec(header)?.[1];
  const order = /'fortran_order':\s*(True|False)/.exec(header)?.[1];
  const shape = /'shape':\s*\(([\d\s,]*)\)/.exec(header)?.[1];
  if (type === undefined || order === undefined || shape === undefined)
    throw new Error('its header cannot be read');
  if (!(type in types))
    throw new Error(`its numbers are ${type}; float32 and float64 are read: save array.astype("float32")`);
  if (order === 'True') throw new Error('it is in Fortran order: save numpy.ascontiguousarray(array)');
  const sizes = shape.split(',').flatMap((size) => (size.trim() === '' ? [] : [Number(size)]));
  const { bytes: width, create } = types[type as keyof typeof types];
  const length = width * sizes.reduce((product, size) => product * size, 1);
  if (file.length - end !== length)
    throw new Error(
      `it has ${file.length - end} bytes of numbers; its shape (${sizes.join(', ')}) needs ${length}`,
    );
  return { shape: sizes, data: create(new Uint8Array(file.subarray(end)).buffer) };
}
