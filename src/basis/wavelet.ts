import { RgsweepError } from '../errors.js';
import { laplacianExpectation, numberShells } from './labels.js';
import { checkVectors, dimensionOf, matrixOf } from './linear.js';
import type { Basis, FieldShape } from './types.js';

export type WaveletName = 'haar' | 'daubechies4' | 'block-spin';

const root3 = Math.sqrt(3);
/** Low-pass filters h, Σh = √2. The high-pass one is g_n = (−1)^n h_(N−1−n). */
const filters: Record<WaveletName, readonly number[]> = {
  haar: [Math.SQRT1_2, Math.SQRT1_2],
  'block-spin': [Math.SQRT1_2, Math.SQRT1_2],
  // Daubechies, Comm. Pure Appl. Math. 41 (1988) 909, two vanishing moments.
  daubechies4: [1 + root3, 3 + root3, 3 - root3, 1 - root3].map((value) => value / (4 * Math.SQRT2)),
};

/** How often both sides can be halved; a side of length 1 is left alone. */
export function waveletDepth(shape: FieldShape): number {
  let { height, width } = shape;
  let depth = 0;
  while ((height > 1 || width > 1) && even(height) && even(width)) {
    if (height > 1) height /= 2;
    if (width > 1) width /= 2;
    depth++;
  }
  return depth;
}

function even(size: number): boolean {
  return size === 1 || size % 2 === 0;
}

/**
 * Separable periodic orthonormal wavelets, channel by channel, as deep as the factors of two allow (6×6: one level).
 * Coefficients lie as in Mallat's pyramid: the coarse part in the corner of low indices, each level's details around it.
 *
 * Level 0 is the coarse part, then the details from coarse to fine. Row and column give a coefficient's place on the
 * lattice. Shells, by the symmetry of a homogeneous lattice: one level's details along one axis (both axes together on
 * a square lattice), and its diagonal details. `block-spin` has Haar's vectors, whose coarse part is 2^level times the
 * block average; its shells are whole levels, all that one step of the block-spin transformation removes.
 *
 * @throws RgsweepError('bad-configuration') when a side is odd
 */
export function createWaveletBasis(name: WaveletName, shape: FieldShape): Basis {
  const depth = waveletDepth(shape);
  if (depth === 0)
    throw new RgsweepError(
      'bad-configuration',
      `the basis ${name} needs even sides; the field is ${shape.height}×${shape.width}`,
      { remedy: 'take the basis pixel, fourier or pca, or a lattice of even size' },
    );
  const dimension = dimensionOf(shape);
  const low = Float64Array.from(filters[name]);
  const high = low.map((_, n) => (n % 2 === 0 ? 1 : -1) * low[low.length - 1 - n]!);
  const { height, width, channels } = shape;
  const line = new Float64Array(Math.max(height, width));
  const scratch = new Float64Array(Math.max(height, width));

  const forward = (size: number): void => {
    const half = size / 2;
    for (let i = 0; i < half; i++) {
      let smooth = 0;
      let detail = 0;
      for (let n = 0; n < low.length; n++) {
        const value = line[(2 * i + n) % size]!;
        smooth += low[n]! * value;
        detail += high[n]! * value;
      }
      scratch[i] = smooth;
      scratch[half + i] = detail;
    }
  };
  const backward = (size: number): void => {
    const half = size / 2;
    scratch.fill(0, 0, size);
    for (let i = 0; i < half; i++)
      for (let n = 0; n < low.length; n++)
        scratch[(2 * i + n) % size]! += low[n]! * line[i]! + high[n]! * line[half + i]!;
  };
  /** One step along every line of the corner block of `rows` × `columns`. */
  const along = (
    values: Float64Array,
    offset: number,
    lines: number,
    lineStride: number,
    size: number,
    stride: number,
    step: (size: number) => void,
  ): void => {
    if (size === 1) return;
    for (let l = 0; l < lines; l++)
      for (let channel = 0; channel < channels; channel++) {
        const start = offset + l * lineStride + channel;
        for (let i = 0; i < size; i++) line[i] = values[start + i * stride]!;
        step(size);
        for (let i = 0; i < size; i++) values[start + i * stride] = scratch[i]!;
      }
  };
  const sizes = Array.from({ length: depth }, (_, j) => ({
    rows: height === 1 ? 1 : height / 2 ** j,
    columns: width === 1 ? 1 : width / 2 ** j,
  }));
  const down = width * channels;
  const encode = (fields: Float32Array | Float64Array, count: number): Float64Array => {
    checkVectors(fields, count, dimension, `${name} basis`);
    const values = Float64Array.from(fields);
    for (let sample = 0; sample < count; sample++)
      for (const { rows, columns } of sizes) {
        along(values, sample * dimension, rows, down, columns, channels, forward);
        along(values, sample * dimension, columns, channels, rows, down, forward);
      }
    return values;
  };
  const decode = (components: Float32Array | Float64Array, count: number): Float64Array => {
    checkVectors(components, count, dimension, `${name} basis`);
    const values = Float64Array.from(components);
    for (let sample = 0; sample < count; sample++)
      for (const { rows, columns } of sizes.toReversed()) {
        along(values, sample * dimension, columns, channels, rows, down, backward);
        along(values, sample * dimension, rows, down, columns, channels, backward);
      }
    return values;
  };

  const places = Array.from({ length: dimension }, (_, index) => {
    const site = Math.floor(index / channels);
    const place = placeOf(Math.floor(site / width), site % width, shape, depth);
    return { ...place, channel: index % channels };
  });
  const names = places.map(({ level, band, channel }) => {
    const orientation = name === 'block-spin' ? '' : height === width && band !== 'both' ? 'one' : band;
    return `${level};${level === 0 ? '' : orientation};${channel}`;
  });
  const shells = numberShells(names);
  const momenta = effectiveMomenta(places, shape, decode);
  return {
    name,
    shape,
    dimension,
    components: places.map(({ level, row, column, channel }, index) => ({
      index,
      momentum: momenta[index]!,
      level,
      row,
      column,
      channel,
      shell: shells[index]!,
    })),
    matrix: () => matrixOf(dimension, decode),
    encode,
    decode,
  };
}

interface Place {
  level: number;
  /** The axes along which it is a detail. */
  band: 'none' | 'row' | 'column' | 'both';
  row: number;
  column: number;
}

/** What the pyramid holds at a row and column. */
function placeOf(row: number, column: number, shape: FieldShape, depth: number): Place {
  for (let j = 1; j <= depth; j++) {
    const rows = shape.height === 1 ? 1 : shape.height / 2 ** j;
    const columns = shape.width === 1 ? 1 : shape.width / 2 ** j;
    if (row < rows && column < columns) continue;
    return {
      level: depth - j + 1,
      band: row >= rows ? (column >= columns ? 'both' : 'row') : 'column',
      row: (row % rows) * (shape.height === 1 ? 1 : 2 ** j),
      column: (column % columns) * (shape.width === 1 ? 1 : 2 ** j),
    };
  }
  const row0 = shape.height === 1 ? 1 : 2 ** depth;
  const column0 = shape.width === 1 ? 1 : 2 ** depth;
  return { level: 0, band: 'none', row: row * row0, column: column * column0 };
}

/** √(uᵀ(−Δ)u) of each vector; those of one band are translations of each other, so one of each is measured. */
function effectiveMomenta(
  places: readonly (Place & { channel: number })[],
  shape: FieldShape,
  decode: (components: Float64Array, count: number) => Float64Array,
): number[] {
  const known = new Map<string, number>();
  return places.map(({ level, band, channel }, index) => {
    const key = `${level};${band};${channel}`;
    const found = known.get(key);
    if (found !== undefined) return found;
    const unit = new Float64Array(places.length);
    unit[index] = 1;
    const momentum = Math.sqrt(laplacianExpectation(decode(unit, 1), shape));
    known.set(key, momentum);
    return momentum;
  });
}

/**
 * Averages over blocks of size × size sites: the block-spin transformation with factor `size`.
 * @returns `count` fields of height/size × width/size
 * @throws RgsweepError('bad-configuration') when the size does not divide the sides
 */
export function blockAverage(
  fields: Float32Array | Float64Array,
  count: number,
  shape: FieldShape,
  size: number,
): Float64Array {
  const { height, width, channels } = shape;
  if (!Number.isInteger(size) || size < 1 || height % size !== 0 || width % size !== 0)
    throw new RgsweepError(
      'bad-configuration',
      `blocks of ${size}×${size} do not divide a field of ${height}×${width}`,
    );
  checkVectors(fields, count, dimensionOf(shape), 'block average');
  const rows = height / size;
  const columns = width / size;
  const out = new Float64Array(count * rows * columns * channels);
  for (let sample = 0; sample < count; sample++)
    for (let row = 0; row < height; row++)
      for (let column = 0; column < width; column++)
        for (let channel = 0; channel < channels; channel++) {
          const block = Math.floor(row / size) * columns + Math.floor(column / size);
          out[(sample * rows * columns + block) * channels + channel]! +=
            fields[((sample * height + row) * width + column) * channels + channel]! / size ** 2;
        }
  return out;
}
