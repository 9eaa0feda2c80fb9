import { RgsweepError } from '../errors.js';

/**
 * The part of POSIX tar (ustar, with pax headers for long names and large files) that an archive of a sweep needs: regular
 * files only. What the reader does not know it refuses; it never touches the file system.
 */
const blockBytes = 512;
const largestUstarBytes = 8 ** 11 - 1;
const largestPaxBytes = 65_536;

export interface TarEntry {
  name: string;
  bytes: number;
  /** The content; it must be read to its end before the next entry is asked for. */
  body: AsyncIterable<Uint8Array>;
}

function octal(value: number, length: number): string {
  return `${value.toString(8).padStart(length - 1, '0')}\0`;
}

/** `prefix/name` of a ustar header: at most 155 and 100 bytes. */
function splitName(name: string): { name: string; prefix: string } | undefined {
  if (Buffer.byteLength(name) <= 100) return { name, prefix: '' };
  for (let slash = name.indexOf('/'); slash > 0; slash = name.indexOf('/', slash + 1)) {
    const [prefix, rest] = [name.slice(0, slash), name.slice(slash + 1)];
    if (rest !== '' && Buffer.byteLength(rest) <= 100 && Buffer.byteLength(prefix) <= 155)
      return { name: rest, prefix };
  }
  return undefined;
}

function headerBlock(split: { name: string; prefix: string }, bytes: number, type: string): Buffer {
  const block = Buffer.alloc(blockBytes);
  block.write(split.name, 0, 'utf8');
  block.write(octal(0o644, 8), 100);
  block.write(octal(0, 8), 108);
  block.write(octal(0, 8), 116);
  block.write(octal(Math.min(bytes, largestUstarBytes), 12), 124);
  block.write(octal(0, 12), 136);
  block.write(' '.repeat(8), 148);
  block.write(type, 156);
  block.write('ustar\0' + '00', 257);
  block.write(split.prefix, 345, 'utf8');
  block.write(`${checksum(block).toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}

function checksum(block: Uint8Array): number {
  let sum = 0;
  for (let index = 0; index < blockBytes; index++) sum += index >= 148 && index < 156 ? 32 : block[index]!;
  return sum;
}

/** `LENGTH key=value\n`, where the length counts itself. */
function paxRecord(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  let length = Buffer.byteLength(rest);
  while (String(length).length + Buffer.byteLength(rest) !== length)
    length = String(length).length + Buffer.byteLength(rest);
  return `${length}${rest}`;
}

/** What stands before an entry's content. */
export function tarHeader(name: string, bytes: number): Buffer {
  const split = splitName(name);
  const records = [
    ...(split ? [] : [paxRecord('path', name)]),
    ...(bytes > largestUstarBytes ? [paxRecord('size', String(bytes))] : []),
  ];
  const header = headerBlock(split ?? { name: name.slice(-50), prefix: '' }, bytes, '0');
  if (records.length === 0) return header;
  const pax = Buffer.from(records.join(''), 'utf8');
  return Buffer.concat([
    headerBlock({ name: 'pax', prefix: '' }, pax.length, 'x'),
    pax,
    tarPadding(pax.length),
    header,
  ]);
}

/** What stands after an entry's content: zeros up to a whole block. */
export function tarPadding(bytes: number): Buffer {
  return Buffer.alloc((blockBytes - (bytes % blockBytes)) % blockBytes);
}

/** What stands at the end of an archive. */
export const tarEnd: Buffer = Buffer.alloc(2 * blockBytes);

const typeNames: Record<string, string> = {
  '1': 'a hard link',
  '2': 'a symbolic link',
  '3': 'a device',
  '4': 'a device',
  '5': 'a folder',
  '6': 'a pipe',
};

function refuse(what: string): never {
  throw new RgsweepError('usage', what, {
    remedy: 'the archive is damaged or was not written by `rgsweep archive`; nothing was imported',
  });
}

/** Hands out bytes of a stream in pieces of the wanted size. */
class ByteReader {
  private readonly iterator: AsyncIterator<Uint8Array>;
  private pending: Uint8Array = new Uint8Array();

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.iterator = chunks[Symbol.asyncIterator]();
  }

  /** Up to so many bytes, at least one; undefined at the end. */
  async some(most: number): Promise<Uint8Array | undefined> {
    while (this.pending.length === 0) {
      const next = await this.iterator.next();
      if (next.done) return undefined;
      this.pending = next.value;
    }
    const part = this.pending.subarray(0, most);
    this.pending = this.pending.subarray(part.length);
    return part;
  }

  async exactly(bytes: number): Promise<Buffer | undefined> {
    const parts: Uint8Array[] = [];
    for (let missing = bytes; missing > 0;) {
      const part = await this.some(missing);
      if (!part) return undefined;
      parts.push(part);
      missing -= part.length;
    }
    return Buffer.concat(parts);
  }
}

function textAt(block: Buffer, from: number, length: number): string {
  const end = block.indexOf(0, from);
  return block.toString('utf8', from, end >= from && end < from + length ? end : from + length);
}

function parsePax(body: Buffer): { path?: string; size?: number } {
  const found: { path?: string; size?: number } = {};
  for (let at = 0; at < body.length;) {
    const space = body.indexOf(0x20, at);
    const length = Number(body.toString('utf8', at, space));
    if (space < 0 || !Number.isInteger(length) || length <= space - at || at + length > body.length)
      refuse('a pax header of the archive is damaged');
    const record = body.toString('utf8', space + 1, at + length - 1);
    const equals = record.indexOf('=');
    const [key, value] = [record.slice(0, equals), record.slice(equals + 1)];
    if (key === 'path') found.path = value;
    else if (key === 'size' && /^\d{1,16}$/.test(value)) found.size = Number(value);
    else refuse(`a pax header of the archive has the unknown key ${JSON.stringify(key.slice(0, 40))}`);
    at += length;
  }
  return found;
}

/**
 * The entries of an archive, in order.
 * @throws RgsweepError('usage') when it is cut short, damaged, or has anything but regular files
 */
export async function* readTar(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<TarEntry, void> {
  const reader = new ByteReader(chunks);
  const block = async () => (await reader.exactly(blockBytes)) ?? refuse('the archive is cut short');
  let pax: { path?: string; size?: number } = {};
  for (;;) {
    const header = await block();
    if (header.every((byte) => byte === 0)) {
      if (!(await block()).every((byte) => byte === 0)) refuse('the archive is damaged after its last entry');
      return;
    }
    if (header.toString('latin1', 257, 262) !== 'ustar') refuse('it is no tar archive of the POSIX kind');
    if (parseInt(textAt(header, 148, 8), 8) !== checksum(header))
      refuse('a header of the archive is damaged');
    const type = String.fromCharCode(header[156]!);
    const sizeText = textAt(header, 124, 12).trim();
    if (!/^[0-7]{1,11}$/.test(sizeText)) refuse('an entry of the archive states no size');
    const ustarBytes = parseInt(sizeText, 8);
    const prefix = textAt(header, 345, 155);
    const ustarName = textAt(header, 0, 100);
    const name = pax.path ?? (prefix === '' ? ustarName : `${prefix}/${ustarName}`);
    const shown = JSON.stringify(name.slice(0, 200));
    if (type === 'x') {
      if (ustarBytes > largestPaxBytes) refuse('a pax header of the archive is too long');
      const body = (await reader.exactly(ustarBytes)) ?? refuse('the archive is cut short');
      await reader.exactly(tarPadding(ustarBytes).length);
      pax = parsePax(body);
      continue;
    }
    if (type !== '0' && type !== '\0') refuse(`entry ${shown} is ${typeNames[type] ?? 'of an unknown kind'}`);
    const bytes = pax.size ?? ustarBytes;
    pax = {};
    let missing = bytes;
    async function* body(): AsyncGenerator<Uint8Array> {
      while (missing > 0) {
        const part = (await reader.some(missing)) ?? refuse(`the archive is cut short in entry ${shown}`);
        missing -= part.length;
        yield part;
      }
    }
    yield { name, bytes, body: body() };
    if (missing > 0) throw new RgsweepError('internal', `entry ${shown} was not read to its end`);
    if (!(await reader.exactly(tarPadding(bytes).length))) refuse('the archive is cut short');
  }
}
