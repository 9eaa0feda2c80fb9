import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rebuildMachine } from '../../src/sweep/rebuild.js';
import {
  bestTrial,
  initialMachine,
  nextAction,
  openSegments,
  reduce,
  type SweepEvent,
  type SweepMachine,
} from '../../src/sweep/state.js';
import type { SweepSpec, TrialRecord } from '../../src/sweep/types.js';

function specOf(change: Partial<SweepSpec> = {}): SweepSpec {
  return {
    name: 'test',
    task: { name: 'phi4', size: 6, mass2: -4, coupling: 6.975 },
    space: { parameters: [] },
    objective: { metric: 'kl', direction: 'minimize' },
    sampler: { name: 'random', seed: 1 },
    pruner: { name: 'asha', reduction: 3, rungs: [10, 30, 90] },
    budget: { trials: 9, concurrency: 3 },
    baselines: ['standard-raw', 'standard'],
    defaults: {},
    checkpointEverySteps: 10,
    evaluation: { samples: 256 },
    backend: 'wasm',
    retries: 3,
    ...change,
  };
}

/** Runs the machine against an environment that may do anything; counts what was paid for. */
class Simulation {
  machine: SweepMachine;
  readonly spec: SweepSpec;
  readonly started: string[] = [];
  readonly finished: string[] = [];
  ended: 'complete' | 'stopped' | undefined;
  mostOpen = 0;

  constructor(spec: SweepSpec, concurrency = 3) {
    this.spec = spec;
    this.machine = initialMachine(spec, concurrency);
  }

  apply(event: SweepEvent): void {
    this.machine = reduce(this.machine, event, this.spec.pruner.rungs.length);
    expect(openSegments(this.machine)).toBeLessThanOrEqual(Math.max(this.machine.concurrency, this.mostOpen));
  }

  /** Carries out what the machine wants until every slot is busy. */
  fill(duplicate: (trial: number) => boolean = () => false): void {
    for (
      let action = nextAction(this.machine, this.spec);
      action;
      action = nextAction(this.machine, this.spec)
    ) {
      if (action.kind === 'finish') {
        this.ended = action.state;
        this.apply({ type: 'finished', state: action.state });
        return;
      }
      if (action.kind === 'create') {
        const { trial, source } = action;
        this.apply({
          type: 'created',
          trial,
          family: 'standard',
          ...(source.from === 'baseline' ? { baseline: source.name } : {}),
          ...(source.from === 'sampler' && duplicate(trial) ? { equals: 0 } : {}),
        });
        continue;
      }
      this.started.push(`${action.trial}/${action.purpose}/${action.rung}`);
      this.apply({ type: 'segmentStarted', trial: action.trial, kind: action.purpose, rung: action.rung });
      this.mostOpen = Math.max(this.mostOpen, openSegments(this.machine));
    }
  }

  open(): { trial: number; kind: 'train' | 'test'; rung: number }[] {
    return this.machine.trials.flatMap((row) => (row.segment ? [{ trial: row.trial, ...row.segment }] : []));
  }

  finish(segment: { trial: number; kind: 'train' | 'test'; rung: number }, value: number): void {
    if (segment.kind === 'test') this.apply({ type: 'tested', trial: segment.trial });
    else {
      this.finished.push(`${segment.trial}/${segment.rung}`);
      this.apply({ type: 'segmentFinished', trial: segment.trial, rung: segment.rung, value });
    }
  }
}

/** An objective that tells trials apart at every rung. */
const valueOf = (trial: number, rung: number) => ((trial * 7919) % 101) + 1 / (rung + 1);

describe('the sweep as a state machine', () => {
  it('runs baselines to the end, spends the budget exactly, promotes a third, and measures finalists on test data', () => {
    const simulation = new Simulation(specOf());
    while (!simulation.ended) {
      simulation.fill();
      const [segment] = simulation.open();
      if (segment) simulation.finish(segment, valueOf(segment.trial, segment.rung));
    }
    const { trials } = simulation.machine;
    expect(trials.filter((row) => row.baseline !== undefined).map((row) => row.values.length)).toEqual([
      3, 3,
    ]);
    const searched = trials.filter((row) => row.baseline === undefined);
    expect(searched).toHaveLength(9);
    expect(searched.filter((row) => row.values.length >= 2)).toHaveLength(3);
    expect(searched.filter((row) => row.values.length === 3)).toHaveLength(1);
    const winner = bestTrial(simulation.machine, 3)!;
    expect(trials.filter((row) => row.tested).map((row) => row.trial)).toEqual([0, 1, winner.trial]);
    expect(new Set(simulation.started).size).toBe(simulation.started.length);
    expect(simulation.ended).toBe('complete');
  });

  it('keeps budget, slots and promotions right under any interleaving', () => {
    const step = fc.record({
      what: fc.constantFrom(
        'finish',
        'finish',
        'finish',
        'fail',
        'interrupt',
        'repeat',
        'pause',
        'resume',
        'extend',
        'retry',
        'restart',
        'concurrency',
      ),
      pick: fc.nat(50),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), fc.boolean(), (steps, withDuplicates) => {
        const simulation = new Simulation(specOf());
        const duplicate = (trial: number) => withDuplicates && trial % 4 === 3;
        let budget = 9;
        let last: SweepEvent | undefined;
        let finishedTrial = -1;
        for (const { what, pick } of steps) {
          if (simulation.ended) break;
          simulation.fill(duplicate);
          const open = simulation.open();
          const segment = open[pick % Math.max(1, open.length)];
          if (what === 'finish' && segment) {
            last = { type: 'segmentFinished', trial: segment.trial, rung: segment.rung, value: pick };
            finishedTrial = segment.trial;
            simulation.finish(segment, pick);
          } else if (what === 'fail' && segment)
            simulation.apply({ type: 'segmentFailed', trial: segment.trial, kind: 'crashed' });
          else if (what === 'interrupt' && segment)
            simulation.apply({ type: 'segmentInterrupted', trial: segment.trial });
          else if (what === 'repeat' && last) {
            const before = JSON.stringify(simulation.machine);
            simulation.apply(last);
            if (last.type === 'segmentFinished' && !open.some((one) => one.trial === finishedTrial))
              expect(JSON.stringify(simulation.machine)).toBe(before);
          } else if (what === 'pause') simulation.apply({ type: 'paused' });
          else if (what === 'resume') simulation.apply({ type: 'resumed' });
          else if (what === 'extend' && budget < 15) {
            budget += 1;
            simulation.apply({ type: 'extended', trials: 1 });
          } else if (what === 'retry') {
            simulation.apply({ type: 'retried', trials: simulation.machine.trials.map((row) => row.trial) });
          } else if (what === 'concurrency')
            simulation.apply({ type: 'concurrencySet', concurrency: 1 + (pick % 4) });
          else if (what === 'restart') {
            // Continue-as-new: through JSON and back.
            simulation.machine = JSON.parse(JSON.stringify(simulation.machine)) as SweepMachine;
          }
        }
        // From here on calm: everything must come to an end.
        simulation.apply({ type: 'resumed' });
        for (let i = 0; i < 400 && !simulation.ended; i++) {
          simulation.fill(duplicate);
          const [segment] = simulation.open();
          if (segment) simulation.finish(segment, valueOf(segment.trial, segment.rung));
        }
        expect(simulation.ended).toBe('complete');
        const { trials } = simulation.machine;
        expect(trials.filter((row) => row.baseline === undefined)).toHaveLength(budget);
        expect(openSegments(simulation.machine)).toBe(0);
        for (const row of trials) expect(['complete', 'pruned', 'failed']).toContain(row.state);
        // No rung of a trial is finished twice.
        expect(new Set(simulation.finished).size).toBe(simulation.finished.length);
        // Promotions: of the results at a rung at most a third went on.
        for (let rung = 0; rung < 2; rung++) {
          const searched = trials.filter((row) => row.baseline === undefined && row.equals === undefined);
          const results = searched.filter((row) => row.values.length > rung).length;
          const promoted = searched.filter((row) => row.values.length > rung + 1).length;
          expect(promoted).toBeLessThanOrEqual(
            Math.floor(results / 3) + trials.filter((r) => r.state === 'failed').length + 3,
          );
        }
      }),
      { numRuns: 300 },
    );
  });

  it('ends a stop when the last open segment has ended, and starts nothing after it', () => {
    const simulation = new Simulation(specOf());
    simulation.fill();
    simulation.apply({ type: 'stopped' });
    expect(nextAction(simulation.machine, simulation.spec)).toBeUndefined();
    for (const segment of simulation.open())
      simulation.apply({ type: 'segmentInterrupted', trial: segment.trial });
    expect(nextAction(simulation.machine, simulation.spec)).toEqual({ kind: 'finish', state: 'stopped' });
  });

  it('is rebuilt from the records alone as it would have gone on', () => {
    const spec = specOf();
    const simulation = new Simulation(spec);
    for (let i = 0; i < 12; i++) {
      simulation.fill();
      const [segment] = simulation.open();
      if (segment) simulation.finish(segment, valueOf(segment.trial, segment.rung));
    }
    const record = (trial: number): TrialRecord => {
      const row = simulation.machine.trials[trial]!;
      return {
        trial,
        ...(row.baseline === undefined ? {} : { baseline: row.baseline }),
        origin: row.baseline === undefined ? 'sampler' : 'baseline',
        parameters: {},
        key: String(trial),
        label: '',
        family: 'standard',
        seed: 1,
        state: row.state,
        rungs: row.values.map((value, rung) => ({
          rung,
          step: spec.pruner.rungs[rung]!,
          metrics: { kl: value },
          trainSeconds: 0,
          evaluateSeconds: 0,
          stepsPerSecond: 0,
          finishedAt: '',
        })),
        failures: [],
        stepsPaid: 0,
        createdAt: '',
        updatedAt: '',
      };
    };
    const records = simulation.machine.trials.map((row) => record(row.trial));
    const rebuilt = rebuildMachine(spec, 3, [...records].reverse());
    expect(rebuilt.trials.map((row) => row.values)).toEqual(
      simulation.machine.trials.map((row) => row.values),
    );
    // What was running waits for its next attempt, and is what the first free slots take.
    const running = simulation.machine.trials.filter((row) => row.segment).map((row) => row.trial);
    const action = nextAction(rebuilt, spec);
    expect(running.length).toBeGreaterThan(0);
    expect(action).toMatchObject({ kind: 'segment', purpose: 'train' });
    expect(running).toContain((action as { trial: number }).trial);
  });
});
