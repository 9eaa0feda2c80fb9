import { RgsweepError } from '../errors.js';
import { decideNext, rungsOf } from '../pruners/asha.js';
import type { PrunerTrial } from '../pruners/types.js';
import type { Observation, Sampler } from '../samplers/types.js';
import type { Parameters, SearchSpace } from '../space/types.js';
import { requireValidParameters } from '../space/validate.js';
import { reproducibleView } from './reproducible.js';

/** Training budgets of a multi-fidelity search: rungs min, min·eta, … and max, in whole steps. */
export interface Fidelity {
  min: number;
  max: number;
  eta: number;
}

export interface SearchOptions {
  space: SearchSpace;
  sampler: Sampler;
  /** Default 0. */
  seed?: number;
  /** Without it every trial is one evaluation. */
  fidelity?: Fidelity;
  /** Number of trials that may be started; without it there is no end. */
  trials?: number;
  /**
   * Number of workers of a search whose trials are to be the same whatever the timing (reproducible.ts); a worker
   * then sometimes waits, its ask being answered by undefined. Not with `fidelity`: promotions follow the timing.
   */
  reproducible?: number;
}

/** Train trial `id` with these parameters from step `from` (0: from nothing) to step `to`. */
export interface Segment {
  id: number;
  params: Parameters;
  from: number;
  to: number;
}
export interface Suggestion {
  id: number;
  params: Parameters;
}
export type Worker = string | number | undefined;

export interface Report {
  id: number;
  /** Of the fidelity form: the step that was reached. */
  step?: number;
  /** The value to minimize; null: tried, and it has none (diverged). */
  value: number | null;
}

/**
 * A search by ask and tell, minimizing. All that it answers follows from its options and the order of the calls.
 */
export interface Search {
  /** What to evaluate next, or undefined when nothing can be given out now (or ever: the trials are spent). */
  ask(worker?: Worker): Suggestion | Segment | undefined;
  /** The result of what was asked. The first report of a segment stands; a repeated one changes nothing. */
  tell(report: Report): void;
  /** The segment was lost with its worker: it is given out again before anything new. */
  fail(id: number, worker?: Worker): void;
  /** A parameter set to try before the sampler is asked again. */
  enqueue(params: Parameters): void;
  readonly observations: readonly Observation[];
}

interface Trial extends PrunerTrial {
  params: Parameters;
  values: number[];
  state: 'running' | 'paused' | 'complete' | 'failed';
  /** Who trains it. */
  holder: Worker;
}

/**
 * @throws RgsweepError `bad-configuration` when the fidelity's numbers are not integers in order
 */
export function createSearch({
  space,
  sampler,
  seed = 0,
  fidelity,
  trials: most = Infinity,
  reproducible,
}: SearchOptions): Search {
  if (reproducible !== undefined && (fidelity || !Number.isInteger(reproducible) || reproducible < 1))
    throw new RgsweepError(
      'bad-configuration',
      fidelity ? 'reproducible cannot be had with fidelity' : `reproducible is ${reproducible}`,
      { remedy: 'Give the number of workers, at least 1, and no fidelity.' },
    );
  const rungs = fidelity ? checkedRungs(fidelity) : [1];
  const trials: Trial[] = [];
  const observations: Observation[] = [];
  const lost: number[] = [];
  const enqueued: Parameters[] = [];

  const options = { reduction: fidelity?.eta ?? 2, rungCount: rungs.length, newTrialsLeft: 0 };

  function observe(id: number): void {
    const { params, values, state } = trials[id]!;
    observations[id] = {
      trial: id,
      parameters: params,
      state: state === 'paused' ? 'running' : state,
      values: values.map((value, rung) => ({ step: rungs[rung]!, objectives: [value] })),
    };
  }

  function give(id: number, worker: Worker): Suggestion | Segment {
    const trial = trials[id]!;
    trial.state = 'running';
    trial.holder = worker;
    observe(id);
    if (!fidelity) return { id, params: trial.params };
    const rung = trial.values.length;
    return { id, params: trial.params, from: rung === 0 ? 0 : rungs[rung - 1]!, to: rungs[rung]! };
  }

  function known(id: number): Trial {
    const trial = trials[id];
    if (!trial)
      throw new RgsweepError('usage', `id ${id} was never given out`, {
        remedy: trials.length === 0 ? 'Ask first.' : `Ids so far: 0 to ${trials.length - 1}.`,
      });
    return trial;
  }

  return {
    observations,

    ask(worker) {
      const again = lost.shift();
      if (again !== undefined) return give(again, worker);
      const decision = decideNext(trials, { ...options, newTrialsLeft: most - trials.length });
      if (!decision) return undefined;
      if (decision.kind === 'promote') return give(decision.trial, worker);
      const id = trials.length;
      const seen =
        reproducible === undefined ? observations : reproducibleView(observations, id, reproducible);
      if (!seen) return undefined;
      const params = enqueued.shift() ?? sampler({ space, observations: seen, trial: id, seed });
      trials.push({
        trial: id,
        params,
        values: [],
        state: 'running',
        holder: worker,
      });
      return give(id, worker);
    },

    tell({ id, step, value }) {
      const trial = known(id);
      if (value !== null && !Number.isFinite(value))
        throw new RgsweepError('usage', `value of id ${id} is ${value}`, {
          remedy: 'Give a finite number, or null where the evaluation has no value.',
        });
      const rung = fidelity ? rungs.indexOf(step ?? NaN) : 0;
      if (rung < 0)
        throw new RgsweepError('usage', `step of id ${id} is ${step}, which is no rung`, {
          remedy: `The rungs are ${rungs.join(', ')}: tell at the \`to\` that was asked for.`,
        });
      if (trial.state === 'failed' || rung < trial.values.length) return;
      const waitsAgain = lost.indexOf(id);
      if (rung > trial.values.length || (trial.state !== 'running' && waitsAgain < 0))
        throw new RgsweepError('usage', `step ${step} of id ${id} was not asked for`, {
          remedy: `It has ${trial.values.length} of ${rungs.length} rungs: tell only what an ask gave out.`,
        });
      // Its worker was thought lost, but the result is here: nothing is to be repeated.
      if (waitsAgain >= 0) lost.splice(waitsAgain, 1);
      if (value === null) trial.state = 'failed';
      else {
        trial.values.push(value);
        trial.state = trial.values.length === rungs.length ? 'complete' : 'paused';
      }
      observe(id);
    },

    fail(id, worker) {
      const trial = known(id);
      if (trial.state !== 'running' || lost.includes(id)) return;
      // A repeated report of a worker that has lost it long ago: someone else trains it now.
      if (worker !== undefined && trial.holder !== undefined && worker !== trial.holder) return;
      lost.push(id);
    },

    enqueue(params) {
      requireValidParameters(space, params, `enqueued trial ${JSON.stringify(params)}`);
      enqueued.push(params);
    },
  };
}

function checkedRungs({ min, max, eta }: Fidelity): number[] {
  try {
    return rungsOf(min, max, eta);
  } catch (error) {
    throw new RgsweepError(
      'bad-configuration',
      `fidelity: ${(error as Error).message.replace('reduction', 'eta')}`,
      {
        remedy: 'min and max are whole training steps, 1 ≤ min ≤ max; eta is a whole number of at least 2.',
      },
    );
  }
}
