import { isOver, isUncreated, leads, nextRung, type TrialRow } from './rows.js';

/**
 * The searched configurations, each as one row: with one seed the trials themselves; with several the leader's row with
 * the mean of its seeds at every rung that all of them have finished. A configuration one of whose seeds has failed has failed: the
 * mean of the others would be the mean of the lucky ones.
 */
export function configurationsOf(rows: readonly TrialRow[], replicates: number): TrialRow[] {
  const searched = rows.filter((row) => row.baseline === undefined && leads(row));
  if (replicates === 1) return searched;
  const members = seedsOf(rows);
  return searched.map((leader) => foldSeeds(leader, members.get(leader.trial) ?? [], replicates));
}

/** By leader, its other seeds of the search (not those that confirm). */
export function seedsOf(rows: readonly TrialRow[]): Map<number, TrialRow[]> {
  const seeds = new Map<number, TrialRow[]>();
  for (const row of rows) {
    if (row.replicateOf === undefined || row.confirms) continue;
    const known = seeds.get(row.replicateOf);
    if (known) known.push(row);
    else seeds.set(row.replicateOf, [row]);
  }
  return seeds;
}

/** A configuration and its other seeds as one row. */
export function foldSeeds(leader: TrialRow, others: readonly TrialRow[], replicates: number): TrialRow {
  if (leader.equals !== undefined || isUncreated(leader)) return leader;
  const all = [leader, ...others];
  const whole = all.length >= replicates;
  const finished = whole ? Math.min(...all.map((row) => row.values.length)) : 0;
  const folded: TrialRow = { ...leader, values: meansOf(all.map((row) => row.values.slice(0, finished))) };
  if (leader.others) {
    const dimension = leader.others[0]?.length ?? 0;
    folded.others = Array.from({ length: finished }, (_, place) =>
      Array.from({ length: dimension }, (_unused, d) => mean(all.map((row) => row.others![place]![d]!))),
    );
  }
  delete folded.segment;
  if (all.some((row) => row.state === 'failed')) return { ...folded, state: 'failed' };
  const level = whole && all.every((row) => row.values.length === finished && !row.segment);
  const waits = all.some((row) => row.state === 'waiting' || row.state === 'running');
  folded.state = level && !waits ? leader.state : 'running';
  return folded;
}

function meansOf(lists: readonly (readonly number[])[]): number[] {
  return lists[0]!.map((_, place) => mean(lists.map((list) => list[place]!)));
}

function mean(values: readonly number[]): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}

/**
 * Whether a seed has to follow its leader: the leader was promoted past it and the configuration has not failed.
 * Confirming seeds follow nobody.
 */
export function mustFollow(row: TrialRow, leader: TrialRow): boolean {
  if (row.state !== 'paused' || row.segment || row.confirms || leader.state === 'failed') return false;
  const towards = nextRung(leader) - (leader.segment?.kind === 'train' || leader.state === 'waiting' ? 0 : 1);
  return towards >= nextRung(row);
}

/**
 * The number of the earliest decision whose outcome is not known yet; Infinity when all are. `configurations` carry
 * the decisions that began their segments.
 */
export function firstUnfinished(configurations: readonly TrialRow[]): number {
  let first = Infinity;
  for (const row of configurations) {
    if (row.state === 'failed' || row.equals !== undefined) continue;
    const open = row.jobs?.[row.values.length];
    if (open !== undefined && open < first) first = open;
  }
  return first;
}

/**
 * The configurations as they were when exactly the decisions before `visible` had come out and none after them: what a
 * reproducible sweep looks at, whatever has come in meanwhile.
 */
export function hideAfter(configurations: readonly TrialRow[], visible: number): TrialRow[] {
  return configurations.map((row) => {
    const { jobs } = row;
    if (!jobs || jobs.length === 0 || jobs[jobs.length - 1]! < visible) return row;
    let known = 0;
    while (known < row.values.length && jobs[known]! < visible) known++;
    const { equals: _equals, others, ...rest } = row;
    return {
      ...rest,
      values: row.values.slice(0, known),
      ...(others ? { others: others.slice(0, known) } : {}),
      state: 'running',
    };
  });
}

/** What has come to its end, for whoever asks for the search's trials alone. */
export function isSettled(row: TrialRow): boolean {
  return isOver(row.state) || row.state === 'paused';
}
