import { describe, expect, it } from 'vitest';
import { compareSweeps, comparisonText } from '../../src/report/compare.js';
import { importanceOf } from '../../src/report/importance.js';
import { renderReport } from '../../src/report/html.js';
import { importanceText } from '../../src/report/importanceText.js';
import { renderMarkdown } from '../../src/report/markdown.js';
import type { SweepSnapshot, TrialRecord } from '../../src/sweep/types.js';
import { fixtureSpec } from './fixture.js';

/** A sweep whose objective is 2x + offset ± 0.01 and does not depend on y. */
function sweepOf(name: string, offset: number, count: number): SweepSnapshot {
  const space = {
    parameters: ['x', 'y'].map((axis) => ({ name: axis, type: 'float' as const, low: 0, high: 1 })),
  };
  const trials = Array.from({ length: count }, (_, trial) => {
    const parameters = { x: (trial * 0.6180339887) % 1, y: (trial * 0.7548776662) % 1 };
    return {
      trial,
      origin: 'sampler',
      // As a record has them: the sweep's defaults are among them.
      parameters: { ...fixtureSpec.defaults, ...parameters },
      label: 'invented',
      seed: 1,
      createdAt: '2026-01-01T00:00:00Z',
      updatedAt: '2026-01-01T00:00:00Z',
      state: 'complete',
      failures: [],
      stepsPaid: 1000,
      rungs: [{ rung: 0, step: 1000, metrics: { kl: 2 * parameters.x + offset, klError: 0.01 } }],
    } as unknown as TrialRecord;
  });
  return {
    spec: { ...fixtureSpec, name, space, objective: { metric: 'kl', direction: 'minimize' } },
    state: 'complete',
    startedAt: '2026-01-01T00:00:00Z',
    trials,
    curves: new Map(),
  };
}

describe('what a sweep says about its parameters', () => {
  it('names the one that matters, with its curve, and says so in a table', () => {
    const found = importanceOf(sweepOf('a', 0, 40));
    expect(found).toMatchObject({ metric: 'kl', step: 1000, trials: 40 });
    expect(found.fanova.main[0]!.name).toBe('x');
    expect(found.fanova.main[0]!.value).toBeGreaterThan(0.9);
    expect(importanceText(found, 100)).toMatch(/KL.*: from 40 results after 1,000 steps$/m);
  });

  it('reads the variance before pruning has chosen, and what makes the best after it', () => {
    const sweep = sweepOf('a', 0, 60);
    // The worse half in x never gets to 3,000 steps, where y alone tells the rest apart.
    for (const trial of sweep.trials) {
      const { x, y } = trial.parameters as { x: number; y: number };
      if (x < 0.5)
        trial.rungs.push({ ...trial.rungs[0]!, rung: 1, step: 3000, metrics: { kl: y, klError: 0.01 } });
    }
    const found = importanceOf(sweep);
    expect(found).toMatchObject({ step: 1000, trials: 60, best: { step: 3000, trials: 30 } });
    expect(found.fanova.main[0]).toMatchObject({ name: 'x' });
    expect(found.pedAnova.main[0]).toMatchObject({ name: 'y' });
    expect(importanceText(found, 100)).toMatch(
      /the variance from 60 results after 1,000 steps, what makes one of the best from the 30 that pruning left after 3,000$/m,
    );
    expect(renderMarkdown({ snapshot: sweep, versions: {} })).toContain(
      'The variance from 60 results after 1,000 steps, what makes one of',
    );
    expect(importanceOf(sweep, { step: 3000 })).toMatchObject({
      step: 3000,
      trials: 30,
      best: { step: 3000 },
    });
  });

  it('draws shares and dependence in the report, and says why where there are too few results', async () => {
    const body = (await renderReport({ snapshot: sweepOf('a', 0, 40), versions: {} })).split(
      'id="importance"',
    )[1]!;
    const section = body.slice(0, body.indexOf('</section>'));
    // One chart of shares, one of dependence for each parameter.
    expect(section.match(/<svg/g)).toHaveLength(3);
    expect(section).toContain('x 0.9');
    const few = await renderReport({ snapshot: sweepOf('a', 0, 5), versions: {} });
    expect(few).toContain('Not known yet: 5 trials with a value: importance needs 12');
    const markdown = renderMarkdown({ snapshot: sweepOf('a', 0, 40), versions: {} });
    expect(markdown).toMatch(/## What mattered[^]*\| x \| 0\.9\d+ ± /);
    expect(renderMarkdown({ snapshot: sweepOf('a', 0, 5), versions: {} })).not.toContain('## What mattered');
  });

  it('refuses a rung that is not there, and too few trials', () => {
    expect(() => importanceOf(sweepOf('a', 0, 40), { step: 7 })).toThrow('no result of kl at 7 steps');
    expect(() => importanceOf(sweepOf('a', 0, 5))).toThrow('5 trials with a value: importance needs 12');
  });
});

describe('sweeps side by side', () => {
  it('says which is better by how much, and calls a tie a tie', () => {
    const found = compareSweeps([sweepOf('a', 0.5, 30), sweepOf('b', 0, 30), sweepOf('c', 0.505, 30)]);
    expect(found.measured).toEqual({ kind: 'validation', step: 1000 });
    expect(found.sweeps[1]!.difference!.value).toBeCloseTo(0.5, 10);
    expect(found.sweeps[1]!.difference!.error).toBeCloseTo(0.01 * Math.SQRT2, 10);
    expect(found.sweeps.map(({ difference }) => difference?.outcome)).toEqual([undefined, 'better', 'tie']);
    expect(comparisonText(found, 120)).toContain('a tie');
    expect(comparisonText(found, 120)).toContain('the true ones are probably smaller');
  });

  it('measures the difference on the same test data where both have their likelihoods', () => {
    const [a, b] = [sweepOf('a', 0, 30), sweepOf('b', 0, 30)];
    for (const [sweep, kl] of [
      [a, 0.06],
      [b, 0.066],
    ] as const)
      for (const trial of sweep.trials) trial.test = { kl, klError: 0.01 };
    const shared = Array.from({ length: 2000 }, (_, i) => 10 * Math.sin(i * 1.7));
    const ofAll = (values: number[]) => new Map(a.trials.map(({ trial }) => [trial, values] as const));
    const other = shared.map((value, i) => value + 0.006 + 0.02 * Math.sin(i * 2.3 + 1));
    const found = compareSweeps([a, b], [ofAll(shared), ofAll(other)]);
    const step = found.measured.step;
    expect(found.measured).toEqual({ kind: 'test', step: a.spec.pruner.rungs.find((rung) => rung === step) });
    expect(found.sweeps[1]!.difference).toMatchObject({ method: 'pairs', outcome: 'worse' });
    expect(found.sweeps[1]!.difference!.value).toBeCloseTo(-0.006, 3);
    expect(found.sweeps[1]!.difference!.error).toBeLessThan(0.001);
    expect(comparisonText(found, 120)).not.toContain('probably smaller');
    expect(compareSweeps([a, b]).sweeps[1]!.difference).toMatchObject({ method: 'combined', outcome: 'tie' });
  });

  it('refuses sweeps of different objectives by name', () => {
    const other = sweepOf('b', 0, 3);
    other.spec.objective = { metric: 'ess', direction: 'maximize' };
    expect(() => compareSweeps([sweepOf('a', 0, 3), other])).toThrow(
      'a is judged by kl (minimize), b by ess',
    );
  });
});
