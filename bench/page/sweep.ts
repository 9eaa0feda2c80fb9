import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { CounterRandom } from '../../src/random/philox.js';
import { createSampler } from '../../src/samplers/index.js';
import { familyOf, scheduleLabel } from '../../src/schedule/label.js';
import { readScheduleParameters } from '../../src/schedule/parameters.js';
import { presets } from '../../src/schedule/presets.js';
import { appendCurve, updateSweepRecord, writeSpec, writeTrial } from '../../src/store/records.js';
import type { ObjectStore } from '../../src/store/types.js';
import type { Parameters } from '../../src/space/types.js';
import { parseSweepFile } from '../../src/sweep/spec.js';
import type { RungResult, SweepSpec, TrialRecord } from '../../src/sweep/types.js';

const rungs = [1000, 3000, 9000];
const baselines = ['standard-raw', 'standard', 'matched-noise'] as const;
const begin = Date.parse('2026-03-01T09:00:00Z');
const time = (seconds: number): string => new Date(begin + 1000 * seconds).toISOString();

/** A sweep over the whole φ⁴ space. */
function specOf(name: string, trials: number): SweepSpec {
  return parseSweepFile(
    `{ name: ${name}, task: { name: phi4, size: 6, mass2: -4, coupling: 6.975 }, space: search-spaces/phi4.yaml,
       sampler: { name: random, seed: 1 }, pruner: { name: asha, reduction: 3, rungs: [${rungs.join()}] },
       budget: { trials: ${trials}, concurrency: 8 }, baselines: [${baselines.join()}] }`,
    resolve('bench.yaml'),
    (file) => readFileSync(file, 'utf8'),
  );
}

/** An invented result: what the page shows of it is as long as a real one. */
function resultAt(rung: number, trial: number, parameters: Parameters, random: CounterRandom): RungResult {
  const { cutoffWidth = 3, gammaLow = -8 } = parameters as { cutoffWidth?: number; gammaLow?: number };
  const kl =
    (0.02 + 0.01 * Math.log(cutoffWidth / 2) ** 2 + 0.002 * (gammaLow + 8) ** 2) * (1 + 2 / (rung + 1));
  const value = kl * (1 + 0.1 * random.uniform());
  return {
    rung,
    step: rungs[rung]!,
    metrics: {
      kl: value,
      klError: 0.05 * value,
      ess: Math.exp(-8 * value),
      essError: 0.004,
      nll: 14 + value,
    },
    trainSeconds: rungs[rung]! / 30,
    evaluateSeconds: 5,
    stepsPerSecond: 30,
    finishedAt: time(20 * trial + rungs[rung]! / 30),
  };
}

/**
 * A sweep of so many searched trials on top of three baselines, of which a third reach the second rung and a ninth the third. Its results
 * are invented.
 */
export function sweepOf(
  name: string,
  trials: number,
): { spec: SweepSpec; startedAt: string; trials: TrialRecord[] } {
  const spec = specOf(name, trials);
  const sample = createSampler('random');
  const records = Array.from({ length: trials + baselines.length }, (_, trial): TrialRecord => {
    const random = new CounterRandom(trial, 'bench/page');
    const baseline = baselines[trial];
    const parameters: Parameters = baseline
      ? presets[baseline]!
      : sample({ space: spec.space, observations: [], trial, seed: 1 });
    const share = random.uniform();
    const reached = baseline || share < 1 / 9 ? 3 : share < 1 / 3 ? 2 : 1;
    const results = rungs.slice(0, reached).map((_, rung) => resultAt(rung, trial, parameters, random));
    return {
      trial,
      ...(baseline ? { baseline } : {}),
      origin: baseline ? 'baseline' : 'sampler',
      parameters,
      key: `bench-${trial}`,
      label: scheduleLabel(parameters),
      family: familyOf(readScheduleParameters(parameters)),
      seed: 1,
      state: reached === 3 ? 'complete' : 'pruned',
      rungs: results,
      failures: [],
      stepsPaid: results.at(-1)!.step,
      createdAt: time(20 * trial),
      updatedAt: results.at(-1)!.finishedAt,
    };
  });
  return { spec, startedAt: time(0), trials: records };
}

/** Writes `sweepOf` when it has finished, as workers leave it: records and learning curves. */
export async function keepSweep(store: ObjectStore, name: string, trials: number): Promise<void> {
  const sweep = sweepOf(name, trials);
  await writeSpec(store, sweep.spec);
  for (const record of sweep.trials) {
    const random = new CounterRandom(record.trial, 'bench/page/curve');
    await writeTrial(store, name, record);
    const points = Array.from({ length: 20 * record.rungs.length }, (_, index) => ({
      step: 50 * (index + 1),
      loss: 0.5 + 2 / (index + 1) + 0.05 * random.uniform(),
      stepsPerSecond: 30,
    }));
    await appendCurve(store, name, record.trial, points);
  }
  await updateSweepRecord(store, name, () => ({
    state: 'complete',
    startedAt: sweep.startedAt,
    finishedAt: time(20 * sweep.trials.length + 400),
  }));
}
