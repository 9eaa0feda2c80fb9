import { describe, expect, test } from 'vitest';
import { failuresOf, methodFacts } from '../../src/report/content.js';
import { renderReport } from '../../src/report/html.js';
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
