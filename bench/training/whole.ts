import { messageOf } from '../../src/errors.js';
import { evaluatePhi4 } from '../../src/eval/phi4.js';
import { createPhi4Residual } from '../../src/model/phi4Residual.js';
import { createProcess } from '../../src/schedule/process.js';
import { startBackend, type BackendName } from '../../src/train/backend.js';
import { createPhi4Training } from '../../src/tasks/phi4Loss.js';
import { readTrainingParameters } from '../../src/train/parameters.js';
import { benchData, referenceTask } from '../phi4/data.js';
import { timed } from './timed.js';

/** Prints what whole training steps of the default φ⁴ network (32 channels, batch 512) and a rung's evaluation take on a backend. */
export async function measureWhole(backend: BackendName, asked: number): Promise<void> {
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
