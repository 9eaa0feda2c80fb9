import { ActivityFailure } from '@temporalio/common';
import { log, ParentClosePolicy, proxyActivities, startChild, uuid4 } from '@temporalio/workflow';
import type { Activities } from '../activities/types.js';
import { controlQueue } from '../src/sweep/names.js';
import { mostFailuresTold, type Notice } from '../src/sweep/notice.js';
import { bestTrial, type SweepMachine } from '../src/sweep/state.js';
import type { SweepFailure, SweepSpec, SweepState, TrialState } from '../src/sweep/types.js';

/** A notice that is a day old is no news. */
const { notify } = proxyActivities<Activities>({
  taskQueue: controlQueue,
  startToCloseTimeout: '30 seconds',
  scheduleToCloseTimeout: '1 day',
  retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '10 minutes' },
});

/** What the workflow of one notice starts with. */
export interface NotificationInput {
  id: string;
  notice: Notice;
  webhook: string;
}

/** Delivers one notice, however long its receiver is away; a workflow of its own, so that no sweep waits for it. */
export async function notification(input: NotificationInput): Promise<void> {
  try {
    await notify(input);
  } catch (error) {
    if (!(error instanceof ActivityFailure)) throw error;
    log.warn('a notice could not be delivered', { sweep: input.notice.sweep, cause: error.cause?.message });
    throw error;
  }
}

export interface Notifier {
  /** A trial was given up: told at the next `flush`. */
  failed(notice: Omit<Extract<Notice, { event: 'failure' }>, 'event' | 'sweep'>): void;
  /** Something is to be told that was not handed over yet. */
  readonly waiting: boolean;
  /** Hands over what is to be told. */
  flush(): Promise<void>;
  finished(machine: SweepMachine, state: SweepState, failure?: SweepFailure): Promise<void>;
  /** Failures told so far, carried through continue-as-new. */
  readonly told: number;
}

/** Tells whom the sweep's file names; nobody where it names nobody. */
export function createNotifier(spec: SweepSpec, toldBefore: number): Notifier {
  const waiting: Notice[] = [];
  let told = toldBefore;
  const send = async (notice: Notice) => {
    const id = uuid4();
    await startChild(notification, {
      workflowId: `${spec.name}/notice-${id}`,
      args: [{ id, notice, webhook: spec.notify!.webhook }],
      parentClosePolicy: ParentClosePolicy.ABANDON,
    });
  };
  return {
    get waiting() {
      return waiting.length > 0;
    },
    get told() {
      return told;
    },
    failed(failure) {
      if (!spec.notify?.on.includes('failure') || told >= mostFailuresTold) return;
      told++;
      waiting.push({ event: 'failure', sweep: spec.name, ...failure });
    },
    async flush() {
      for (let next = waiting.shift(); next; next = waiting.shift()) await send(next);
    },
    async finished(machine, state, failure) {
      if (!spec.notify?.on.includes('finish')) return;
      const trials: Partial<Record<TrialState, number>> = {};
      for (const row of machine.trials) trials[row.state] = (trials[row.state] ?? 0) + 1;
      const best = bestTrial(machine, spec.pruner.rungs.length);
      const value = best?.values.at(-1);
      const { metric, direction } = spec.objective;
      await send({
        event: 'finish',
        sweep: spec.name,
        state,
        trials,
        ...(failure ? { failure } : {}),
        ...(best && value !== undefined
          ? { best: { trial: best.trial, metric, value: direction === 'maximize' ? -value : value } }
          : {}),
      });
    },
  };
}
