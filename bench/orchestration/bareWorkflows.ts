import { executeChild, ParentClosePolicy, proxyActivities, proxyLocalActivities } from '@temporalio/workflow';
import type { BareActivities } from './bareActivities.js';
import { bareTrainQueue } from './bareActivities.js';

const { train, evaluate } = proxyActivities<BareActivities>({
  taskQueue: bareTrainQueue,
  startToCloseTimeout: '1 minute',
});
const { suggest, recordStart, recordRung } = proxyLocalActivities<BareActivities>({
  startToCloseTimeout: '1 minute',
});

/** As many activities of each sort as a trial of one rung has, and nothing else. */
export async function bareTrial(trial: number): Promise<number> {
  await recordStart(trial);
  await train(trial);
  await evaluate(trial);
  return recordRung(trial);
}

/** So many children, at most `concurrency` at a time. */
export async function bareSweep(trials: number, concurrency: number): Promise<number> {
  let next = 0;
  let sum = 0;
  const slot = async () => {
    while (next < trials) {
      const trial = next++;
      await suggest(trial);
      sum += await executeChild(bareTrial, { args: [trial], parentClosePolicy: ParentClosePolicy.ABANDON });
    }
  };
  await Promise.all(Array.from({ length: concurrency }, slot));
  return sum;
}
