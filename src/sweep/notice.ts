import type { FailureKind } from '../errors.js';
import type { SweepFailure, SweepState, TrialState } from './types.js';

/** What a webhook is told of: the end of a sweep, and each trial that is given up. */
export const noticeEvents = ['finish', 'failure'] as const;
export type NoticeEvent = (typeof noticeEvents)[number];

/** Whom to tell. The address itself is a secret and stays in the workers' environment. */
export interface Notify {
  /** Name of the environment variable of control workers that holds the address. */
  webhook: string;
  on: NoticeEvent[];
}

/** A sweep file cannot name any other variable: what they hold is not to be sent anywhere. */
export const webhookVariable = /^RGSWEEP_WEBHOOK(_[A-Z0-9_]{1,40})?$/;

/** Trials whose failure is told one by one; of the others the notice of the end has the number. */
export const mostFailuresTold = 20;

/** What is told, as it is posted. */
export type Notice = { sweep: string } & (
  | {
      event: 'finish';
      state: SweepState;
      /** Trials by state. */
      trials: Partial<Record<TrialState, number>>;
      /** Why the sweep itself has failed. */
      failure?: SweepFailure;
      /** The best searched trial by the first objective, in that objective's own direction. */
      best?: { trial: number; metric: string; value: number };
    }
  | { event: 'failure'; trial: number; kind: FailureKind; message: string }
);

/** One line for people: what chat programs show of a notice. */
export function describeNotice(notice: Notice): string {
  if (notice.event === 'failure')
    return `${notice.sweep}: trial ${notice.trial} has failed (${notice.kind}): ${notice.message.slice(0, 300)}`;
  const counts = Object.entries(notice.trials).map(([state, count]) => `${count} ${state}`);
  const { best, failure } = notice;
  if (failure)
    return `${notice.sweep} has failed (${failure.kind}): ${failure.message.slice(0, 300)}; ${counts.join(', ') || 'no trials'}`;
  const found = best ? `; best is trial ${best.trial} with ${best.metric} ${best.value.toPrecision(4)}` : '';
  return `${notice.sweep} is ${notice.state}: ${counts.join(', ') || 'no trials'}${found}`;
}
