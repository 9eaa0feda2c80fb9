import { objectivesOf, type RungResult, type SweepSnapshot, type TrialRecord } from './types.js';

/** Trials of one configuration as one: what a report compares are configurations, not seeds. */
export type ConfigurationRecord = TrialRecord & {
  /** Seeds behind its figures. */
  seeds?: number;
  /** Its figures are those of fresh seeds, trained after it had become a candidate. */
  confirmed?: true;
};

/**
 * A snapshot whose trials are configurations: at each rung that all seeds have reached the mean of every metric m over k seeds, and
 * as its standard error e² = s²/k + ē², s² the sample variance between seeds and ē² the mean square of their own errors,
 * which the seeds share, being measured on the same data. A configuration that was confirmed has its fresh seeds' figures alone:
 * those that made it a candidate are the lucky ones. It has failed when one of its seeds has. With one seed a configuration the snapshot is returned as it is.
 */
export function foldReplicates(snapshot: SweepSnapshot): SweepSnapshot {
  if ((snapshot.spec.replicates ?? 1) === 1) return snapshot;
  const seeds = new Map<number, TrialRecord[]>();
  for (const trial of snapshot.trials)
    if (trial.replicateOf !== undefined)
      seeds.set(trial.replicateOf, [...(seeds.get(trial.replicateOf) ?? []), trial]);
  const leaders = snapshot.trials.filter((trial) => trial.replicateOf === undefined);
  return {
    ...snapshot,
    seeds: snapshot.trials,
    trials: leaders.map((leader) => fold(snapshot, leader, seeds.get(leader.trial) ?? [])),
  };
}

function fold(
  snapshot: SweepSnapshot,
  leader: TrialRecord,
  others: readonly TrialRecord[],
): ConfigurationRecord {
  if (leader.equals !== undefined) return leader;
  const all = [leader, ...others];
  const search = all.filter((trial) => !trial.confirms);
  const fresh = all.filter((trial) => trial.confirms);
  const whole = snapshot.spec.replicates ?? 1;
  const confirmed = fresh.length >= whole && fresh.every((trial) => trial.rungs.length > 0);
  const rungs = leader.rungs.flatMap((result): RungResult[] => {
    const atRung = (trials: readonly TrialRecord[]) =>
      trials.flatMap((trial) => trial.rungs.filter((one) => one.rung === result.rung));
    const own = atRung(search);
    const again = confirmed ? atRung(fresh) : [];
    const chosen = again.length === fresh.length && again.length > 0 ? again : own;
    if (chosen === own && own.length < whole) return [];
    // A mean is known once the last of its seeds is.
    const [last] = chosen.map(({ finishedAt }) => finishedAt).sort((a, b) => b.localeCompare(a));
    return [
      {
        ...result,
        finishedAt: last!,
        metrics: meansOf(
          snapshot,
          chosen.map((one) => one.metrics),
        ),
      },
    ];
  });
  const judged = confirmed ? fresh : search;
  const tests = judged.flatMap((trial) => (trial.test ? [trial.test] : []));
  const { test: _test, ...rest } = leader;
  const failed = all.some((trial) => trial.state === 'failed');
  return {
    ...rest,
    rungs,
    ...(tests.length > 0 && tests.length === judged.length ? { test: meansOf(snapshot, tests) } : {}),
    state: failed ? 'failed' : leader.state,
    failures: all.flatMap((trial) => trial.failures),
    stepsPaid: all.reduce((sum, trial) => sum + trial.stepsPaid, 0),
    seeds: judged.length,
    ...(confirmed ? { confirmed } : {}),
  };
}

function meansOf(
  snapshot: SweepSnapshot,
  sets: readonly Readonly<Record<string, number>>[],
): Record<string, number> {
  const means: Record<string, number> = {};
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  for (const name of Object.keys(sets[0]!)) means[name] = mean(sets.map((set) => set[name] ?? NaN));
  const withError = new Set(objectivesOf(snapshot.spec).map(({ metric }) => metric));
  for (const name of Object.keys(means)) if (`${name}Error` in means) withError.add(name);
  for (const name of withError) {
    const centre = means[name];
    if (centre === undefined || sets.length < 2) continue;
    const between =
      sets.reduce((sum, set) => sum + (set[name]! - centre) ** 2, 0) / (sets.length - 1) / sets.length;
    const own = mean(sets.map((set) => (set[`${name}Error`] ?? 0) ** 2));
    means[`${name}Error`] = Math.sqrt(between + own);
  }
  return means;
}
