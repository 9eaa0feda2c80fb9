import type { SpentBudget, SweepMachine } from './machine.js';
import { chargedSteps, leads } from './rows.js';
import type { SweepSpec } from './types.js';

/**
 * Training steps of the step budget that nothing is committed to yet; Infinity where steps are not bounded. Committed are:
 * what was trained, what open and waiting segments will train, the baselines' way to the last rung from the start, and with several
 * seeds the fresh ones of one candidate. So no segment that is started can take the sweep beyond its budget.
 */
export function stepsLeft(machine: SweepMachine, spec: SweepSpec): number {
  if (machine.stepBudget === undefined) return Infinity;
  const { rungs } = spec.pruner;
  const { replicates } = machine;
  const last = rungs[rungs.length - 1]!;
  let searched = 0;
  let confirming = 0;
  for (const row of machine.trials) {
    if (row.baseline !== undefined) continue;
    if (row.confirms) confirming += chargedSteps(row, rungs);
    else if (leads(row)) searched += replicates * chargedSteps(row, rungs);
  }
  const reserved = replicates > 1 ? replicates * last : 0;
  const baselines = spec.baselines.length * replicates * last;
  return machine.stepBudget - baselines - searched - Math.max(confirming, reserved);
}

/** Steps that the budget must have at least: the baselines, one configuration to the first rung, its confirmation. */
export function leastSteps(spec: SweepSpec): number {
  const { rungs } = spec.pruner;
  const replicates = spec.replicates ?? 1;
  const last = rungs[rungs.length - 1]!;
  return (
    replicates *
    (spec.baselines.length * last + (spec.budget.trials > 0 ? rungs[0]! + (replicates > 1 ? last : 0) : 0))
  );
}

/** Milliseconds that trainers have worked, open segments counted to `now`; waiting for a trainer counts until a report corrects it. */
function trainerMilliseconds(machine: SweepMachine, now: number): { used: number; open: number } {
  let used = 1000 * machine.trainerSeconds;
  let open = 0;
  for (const { segment } of machine.trials) {
    if (segment?.kind !== 'train') continue;
    open++;
    used += Math.max(0, now - (segment.at ?? now));
  }
  return { used, open };
}

/** When the first budget of time is used up if everything that is open goes on; undefined when none will be. */
export function deadline(
  machine: SweepMachine,
  now: number,
): { at: number; budget: SpentBudget } | undefined {
  if (machine.spent !== undefined) return undefined;
  let earliest: { at: number; budget: SpentBudget } | undefined;
  if (machine.wallClockSeconds !== undefined) {
    const left = 1000 * machine.wallClockSeconds - machine.clock.used;
    if (machine.clock.since !== undefined) earliest = { at: machine.clock.since + left, budget: 'wallClock' };
    else if (left <= 0) earliest = { at: now, budget: 'wallClock' };
  }
  if (machine.gpuHours !== undefined) {
    const { used, open } = trainerMilliseconds(machine, now);
    const left = 3_600_000 * machine.gpuHours - used;
    const at = left <= 0 ? now : open > 0 ? now + left / open : Infinity;
    if (at < (earliest?.at ?? Infinity)) earliest = { at, budget: 'gpuHours' };
  }
  return earliest;
}

/**
 * Whether trainers turned out to have worked less than the clock said (segments had waited for a free one), by more
 * than a hundredth of the budget and ten seconds: then training goes on.
 */
export function hasTimeAfterAll(machine: SweepMachine): boolean {
  if (machine.spent !== 'gpuHours' || machine.gpuHours === undefined) return false;
  const total = 3600 * machine.gpuHours;
  return total - machine.trainerSeconds > Math.max(10, total / 100);
}
