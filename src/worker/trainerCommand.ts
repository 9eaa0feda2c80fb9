import { fileURLToPath } from 'node:url';
import { RgsweepError } from '../errors.js';

const trainerPath = fileURLToPath(new URL('../train/trainer.js', import.meta.url));

/**
 * The built-in trainer, unless RGSWEEP_TRAINER names another program that speaks the trainer protocol, as a JSON array of
 * program and arguments. (`simulated` is no program: a trainer that costs nothing, for benchmarks.)
 */
export function trainerCommand(): string[] {
  const named = process.env.RGSWEEP_TRAINER;
  if (named === undefined) return [process.execPath, trainerPath];
  try {
    const command: unknown = JSON.parse(named);
    if (Array.isArray(command) && command.length > 0 && command.every((part) => typeof part === 'string'))
      return command;
  } catch {
    // Falls through to the message below.
  }
  throw new RgsweepError(
    'usage',
    `RGSWEEP_TRAINER: ${named} is no JSON array of a program and its arguments`,
    {
      remedy: 'for example ["python3", "train.py"]',
    },
  );
}
