/**
 * npm run bench -- batch-threads [--steps 60] [--rounds 5] [--backend NAME]
 *
 * Training steps of the default φ⁴ network with batches made on the training thread, and by another one, in turns in one process:
 * the losses must be equal to the last bit, and the table says how long a step takes either way. It needs two idle cores; on one
 * that is shared the other thread has nothing to give.
 */
import { parseArgs } from 'node:util';
import { messageOf } from '../src/errors.js';
import { startBackend, type BackendName } from '../src/train/backend.js';
import { startBatchThreads } from '../src/train/batchThreads.js';
import { describedTrial } from '../src/train/describedTrial.js';
import { createTraining } from '../src/train/loop.js';
import { benchData, referenceTask } from './phi4/data.js';
import { timed } from './training/timed.js';

const { values } = parseArgs({
  options: {
    steps: { type: 'string', default: '60' },
    rounds: { type: 'string', default: '5' },
    backend: { type: 'string', default: 'wasm' },
  },
});
const [steps, rounds] = [Number(values.steps), Number(values.rounds)];
try {
  await startBackend(values.backend as BackendName, 1);
} catch (error) {
  process.stderr.write(`${messageOf(error)}\n`);
  process.exit(1);
}

const task = {
  task: referenceTask,
  parameters: { colour: 'matched', kernel: 'sigmoid', ordering: 'log-variance' },
  seed: 1,
  dataFolder: (await benchData()).folder,
};
const { model, input } = await describedTrial(task);
const make = model.batches(task.dataFolder);
const threads = await startBatchThreads(task, 1);
const ways = {
  'on the training thread': make,
  'by another thread': (step: number) => threads.batch(step),
};

const walls: Record<string, number[]> = {};
const losses = new Set<string>();
for (let round = 0; round <= rounds; round++)
  for (const [way, batch] of Object.entries(ways)) {
    const objective = model.objective();
    const session = createTraining({
      objective,
      batch,
      initialize: () => model.initialize(),
      training: input.training,
    });
    const seen: number[] = [];
    for (let n = 0; n < 5; n++) seen.push(await session.advance());
    const { wall } = await timed(async () => {
      for (let n = 0; n < steps; n++) seen.push(await session.advance());
    });
    session.dispose();
    losses.add(JSON.stringify(seen));
    // The first round is for the compiler.
    if (round > 0) (walls[way] ??= []).push(wall / steps);
  }
threads.dispose();

const begun = performance.now();
for (let step = 0; step < steps; step++) make(step);
const batch = (performance.now() - begun) / steps;
const best = Object.fromEntries(Object.entries(walls).map(([way, all]) => [way, Math.min(...all)]));
const median = (all: number[]) => all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)]!;
const figure = (milliseconds: number) => `${milliseconds.toFixed(1).padStart(6)} ms`;
console.log(
  `${values.backend}: a batch takes ${figure(batch)}; a step, best and median of ${rounds} rounds:`,
);
for (const [way, all] of Object.entries(walls))
  console.log(`  batches made ${way.padEnd(24)} ${figure(best[way]!)} ${figure(median(all))}`);
console.log(
  `  ratio of the best ${(best['by another thread']! / best['on the training thread']!).toFixed(3)}`,
);
console.log(losses.size === 1 ? '  losses equal to the last bit' : '  LOSSES DIFFER');
if (losses.size !== 1) process.exitCode = 1;
