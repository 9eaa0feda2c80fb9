import {
  defineTask,
  densityFiles,
  evaluateDensity,
  latticeModel,
  readSamples,
  sampledDataset,
} from 'rgsweep';
import * as z from 'zod';

/**
 * φ⁴ in one dimension, a quantum particle in a double well: S = Σ_x [m²φ_x² + gφ_x⁴ + (φ_{x+1} − φ_x)²] on a circle of n points.
 * Its transfer matrix T(φ, φ′) = exp(−V(φ)/2 − (φ − φ′)² − V(φ′)/2), V = m²φ² + gφ⁴, solves it: Z = Tr Tⁿ, and fields are drawn
 * one point after the other, φ_0 by Tⁿ(φ, φ), the others by T(φ_{x−1}, φ) T^{n−x}(φ, φ_0).
 */

/** T, T², … Tⁿ on a grid up to V = 40, where the trapezoidal rule is exact to the last digits. */
function transferMatrices({ size, mass2, coupling }, points = 160) {
  const range = Math.sqrt((Math.sqrt(mass2 ** 2 + 160 * coupling) - mass2) / (2 * coupling));
  const step = (2 * range) / (points - 1);
  const grid = Float64Array.from({ length: points }, (_, i) => i * step - range);
  const half = grid.map((x) => (mass2 * x ** 2 + coupling * x ** 4) / 2);
  const first = new Float64Array(points ** 2);
  for (let i = 0; i < points; i++)
    for (let j = 0; j < points; j++)
      first[i * points + j] = step * Math.exp(-half[i] - half[j] - (grid[i] - grid[j]) ** 2);
  const powers = [first];
  while (powers.length < size) {
    const [last, next] = [powers.at(-1), new Float64Array(points ** 2)];
    for (let i = 0; i < points; i++)
      for (let k = 0; k < points; k++)
        for (let j = 0; j < points; j++) next[i * points + j] += last[i * points + k] * first[k * points + j];
    powers.push(next);
  }
  return { grid, step, powers };
}

/** log Z = log Tr Tⁿ. */
export function logZ(settings) {
  const { grid, powers } = transferMatrices(settings);
  return Math.log(grid.reduce((trace, _, i) => trace + powers.at(-1)[i * (grid.length + 1)], 0));
}

/** S of each row. */
function actions(fields, { size, mass2, coupling }) {
  return Float64Array.from({ length: fields.length / size }, (_, n) => {
    const row = fields.subarray(n * size, (n + 1) * size);
    const term = (phi, x) => mass2 * phi ** 2 + coupling * phi ** 4 + (row[(x + 1) % size] - phi) ** 2;
    return row.reduce((sum, phi, x) => sum + term(phi, x), 0);
  });
}

/** Fields, row after row; within a cell of the grid evenly, which moves ⟨φ²⟩ by a twelfth of its square. */
async function draw(settings, { count, random, breathe }) {
  const { grid, step, powers } = transferMatrices(settings);
  const [size, points] = [settings.size, grid.length];
  const out = new Float32Array(count * size);
  for (let n = 0; n < count; n++) {
    let first, before;
    for (let x = 0; x < size; x++) {
      const rest = powers[size - x - 1];
      const weights = grid.map((_, i) =>
        x === 0 ? rest[i * (points + 1)] : powers[0][before * points + i] * rest[i * points + first],
      );
      let left = random.uniform() * weights.reduce((sum, weight) => sum + weight, 0);
      before = weights.findIndex((weight) => (left -= weight) <= 0);
      first ??= before;
      out[n * size + x] = grid[before] + (random.uniform() - 0.5) * step;
    }
    await breathe(n / count);
  }
  return out;
}

export default defineTask({
  name: 'double-well',
  schema: z.strictObject({
    size: z.int().min(3).max(64).default(16),
    mass2: z.number().default(-2),
    coupling: z.number().positive().default(1),
  }),
  metrics: ['kl', 'nll', 'vlb', 'ess', 'reverseKl'],
  dataset: sampledDataset({
    shape: ({ size }) => ({ height: 1, width: size, channels: 1 }),
    symmetry: 'lattice',
    draw,
  }),
  model: latticeModel,
  async evaluate({ settings, dataFolder, split, ...input }) {
    const result = await evaluateDensity({
      ...input,
      configurations: readSamples(dataFolder, split),
      actions: (fields) => actions(fields, settings),
      logZ: logZ(settings),
    });
    return { ...result, files: densityFiles(result, settings.size) };
  },
});
