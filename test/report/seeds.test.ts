import { describe, expect, test } from 'vitest';
import { failuresOf, methodFacts } from '../../src/report/content.js';
import { CounterRandom } from '../../src/random/philox.js';
import { renderReport } from '../../src/report/html.js';
import { standings, verdict } from '../../src/report/ranking.js';
import { foldReplicates } from '../../src/sweep/replicates.js';
import type { TrialRecord } from '../../src/sweep/types.js';
import { fixtureSpec } from './fixture.js';
import { byId, parseMarkup } from './markup.js';
import { baseline, sweepOf, trialOf } from './trials.js';

const diverged = (trial: number, seed: number): TrialRecord => ({
  ...trialOf(trial, [], { state: 'failed', seed, ...(trial % 2 ? { replicateOf: trial - 1 } : {}) }),
  failures: [{ kind: 'diverged', message: 'NaN', step: 9, at: `2026-01-01T00:0${trial}:00.000Z` }],
});

const several = foldReplicates(
  sweepOf(
    [
      baseline(0, 'standard', [0.1, 0.06], { seed: 7 }),
      baseline(1, 'standard', [0.1, 0.08], { seed: 8, replicateOf: 0 }),
      diverged(2, 7),
      diverged(3, 8),
    ],
    { spec: { ...fixtureSpec, replicates: 2 } },
  ),
);

describe('a report of several seeds a configuration', () => {
  test('has each seed’s failures under its own number, each given up where it was', () => {
    expect(failuresOf(several).map(({ trial, given }) => [trial.trial, given])).toEqual([
      [2, true],
      [3, true],
    ]);
  });

  test('names all seeds, and says that bars hold what differs between them', async () => {
    const facts = new Map(methodFacts({ snapshot: several, versions: {} }));
    expect(facts.get('training seeds')).toMatch(/^7, 8; with one seed every schedule/);
    expect(facts.get('budget')).toContain('each with 2 seeds');
    const root = parseMarkup(await renderReport({ snapshot: several, versions: {} }));
    expect(byId(root, 'baselines')!.text).toContain('what differs between seeds');
    expect(byId(root, 'baselines')!.text).not.toContain('second training');
    // Nobody won: nothing is called the best.
    expect(byId(root, 'schedule')?.text ?? '').not.toContain('best schedule of the search');
  });
});

describe('differences between configurations of several seeds', () => {
  const random = new CounterRandom(5, 'seeds');
  const spec = {
    ...fixtureSpec,
    replicates: 3,
    budget: { ...fixtureSpec.budget, trials: 0 },
    baselines: ['standard', 'other', 'third'],
  };
  const names = spec.baselines;
  // What a seed does to all, and what the data do to all: both are larger than the difference of 0.02.
  const bySeed = [0.1, -0.1, 0.02];
  const byDatum = Array.from({ length: 800 }, () => random.normal());
  const likelihoods = new Map<number, number[]>();
  const trials = names.flatMap((name, index) =>
    bySeed.map((shift, seed) => {
      const trial = 3 * index + seed;
      const own = byDatum.map(
        (datum) => 12 + [0.02, 0, 0.002][index]! + shift + datum + 0.05 * random.normal(),
      );
      likelihoods.set(trial, own);
      const kl = own.reduce((sum, value) => sum + value, 0) / own.length - 11.8;
      return {
        ...baseline(trial, name, [0.5, kl], {
          seed: 40 + seed,
          ...(seed > 0 ? { replicateOf: 3 * index } : {}),
        }),
        test: { kl, klError: 0.05 },
      };
    }),
  );
  const contest = foldReplicates(sweepOf(trials, { spec }));

  test('are of equal seeds on the same data, and hold what differs between pairs and between data', () => {
    const { rows } = standings(contest, likelihoods)!;
    expect(rows.map(({ trial }) => trial.baseline)).toEqual(['other', 'third', 'standard']);
    const { againstStandard } = rows[0]!;
    expect(againstStandard).toMatchObject({ method: 'pairs', outcome: 'better' });
    expect(Math.abs(againstStandard!.difference - 0.02)).toBeLessThan(3 * againstStandard!.error!);
    // 0.05 √2 on 800 data in three pairs: 0.0014 by the data, and as much again between the pairs.
    expect(againstStandard!.error).toBeLessThan(0.005);
    expect(againstStandard!.error).toBeGreaterThan(0.001);
    expect(verdict(contest, likelihoods)).toMatch(
      /^Of the 3 schedules that were compared other leads: KL .* on test data after 3,000 steps; 0\.0\d+ ± 0\.00\d+ nats ahead of standard diffusion; other ties with the contender third\.$/,
    );
  });

  test('of a single schedule say that it is the only one', () => {
    const alone = { ...contest, trials: contest.trials.filter((trial) => trial.baseline === 'other') };
    expect(verdict(alone, likelihoods)).toMatch(
      /^The only schedule that was trained, other, has KL 0\.\d+ ± 0\.\d+ nats on test data after 3,000 steps\.$/,
    );
  });

  test('combine both errors where a training has no pair', () => {
    const missing = new Map([...likelihoods].filter(([trial]) => trial !== 4));
    const { rows } = standings(contest, missing)!;
    expect(rows[0]!.againstStandard).toMatchObject({ method: 'combined', outcome: 'tie' });
    const shorter = new Map(
      [...likelihoods].map(([trial, all]) => [trial, trial === 4 ? all.slice(8) : all]),
    );
    expect(standings(contest, shorter)!.rows[0]!.againstStandard!.method).toBe('combined');
    expect(verdict(contest)).toMatch(
      /ahead of standard diffusion, a tie; other ties with the contender third\.$/,
    );
  });

  test('of other seeds are of the same data still, with both spreads between seeds', () => {
    const others = trials.map((trial) =>
      trial.baseline === 'other' ? { ...trial, seed: trial.seed + 50 } : trial,
    );
    const { againstStandard } = standings(foldReplicates(sweepOf(others, { spec })), likelihoods)!.rows[0]!;
    expect(againstStandard!.method).toBe('pairs');
    // 0.1, −0.1 and 0.02 on either side: √(2 · 0.0101/3) = 0.082, beside which the data do not count.
    expect(againstStandard!.error).toBeCloseTo(0.082, 2);
    expect(Math.abs(againstStandard!.difference - 0.02)).toBeLessThan(0.01);
  });
});
