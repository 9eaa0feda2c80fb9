import { describe, expect, test } from 'vitest';
import { standings, verdict } from '../../src/report/ranking.js';
import { tiles } from '../../src/report/tiles.js';
import type { SweepSnapshot } from '../../src/sweep/types.js';
import { fixtureSpec } from './fixture.js';
import { baseline, sweepOf, trialOf } from './trials.js';

const now = new Date('2026-01-01T01:00:00.000Z');
const tilesOf = (sweep: SweepSnapshot) => tiles(sweep, standings(sweep), now);

describe('the figures at a glance', () => {
  test('of a search that won are the winner’s, by its number', () => {
    const sweep = sweepOf([trialOf(3, [0.1, 0.05]), baseline(0, 'standard', [0.1, 0.08])]);
    expect(tilesOf(sweep).slice(0, 2)).toEqual([
      {
        title: 'best KL, nats',
        value: '0.0500 ± 0.0040',
        remark: 'trial 3, on validation data after 3,000 steps',
      },
      { title: 'ahead of standard', value: '0.0300 ± 0.0057', remark: 'nats; 5.3 standard errors' },
    ]);
  });

  test('speak of what the sentence speaks of where a baseline leads, and of the search beside it', () => {
    const sweep = sweepOf([
      trialOf(3, [0.1, 0.07]),
      baseline(0, 'standard', [0.1, 0.08]),
      baseline(1, 'standard-raw', [0.1, 0.04]),
    ]);
    expect(verdict(sweep)).toMatch(
      /^The baseline standard-raw won: the best schedule of the search, trial 3/,
    );
    expect(tilesOf(sweep).slice(0, 3)).toMatchObject([
      {
        title: 'best KL, nats',
        value: '0.0400 ± 0.0040',
        remark: 'standard-raw, on validation data after 3,000 steps',
      },
      {
        title: 'best of the search, nats',
        value: '0.0700 ± 0.0040',
        remark: 'trial 3, on validation data after 3,000 steps',
      },
      { title: 'the search is ahead of standard', value: '0.0100 ± 0.0057' },
    ]);
  });

  test('of a contest without a search are those of the schedule that leads', () => {
    const spec = {
      ...fixtureSpec,
      baselines: ['standard', 'other'],
      budget: { ...fixtureSpec.budget, trials: 0 },
    };
    const sweep = sweepOf([baseline(0, 'standard', [0.1, 0.08]), baseline(1, 'other', [0.1, 0.04])], {
      spec,
    });
    expect(tilesOf(sweep).slice(0, 3)).toEqual([
      {
        title: 'best KL, nats',
        value: '0.0400 ± 0.0040',
        remark: 'other, on validation data after 3,000 steps',
      },
      { title: 'ahead of standard', value: '0.0400 ± 0.0057', remark: 'nats; 7.1 standard errors' },
      { title: 'schedules compared', value: '2', remark: '1 seed each' },
    ]);
  });
});
