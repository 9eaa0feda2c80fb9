import { dominanceOrder } from './dominance.js';
import type { PrunerTrial } from './types.js';

/** The value a trial has at a rung, or undefined. */
function valueAt(trial: PrunerTrial, rung: number): number | undefined {
  return trial.values[rung - (trial.firstRung ?? 0)];
}

/** The last rung a trial has finished; `firstRung − 1` while there is none. */
export function lastRung(trial: PrunerTrial): number {
  return (trial.firstRung ?? 0) + trial.values.length - 1;
}

function waitsAt(trial: PrunerTrial, rung: number): boolean {
  return (
    trial.state === 'paused' &&
    trial.segment === undefined &&
    trial.values.length > 0 &&
    lastRung(trial) === rung
  );
}

/**
 * Of the trials that wait at a rung the best one, if it is among the first `quota(n)` of the n results there; of a
 * bracket alone where one is given. If the best one is not, no other is.
 *
 * Smaller values are better, equal ones rank by trial number, NaN ranks last; several objectives rank by
 * non-domination. A failed trial is in no ranking; one that ended otherwise stays in it but is not promoted.
 */
export function promotable(
  trials: readonly PrunerTrial[],
  rung: number,
  quota: (results: number) => number,
  bracket?: number,
): PrunerTrial | undefined {
  let best: PrunerTrial | undefined;
  let results = 0;
  let several = false;
  for (const trial of trials) {
    if (trial.state === 'failed' || (bracket !== undefined && (trial.firstRung ?? 0) !== bracket)) continue;
    if (valueAt(trial, rung) === undefined) continue;
    results++;
    if (trial.others !== undefined) several = true;
    if (waitsAt(trial, rung) && (best === undefined || ranksBefore(trial, best, rung))) best = trial;
  }
  if (best === undefined) return undefined;
  const places = quota(results);
  if (places >= results && !several) return best;
  if (places <= 0) return undefined;
  if (several) return firstOfSeveral(trials, rung, places, bracket);
  let better = 0;
  for (const trial of trials) {
    if (
      trial.state === 'failed' ||
      trial === best ||
      (bracket !== undefined && (trial.firstRung ?? 0) !== bracket)
    )
      continue;
    if (valueAt(trial, rung) !== undefined && ranksBefore(trial, best, rung)) better++;
  }
  return better < places ? best : undefined;
}

function firstOfSeveral(
  trials: readonly PrunerTrial[],
  rung: number,
  places: number,
  bracket: number | undefined,
): PrunerTrial | undefined {
  const members = trials
    .filter(
      (trial) =>
        trial.state !== 'failed' &&
        valueAt(trial, rung) !== undefined &&
        (bracket === undefined || (trial.firstRung ?? 0) === bracket),
    )
    .sort((a, b) => a.trial - b.trial);
  const order = dominanceOrder(
    members.map((trial) => {
      const place = rung - (trial.firstRung ?? 0);
      return [trial.values[place]!, ...(trial.others?.[place] ?? [])];
    }),
  );
  const first = order.findIndex((index) => waitsAt(members[index]!, rung));
  return first >= 0 && first < places ? members[order[first]!] : undefined;
}

function ranksBefore(a: PrunerTrial, b: PrunerTrial, rung: number): boolean {
  const left = valueAt(a, rung)!;
  const right = valueAt(b, rung)!;
  if (left < right) return true;
  if (left > right) return false;
  if (left === right) return a.trial < b.trial;
  const leftIsNumber = left === left;
  const rightIsNumber = right === right;
  return leftIsNumber === rightIsNumber ? a.trial < b.trial : leftIsNumber;
}
