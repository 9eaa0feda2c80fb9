import { describe, expect, it } from 'vitest';
import { CounterRandom } from '../../src/random/philox.js';
import { deadline } from '../../src/sweep/budget.js';
import { plannedSteps } from '../../src/sweep/plannedSteps.js';
import { nextRung } from '../../src/sweep/rows.js';
import { openSegments } from '../../src/sweep/state.js';
import type { SweepSpec } from '../../src/sweep/types.js';
import { prunerNames } from '../../src/pruners/types.js';
import { Play, rungs, specOf } from './play.js';

const workers = 8;

/** A sweep in simulated time: a segment takes its steps, 0.5 to 1.5 seconds each, unless a budget of time ends it. */
class Timed extends Play {
  override now = 0;
  private readonly ends = new Map<number, number>();
  /** Seconds that trainers worked, added up by this test. */
  worked = 0;
  private readonly begun = new Map<number, number>();

  constructor(
    spec: SweepSpec,
    private readonly random: CounterRandom,
  ) {
    super(spec);
    this.apply({ type: 'started', at: 0 });
  }

  run(): void {
    for (let i = 0; i < 20_000 && !this.ended; i++) {
      this.fill();
      if (this.ended) return;
      for (const { trial, kind, rung } of this.open())
        if (!this.ends.has(trial)) {
          const row = this.machine.trials[trial]!;
          const from = kind === 'test' || nextRung(row) === (row.firstRung ?? 0) ? 0 : rungs[rung - 1]!;
          const seconds = (kind === 'test' ? 1 : rungs[rung]! - from) * (0.5 + this.random.uniform());
          this.ends.set(trial, this.now + 1000 * seconds);
          this.begun.set(trial, this.now);
        }
      const [next] = [...this.ends].sort((a, b) => a[1] - b[1]);
      const due = deadline(this.machine, this.now);
      if (due && due.at <= (next?.[1] ?? Infinity)) {
        this.now = due.at;
        this.apply({ type: 'spent', budget: due.budget });
        for (const segment of this.open())
          this.apply({
            type: 'segmentInterrupted',
            trial: segment.trial,
            seconds: this.close(segment.trial, segment.kind),
          });
        continue;
      }
      if (!next) throw new Error('nothing is open and the sweep has not ended');
      this.now = next[1];
      const segment = this.open().find(({ trial }) => trial === next[0])!;
      const seconds = this.close(segment.trial, segment.kind);
      if (segment.kind === 'test') this.finish(segment);
      else {
        const value = ((segment.trial * 7919) % 101) + 1 / (segment.rung + 1);
        this.apply({ type: 'segmentFinished', trial: segment.trial, rung: segment.rung, value, seconds });
      }
    }
    expect(this.ended).toBe(true);
  }

  private close(trial: number, kind: string): number {
    const seconds = (this.now - this.begun.get(trial)!) / 1000;
    this.ends.delete(trial);
    this.begun.delete(trial);
    if (kind === 'train') this.worked += seconds;
    return seconds;
  }
}

describe.each(prunerNames)(`budgets with ${workers} workers under the pruner %s`, (name) => {
  const pruner = { name, reduction: 3, rungs: name === 'none' ? rungs.slice(-1) : rungs };

  it.each([1, 2, 3])('of trials are spent exactly: never n + workers (%s seeds)', (replicates) => {
    for (const trials of [1, 7, 25]) {
      const spec = specOf({
        pruner,
        budget: { trials, concurrency: workers },
        ...(replicates > 1 ? { replicates } : {}),
      });
      const play = new Play(spec);
      const random = new CounterRandom(trials, 'test/exact', replicates);
      let most = 0;
      for (let i = 0; i < 5000 && !play.ended; i++) {
        play.fill();
        most = Math.max(most, openSegments(play.machine));
        const open = play.open();
        if (open.length > 0) play.finish(open[random.integer(open.length)]!);
      }
      expect(play.ended).toBe(true);
      const leaders = play.machine.trials.filter(
        (row) => row.baseline === undefined && row.replicateOf === undefined,
      );
      expect(leaders).toHaveLength(trials);
      expect(most).toBeLessThanOrEqual(workers);
      if (trials === 25) expect(most).toBe(workers);
      expect(play.stepsStarted()).toBeLessThanOrEqual(plannedSteps(spec).most);
    }
  });

  it('of steps are never exceeded, and used up as far as a segment fits', () => {
    for (const steps of [300, 777, 1500]) {
      const play = new Play(specOf({ pruner, budget: { trials: 1000, concurrency: workers, steps } }));
      play.toTheEnd();
      const used = play.stepsStarted();
      expect(used).toBeLessThanOrEqual(steps);
      // What is left is less than the cheapest thing that could still be started.
      expect(steps - used).toBeLessThan(pruner.rungs[0]!);
    }
  });

  it('of GPU hours and of the wall clock end the training at the very second', () => {
    for (const seed of [1, 2, 3]) {
      const gpuHours = 0.25;
      const byGpu = new Timed(
        specOf({ pruner, budget: { trials: 1000, concurrency: workers, gpuHours } }),
        new CounterRandom(seed, 'test/durations'),
      );
      byGpu.run();
      expect(byGpu.worked).toBeCloseTo(3600 * gpuHours, 3);
      expect(byGpu.machine.trainerSeconds).toBeCloseTo(byGpu.worked, 3);

      const byClock = new Timed(
        specOf({ pruner, budget: { trials: 1000, concurrency: workers, wallClockSeconds: 200 } }),
        new CounterRandom(seed, 'test/durations'),
      );
      byClock.run();
      expect(byClock.worked).toBeLessThanOrEqual(workers * 200 + 1e-6);
      expect(byClock.worked).toBeGreaterThan(0.9 * workers * 200);
    }
  });
});

describe('the plan of a sweep', () => {
  const planOf = (change: Partial<SweepSpec>) => plannedSteps(specOf({ baselines: [], ...change }));
  const budget = { trials: 17, concurrency: 2 };

  it('follows the pruner: its share, the brackets of hyperband, everyone', () => {
    const trials = (name: (typeof prunerNames)[number]) =>
      planOf({ pruner: { name, reduction: 3, rungs }, budget }).rungs.map((rung) => rung.trials);
    expect(trials('asha')).toEqual([17, 5, 1]);
    expect(trials('median')).toEqual([17, 9, 5]);
    // Brackets of 9, 5 and 3 trials: 9 → 3 → 1, 5 → 1, 3.
    expect(trials('hyperband')).toEqual([9, 3 + 5, 1 + 1 + 3]);
    expect(planOf({ pruner: { name: 'hyperband', reduction: 3, rungs }, budget }).steps).toBe(
      9 * 10 + 3 * 20 + 60 + (5 * 30 + 60) + 3 * 90,
    );
  });

  it('grows with what is promoted beyond the share, and is what was trained at the end', () => {
    for (const name of ['asha', 'hyperband', 'median'] as const)
      for (const trials of [7, 25, 60]) {
        const spec = specOf({ pruner: { name, reduction: 3, rungs }, budget: { trials, concurrency: 4 } });
        const play = new Play(spec);
        play.toTheEnd();
        const searched = play.machine.trials.filter((row) => row.baseline === undefined);
        const reached = rungs.map((_, rung) => searched.filter((row) => nextRung(row) > rung).length);
        const { steps } = plannedSteps(spec, reached);
        expect(steps).toBeGreaterThanOrEqual(plannedSteps(spec).steps);
        if (name === 'hyperband') expect(steps).toBeGreaterThanOrEqual(play.stepsStarted());
        else expect(steps).toBe(play.stepsStarted());
      }
  });

  it('counts seeds, the confirmation, baselines, and no more than the budget of steps', () => {
    const asha = { name: 'asha' as const, reduction: 3, rungs };
    const one = planOf({ pruner: asha, budget });
    expect(one).toMatchObject({ steps: 170 + 100 + 60, most: 17 * 90 });
    const seeds = planOf({ pruner: asha, budget, replicates: 2, baselines: ['standard'] });
    expect(seeds.steps).toBe(2 * (one.steps + 90 + 90));
    expect(seeds.most).toBe(2 * 90 * (17 + 3 + 1));
    expect(planOf({ pruner: asha, budget: { ...budget, steps: 200 } })).toMatchObject({
      steps: 200,
      most: 200,
    });
  });
});
