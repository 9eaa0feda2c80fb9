import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createPruner } from '../../src/pruners/index.js';
import type { Pruner, PrunerName, PrunerTrial } from '../../src/pruners/types.js';

const rungCount = 4;
const reduction = 3;
const anything = { newTrial: true, affords: () => true };

interface Simulated extends PrunerTrial {
  values: number[];
  others?: number[][];
  state: PrunerTrial['state'];
}

/** A search with `workers` whose results come in any order; calls `check` with every decision. */
class Simulation {
  readonly trials: Simulated[] = [];
  readonly promotions: string[] = [];
  constructor(
    readonly pruner: Pruner,
    readonly total: number,
    readonly objectives: number,
  ) {}

  /** One free slot; true when it was given something to do. */
  start(): boolean {
    const room = { newTrial: this.trials.length < this.total, affords: () => true };
    const decision = this.pruner(this.trials, room);
    if (!decision) return false;
    if (decision.kind === 'new') {
      expect(this.trials.length).toBeLessThan(this.total);
      const trial: Simulated = {
        trial: this.trials.length,
        firstRung: decision.firstRung,
        values: [],
        state: 'running',
      };
      if (this.objectives > 1) trial.others = [];
      this.trials.push(trial);
      return true;
    }
    const trial = this.trials[decision.trial]!;
    expect(trial.state).toBe('paused');
    expect(decision.rung).toBe(trial.firstRung! + trial.values.length);
    expect(decision.rung).toBeLessThan(rungCount);
    this.promotions.push(`${decision.trial} ${decision.rung}`);
    trial.state = 'running';
    return true;
  }

  open(): Simulated[] {
    return this.trials.filter((trial) => trial.state === 'running');
  }

  end(trial: Simulated, value: number | undefined): void {
    trial.state = value === undefined ? 'failed' : 'paused';
    if (value === undefined) return;
    trial.values.push(value);
    trial.others?.push(Array.from({ length: this.objectives - 1 }, (_, i) => (value * (7 + i)) % 5));
    if (trial.firstRung! + trial.values.length >= rungCount) trial.state = 'complete';
  }
}

/** What every pruner keeps, whatever comes: one suite for all of them. */
export function prunerContract(name: PrunerName): void {
  const pruner = createPruner({ name, reduction, rungCount });

  describe(`pruner ${name}`, () => {
    it('starts trials while it has no result, and has nothing to do without trials to start', () => {
      expect(pruner([], anything)).toMatchObject({ kind: 'new' });
      expect(pruner([], { ...anything, newTrial: false })).toBeUndefined();
    });

    it('never promotes at one rung only', () => {
      const one = createPruner({ name, reduction, rungCount: 1 });
      const trials = [0, 1, 2, 3, 4, 5].map((trial): PrunerTrial => ({
        trial,
        values: [trial],
        state: 'paused',
      }));
      expect(one(trials, { ...anything, newTrial: false })).toBeUndefined();
      expect(one(trials, anything)).toEqual({ kind: 'new', firstRung: 0 });
    });

    for (const objectives of [1, 2, 3])
      it(`starts exactly the trials there are, promotes none twice, and comes to an end (${objectives} objectives)`, () => {
        const event = fc.record({ pick: fc.nat(1000), value: fc.nat(20), fails: fc.nat(9) });
        fc.assert(
          fc.property(
            fc.array(event, { maxLength: 80 }),
            fc.integer({ min: 1, max: 6 }),
            (events, workers) => {
              const simulation = new Simulation(pruner, 20, objectives);
              const fill = () => {
                while (simulation.open().length < workers && simulation.start());
              };
              for (const { pick, value, fails } of events) {
                fill();
                const open = simulation.open();
                if (open.length === 0) break;
                simulation.end(open[pick % open.length]!, fails === 0 ? undefined : value);
              }
              for (let i = 0; i < 200; i++) {
                fill();
                const [first] = simulation.open();
                if (!first) break;
                simulation.end(first, (first.trial * 7919) % 101);
              }
              expect(simulation.open()).toHaveLength(0);
              expect(simulation.trials).toHaveLength(20);
              expect(new Set(simulation.promotions).size).toBe(simulation.promotions.length);
            },
          ),
          { numRuns: 25 },
        );
      });

    it('depends on the trials alone: neither on their order nor on earlier calls', () => {
      const simulation = new Simulation(pruner, 40, 1);
      for (let i = 0; i < 90; i++) {
        while (simulation.open().length < 3 && simulation.start());
        const [first] = simulation.open();
        if (!first) break;
        simulation.end(first, (i * 37) % 11);
        const { trials } = simulation;
        const once = pruner(trials, anything);
        expect(pruner([...trials].reverse(), anything)).toEqual(once);
        expect(createPruner({ name, reduction, rungCount })(structuredClone(trials), anything)).toEqual(once);
      }
    });

    it('starts only what can be afforded', () => {
      const waiting = Array.from({ length: 12 }, (_, trial): PrunerTrial => ({
        trial,
        values: [trial],
        state: 'paused',
      }));
      expect(pruner(waiting, { newTrial: true, affords: () => false })).toBeUndefined();
      const onlyNew = pruner(waiting, { newTrial: true, affords: (from) => from < 0 });
      expect(onlyNew).toMatchObject({ kind: 'new' });
      const onlyPromotions = pruner(waiting, { newTrial: true, affords: (from) => from >= 0 });
      expect(onlyPromotions).toEqual({ kind: 'promote', trial: 0, rung: 1 });
    });

    it('promotes the better of two, and one whose value is no number last', () => {
      const row = (trial: number, value: number): PrunerTrial => ({
        trial,
        values: [value],
        state: 'paused',
      });
      const trials = [row(0, NaN), row(1, 5), row(2, 4), row(3, NaN), row(4, 6), row(5, 7)];
      const order: number[] = [];
      for (;;) {
        const decision = pruner(trials, { ...anything, newTrial: false });
        if (decision?.kind !== 'promote') break;
        order.push(decision.trial);
        trials[decision.trial]!.state = 'running';
      }
      expect(order.slice(0, 2)).toEqual([2, 1]);
      const broken = order.filter((trial) => trial === 0 || trial === 3);
      expect(order.slice(order.length - broken.length)).toEqual(broken);
    });

    it('with several objectives lets the front go on before what it dominates', () => {
      const row = (trial: number, a: number, b: number): PrunerTrial => ({
        trial,
        values: [a],
        others: [[b]],
        state: 'paused',
      });
      const trials = [row(0, 3, 3), row(1, 1, 4), row(2, 4, 1), row(3, 5, 5), row(4, 6, 6), row(5, 7, 7)];
      const order: number[] = [];
      for (let i = 0; i < 2; i++) {
        const decision = pruner(trials, { ...anything, newTrial: false });
        if (decision?.kind !== 'promote') break;
        order.push(decision.trial);
        trials[decision.trial]!.state = 'running';
      }
      expect(order.length).toBe(2);
      for (const trial of order) expect([0, 1, 2]).toContain(trial);
    });
  });
}
