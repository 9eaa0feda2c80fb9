import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { createBasis } from '../src/basis/index.js';
import { multiplyByVectors } from '../src/basis/linear.js';
import { withPrincipalComponents } from '../src/basis/pca.js';
import { computeStatistics } from '../src/basis/statistics.js';
import type { DataStatistics, FieldShape } from '../src/basis/types.js';
import { CounterRandom } from '../src/random/philox.js';
import { kernels } from '../src/schedule/parameters.js';
import { createProcess } from '../src/schedule/process.js';
import { backendNames } from '../src/train/protocol.js';
import { unetSizes } from '../src/train/parameters.js';
import { compareBasisChange } from './schedules-speed/basisChange.js';
import { cpuSeconds } from './schedules-speed/cpuSeconds.js';

/**
 * `npm run bench -- schedules-speed [--pca] [--sizes smoke,small] [--backend wasm]`: what schedules and bases of 32×32×3
 * images cost.
 *
 * - γ and γ′ of 3,072 components at 1,000 times against a plain loop of Math.exp over as many numbers, in the same run;
 * - one change of basis of 128 images against the U-Net's training step on them, in the same run, for every basis;
 * - with --pca: statistics of 10,000 images and PCA of 3,072 dimensions (minutes), with the peak memory, how far its
 *   vectors are from orthonormal and its round trip from exact; exit code 1 above 1e-10, 4 GiB or 30 minutes. Without it any
 *   orthonormal vectors stand for the principal ones: a product takes the same time.
 */
const shape: FieldShape = { height: 32, width: 32, channels: 3 };
const dimension = 3072;
const times = 1000;

/** Pink fields with a mean: the kind of spectrum images have. */
function pinkImages(count: number): Float32Array {
  const basis = createBasis('fourier', shape);
  const out = new Float32Array(count * dimension);
  const components = new Float64Array(dimension);
  const random = new CounterRandom(1, 'bench images');
  for (let sample = 0; sample < count; sample++) {
    random.fillNormal(components);
    for (let i = 0; i < dimension; i++)
      components[i]! /= Math.sqrt(basis.components[i]!.momentum ** 2 + 0.02 + 0.01 * (i % 3));
    out.set(basis.decode(components, 1), sample * dimension);
  }
  return out;
}

const { values } = parseArgs({
  options: {
    pca: { type: 'boolean', default: false },
    sizes: { type: 'string', default: 'smoke,small' },
    backend: { type: 'string', default: 'wasm' },
  },
});
console.log(`${cpus()[0]?.model ?? 'unknown processor'}, Node ${process.version}`);
const images = pinkImages(512);
const statistics = computeStatistics(images, 512, shape);

const numbers = new Float64Array(dimension).map((_, i) => -8 + (12 * i) / dimension);
const out = new Float64Array(dimension);
const exponentials = cpuSeconds(() => {
  for (let step = 0; step < times; step++) for (let i = 0; i < dimension; i++) out[i] = Math.exp(numbers[i]!);
});
console.log(`\n3,072 × 1,000 Math.exp: ${(1e3 * exponentials).toFixed(0)} ms\n`);
let slowest = 0;
console.log('kernel        γ ms   × exp   γ′ ms   × exp');
for (const kernel of kernels) {
  const diffusion = createProcess({ kernel, colour: 'power-law', cutoffWidth: 1 }, statistics);
  const gamma = cpuSeconds(() => {
    for (let step = 0; step < times; step++) diffusion.gamma(step / times, out);
  });
  const derivative = cpuSeconds(() => {
    for (let step = 0; step < times; step++) diffusion.gammaDerivative(step / times, out);
  });
  const cell = (seconds: number): string =>
    `${(1e3 * seconds).toFixed(0).padStart(6)}  ${(seconds / exponentials).toFixed(2).padStart(5)}`;
  console.log(`${kernel.padEnd(11)} ${cell(gamma)}  ${cell(derivative)}`);
  slowest = Math.max(slowest, gamma / exponentials);
}
console.log(`\nthe slowest schedule costs ${slowest.toFixed(1)} × Math.exp (at most 5 are allowed)`);
if (slowest > 5) process.exitCode = 1;

const complete = values.pca ? solved() : withStandIn();
const sizes = unetSizes.filter((size) => values.sizes.split(',').includes(size));
const backend = backendNames.find((name) => name === values.backend) ?? 'wasm';
if (!(await compareBasisChange(images, complete, backend, sizes))) process.exitCode = 1;

/** Statistics with vectors that are orthonormal and have no structure a product could use. */
function withStandIn(): DataStatistics {
  const variances = Float64Array.from({ length: dimension }, (_, i) => 1 / (i + 1));
  return { ...statistics, principal: { variances, vectors: createBasis('fourier', shape).matrix() } };
}

function solved(): DataStatistics {
  const many = pinkImages(10_000);
  const began = performance.now();
  let complete = statistics;
  let sampled = statistics;
  const moments = cpuSeconds(() => (sampled = computeStatistics(many, 10_000, shape)), 1);
  const solving = cpuSeconds(() => (complete = withPrincipalComponents(sampled)), 1);
  const peak = process.resourceUsage().maxRSS / 1024 ** 2;
  console.log(
    `\nstatistics of 10,000 images ${moments.toFixed(0)} s, PCA of 3,072 ${solving.toFixed(0)} s CPU ` +
      `(${((performance.now() - began) / 1e3).toFixed(0)} s wall), peak memory ${peak.toFixed(2)} GiB`,
  );
  const deviation = deviationFromOrthonormal(complete.principal!.vectors);
  console.log(`largest entry of |UᵀU − 1|: ${deviation.toExponential(1)}`);
  const basis = createBasis('pca', shape, complete);
  const fields = many.subarray(0, 128 * dimension);
  const back = basis.decode(basis.encode(fields, 128), 128);
  const lost = back.reduce((worst, value, n) => Math.max(worst, Math.abs(value - fields[n]!)), 0);
  console.log(`largest difference of 128 images after a round trip: ${lost.toExponential(1)}`);
  if (Math.max(deviation, lost) > 1e-10 || peak > 4 || moments + solving > 1800) process.exitCode = 1;
  return complete;
}

/** The largest entry of |UᵀU − 1|. */
function deviationFromOrthonormal(vectors: Float64Array): number {
  const products = multiplyByVectors(vectors, dimension, vectors, dimension, dimension);
  let worst = 0;
  for (let i = 0; i < dimension; i++)
    for (let j = 0; j < dimension; j++)
      worst = Math.max(worst, Math.abs(products[i * dimension + j]! - (i === j ? 1 : 0)));
  return worst;
}
