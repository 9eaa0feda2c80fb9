import type { FieldShape } from '../basis/types.js';
import type { TaskDescription } from '../train/protocol.js';
import { encodePng } from './png.js';

/** Pixels between images. */
const gap = 2;

/** What is black and white in a task's pictures: −1 and 1, where grey levels end; Gaussian fields (deviation ½) go beyond. */
export function imageLimit(task: TaskDescription): number {
  return task.name === 'images' && task.kind === 'gaussian-field' ? 1.5 : 1;
}

/**
 * Images side by side as a PNG, `columns` in a row, each pixel `scale` pixels wide, on transparent ground: three channels in
 * colour, one in grey. Values −limit to +limit run from black to white.
 * @param images rows of D numbers, row, column, channel
 */
export function imageGridPng(
  images: Float32Array | Float64Array,
  shape: FieldShape,
  { columns, scale, limit }: { columns: number; scale: number; limit: number },
): { png: Buffer; width: number; height: number } {
  const { height, width, channels } = shape;
  const dimension = height * width * channels;
  const count = images.length / dimension;
  const across = Math.min(columns, count);
  const down = Math.ceil(count / across);
  const fullWidth = across * (width * scale + gap) - gap;
  const fullHeight = down * (height * scale + gap) - gap;
  const pixels = new Uint8Array(4 * fullWidth * fullHeight);
  for (let n = 0; n < count; n++) {
    const left = (n % across) * (width * scale + gap);
    const top = Math.floor(n / across) * (height * scale + gap);
    for (let y = 0; y < height * scale; y++)
      for (let x = 0; x < width * scale; x++) {
        const site = Math.floor(y / scale) * width + Math.floor(x / scale);
        const at = 4 * ((top + y) * fullWidth + left + x);
        for (let colour = 0; colour < 3; colour++) {
          const value = images[n * dimension + site * channels + (channels === 3 ? colour : 0)]!;
          pixels[at + colour] = Math.round(127.5 * (1 + Math.min(1, Math.max(-1, value / limit))));
        }
        pixels[at + 3] = 255;
      }
  }
  return { png: encodePng(pixels, fullWidth, fullHeight), width: fullWidth, height: fullHeight };
}
