/**
 * npm run bench -- training [--steps 100] [--backend NAME]
 *
 * Training steps of the default φ⁴ network (32 channels, batch 512) on every backend that can be started here, and what an
 * evaluation at rung level costs on it. Processor time is what a shared machine can compare.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { messageOf } from '../src/errors.js';
import { evaluatePhi4 } from '../src/eval/phi4.js';
import { createPhi4Residual } from '../src/model/phi4Residual.js';
import { createProcess } from '../src/schedule/process.js';
import { startBackend, type BackendName } from '../src/train/backend.js';
import { createPhi4Training } from '../src/tasks/phi4Loss.js';
import { readTrainingParameters } from '../src/train/parameters.js';
import { benchData, referenceTask } from './phi4/data.js';

const backends: BackendName[] = ['wasm', 'tensorflow', 'webgpu', 'cpu'];
const { values } = parseArgs({
  options: { steps: { type: 'string', default: '100' }, backend: { type: 'string' } },
});

if (values.backend === undefined) {
  console.log('backend      steps/s   wall ms/step   CPU ms/step   rung evaluation: wall s   CPU s');
  // A process each: a backend cannot be taken out of a process once it is in.
  for (const backend of backends)
    spawnSync(
      process.execPath,
      [fileURLToPath(import.meta.url), '--backend', backend, '--steps', values.steps],
      {
        stdio: ['ignore', 'inherit', 'ignore'],
      },
    );
} else await measure(values.backend as BackendName, Number(values.steps));

async function measure(backend: BackendName, asked: number): Promise<void> {
  try {
    await startBackend(backend, 1);
  } catch (error) {
    console.log(`${backend.padEnd(10)} ${messageOf(error)}`);
    return;
  }
  // The plain backend is a hundred times slower, and there for comparison only.
  const steps = backend === 'cpu' ? Math.min(3, asked) : asked;
  const { statistics, train, test } = await benchData();
  const training = readTrainingParameters({});
  const diffusion = createProcess(
    { colour: 'matched', kernel: 'sigmoid', ordering: 'log-variance' },
    statistics,
  );
  const session = createPhi4Training({ process: diffusion, training, configurations: train, seed: 1 });
  for (let n = 0; n < (backend === 'cpu' ? 1 : 20); n++) await session.advance();
  const step = await timed(async () => {
    for (let n = 0; n < steps; n++) await session.advance();
  });
  const line = [
    backend.padEnd(10),
    ((1000 * steps) / step.wall).toFixed(1).padStart(9),
    (step.wall / steps).toFixed(1).padStart(14),
    (step.processor / steps).toFixed(1).padStart(13),
  ];
  if (backend !== 'cpu') {
    const model = createPhi4Residual(diffusion, session.state.ema, training);
    const evaluation = await timed(() =>
      evaluatePhi4({
        process: diffusion,
        model,
        task: referenceTask,
        configurations: test,
        samples: 2048,
        level: 'rung',
        seed: 1,
      }),
    );
    line.push(
      (evaluation.wall / 1000).toFixed(1).padStart(25),
      (evaluation.processor / 1000).toFixed(1).padStart(7),
    );
  }
  console.log(line.join(' '));
}

/** Milliseconds of wall clock and of processor time. */
async function timed(work: () => Promise<unknown>): Promise<{ wall: number; processor: number }> {
  const before = process.cpuUsage();
  const begun = performance.now();
  await work();
  const { user, system } = process.cpuUsage(before);
  return { wall: performance.now() - begun, processor: (user + system) / 1000 };
}
