import { bracketSizes } from '../pruners/index.js';
import { replicatesOf } from './rows.js';
import type { SweepSpec } from './types.js';

/** What one rung trains if every rung promotes its share. */
export interface PlannedRung {
  /** Steps from and to which its trials train; `from` is 0 for those that start here. */
  from: number;
  to: number;
  /** Searched configurations that reach it. */
  trials: number;
}

export interface PlannedSteps {
  rungs: PlannedRung[];
  /** Baselines, seeds and the confirmation of one candidate included, as far as the budget of steps goes. */
  steps: number;
  /** What it can never be more than, failures apart. */
  most: number;
}

/** Of n results at a rung those that go on, by the pruner's rule. */
function goOn({ name, reduction }: SweepSpec['pruner'], trials: number): number {
  switch (name) {
    case 'none':
      return trials;
    case 'median':
      // Everyone goes on while there are fewer than five results.
      return trials < 5 ? trials : Math.max(4, Math.ceil(trials / 2));
    case 'asha':
    case 'hyperband':
      return Math.floor(trials / reduction);
  }
}

/** New trials by the rung that they start towards: all at the first one, but in brackets under hyperband. */
function starts({ name, reduction, rungs }: SweepSpec['pruner'], trials: number): number[] {
  if (name !== 'hyperband') return rungs.map((_, rung) => (rung === 0 ? trials : 0));
  const sizes = bracketSizes(rungs.length, reduction);
  const counts = sizes.map(() => 0);
  for (let i = 0; i < trials; i++) {
    let neediest = 0;
    for (let s = 1; s < sizes.length; s++)
      if (counts[s]! * sizes[neediest]! < counts[neediest]! * sizes[s]!) neediest = s;
    counts[neediest]!++;
  }
  return counts;
}

/**
 * What a sweep trains without failures if every rung promotes its share: n/η of its n results with `asha` and `hyperband`, half with
 * `median`. Promotions are decided while results come in, so that a rung can promote more (a trial that was among the best when it was promoted
 * need not stay there); `most` is what it costs if everyone goes to the last rung.
 * @param reached searched configurations with a result at each rung, of a sweep that has begun: a rung that has more than its share already is
 * counted with those, so that no sweep gets further than its plan
 */
export function plannedSteps(spec: SweepSpec, reached: readonly number[] = []): PlannedSteps {
  const { pruner, budget, baselines } = spec;
  const { rungs } = pruner;
  const replicates = replicatesOf(spec);
  const last = rungs[rungs.length - 1]!;
  const planned: PlannedRung[] = rungs.map((to, rung) => ({
    from: rung === 0 ? 0 : rungs[rung - 1]!,
    to,
    trials: 0,
  }));
  const brackets = pruner.name === 'hyperband';
  let searched = 0;
  starts(pruner, budget.trials).forEach((count, first) => {
    let trials = count;
    for (let rung = first; rung < rungs.length; rung++) {
      if (rung > first) trials = goOn(pruner, trials);
      if (!brackets && first === 0) trials = Math.max(trials, reached[rung] ?? 0);
      planned[rung]!.trials += trials;
      searched += trials * (rungs[rung]! - (rung === first ? 0 : rungs[rung - 1]!));
    }
  });
  if (brackets)
    planned.forEach((one, rung) => {
      const more = Math.max(0, (reached[rung] ?? 0) - one.trials);
      one.trials += more;
      searched += more * (one.to - one.from);
    });
  const confirmed = replicates > 1 && budget.trials > 0 ? 1 : 0;
  const fixed = replicates * last * baselines.length;
  const bound = budget.steps ?? Infinity;
  const mostConfirmed = confirmed * Math.min(budget.trials, spec.objectives ? 8 : 3);
  return {
    rungs: planned,
    steps: Math.min(bound, fixed + replicates * (searched + confirmed * last)),
    most: Math.min(bound, fixed + replicates * last * (budget.trials + mostConfirmed)),
  };
}
