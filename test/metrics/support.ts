import type { Registry } from 'prom-client';
import { expect } from 'vitest';
import { createSweepTally, type SweepTally, type SweepView } from '../../src/metrics/sweepTally.js';
import { scheduleFamilies } from '../../src/schedule/types.js';
import { trialStates, type SweepSpec, type TrialRecord } from '../../src/sweep/types.js';

export const spec: SweepSpec = {
  name: 'phi4-quick',
  task: { name: 'phi4', size: 6, mass2: -4, coupling: 6.975 },
  space: { parameters: [] },
  objective: { metric: 'kl', direction: 'minimize' },
  sampler: { name: 'tpe', seed: 1 },
  pruner: { name: 'asha', reduction: 3, rungs: [1000, 3000, 9000] },
  budget: { trials: 40, concurrency: 2 },
  baselines: ['standard'],
  defaults: {},
  checkpointEverySteps: 500,
  evaluation: { samples: 1024 },
  backend: 'auto',
  retries: 3,
};

/** A trial with one value of the objective for each rung it reached. */
export function trialOf(
  trial: number,
  kl: readonly number[],
  change: Partial<TrialRecord> = {},
): TrialRecord {
  return {
    trial,
    origin: 'sampler',
    parameters: {},
    key: `key ${trial}`,
    label: `trial ${trial}`,
    family: 'standard',
    seed: trial,
    state: 'paused',
    rungs: kl.map((value, rung) => ({
      rung,
      step: spec.pruner.rungs[rung]!,
      metrics: { kl: value, ess: 0.5 + 0.1 * rung, nll: 11.8 + value },
      trainSeconds: 10,
      evaluateSeconds: 2,
      stepsPerSecond: 100,
      finishedAt: `2026-01-01T00:0${rung + 1}:00.000Z`,
    })),
    failures: [],
    stepsPaid: kl.length === 0 ? 0 : spec.pruner.rungs[kl.length - 1]!,
    createdAt: '2026-01-01T00:00:00.000Z',
    updatedAt: '2026-01-01T00:00:00.000Z',
    ...change,
  };
}

/** A sweep of `count` trials over all families and states, with results at the first two rungs. */
export function viewOf(count: number): SweepView & { trials: TrialRecord[] } {
  const trials = Array.from({ length: count }, (_, i) =>
    trialOf(i, i % 3 === 0 ? [1 / (i + 1)] : [1 / (i + 1), 1 / (i + 2)], {
      family: scheduleFamilies[i % scheduleFamilies.length]!,
      state: trialStates[i % trialStates.length]!,
      ...(i === 0 ? { baseline: 'standard', origin: 'baseline' as const } : {}),
    }),
  );
  return { spec, state: 'running', startedAt: '2026-01-01T00:00:00.000Z', ranSeconds: 60, trials };
}

/** What is tallied of a sweep whose trials are all at hand. */
export function tallyOf({ trials, ...view }: SweepView & { trials: readonly TrialRecord[] }): SweepTally {
  const tally = createSweepTally(view);
  for (const trial of trials) tally.add(trial);
  return tally;
}

/** The least time of a processor, in milliseconds, that several goes at some work take: other programs of the machine do not count. */
export async function leastProcessorTime(goes: number, work: () => Promise<unknown>): Promise<number> {
  let least = Infinity;
  for (let go = 0; go < goes; go++) {
    const before = process.cpuUsage();
    await work();
    const { user, system } = process.cpuUsage(before);
    least = Math.min(least, (user + system) / 1000);
  }
  return least;
}

export interface Sample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

/**
 * Reads Prometheus' text exposition format (version 0.0.4) strictly: every line is a comment or a sample, every sample
 * belongs to a family that HELP and TYPE announced before, and no series comes twice. Throws at the first violation.
 */
export function parseExposition(page: string): { samples: Sample[]; types: Map<string, string> } {
  const types = new Map<string, string>();
  const helps = new Set<string>();
  const seen = new Set<string>();
  const samples: Sample[] = [];
  if (!page.endsWith('\n')) throw new Error('the last line does not end');
  for (const line of page.split('\n')) {
    if (line === '') continue;
    const comment = /^# (HELP|TYPE) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.*)$/.exec(line);
    if (comment) {
      const [, what, name, text] = comment;
      if (what === 'HELP') helps.add(name!);
      else {
        if (types.has(name!)) throw new Error(`TYPE of ${name} comes twice`);
        types.set(name!, text!);
      }
      continue;
    }
    const sample = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/.exec(line);
    if (!sample) throw new Error(`no sample: ${line}`);
    const [, name, text = '', value] = sample;
    const labels: Record<string, string> = {};
    let rest = text;
    while (rest !== '') {
      const label = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(?:,|$)/.exec(rest);
      if (!label) throw new Error(`bad labels: ${line}`);
      labels[label[1]!] = label[2]!.replace(/\\([\\"n])/g, (_, c: string) => (c === 'n' ? '\n' : c));
      rest = rest.slice(label[0].length);
    }
    const number = value === 'Nan' || value === 'NaN' ? NaN : Number(value!.replace('Inf', 'Infinity'));
    if (Number.isNaN(number) && !/^nan$/i.test(value!)) throw new Error(`no number: ${line}`);
    const family = [name!, name!.replace(/_(bucket|sum|count)$/, '')].find((one) => types.has(one));
    if (!family || !helps.has(family)) throw new Error(`no HELP and TYPE before: ${line}`);
    const series = `${name} ${JSON.stringify(Object.entries(labels).sort())}`;
    if (seen.has(series)) throw new Error(`twice: ${line}`);
    seen.add(series);
    samples.push({ name: name!, labels, value: number });
  }
  return { samples, types };
}

/** Our own samples of a registry's page. */
export async function samplesOf(registry: Registry): Promise<Sample[]> {
  return parseExposition(await registry.metrics()).samples.filter(({ name }) => name.startsWith('rgsweep_'));
}

/** The value of the one sample of that name with these labels; undefined where there is none. */
export async function valueIn(
  registry: Registry,
  name: string,
  labels: Record<string, string> = {},
): Promise<number | undefined> {
  const found = (await samplesOf(registry)).filter(
    (sample) =>
      sample.name === name &&
      Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
  );
  expect(found.length, `${name} ${JSON.stringify(labels)}`).toBeLessThanOrEqual(1);
  return found[0]?.value;
}
