import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { Dependencies } from '../../activities/dependencies.js';
import { createSuggest } from '../../activities/suggest.js';
import { encodeStatistics } from '../../src/basis/statistics.js';
import { sweepDatasetKey } from '../../src/data/sweepData.js';
import { methodFacts } from '../../src/report/content.js';
import { bestSearched } from '../../src/report/ranking.js';
import type { Parameters } from '../../src/space/types.js';
import { collectPrior } from '../../src/store/collectPrior.js';
import { openFileStore } from '../../src/store/file.js';
import { layout } from '../../src/store/layout.js';
import { writePrior } from '../../src/store/prior.js';
import { readSnapshot, writeSpec, writeTrial } from '../../src/store/records.js';
import { packChanges } from '../../src/sweep/pack.js';
import { initialMachine, nextAction } from '../../src/sweep/state.js';
import type { SweepSpec, TrialRecord } from '../../src/sweep/types.js';
import { mostPriorTrials, priorOf } from '../../src/sweep/warmStart.js';
import { fixtureSpec, fixtureStatistics } from '../report/fixture.js';
import { recordOf, rungResults } from './records.js';

const folder = mkdtempSync(join(tmpdir(), 'rgsweep-warm-start-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const rungs = [10, 30];
const base: SweepSpec = { ...fixtureSpec, pruner: { name: 'asha', reduction: 3, rungs }, baselines: [] };
const earlier: SweepSpec = { ...base, name: 'earlier' };
const later: SweepSpec = { ...base, name: 'later', warmStart: ['earlier'] };
const images: SweepSpec['task'] = { ...earlier.task, size: 8 } as SweepSpec['task'];

const widths = [0.4, 0.8, 1.2, 2, 4, 8];
const parametersOf = (cutoffWidth: number): Parameters => ({
  batchSize: 256,
  basis: 'fourier',
  colour: 'matched',
  kernel: 'sigmoid',
  ordering: 'log-variance',
  cutoffWidth,
  trajectory: 'linear',
});
/** Best at a width of 1.2; the better half went on to the second rung. */
const record = (trial: number, change: Partial<TrialRecord> = {}): TrialRecord => {
  const width = widths[trial % widths.length]!;
  const kl = Math.abs(Math.log(width / 1.2));
  return recordOf(trial, {
    parameters: parametersOf(width),
    state: kl < 0.6 ? 'complete' : 'pruned',
    rungs: rungResults(rungs, kl < 0.6 ? [kl + 1, kl] : [kl + 1]),
    ...change,
  });
};
const records = Array.from({ length: 12 }, (_, trial) => record(trial));

function taken(spec: SweepSpec, source: SweepSpec, from: readonly TrialRecord[]) {
  const found = priorOf(spec, source, from);
  if (typeof found === 'string') throw new Error(found);
  return found;
}

describe('what an earlier sweep gives', () => {
  it('are its searched configurations, marked with its name, without baselines and without what never ended', () => {
    const { source, observations } = taken(later, earlier, [
      record(0, { origin: 'baseline', baseline: 'standard' }),
      ...records.slice(1),
      record(12, { state: 'running', rungs: [] }),
      record(13, { state: 'failed', rungs: [], failures: [] }),
      record(14, { state: 'failed', rungs: [], invalid: true, parameters: {} }),
      record(15, { state: 'paused', rungs: rungResults(rungs, [2]) }),
    ]);
    expect(source).toMatchObject({ sweep: 'earlier', sameTask: true, of: 13, taken: 13, outside: 0 });
    expect(observations.map(({ trial }) => trial)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15]);
    expect(new Set(observations.map(({ prior }) => prior))).toEqual(new Set(['earlier']));
    expect(observations.at(-2)).toMatchObject({ state: 'failed', values: [] });
    expect(observations.at(-1)).toMatchObject({ state: 'pruned', values: [{ step: 10, objectives: [2] }] });
    // batchSize is no parameter of the space.
    expect(source.shared).toEqual(['basis', 'colour', 'cutoffWidth', 'trajectory']);
    expect(Object.keys(observations[0]!.parameters)).not.toContain('batchSize');
  });

  it('across tasks is only what both name; of the same task what was not named had its default', () => {
    const unnamed = records.map((one) => {
      const { colour: _colour, ...parameters } = one.parameters;
      return { ...one, parameters };
    });
    expect(taken(later, earlier, unnamed).observations[0]!.parameters).toMatchObject({ colour: 'white' });
    const across = taken(later, { ...earlier, task: images }, unnamed);
    expect(across.source).toMatchObject({ sameTask: false, taken: 12 });
    expect(across.observations[0]!.parameters).not.toHaveProperty('colour');
    expect(across.source.shared).toEqual(['basis', 'cutoffWidth', 'trajectory']);
  });

  it('leaves out what lies outside of the space, and children whose parent is not known', () => {
    const space = {
      parameters: earlier.space.parameters.map((parameter) =>
        parameter.name === 'cutoffWidth' ? { ...parameter, high: 3 } : parameter,
      ),
    } as SweepSpec['space'];
    expect(taken({ ...later, space }, earlier, records).source).toMatchObject({
      of: 12,
      taken: 8,
      outside: 4,
    });
    const child = records.map((one) => ({ ...one, parameters: { colourMass2: 1, cutoffWidth: 1 } }));
    expect(taken(later, { ...earlier, task: images }, child).observations[0]!.parameters).toEqual({
      cutoffWidth: 1,
    });
  });

  it('is judged by this sweep’s objective, and by several', () => {
    const withEss = records.map((one) => ({
      ...one,
      rungs: one.rungs.map((result) => ({ ...result, metrics: { ...result.metrics, ess: 0.5 } })),
    }));
    const ess = { metric: 'ess', direction: 'maximize' } as const;
    expect(taken({ ...later, objective: ess }, earlier, withEss).observations[0]!.values[0]).toEqual({
      step: 10,
      objectives: [-0.5],
    });
    const both = { ...later, objectives: [later.objective, ess] };
    expect(taken(both, earlier, withEss).observations[0]!.values[0]!.objectives).toHaveLength(2);
    expect(priorOf({ ...later, objective: ess }, earlier, records)).toBe(
      'its trials have no ess; they have kl',
    );
  });

  it('is at most its newest trials, and says how many there were', () => {
    const many = Array.from({ length: mostPriorTrials + 20 }, (_, trial) => record(trial));
    const { source, observations } = taken(later, earlier, many);
    expect(source).toMatchObject({ of: mostPriorTrials + 20, taken: mostPriorTrials });
    expect(observations[0]!.trial).toBe(20);
  });
});

describe('a sweep that starts from another one', () => {
  it('refuses by name a sweep that is not there or has nothing to give', async () => {
    const store = await openFileStore(join(folder, 'refusals'));
    await expect(collectPrior(store, later)).rejects.toThrow(
      /warmStart\.0: .* has no sweep called "earlier"/,
    );
    await writeSpec(store, earlier);
    await expect(collectPrior(store, later)).rejects.toThrow(
      'warmStart.0: sweep "earlier" has nothing to start from: none of its trials has a result',
    );
    await writeTrial(store, 'earlier', record(0, { parameters: { cutoffWidth: 100 } }));
    await expect(collectPrior(store, later)).rejects.toThrow(
      'none of its 1 trials lies in this sweep’s space',
    );
  });

  it('suggests near what was best there from its first trial on, spends no budget on it and cannot have it as its best', async () => {
    const store = await openFileStore(join(folder, 'store'));
    await writeSpec(store, earlier);
    for (const one of records) await writeTrial(store, 'earlier', one);
    const data = layout.dataset(sweepDatasetKey(earlier.task)!);
    await store.put(`${data}/statistics.safetensors`, encodeStatistics(fixtureStatistics()));
    await writePrior(store, 'later', await collectPrior(store, later));
    await writeSpec(store, later);
    // What the earlier sweep becomes later on changes nothing.
    await writeTrial(store, 'earlier', record(0, { rungs: rungResults(rungs, [-9, -9]) }));

    // Only what `suggest` uses of them.
    const dependencies = { store, metrics: { suggested: () => undefined } } as unknown as Dependencies;
    const { suggest } = createSuggest(dependencies);
    const spec = later;
    await suggest({ spec, trial: 0, source: { from: 'sampler' }, rows: { changes: packChanges([], []) } });
    const snapshot = await readSnapshot(store, 'later');
    const width = snapshot.trials[0]!.parameters['cutoffWidth'] as number;
    expect(width).toBeGreaterThan(0.5);
    expect(width).toBeLessThan(3);

    // Without its prior it would begin with a point of a Sobol' sequence.
    await createSuggest(dependencies).suggest({
      spec: { ...base, name: 'cold' },
      trial: 0,
      source: { from: 'sampler' },
      rows: { changes: packChanges([], []) },
    });
    const cold = await readTrialParameters('cold');
    expect(cold).not.toEqual(snapshot.trials[0]!.parameters);

    const machine = initialMachine(later, 2);
    expect(machine.trials).toHaveLength(0);
    expect(nextAction(machine, later)).toMatchObject({ kind: 'create', trial: 0 });
    expect(bestSearched(snapshot)).toBeUndefined();
    expect(snapshot.trials).toHaveLength(1);
    const facts = Object.fromEntries(methodFacts({ snapshot, versions: {} }));
    expect(facts['warm start']).toMatch(/^12 of 12 trials of earlier \(the same task; shared: basis, colour/);

    async function readTrialParameters(sweep: string): Promise<unknown> {
      await writeSpec(store, { ...base, name: sweep });
      return (await readSnapshot(store, sweep)).trials[0]!.parameters;
    }
  });
});
