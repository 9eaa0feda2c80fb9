import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { decodeStatistics } from '../src/basis/statistics.js';
import { prepareImages } from '../src/data/images/dataset.js';
import { presets } from '../src/schedule/presets.js';
import { createProcess } from '../src/schedule/process.js';
import type { Parameters } from '../src/space/types.js';
import { imagesTask } from '../src/tasks/images.js';
import { startBackend } from '../src/train/backend.js';
import { createTraining } from '../src/train/loop.js';
import { readTrainingParameters } from '../src/train/parameters.js';
import type { ImagesTask } from '../src/train/protocol.js';

/**
 * What the image models reach on data that is understood. On Gaussian fields the raw-ε model has to learn what the Gaussian score
 * has untrained: the exact −log p. On dead leaves, a trained model has to beat the best Gaussian.
 *
 *   npm run bench -- images [steps, default 400]
 */
const steps = Number(process.argv[2]) > 0 ? Number(process.argv[2]) : 400;

const common: Parameters = {
  batchSize: 64,
  gammaLow: -12,
  learningRate: 2e-3,
  warmupSteps: 50,
  unetSize: 'smoke',
  emaDecay: 0.995,
};
const gaussian: ImagesTask = {
  name: 'images',
  kind: 'gaussian-field',
  size: 8,
  channels: 1,
  exponent: 2,
  count: 10_000,
};
/** Real numbers have no grey levels that a first noise must stay below. */
const raw: Parameters = { ...presets['standard-raw'], gammaLow: -9, learningRate: 4e-3 };
const leaves: ImagesTask = { ...gaussian, kind: 'dead-leaves' };

const backend = await startBackend('auto', 1);
process.stdout.write(
  `${cpus()[0]?.model ?? 'unknown processor'}, Node ${process.version}, ${backend.name}\n`,
);
const parent = mkdtempSync(join(tmpdir(), 'rgsweep-bench-images-'));
try {
  await measure('Gaussian fields, Gaussian score, untrained', gaussian, presets['standard']!, 0);
  await measure('Gaussian fields, raw ε, untrained', gaussian, raw, 0);
  await measure('Gaussian fields, raw ε', gaussian, raw, steps);
  await measure('dead leaves, raw ε', leaves, presets['standard-raw']!, steps);
  await measure('dead leaves, Gaussian score', leaves, presets['standard']!, steps);
} finally {
  rmSync(parent, { recursive: true, force: true });
}

async function measure(name: string, task: ImagesTask, schedule: Parameters, upTo: number): Promise<void> {
  const dataFolder = join(parent, task.kind);
  await prepareImages(task, { folder: dataFolder });
  const parameters = { ...common, ...schedule };
  const training = readTrainingParameters(parameters);
  const statistics = decodeStatistics(readFileSync(join(dataFolder, 'statistics.safetensors')));
  const input = {
    settings: task,
    process: createProcess(parameters, statistics),
    parameters,
    training,
    seed: 1,
  };
  const model = await imagesTask.model(input);
  const session = createTraining({
    objective: model.objective(),
    batch: model.batches(dataFolder),
    initialize: () => model.initialize(),
    training,
  });
  const started = process.cpuUsage();
  let tensors = 0;
  while (session.step < upTo) {
    await session.advance();
    if (session.step === 2) tensors = tf.memory().numTensors;
  }
  const { user, system } = process.cpuUsage(started);
  const leaked = upTo > 2 ? tf.memory().numTensors - tensors : 0;
  session.dispose();
  const residual = model.residual(session.state.ema);
  const { metrics } = await imagesTask.evaluate({
    ...input,
    model: residual,
    dataFolder,
    split: 'test',
    samples: 128,
    level: 'rung',
  });
  residual.dispose();
  const figure = (key: string) =>
    metrics[key] === undefined
      ? []
      : [
          `${key} ${metrics[key].toFixed(3)}${metrics[`${key}Error`] === undefined ? '' : ` ± ${metrics[`${key}Error`]!.toFixed(3)}`}`,
        ];
  process.stdout.write(
    [
      `${name}, ${upTo} steps`,
      ...[
        'vlb',
        'bpd',
        'exactNll',
        'vlbExcess',
        'gaussianNll',
        'gaussianGain',
        'spectrumDistance',
        'spectrumDistanceFloor',
      ].flatMap(figure),
      ...(upTo > 0
        ? [`${((user + system) / 1e3 / upTo).toFixed(1)} ms of CPU a step`, `${leaked} tensors leaked`]
        : []),
    ].join('\n  ') + '\n',
  );
}
