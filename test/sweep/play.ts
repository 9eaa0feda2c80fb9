import { expect } from 'vitest';
import {
  initialMachine,
  nextAction,
  openSegments,
  reduce,
  type SweepEvent,
  type SweepMachine,
} from '../../src/sweep/state.js';
import type { SweepSpec } from '../../src/sweep/types.js';
import { fixtureSpec } from '../report/fixture.js';

export const rungs = [10, 30, 90];

export function specOf(change: Partial<SweepSpec>): SweepSpec {
  return {
    ...fixtureSpec,
    pruner: { name: 'asha', reduction: 3, rungs },
    budget: { trials: 12, concurrency: 3 },
    baselines: ['standard'],
    ...change,
  };
}

/** Plays the workflow: carries out what the machine wants, and ends open segments in any order. */
export class Play {
  machine: SweepMachine;
  ended = false;
  /** Time in milliseconds, where a test has one. */
  now: number | undefined;
  /** Steps of every segment that was ever started, each (trial, rung) once. */
  readonly started = new Map<string, number>();
  readonly promotions: string[] = [];
  readonly decisions: string[] = [];
  constructor(readonly spec: SweepSpec) {
    this.machine = initialMachine(spec, spec.budget.concurrency as number);
  }

  apply(event: SweepEvent): void {
    this.machine = reduce(this.machine, event, this.spec.pruner.rungs.length);
  }

  fill(): void {
    for (
      let action = nextAction(this.machine, this.spec);
      action;
      action = nextAction(this.machine, this.spec)
    ) {
      if (action.kind === 'finish') {
        this.apply({ type: 'finished', state: action.state });
        this.ended = true;
        return;
      }
      if (action.kind === 'create') {
        const { source, trial, firstRung } = action;
        const replicate = source.from === 'replicate' ? source : undefined;
        const baseline = source.from === 'baseline' ? source.name : replicate?.baseline;
        this.decisions.push(`create ${trial} ${source.from} ${firstRung ?? 0}`);
        this.apply({
          type: 'created',
          trial,
          family: 'standard',
          ...(baseline === undefined ? {} : { baseline }),
          ...(replicate ? { replicateOf: replicate.of } : {}),
          ...(replicate?.confirms ? { confirms: true } : {}),
          ...(firstRung === undefined ? {} : { firstRung }),
        });
        continue;
      }
      const { trial, rung, purpose } = action;
      const row = this.machine.trials[trial]!;
      if (purpose === 'train') {
        const key = `${trial}/${rung}`;
        const again = this.started.has(key);
        const from = rung === (row.firstRung ?? 0) ? 0 : this.spec.pruner.rungs[rung - 1]!;
        this.started.set(key, this.spec.pruner.rungs[rung]! - from);
        if (!again && row.values.length > 0) this.promotions.push(key);
      }
      const at = this.now === undefined ? {} : { at: this.now };
      this.apply({ type: 'segmentStarted', trial, kind: purpose, rung, ...at });
      expect(openSegments(this.machine)).toBeLessThanOrEqual(this.machine.concurrency);
    }
  }

  open() {
    return this.machine.trials.flatMap((row) => (row.segment ? [{ trial: row.trial, ...row.segment }] : []));
  }

  finish({ trial, kind, rung }: { trial: number; kind: string; rung: number }): void {
    if (kind === 'test') return this.apply({ type: 'tested', trial });
    const value = ((trial * 7919) % 101) + 1 / (rung + 1);
    const several = this.spec.objectives !== undefined;
    const others = several ? { others: [(trial * 31) % 17] } : {};
    this.apply({ type: 'segmentFinished', trial, rung, value, ...others });
  }

  stepsStarted(): number {
    return [...this.started.values()].reduce((sum, steps) => sum + steps, 0);
  }

  toTheEnd(): void {
    for (let i = 0; i < 2000 && !this.ended; i++) {
      this.fill();
      const [segment] = this.open();
      if (segment) this.finish(segment);
    }
    expect(this.ended).toBe(true);
  }
}
