import { ActivityFailure, ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { failureKinds } from '../errors.js';
import type { SweepFailure } from '../sweep/types.js';

/** What an activity failed with; a local activity's failure comes as it is, without one around it. */
export const causeOf = (error: Error): Error =>
  error instanceof ActivityFailure ? (error.cause ?? error) : error;

/** Why a sweep is over, from what its workflow fails with; an activity's own words where it was one. */
export function sweepFailureOf(error: Error): SweepFailure {
  const cause = causeOf(error);
  if (cause instanceof CancelledFailure)
    return { kind: 'cancelled', message: 'its workflow was cancelled on the server, not by `rgsweep stop`' };
  const type = cause instanceof ApplicationFailure ? cause.type : undefined;
  return { kind: failureKinds.find((known) => known === type) ?? 'crashed', message: cause.message };
}
