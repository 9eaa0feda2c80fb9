import { isRetryable, type SweepMachine } from './state.js';

/** Which failed trials go on, and whether from their last good checkpoint or from zero. */
export interface RetryRequest {
  trials: number[] | 'all';
  fromScratch?: boolean;
}

/** Why a request cannot be meant: it names trials that the sweep does not have. Undefined when it can. */
export function problemOfRetry(
  machine: Pick<SweepMachine, 'trials'>,
  { trials }: RetryRequest,
): string | undefined {
  if (trials === 'all') return undefined;
  const unknown = trials.filter((trial) => machine.trials[trial] === undefined);
  if (unknown.length === 0) return undefined;
  const count = machine.trials.length;
  const known = count === 0 ? 'no trial yet' : count === 1 ? 'trial 0 only' : `trials 0 to ${count - 1}`;
  return `there is no trial ${unknown.join(', ')}: the sweep has ${known}`;
}

/** The trials that a request makes go on, ascending. */
export function chooseRetries(machine: Pick<SweepMachine, 'trials'>, { trials }: RetryRequest): number[] {
  return machine.trials
    .filter((row) => isRetryable(row) && (trials === 'all' || trials.includes(row.trial)))
    .map((row) => row.trial);
}

/** One sentence for the one who asked: which trials go on, and why the others that were named do not. */
export function describeRetries(
  machine: Pick<SweepMachine, 'trials'>,
  { trials, fromScratch = false }: RetryRequest,
  chosen: readonly number[],
): string {
  const from = fromScratch ? 'from zero' : 'from the last good checkpoint';
  const parts =
    chosen.length === 0
      ? ['no failed trial was there to go on']
      : [`${chosen.length === 1 ? `trial ${chosen[0]} goes` : `trials ${chosen.join(', ')} go`} on ${from}`];
  const others = trials === 'all' ? machine.trials.map((row) => row.trial) : trials;
  for (const trial of new Set(others)) {
    const row = machine.trials[trial];
    if (!row || chosen.includes(trial)) continue;
    if (row.state === 'failed')
      parts.push(
        isRetryable(row)
          ? `trial ${trial} is beginning anew already`
          : `trial ${trial} has nothing to train: its schedule could not be made`,
      );
    else if (trials !== 'all') parts.push(`trial ${trial} has not failed: it is ${row.state}`);
  }
  return parts.join('; ');
}
