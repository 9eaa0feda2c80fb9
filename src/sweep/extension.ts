import { formatDuration } from './duration.js';
import type { SweepMachine } from './machine.js';
import type { Extension } from './types.js';

/** What is wrong with an extension, by name; undefined when it can be applied. */
export function extensionProblem(machine: SweepMachine, extension: Extension): string | undefined {
  const { trials, steps, wallClockSeconds, gpuHours } = extension;
  for (const [name, count] of Object.entries({ trials, steps }))
    if (count !== undefined && (!Number.isSafeInteger(count) || count < 1))
      return `${name}: ${count} is not a whole number of at least 1`;
  for (const [name, amount] of Object.entries({ wallClock: wallClockSeconds, gpuHours }))
    if (amount !== undefined && !(Number.isFinite(amount) && amount > 0))
      return `${name}: ${amount} is not a number above 0`;
  if ([trials, steps, wallClockSeconds, gpuHours].every((amount) => amount === undefined))
    return 'nothing to extend: give trials, steps, wallClock or gpuHours';
  const unbounded = (name: string): string =>
    `${name}: the sweep has no budget of ${name}, so there is nothing to extend`;
  if (steps !== undefined && machine.stepBudget === undefined) return unbounded('steps');
  if (wallClockSeconds !== undefined && machine.wallClockSeconds === undefined) return unbounded('wallClock');
  if (gpuHours !== undefined && machine.gpuHours === undefined) return unbounded('gpuHours');
  return undefined;
}

/** `budget 40 trials, 60000 steps, 4h, 20 GPU hours`: what is allowed in all. */
export function describeBudget(machine: SweepMachine): string {
  const { trialBudget, stepBudget, wallClockSeconds, gpuHours } = machine;
  const parts = [`${trialBudget} trials`];
  if (stepBudget !== undefined) parts.push(`${stepBudget} steps`);
  if (wallClockSeconds !== undefined) parts.push(formatDuration(wallClockSeconds));
  if (gpuHours !== undefined) parts.push(`${gpuHours} GPU hours`);
  return `budget ${parts.join(', ')}`;
}
