import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Parameters } from '../src/space/types.js';
import type { TrainerEnd, TrainerRun } from './trainerProcess.js';

/** What RGSWEEP_TRAINER is for a trainer that costs nothing. */
export const simulatedTrainerName = 'simulated';

/** A smooth objective with one minimum: 0.05 + Σ (ln(1 + |x|) − 1)² over the numeric parameters + 1/√steps. */
function simulatedObjective(parameters: Parameters, step: number): number {
  let sum = 0.05 + 1 / Math.sqrt(step);
  for (const value of Object.values(parameters))
    if (typeof value === 'number') sum += (Math.log1p(Math.abs(value)) - 1) ** 2;
  return sum;
}

/**
 * Stands where a trainer process would: it trains nothing in no time, but leaves a checkpoint and gives figures. For
 * measuring all that surrounds training, at ten thousand trials.
 */
export async function runSimulatedTrainer(run: TrainerRun): Promise<TrainerEnd> {
  const { mode, parameters, toStep, outputFolder } = run.task;
  const kl = simulatedObjective(parameters, toStep);
  run.onMessage({ type: 'started', backend: simulatedTrainerName, parameterCount: 0, step: toStep });
  if (mode === 'evaluate') run.onMessage({ type: 'metrics', step: toStep, metrics: { kl }, files: [] });
  else {
    const folder = join(outputFolder, `step-${toStep}`);
    await mkdir(folder);
    await writeFile(join(folder, 'simulated.json'), JSON.stringify({ step: toStep }));
    run.onMessage({ type: 'progress', step: toStep, loss: kl, stepsPerSecond: 1 });
    run.onMessage({ type: 'checkpoint', step: toStep, folder, loss: kl });
  }
  return { step: toStep, preempted: false };
}
