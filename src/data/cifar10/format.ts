import { RgsweepError } from '../../errors.js';

/** The binary version (https://www.cs.toronto.edu/~kriz/cifar.html): records of a label and the planes R, G, B, row by row. */
export const recordBytes = 3073;
export const recordsPerFile = 10_000;
export const imagesSide = 32;

/** What is wrong with a file, by name; nothing of it is kept. */
export function refuse(file: string, why: string, remedy: string): RgsweepError {
  return new RgsweepError('data-missing', `${file}: ${why}`, { remedy });
}

export interface BinaryBatch {
  labels: Uint8Array;
  /** Row, column, channel (channel fastest). */
  pixels: Uint8Array;
}

/**
 * Reads a batch file of this format.
 * @param file its name, for messages
 * @throws RgsweepError('data-missing') when its size is not `records` records or a label is above 9
 */
export function decodeBatch(
  bytes: Uint8Array,
  file: string,
  remedy: string,
  records = recordsPerFile,
): BinaryBatch {
  const wanted = records * recordBytes;
  if (bytes.length !== wanted)
    throw refuse(
      file,
      `it has ${bytes.length} bytes; ${records} records of ${recordBytes} bytes are ${wanted}${bytes.length < wanted ? ': it is truncated' : ''}`,
      remedy,
    );
  const area = imagesSide * imagesSide;
  const labels = new Uint8Array(records);
  const pixels = new Uint8Array(records * 3 * area);
  for (let record = 0; record < records; record++) {
    const from = record * recordBytes;
    const label = bytes[from]!;
    if (label > 9) throw refuse(file, `record ${record} has the label ${label}; labels are 0 to 9`, remedy);
    labels[record] = label;
    for (let site = 0; site < area; site++)
      for (let channel = 0; channel < 3; channel++)
        pixels[(record * area + site) * 3 + channel] = bytes[from + 1 + channel * area + site]!;
  }
  return { labels, pixels };
}

/** The inverse: 32 × 32 colour images in this format. */
export function encodeBatch({ labels, pixels }: BinaryBatch): Uint8Array {
  const area = imagesSide * imagesSide;
  const out = new Uint8Array(labels.length * recordBytes);
  labels.forEach((label, record) => {
    const from = record * recordBytes;
    out[from] = label;
    for (let site = 0; site < area; site++)
      for (let channel = 0; channel < 3; channel++)
        out[from + 1 + channel * area + site] = pixels[(record * area + site) * 3 + channel]!;
  });
  return out;
}
