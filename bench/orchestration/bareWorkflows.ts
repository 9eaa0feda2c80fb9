import { executeChild, ParentClosePolicy, proxyActivities, proxyLocalActivities } from '@temporalio/workflow';
import type { BareActivities } from './bareActivities.js';
import { bareControlQueue, bareTrainQueue } from './bareActivities.js';

const { train, evaluate } = proxyActivities<BareActivities>({
  taskQueue: bareTrainQueue,
  startToCloseTimeout: '1 minute',
});
/** The short ones: as activities in a task queue, as they are written first, or run by the worker that runs the workflow. */
const short = {
  plain: proxyActivities<BareActivities>({ taskQueue: bareControlQueue, startToCloseTimeout: '1 minute' }),
  local: proxyLocalActivities<BareActivities>({ startToCloseTimeout: '1 minute' }),
};
export type BareKind = keyof typeof short;

/** As many activities as a trial of one rung has, and nothing else. */
export async function bareTrial(trial: number, kind: BareKind): Promise<number> {
  const { recordRung } = short[kind];
  await train(trial);
  await evaluate(trial);
  return recordRung(trial);
}

/** So many children, at most `concurrency` at a time. */
export async function bareSweep(trials: number, concurrency: number, kind: BareKind): Promise<number> {
  const { suggest } = short[kind];
  let next = 0;
  let sum = 0;
  const slot = async () => {
    while (next < trials) {
      const trial = next++;
      await suggest(trial);
      sum += await executeChild(bareTrial, {
        args: [trial, kind],
        parentClosePolicy: ParentClosePolicy.ABANDON,
      });
    }
  };
  await Promise.all(Array.from({ length: concurrency }, slot));
  return sum;
}
