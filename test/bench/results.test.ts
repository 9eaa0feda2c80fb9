import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { differenceOf, figureOf, contendersOf } from '../../bench/results/contenders.js';
import { contenderTable, finalsAnswer, sweepSentence } from '../../bench/results/answer.js';
import { experiments } from '../../bench/results/experiments.js';
import {
  ablationFile,
  finalsFile,
  othersFile,
  rungsFile,
  scalesFile,
  transferFile,
} from '../../bench/results/finals.js';
import { finalsOf, joined } from '../../bench/results/joined.js';
import { decodeKept, encodeKept, keptFolder, readKept, type KeptSweep } from '../../bench/results/kept.js';
import { fillPage, markedParts } from '../../bench/results/page.js';
import { pendingSweeps } from '../../bench/results/pending.js';
import { partsOf } from '../../bench/results/parts.js';
import { spearman } from '../../bench/results/spearman.js';
import { CounterRandom } from '../../src/random/philox.js';
import { formatFigure } from '../../src/report/figures.js';
import { blockMeans, pairedDifference } from '../../src/report/paired.js';
import { presets } from '../../src/schedule/presets.js';
import { parseSweepFile } from '../../src/sweep/spec.js';
import type { TrialRecord } from '../../src/sweep/types.js';
import { fixtureSnapshot, fixtureSpec } from '../report/fixture.js';

const folder = keptFolder;
const read = (path: string) => readFileSync(path, 'utf8');
const files = readdirSync(folder).filter((file) => file.endsWith('.json'));
const kept = readKept();

const pictures = new Set(readdirSync(join(folder, 'pictures')).map((file) => file.replace(/\.svg$/, '')));

describe('docs/results.md', () => {
  const page = read('docs/results.md');

  it('has the tables that docs/results/*.json make (else: npm run bench -- results)', () => {
    expect(markedParts(page).length).toBeGreaterThan(10);
    expect(fillPage(page, partsOf(kept, pictures))).toBe(page);
  });

  it('shows every picture that is kept, and none that is not', () => {
    const shown = [...page.matchAll(/\]\(results\/pictures\/([^)]+)\.svg\)/g)].map(([, name]) => name!);
    expect(new Set(shown)).toEqual(pictures);
    let total = 0;
    for (const name of pictures) {
      const svg = read(join(folder, 'pictures', `${name}.svg`));
      expect(svg).toMatch(/^<svg [^>]*>.*<\/svg>\n$/s);
      total += svg.length;
    }
    expect(total).toBeLessThan(2_500_000);
  });

  it('keeps whole sweeps in small files, each under its own name', () => {
    let total = 0;
    for (const file of files) {
      const { snapshot } = decodeKept(read(join(folder, file)));
      total += read(join(folder, file)).length;
      expect(`${snapshot.spec.name}.json`).toBe(file);
      for (const trial of snapshot.trials)
        for (const { metrics } of trial.rungs)
          for (const value of Object.values(metrics)) expect(Number.isFinite(value)).toBe(true);
    }
    expect(total).toBeLessThan(3_000_000);
  });
});

/** Five baselines' seeds with a known difference: KL of `name` is its base, plus what a seed does to all, plus noise of its own. */
function invented(bases: Record<string, number>, ownNoise: number, seeds = 5): KeptSweep {
  const names = Object.keys(bases);
  const shared = new CounterRandom(3, 'seeds');
  const own = new CounterRandom(4, 'own');
  const bySeed = Array.from({ length: seeds }, () => 0.02 * shared.normal());
  const byBlock = Array.from({ length: 100 }, () => 0.3 * shared.normal());
  const trials: TrialRecord[] = [];
  const likelihoods = new Map<number, number[]>();
  for (const name of names) {
    const first = trials.length;
    for (let seed = 0; seed < seeds; seed++) {
      const trial = trials.length;
      const kl = bases[name]! + bySeed[seed]! + ownNoise * own.normal();
      const nll = byBlock.map((block) => 11.78 + kl + block + 0.01 * own.normal());
      likelihoods.set(trial, nll);
      const value = nll.reduce((sum, one) => sum + one, 0) / 100 - 11.78;
      const metrics = { kl: value, klError: 0.03, ess: 0.9, functionEvaluations: 64 };
      trials.push({
        ...fixtureSnapshot().trials[0]!,
        trial,
        baseline: name,
        parameters: presets['standard']!,
        seed: 100 + seed,
        rungs: [{ ...fixtureSnapshot().trials[0]!.rungs[1]!, rung: 0, step: 3000, metrics }],
        test: metrics,
        ...(seed > 0 ? { replicateOf: first, origin: 'replicate' as const } : {}),
      });
    }
  }
  const spec = {
    ...fixtureSpec,
    name: 'phi4-finalists',
    baselines: names,
    replicates: seeds,
    pruner: { ...fixtureSpec.pruner, rungs: [3000] },
  };
  return {
    snapshot: { spec, state: 'complete', startedAt: '2026-03-01T09:00:00Z', trials, curves: new Map() },
    likelihoods,
  };
}

describe('paired differences', () => {
  it('see through what seeds and data do to both sides', () => {
    const sweep = invented({ 'finalist-1': 0.03, 'standard-searched': 0.04, standard: 0.045 }, 0.001);
    const [winner, searched] = contendersOf(sweep);
    const difference = differenceOf(sweep, winner!, searched!)!;
    expect(difference.seeds).toBe(5);
    expect(Math.abs(difference.value - 0.01)).toBeLessThan(3 * difference.error);
    expect(difference.error).toBeLessThan(0.002);
    // Without pairs the same difference drowns: seeds alone move each KL by 0.02.
    expect(figureOf(sweep.snapshot, winner!, 'kl')!.error!).toBeGreaterThan(0.01);
    expect(finalsAnswer(sweep)).toMatch(/has a lower KL than the best standard diffusion/);
  });

  it('leave out whoever has a failed seed: the mean of the others would be that of the lucky ones', () => {
    const sweep = invented({ 'finalist-1': 0.03, 'standard-searched': 0.04, standard: 0.045 }, 0.001);
    const standard = sweep.snapshot.trials.filter(({ baseline }) => baseline === 'standard');
    Object.assign(standard[2]!, { state: 'failed', rungs: [], test: undefined });
    expect(contendersOf(sweep).map(({ name }) => name)).toEqual(['finalist-1', 'standard-searched']);
    expect(contenderTable(sweep).split('\n').at(-1)).toMatch(/^\| standard \| 1 of 5 failed \| – /);
  });

  it('pair finals that were trained in two sweeps by their seeds, if both had the same rules', () => {
    const bases = { 'finalist-1': 0.03, 'standard-searched': 0.04, standard: 0.045 };
    const whole = invented(bases, 0.001);
    const { snapshot, likelihoods } = whole;
    const part = (names: readonly string[], name: string): KeptSweep => {
      const own = snapshot.trials.filter(({ baseline }) => names.includes(baseline!));
      const from = own[0]!.trial;
      return {
        snapshot: {
          ...snapshot,
          spec: { ...snapshot.spec, name, baselines: [...names] },
          trials: own.map(({ trial, replicateOf, ...rest }) => ({
            ...rest,
            trial: trial - from,
            ...(replicateOf === undefined ? {} : { replicateOf: replicateOf - from }),
          })),
        },
        likelihoods: new Map(own.map(({ trial }) => [trial - from, likelihoods.get(trial)!])),
      };
    };
    const winners = part(['finalist-1', 'standard-searched'], 'phi4-finalists-5.276');
    const baselines = part(['standard'], 'phi4-baselines-5.276');
    const kept = new Map([winners, baselines].map((one) => [one.snapshot.spec.name, one]));
    const both = finalsOf(experiments[1]!, kept)!;
    expect(contenderTable(both, 'standard-searched')).toBe(contenderTable(whole, 'standard-searched'));
    expect(partsOf(kept)('contenders.phi4-finalists-5.276')).toContain('| standard | 5 |');
    expect(finalsOf(experiments[1]!, new Map([[winners.snapshot.spec.name, winners]]))).toBe(winners);
    baselines.snapshot.spec.sampler = { ...baselines.snapshot.spec.sampler, seed: 5 };
    expect(() => joined(winners, baselines)).toThrow(/differ in more than their contenders/);
  });

  it('call nothing a win that noise explains', () => {
    const sweep = invented({ 'finalist-1': 0.03, 'standard-searched': 0.031, standard: 0.045 }, 0.01);
    expect(finalsAnswer(sweep)).toMatch(/cannot be told from/);
  });

  it('have errors that cover the truth as often as they say', () => {
    let covered = 0;
    const rounds = 300;
    for (let round = 0; round < rounds; round++) {
      const random = new CounterRandom(round, 'coverage');
      const first = Array.from({ length: 5 }, () => {
        const seed = 0.01 * random.normal();
        return Array.from({ length: 100 }, () => 1 + seed + 0.1 * random.normal());
      });
      const second = first.map((blocks) => {
        const seed = 0.01 * random.normal();
        return blocks.map((value) => value + 0.02 + seed + 0.03 * random.normal());
      });
      const { value, error } = pairedDifference(first, second)!;
      if (Math.abs(value - 0.02) < 2 * error) covered++;
    }
    // 95.4 % of a normal; five seeds make it a Student's t with four degrees of freedom: 88 %, and blocks are counted on top.
    expect(covered / rounds).toBeGreaterThan(0.84);
    expect(covered / rounds).toBeLessThan(0.99);
  });

  it('of one seed have the error of the data alone', () => {
    const one = pairedDifference([[1, 2, 3, 4]], [[2, 3, 4, 6]])!;
    expect(one.value).toBeCloseTo(1.25, 12);
    expect(one.error).toBeCloseTo(0.25, 12);
    expect(one.seeds).toBe(1);
    expect(pairedDifference([], [])).toBeUndefined();
  });

  it('are the same in the sentence and in the table of a sweep of one seed', () => {
    const { snapshot, likelihoods } = invented({ standard: 0.1, found: 0.06 }, 0, 1);
    const { replicates: _, ...spec } = snapshot.spec;
    const trials = snapshot.trials.map(({ baseline, ...trial }) =>
      baseline === 'standard' ? { ...trial, baseline } : { ...trial, origin: 'sampler' as const },
    );
    const single = {
      likelihoods,
      snapshot: { ...snapshot, spec: { ...spec, baselines: ['standard'] }, trials },
    };
    const contenders = contendersOf(single);
    const standard = contenders.find(({ name }) => name === 'standard')!;
    const found = contenders.find((one) => one !== standard)!;
    const { value, error } = differenceOf(single, found, standard)!;
    expect(sweepSentence(single)).toContain(`${formatFigure({ value, error })} nats`);
  });
});

describe('spearman', () => {
  it('is 1 and −1 for monotone pairs, takes ties by their mean rank, and needs five', () => {
    const x = [1, 2, 3, 4, 5, 6];
    expect(spearman(x, [2, 4, 8, 16, 32, 64])!.value).toBeCloseTo(1, 12);
    expect(spearman(x, [9, 8, 7, 6, 5, 1])!.value).toBeCloseTo(-1, 12);
    // By hand: 16/√(17 · 17.5).
    expect(spearman([1, 2, 2, 4, 5, 6], [1, 3, 2, 5, 4, 6])!.value).toBeCloseTo(
      16 / Math.sqrt(17 * 17.5),
      12,
    );
    expect(spearman([1, 2, 3], [1, 2, 3])).toBeUndefined();
    expect(spearman(x, [1, 1, 1, 1, 1, 1])).toBeUndefined();
  });
});

describe('a kept sweep', () => {
  it('comes back as it was, to six digits, and is as wide as its blocks', () => {
    const snapshot = fixtureSnapshot();
    const values = Float64Array.from({ length: 1000 }, (_, n) => 12 + n / 1000);
    const text = encodeKept({ snapshot, likelihoods: new Map([[1, values]]) }, '0.1.0');
    const back = decodeKept(text);
    expect(back.snapshot.trials.length).toBe(snapshot.trials.length);
    expect(back.snapshot.trials[2]!.rungs[0]!.metrics.kl).toBeCloseTo(
      snapshot.trials[2]!.rungs[0]!.metrics.kl!,
      6,
    );
    expect([...(back.likelihoods.get(1)! as number[])]).toEqual(
      blockMeans(values).map((one) => Number(one.toFixed(5))),
    );
    expect(encodeKept(back, '0.1.0')).toBe(text);
    expect(text.split('\n').length).toBeLessThan(snapshot.trials.length + 20);
  });

  it('makes every part of the page', () => {
    const snapshot = { ...fixtureSnapshot(), spec: { ...fixtureSpec, name: 'phi4-headline' } };
    // Importance wants twelve results, of which the fixture has ten.
    const again = snapshot.trials
      .filter(({ baseline, rungs }) => baseline === undefined && rungs.length > 0)
      .map((trial) => ({
        ...trial,
        trial: trial.trial + 100,
        parameters: { ...trial.parameters, cutoffWidth: Number(trial.parameters['cutoffWidth']) * 0.9 },
      }));
    const search = {
      snapshot: { ...snapshot, trials: [...snapshot.trials, ...again] },
      likelihoods: new Map(),
    };
    const parts = partsOf(new Map([['phi4-headline', search]]));
    for (const part of ['contenders', 'ablation', 'axes', 'training', 'importance'])
      expect(parts(`${part}.phi4-headline`)).toMatch(/\|/);
    expect(parts('axes.phi4-headline')).toMatch(/\| fourier \|/);
    expect(parts('rungs')).toMatch(/\|/);
    expect(parts('cost')).toMatch(/phi4\\-headline/);
    expect(parts('datasets')).toMatch(/6×6, g = 6\.975 \| KL in nats \| searches, not ended/);
    expect(parts('datasets')).toMatch(/dead leaves[^\n]*not run/);
    expect(parts('answer')).toMatch(/no answer yet/);
    expect(parts('sweeps')).toMatch(/^- `phi4-headline`/);
    expect(parts('contenders.phi4-finalists')).toMatch(/has not been run/);
    expect(parts('nothing')).toBeUndefined();
    expect(() => fillPage('<!-- nothing -->\n<!-- end -->', parts)).toThrow(/nothing/);
  });

  it('goes by the finals of a data set where they are', () => {
    const finals = invented({ 'finalist-1': 0.03, 'standard-searched': 0.04, standard: 0.045 }, 0.001);
    const parts = partsOf(new Map([['phi4-finalists', finals]]));
    const [, row] = /\| (φ⁴, 6×6, g = 6\.975 .*) \|/.exec(parts('datasets')!)!;
    const cells = row!.split(' | ');
    expect(cells.slice(1, 3)).toEqual(['KL in nats', 'finals, 5 seeds']);
    // Seeds and data move all three alike.
    const [winner, other, standard, difference] = cells
      .slice(3, 7)
      .map((text) => Number.parseFloat(text.replace('−', '-')));
    expect(other! - winner!).toBeCloseTo(0.01, 2);
    expect(standard! - winner!).toBeCloseTo(0.015, 2);
    expect(difference).toBeCloseTo(other! - winner!, 3);
    expect(cells[7]).toBe('0.900, 0.900, 0.900');
    expect(parts('answer')).toMatch(/^- φ⁴, 6×6, g = 6\.975: \*\*The winner of the search has a lower KL/);
  });

  it('is not run again: what is pending are the others, in the order of their needs', () => {
    const [, second] = experiments;
    const search = { ...fixtureSnapshot(), spec: { ...fixtureSpec, name: second!.search } };
    const known = new Map([[second!.search, { snapshot: search, likelihoods: new Map() }]]);
    const others = [second!.standard, second!.finals, second!.ablation, second!.split!.others];
    expect(pendingSweeps([second!], known)).toEqual(others);
    // What won elsewhere can be trained once it has been found there.
    const everything = pendingSweeps(experiments, new Map());
    expect(everything.at(-1)).toBe(experiments[0]!.transfer!.sweep);
    expect(new Set(everything).size).toBe(everything.length);
    const running = { ...search, state: 'running' as const };
    const open = new Map([[second!.search, { snapshot: running, likelihoods: new Map() }]]);
    expect(pendingSweeps([second!], open)).toEqual([second!.search, ...others]);
  });

  it('makes finals of images without the flow’s likelihood, and with soft conditioning whose first noise is fine', () => {
    const images = experiments.find(({ search }) => search === 'images-headline')!;
    const search = kept.get(images.search)!;
    const [finals, others] = [finalsFile(images, search, search), othersFile(images, search)].map((text) =>
      parseSweepFile(text, 'sweeps/x.yaml', read),
    );
    expect(finals!.baselines).toEqual([
      'standard',
      'linear-gamma',
      'finalist-1',
      'standard-searched',
      'gud-soft-fine',
    ]);
    expect(finals!.contenders!['gud-soft-fine']).toEqual({ ...presets['gud-soft'], gammaLow: -13.3 });
    expect(finals!.evaluation).toEqual({ ...search.snapshot.spec.evaluation, likelihoodImages: 0 });
    // Only sweeps that are measured alike are shown together.
    expect(others!.evaluation).toEqual(finals!.evaluation);
  });

  it('makes sweep files of finals and of rungs that rgsweep takes', () => {
    const snapshot = { ...fixtureSnapshot(), spec: { ...fixtureSpec, name: 'phi4-headline' } };
    const search: KeptSweep = { snapshot, likelihoods: new Map() };
    const finals = parseSweepFile(
      finalsFile(experiments[0]!, search, search),
      'sweeps/phi4-finalists.yaml',
      read,
    );
    expect(finals).toMatchObject({
      replicates: 5,
      pruner: { name: 'none', rungs: [3000] },
      budget: { trials: 0 },
    });
    expect(finals.baselines).toEqual([
      ...fixtureSpec.baselines,
      'finalist-1',
      'finalist-2',
      'finalist-3',
      'standard-searched',
    ]);
    const single = finalsFile(experiments[1]!, search, search);
    expect(single).toMatch(/the best of the search \(trial \d+\)/);
    const [first, others] = [single, othersFile(experiments[1]!, search)].map((text) =>
      parseSweepFile(text, 'sweeps/x.yaml', read),
    );
    expect(first).toMatchObject({
      name: 'phi4-finalists-5.276',
      baselines: ['standard', 'vp-cosine', 'finalist-1', 'standard-searched'],
    });
    expect(others).toMatchObject({
      name: 'phi4-baselines-5.276',
      baselines: fixtureSpec.baselines.filter((name) => name !== 'standard'),
    });
    const elsewhere = parseSweepFile(transferFile(experiments[0]!, search, search), 'sweeps/x.yaml', read);
    expect(elsewhere).toMatchObject({
      name: 'phi4-transfer',
      baselines: ['winner-near-criticality'],
      replicates: 5,
    });
    expect(elsewhere.contenders!['winner-near-criticality']).toEqual(first!.contenders!['finalist-1']);
    const apart = parseSweepFile(ablationFile(experiments[1]!, search), 'sweeps/x.yaml', read);
    const winner = first!.contenders!['finalist-1']!;
    const {
      'winner-in-white': white,
      'winner-without-cutoff': alike,
      'winner-without-both': plain,
    } = apart.contenders!;
    expect(white).toMatchObject({ colour: 'white', kernel: winner['kernel'] });
    expect(alike).toMatchObject({ colour: winner['colour'], kernel: 'uniform' });
    expect(plain).toMatchObject({ colour: 'white', kernel: 'uniform' });
    for (const variant of [white, alike, plain])
      for (const name of ['basis', 'gammaLow', 'gammaHigh', 'trajectory', 'weighting'])
        expect(variant![name]).toEqual(winner[name]);
    const { name: _one, baselines: _these, contenders: _own, ...rules } = first!;
    expect(others).toMatchObject(rules);
    expect(apart).toMatchObject(rules);
    const rungs = parseSweepFile(rungsFile(experiments[0]!, search), 'sweeps/phi4-rungs.yaml', read);
    expect(rungs.baselines.length).toBeGreaterThanOrEqual(9);
    expect(rungs.pruner.rungs).toEqual(fixtureSpec.pruner.rungs);
    expect(rungs.sampler.seed).toBe(fixtureSpec.sampler.seed);
    // Whatever is no standard diffusion in effect, furthest first.
    const effects = new Map(
      search.snapshot.trials.map(({ trial }) => [trial, trial % 2 ? 'by-scale' : 'standard'] as const),
    );
    const left = parseSweepFile(
      scalesFile(experiments[0]!, { ...search, effects }),
      'sweeps/phi4-scales.yaml',
      read,
    );
    const chosen = left.baselines
      .slice(1)
      .map((name) => search.snapshot.trials[Number(name.slice('trial-'.length))]!);
    expect(left.baselines[0]).toBe('standard');
    expect(chosen).toHaveLength(4);
    expect(chosen.every(({ trial, baseline }) => trial % 2 === 1 && baseline === undefined)).toBe(true);
    const reached = chosen.map(({ rungs: own }) => own.length);
    expect(reached).toEqual([...reached].sort((a, b) => b - a));
  });
});
