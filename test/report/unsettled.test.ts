import { describe, expect, test } from 'vitest';
import { unsettled } from '../../src/report/unsettled.js';
import { verdict } from '../../src/report/verdict.js';
import { fixtureSnapshot, fixtureSpec } from './fixture.js';
import { baseline, sweepOf, trialOf } from './trials.js';

describe('what the search did not settle', () => {
  test('is said of the fixture: one seed, trials left behind, choices hardly tried, failures', () => {
    const text = unsettled(fixtureSnapshot()).join('\n');
    expect(text).toMatch(/trained once, all with the same seed/);
    expect(text).toMatch(/combine both schedules’ standard errors/);
    expect(text).toMatch(/4 of 10 searched trials were trained to 3,000 steps/);
    expect(text).toMatch(/Hardly tried: basis pixel \(once\)/);
    expect(text).toMatch(/1 trial failed/);
  });

  test('tells a value at the edge of its range, and a winner judged by the data that chose it', () => {
    const edge = trialOf(1, [0.1, 0.05], { parameters: { cutoffWidth: 9.8 } });
    const text = unsettled(sweepOf([baseline(0, 'standard', [0.1, 0.1]), edge])).join('\n');
    expect(text).toMatch(/The best cutoffWidth, 9\.8, lies at the upper edge .*\(0\.3 to 10\)/);
    expect(text).toMatch(/flattered by that choice/);
    const middle = trialOf(1, [0.1, 0.05], { parameters: { cutoffWidth: 1.7 } });
    expect(unsettled(sweepOf([middle])).join('\n')).not.toMatch(/edge/);
  });

  test('tells whose difference is not measured pair by pair, and nothing where all are', () => {
    const sweep = sweepOf([
      trialOf(0, [0.1, 0.05], { test: { kl: 0.05, klError: 0.01 } }),
      baseline(1, 'standard', [0.1, 0.06], { test: { kl: 0.06, klError: 0.01 } }),
      baseline(2, 'matched-noise', [0.1, 0.07], { test: { kl: 0.07, klError: 0.01 } }),
    ]);
    const likelihoods = [0, 1, 2].map((trial): [number, number[]] => [
      trial,
      Array.from({ length: 64 }, (_, i) => 10 * Math.sin(i) + 0.01 * trial),
    ]);
    const text = (count: number) => unsettled(sweep, new Map(likelihoods.slice(0, count))).join('\n');
    expect(text(0)).toMatch(/^Errors of differences combine/m);
    expect(text(2)).toMatch(
      /^The differences of the baseline matched-noise from standard diffusion combine .* pair by pair/m,
    );
    expect(text(3)).not.toMatch(/combine/);
  });

  test('says of several seeds that errors hold what differs between them', () => {
    const sweep = sweepOf([trialOf(0, [0.1, 0.05]), baseline(1, 'standard', [0.1, 0.06])], {
      spec: { ...fixtureSpec, replicates: 2 },
    });
    const text = unsettled(sweep).join('\n');
    expect(text).toMatch(/standard errors, which hold what differs between seeds\./);
    expect(text).not.toMatch(/trained once/);
    // 1/√2, and 1 − (2/π)·arctan 2 of Cauchy's distribution.
    expect(text).toMatch(/from 2 seeds is itself uncertain by 71 %.* in 30 of 100 cases, not in 5/);
  });

  test('says that a schedule that stopped earlier is compared where both have results', () => {
    const test = { kl: 0.08, klError: 0.003 };
    const sweep = sweepOf([
      trialOf(0, [0.1], { test }),
      baseline(1, 'standard', [0.12, 0.03], { test: { ...test, kl: 0.027 } }),
    ]);
    expect(unsettled(sweep).join('\n')).toMatch(
      /^Trial 0 \(schedule 0\) was trained for 1,000 steps, standard diffusion for 3,000: they are compared after 1,000,/m,
    );
    expect(verdict(sweep)).toMatch(
      /^Trial 0 .* beats standard diffusion by .* on validation data after 1,000 steps\)/,
    );
  });

  test('says who leads on the very data that it was chosen by, but not of the best of the search', () => {
    const tested = (kl: number) => ({ test: { kl, klError: 0.003 } });
    const others = [
      baseline(1, 'standard', [0.1, 0.06], tested(0.06)),
      baseline(2, 'vp-cosine', [0.1, 0.06], tested(0.04)),
    ];
    const text = (kl: number) =>
      unsettled(sweepOf([trialOf(0, [0.1, 0.05], tested(kl)), ...others])).join('\n');
    expect(text(0.05)).toMatch(/^The baseline vp-cosine is the best of 3 schedules on these very test data/m);
    expect(text(0.03)).not.toMatch(/these very test data/);
  });

  test('does not call a trial judged earlier that has no result at all', () => {
    const sweep = sweepOf([trialOf(0, [0.1]), trialOf(1, [], { state: 'waiting' })], { state: 'stopped' });
    expect(unsettled(sweep).join('\n')).not.toMatch(/judged earlier/);
  });
});
