import * as tf from '@tensorflow/tfjs';
import { createBasis } from '../../src/basis/index.js';
import { basisNames, type Basis, type DataStatistics, type FieldShape } from '../../src/basis/types.js';
import { imagesOf } from '../../src/data/images/pixels.js';
import { unetArchitecture } from '../../src/model/unet/architecture.js';
import { createBasisTensors } from '../../src/model/unet/basisTensors.js';
import { initializeUnet } from '../../src/model/unet/unet.js';
import { createProcess } from '../../src/schedule/process.js';
import { createImagesBatchMaker } from '../../src/tasks/imagesBatch.js';
import { createImagesObjective } from '../../src/tasks/imagesLoss.js';
import { startBackend, type BackendName } from '../../src/train/backend.js';
import { createTraining } from '../../src/train/loop.js';
import { readTrainingParameters, type UnetSize } from '../../src/train/parameters.js';
import { cpuSeconds } from './cpuSeconds.js';

const count = 128;
/** Images of one step: 128 at once take 5 GiB and more, and wasm has 4. A step's time is proportional to their number. */
const stepCount = 16;

/** What a change of basis may cost of the U-Net's step. */
const allowed = 0.1;

/**
 * Prints, for each basis, what one change of basis of 128 images costs where training does it, on the backend, and as a
 * part of the U-Net's training step on the same batch; and what the same costs in plain JavaScript, where statistics and
 * evaluations do it.
 * @param statistics with principal components: PCA's own, or any orthonormal vectors, as the time is the same
 * @returns whether every basis costs less than a tenth of the step of every size
 */
export async function compareBasisChange(
  images: Float32Array,
  statistics: DataStatistics,
  backend: BackendName,
  sizes: readonly UnetSize[],
): Promise<boolean> {
  await startBackend(backend, 1);
  const { shape } = statistics;
  const steps: number[] = [];
  for (const size of sizes) steps.push(await unetStep(images, statistics, size));
  const milliseconds = (seconds: number) => (1e3 * seconds).toFixed(0);
  console.log(
    `\nU-Net's step on ${count} images (${stepCount} at a time), ${backend}: ` +
      sizes.map((size, n) => `${size} ${milliseconds(steps[n]!)} ms`).join(', '),
  );
  console.log(
    `\nbasis         on ${backend}: ms  ${sizes.map((size) => `of ${size}'s step`.padStart(18)).join('')}   in plain JavaScript: ms`,
  );
  let worst = 0;
  for (const name of basisNames) {
    const basis = createBasis(name, shape, statistics);
    const change = onBackend(basis, images);
    const plain = cpuSeconds(() => void basis.encode(images.subarray(0, count * basis.dimension), count));
    const parts = steps.map((step) => change / step);
    worst = Math.max(worst, ...parts);
    console.log(
      `${name.padEnd(13)} ${milliseconds(change).padStart(12)}  ` +
        parts.map((part) => part.toFixed(4).padStart(18)).join('') +
        milliseconds(plain).padStart(26),
    );
  }
  console.log(`\nat most ${worst.toFixed(3)} of a step (less than ${allowed} is asked for)`);
  return worst < allowed;
}

/** CPU seconds of one Uᵀφ of the batch, both orders of operands met before. */
function onBackend(basis: Basis, images: Float32Array): number {
  const tensors = createBasisTensors(basis);
  const batch = tf.tensor2d(images.subarray(0, count * basis.dimension), [count, basis.dimension]);
  const change = () => {
    const components = tensors.encode(batch);
    components.dataSync();
    if (components !== batch) components.dispose();
  };
  change();
  const seconds = cpuSeconds(change, 5);
  batch.dispose();
  tensors.dispose();
  return seconds;
}

/** CPU seconds of training steps on `count` images, `stepCount` at a time, in the pixel basis, which changes no basis at all. */
async function unetStep(images: Float32Array, statistics: DataStatistics, size: UnetSize): Promise<number> {
  const shape: FieldShape = statistics.shape;
  const dimension = statistics.mean.length;
  const architecture = unetArchitecture(size, shape);
  const training = readTrainingParameters({ batchSize: stepCount, unetSize: size });
  const process_ = createProcess({ basis: 'pixel', kernel: 'uniform' }, statistics);
  const options = {
    process: process_,
    training,
    architecture,
    images: imagesOf(images, dimension),
    seed: 1,
  };
  const session = createTraining({
    objective: createImagesObjective(options),
    batch: createImagesBatchMaker(options),
    initialize: () => initializeUnet(architecture, 1),
    training,
  });
  await session.advance();
  let best = Infinity;
  for (let n = 0; n < 2; n++) {
    const before = process.cpuUsage();
    await session.advance();
    const { user, system } = process.cpuUsage(before);
    best = Math.min(best, (user + system) / 1e6);
  }
  session.dispose();
  return (best * count) / stepCount;
}
