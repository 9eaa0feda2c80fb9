import { gunzipSync, inflateRawSync } from 'node:zlib';

/**
 * The first file of a zip archive (a Python wheel) whose name is accepted, or undefined.
 * Reads the central directory (APPNOTE 4.3.12), whose sizes hold even where local headers leave them out.
 * Stored and deflated entries below 4 GiB; anything else throws.
 */
export function unzipEntry(
  archive: Uint8Array,
  accept: (name: string) => boolean,
): { name: string; body: Uint8Array } | undefined {
  const view = Buffer.from(archive.buffer, archive.byteOffset, archive.byteLength);
  // The end record is 22 bytes and a comment of at most 65,535.
  let end = view.length - 22;
  while (end >= 0 && view.length - end <= 22 + 0xffff && view.readUInt32LE(end) !== 0x06054b50) end--;
  if (end < 0 || view.readUInt32LE(end) !== 0x06054b50)
    throw new Error('not a zip archive: no end of central directory');
  const count = view.readUInt16LE(end + 10);
  let at = view.readUInt32LE(end + 16);
  for (let index = 0; index < count; index++) {
    if (view.readUInt32LE(at) !== 0x02014b50)
      throw new Error('zip archive: the central directory is damaged');
    const method = view.readUInt16LE(at + 10);
    const packed = view.readUInt32LE(at + 20);
    const size = view.readUInt32LE(at + 24);
    const nameLength = view.readUInt16LE(at + 28);
    const local = view.readUInt32LE(at + 42);
    const name = view.toString('utf8', at + 46, at + 46 + nameLength);
    if (accept(name)) {
      // The local header repeats the name and has an extra field of its own length.
      const start = local + 30 + view.readUInt16LE(local + 26) + view.readUInt16LE(local + 28);
      const body = view.subarray(start, start + packed);
      if (method !== 0 && method !== 8) throw new Error(`zip archive: ${name} is packed by method ${method}`);
      const unpacked = method === 0 ? body : inflateRawSync(body);
      if (unpacked.length !== size)
        throw new Error(`zip archive: ${name} has ${unpacked.length} bytes, not ${size}`);
      return { name, body: unpacked };
    }
    at += 46 + nameLength + view.readUInt16LE(at + 30) + view.readUInt16LE(at + 32);
  }
  return undefined;
}

/** The first regular file of a .tar.gz (POSIX ustar) whose name is accepted, or undefined. */
export function untarEntry(
  archive: Uint8Array,
  accept: (name: string) => boolean,
): { name: string; body: Uint8Array } | undefined {
  const tar = gunzipSync(archive);
  const text = (from: number, length: number): string =>
    tar.toString('utf8', from, from + length).replace(/\0.*$/s, '');
  for (let at = 0; at + 512 <= tar.length && tar[at] !== 0;) {
    const size = parseInt(text(at + 124, 12).trim() || '0', 8);
    const type = text(at + 156, 1);
    const name = text(at, 100);
    if ((type === '' || type === '0') && accept(name))
      return { name, body: tar.subarray(at + 512, at + 512 + size) };
    at += 512 + Math.ceil(size / 512) * 512;
  }
  return undefined;
}
