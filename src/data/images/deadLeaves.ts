import type { FieldShape } from '../../basis/types.js';
import { CounterRandom } from '../../random/philox.js';

/** Each pixel is the mean of 2 × 2 points, as a camera's is. */
const oversampling = 2;

/**
 * Dead leaves (Matheron 1968; Lee, Mumford and Huang 2001): opaque discs of random colours fall one on the other until they
 * cover everything. Radii have the density r⁻³ between one pixel and half the image, which makes the images' statistics
 * nearly independent of scale, with sharp edges: far from Gaussian, with a spectrum near 1/k².
 * @returns `count` images, 256 levels, row, column, channel; a function of (seed, stream)
 */
export function drawDeadLeaves(shape: FieldShape, count: number, seed: number, stream: string): Uint8Array {
  const { height, width, channels } = shape;
  const rows = oversampling * height;
  const columns = oversampling * width;
  const out = new Uint8Array(count * height * width * channels);
  const smallest = oversampling;
  const largest = Math.max(rows, columns) / 2;
  const owner = new Int32Array(rows * columns);
  for (let image = 0; image < count; image++) {
    const random = new CounterRandom(seed, stream, image);
    const colours: number[] = [];
    owner.fill(-1);
    let open = owner.length;
    // The first to fall lies at the bottom; seen from above it is the last: begin with the topmost.
    for (let leaf = 0; open > 0; leaf++) {
      // Inverse of the distribution function of r⁻³.
      const u = random.uniform();
      const radius = 1 / Math.sqrt((1 - u) / smallest ** 2 + u / largest ** 2);
      const y = random.uniform() * (rows + 2 * largest) - largest;
      const x = random.uniform() * (columns + 2 * largest) - largest;
      for (let channel = 0; channel < channels; channel++) colours.push(random.integer(256));
      const top = Math.max(0, Math.ceil(y - radius));
      const bottom = Math.min(rows - 1, Math.floor(y + radius));
      for (let row = top; row <= bottom; row++) {
        const half = Math.sqrt(radius ** 2 - (row - y) ** 2);
        const right = Math.min(columns - 1, Math.floor(x + half));
        for (let column = Math.max(0, Math.ceil(x - half)); column <= right; column++)
          if (owner[row * columns + column] === -1) {
            owner[row * columns + column] = leaf;
            open--;
          }
      }
    }
    let at = image * height * width * channels;
    for (let row = 0; row < height; row++)
      for (let column = 0; column < width; column++)
        for (let channel = 0; channel < channels; channel++) {
          let sum = 0;
          for (let dy = 0; dy < oversampling; dy++)
            for (let dx = 0; dx < oversampling; dx++) {
              const leaf = owner[(oversampling * row + dy) * columns + oversampling * column + dx]!;
              sum += colours[leaf * channels + channel]!;
            }
          out[at++] = Math.round(sum / oversampling ** 2);
        }
  }
  return out;
}
