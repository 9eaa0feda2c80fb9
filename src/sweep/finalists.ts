import { paretoFrontOrder } from '../pruners/dominance.js';
import { configurationsOf } from './configurations.js';
import type { SweepMachine } from './machine.js';
import { nextRung, valueAt, vectorAt, type TrialRow } from './rows.js';

/** Candidates that are re-run with fresh seeds at most: the best, and whom it turns out to be no better than. */
const mostConfirmed = 3;
/** Members of a Pareto front that are measured on test data. */
const mostOfFront = 8;

/** A configuration at the highest rung that any has reached, with the objectives it is judged by now. */
interface Candidate {
  row: TrialRow;
  vector: number[];
  /** Its fresh seeds; empty while it was not chosen. */
  fresh: TrialRow[];
}

interface Field {
  rung: number;
  candidates: Candidate[];
}

/**
 * The configurations at the highest rung reached by any. Whoever was re-run with fresh seeds is judged by those alone:
 * the seeds that made it a candidate are the lucky ones.
 */
function fieldOf(machine: SweepMachine, rungCount: number): Field | undefined {
  const rows = configurationsOf(machine.trials, machine.replicates).filter(
    (row) => row.state !== 'failed' && row.equals === undefined,
  );
  const fresh = new Map<number, TrialRow[]>();
  for (const row of machine.trials)
    if (row.confirms) fresh.set(row.replicateOf!, [...(fresh.get(row.replicateOf!) ?? []), row]);
  for (let rung = rungCount - 1; rung >= 0; rung--) {
    const there = rows.filter((row) => valueAt(row, rung) !== undefined);
    if (there.length === 0) continue;
    return {
      rung,
      candidates: there.map((row) => {
        const own = fresh.get(row.trial) ?? [];
        return { row, fresh: own, vector: judged(row, own, rung, machine.replicates) };
      }),
    };
  }
  return undefined;
}

function judged(row: TrialRow, fresh: readonly TrialRow[], rung: number, replicates: number): number[] {
  const vector = vectorAt(row, rung);
  if (fresh.length < replicates || fresh.some((one) => one.values.length === 0 && one.state !== 'failed'))
    return vector;
  if (fresh.some((one) => one.state === 'failed')) return vector.map(() => Infinity);
  return vector.map((_, d) => fresh.reduce((sum, one) => sum + vectorAt(one, rung)[d]!, 0) / fresh.length);
}

/** The best candidate, or the Pareto front of them, the best in the first objective first. */
function leadersOf({ candidates }: Field): Candidate[] {
  if (candidates.length === 0) return [];
  if (candidates[0]!.vector.length === 1) {
    let best = candidates[0]!;
    for (const one of candidates) if (one.vector[0]! < best.vector[0]!) best = one;
    return [best];
  }
  return paretoFrontOrder(candidates.map((one) => one.vector))
    .slice(0, mostOfFront)
    .map((index) => candidates[index]!)
    .sort((a, b) => a.vector[0]! - b.vector[0]! || a.row.trial - b.row.trial);
}

/**
 * The field that the winner comes from: with one objective those that fresh seeds confirmed, once there are any. The best of the others has the
 * luck of the search in its value, and would win by it where schedules are close.
 */
function decidingField(machine: SweepMachine, rungCount: number): Field | undefined {
  const field = fieldOf(machine, rungCount);
  if (!field || field.candidates[0]?.vector.length !== 1) return field;
  const confirmed = field.candidates.filter(
    ({ fresh }) =>
      fresh.length >= machine.replicates &&
      fresh.every((one) => one.state !== 'failed' && valueAt(one, field.rung) !== undefined),
  );
  return confirmed.length > 0 ? { ...field, candidates: confirmed } : field;
}

/**
 * The searched trial with the smallest value at the highest rung reached by any (with several objectives: of the first
 * objective, on the Pareto front), of those that fresh seeds confirmed where there are any; ties go to the lower number.
 */
export function bestTrial(machine: SweepMachine, rungCount: number): TrialRow | undefined {
  if (machine.replicates === 1 && !machine.trials.some((row) => row.others))
    return bestOfOne(machine.trials, rungCount);
  const field = decidingField(machine, rungCount);
  return field && leadersOf(field)[0]?.row;
}

/** One seed and one objective, which is nearly always: a scan without an object for every trial. */
function bestOfOne(rows: readonly TrialRow[], rungCount: number): TrialRow | undefined {
  let best: TrialRow | undefined;
  let highest = -1;
  for (const row of rows) {
    const rung = Math.min(rungCount, nextRung(row)) - 1;
    const value = row.values[row.values.length - 1];
    if (value === undefined || row.baseline !== undefined || row.state === 'failed') continue;
    if (best && (rung < highest || (rung === highest && !(value < best.values[best.values.length - 1]!))))
      continue;
    best = row;
    highest = rung;
  }
  return best;
}

/** The trials on the Pareto front at the highest rung reached by any, best in the first objective first. */
export function frontTrials(machine: SweepMachine, rungCount: number): number[] {
  const field = fieldOf(machine, rungCount);
  return field ? leadersOf(field).map(({ row }) => row.trial) : [];
}

/**
 * The next fresh seed to train before a candidate is called best, with the number of that seed: until the best ones are
 * confirmed, or enough were tried. Undefined when there is nothing to confirm.
 * @param affords whether so many training steps are left
 */
export function nextConfirmation(
  machine: SweepMachine,
  rungCount: number,
  affords: (rung: number, begun: boolean) => boolean,
): { of: number; index: number; rung: number } | undefined {
  const { replicates } = machine;
  const field = replicates > 1 ? fieldOf(machine, rungCount) : undefined;
  if (!field) return undefined;
  const leaders = leadersOf(field);
  // Of several objectives none leads when every candidate's fresh seeds have failed.
  if (leaders.length === 0) return undefined;
  const most = leaders.length > 1 || leaders[0]!.vector.length > 1 ? mostOfFront : mostConfirmed;
  const tried = field.candidates.filter((one) => one.fresh.length > 0).length;
  for (const { row, fresh } of leaders) {
    if (fresh.length >= replicates) continue;
    if (fresh.length === 0 && tried >= most) continue;
    if (!affords(field.rung, fresh.length > 0)) continue;
    return { of: row.trial, index: replicates + fresh.length, rung: field.rung };
  }
  return undefined;
}

/** What is measured on test data, in this order: every baseline's seeds, then the winner's (its fresh ones where it has them). */
export function finalists(machine: SweepMachine, rungCount: number): TrialRow[] {
  const field = decidingField(machine, rungCount);
  const leaders = field ? leadersOf(field) : [];
  return [
    ...machine.trials.filter((row) => row.baseline !== undefined),
    ...leaders.flatMap(({ row, fresh }) =>
      fresh.length > 0
        ? fresh
        : machine.trials.filter((one) => one.trial === row.trial || one.replicateOf === row.trial),
    ),
  ].filter((row) => row.values.length > 0 && row.state !== 'failed');
}

/** The finalist to measure next; undefined when none is left that is not being measured. */
export function nextToTest(machine: SweepMachine, rungCount: number): TrialRow | undefined {
  return finalists(machine, rungCount).find((row) => !row.tested && !row.segment);
}
