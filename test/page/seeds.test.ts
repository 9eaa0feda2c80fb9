import { rmSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SweepAnswer, SweepsAnswer, TrialAnswer, TrialsAnswer } from '../../src/page/api.js';
import type { PageServer } from '../../src/page/server.js';
import { stretchesOf } from '../../src/report/charts/timeline.js';
import { foldReplicates } from '../../src/sweep/replicates.js';
import type { SweepSnapshot, TrialRecord } from '../../src/sweep/types.js';
import { mainFile } from '../e2e/harness.js';
import { tallyOf } from '../metrics/support.js';
import { fixtureSnapshot, fixtureSpec } from '../report/fixture.js';
import { recordOf } from '../sweep/records.js';
import { keepSweep, startTestPage, temporaryStore } from './store.js';

const minute = (n: number) => new Date(Date.UTC(2026, 2, 1, 9, n)).toISOString();

/** A trial with kl at the last rung; two seeds each, and of the candidates two fresh ones. */
function trial(number: number, kl: number, change: Partial<TrialRecord> = {}): TrialRecord {
  return recordOf(number, {
    state: 'complete',
    label: `schedule ${change.replicateOf ?? number}`,
    stepsPaid: 3000,
    createdAt: minute(number),
    updatedAt: minute(number + 1),
    rungs: [
      {
        rung: 1,
        step: 3000,
        metrics: { kl, klError: 0.001, ess: 0.5 },
        trainSeconds: 50,
        evaluateSeconds: 5,
        stepsPerSecond: 60,
        finishedAt: minute(number + 1),
      },
    ],
    firstRung: 1,
    ...change,
  });
}
const seed = (number: number, kl: number, replicateOf: number, change: Partial<TrialRecord> = {}) =>
  trial(number, kl, { origin: 'replicate', replicateOf, ...change });
const standard = { origin: 'baseline', baseline: 'standard' } as const;

const snapshot: SweepSnapshot = {
  ...fixtureSnapshot(),
  spec: {
    ...fixtureSpec,
    name: 'seeds',
    replicates: 2,
    baselines: ['standard'],
    budget: { trials: 2, concurrency: 2 },
  },
  state: 'complete',
  startedAt: minute(0),
  finishedAt: minute(30),
  trials: [
    trial(0, 0.5, standard),
    seed(1, 0.54, 0, { baseline: 'standard' }),
    // Lucky twice, and not with fresh seeds.
    trial(2, 0.1),
    seed(3, 0.12, 2),
    trial(4, 0.3),
    seed(5, 0.32, 4),
    seed(6, 0.6, 2, { confirms: true }),
    seed(7, 0.62, 2, { confirms: true }),
    seed(8, 0.35, 4, { confirms: true }),
    seed(9, 0.37, 4, { confirms: true }),
  ],
  curves: new Map(),
};

describe('a sweep with several seeds a configuration is told by its means', () => {
  let folder: string;
  let server: PageServer;
  beforeAll(async () => {
    const made = await temporaryStore();
    folder = made.folder;
    await keepSweep(made.store, snapshot);
    server = await startTestPage(made.store);
  });
  afterAll(async () => {
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const ask = async <T>(path: string) => (await (await fetch(`${server.url}api/sweeps${path}`)).json()) as T;
  const rgsweep = (...args: string[]) => {
    const { status, stdout } = spawnSync(
      process.execPath,
      [mainFile, ...args, '--store', `file://${folder}`],
      { encoding: 'utf8' },
    );
    expect(status).toBe(0);
    return stdout;
  };

  it('on the page: the best, its rows, and whose seed a trial is', async () => {
    const sweep = await ask<SweepAnswer>('/seeds');
    expect(sweep.best).toBe(4);
    expect(sweep.rows).toMatch(/^A row is a configuration .* mean of 2 seeds/);
    expect(sweep.verdict).toMatch(/^Trial 4 .*beats standard diffusion by 0\.160 ± 0\.0\d+ nats/);
    const { rows, order } = await ask<TrialsAnswer>('/seeds/trials?since=0');
    expect(order).toEqual([4, 0, 2]);
    expect(rows).toHaveLength(sweep.trials);
    expect((await ask<SweepsAnswer>('')).sweeps[0]!.best).toMatch(/^KL 0\.360 ± 0\.0\d+ nats$/);
    const { facts } = await ask<TrialAnswer>('/seeds/trials/8');
    expect(facts.find(({ name }) => name === 'configuration')!.value).toMatch(/^trial 4: .* to confirm it$/);
  });

  it('by status, trials, best and compare', () => {
    const status = JSON.parse(rgsweep('status', 'seeds', '--json', '--address', '127.0.0.1:1')) as {
      best: { trial: number; value: number };
      baselines: { value: number }[];
    };
    expect(status.best.trial).toBe(4);
    expect(status.best.value).toBeCloseTo(0.36, 12);
    expect(status.baselines[0]!.value).toBeCloseTo(0.52, 12);
    const table = rgsweep('trials', 'seeds').split('\n');
    expect(table.filter((line) => / complete$/.test(line))).toHaveLength(3);
    expect(table.find((line) => line.includes('★'))).toMatch(/ 4 +schedule 4 +0\.360 ± /);
    expect(rgsweep('trials', 'seeds', '--json').trim().split('\n')).toHaveLength(10);
    expect(rgsweep('best', 'seeds')).toMatch(/^Trial 4 /);
    const { sweeps } = JSON.parse(rgsweep('compare', 'seeds', 'seeds', '--json')) as {
      sweeps: { best: { trial: number } }[];
    };
    expect(sweeps.map(({ best }) => best.trial)).toEqual([4, 4]);
  });

  it('in metrics, while steps and states are counted seed by seed', () => {
    const gauges = tallyOf({ ...snapshot, ranSeconds: 60 }).gauges();
    const value = (metric: string) => gauges.filter((one) => one.metric === metric).map((one) => one.value);
    expect(value('bestSearched')[0]).toBeCloseTo(0.36, 12);
    expect(value('baselineObjective')[0]).toBeCloseTo(0.52, 12);
    expect(value('sweepSteps')).toEqual([30_000]);
    expect(value('trials').reduce((sum, count) => sum + count, 0)).toBe(10);
  });

  it('and its timeline has every seed', () => {
    expect(stretchesOf(foldReplicates(snapshot), new Date(minute(40)))).toHaveLength(10);
  });
});
