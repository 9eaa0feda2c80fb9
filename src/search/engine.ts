import { RgsweepError } from '../errors.js';
import { decideNext, rungsOf } from '../pruners/asha.js';
import type { PrunerTrial } from '../pruners/types.js';
import { paretoFront } from '../samplers/pareto.js';
import { violation } from '../samplers/split.js';
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
  /** Trials of earlier searches, each with their search's name as `prior`: they say where to look and are no trials of this one. */
  prior?: readonly Observation[];
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
  /** The value to minimize, or one a objective, as many each time; null: tried, and it has none (diverged). */
  value: number | readonly number[] | null;
  /** Constraint values, each satisfied when at most 0; as many each time. The latest report of a trial decides. */
  constraints?: readonly number[];
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
  /**
   * The best trials: of those that satisfy their constraints at the highest step that any of these has reached, the one of least value, or
   * with several objectives all that no other one dominates, in order of the first objective. Empty while there is none.
   */
  best(): Observation[];
}

interface Trial extends PrunerTrial {
  params: Parameters;
  values: number[];
  others?: number[][];
  constraints?: readonly number[];
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
  prior = [],
}: SearchOptions): Search {
  const unnamed = prior.find((one) => one.prior === undefined);
  if (unnamed)
    throw new RgsweepError(
      'bad-configuration',
      `prior: trial ${unnamed.trial} does not say where it comes from`,
      {
        remedy: 'Give each prior observation the name of its search as `prior`.',
      },
    );
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
  /** Numbers of objectives and constraints, once there is one. */
  const shape: { objectives?: number; constraints?: number } = {};

  const options = { reduction: fidelity?.eta ?? 2, rungCount: rungs.length, newTrialsLeft: 0 };

  function observe(id: number): void {
    const { params, values, others, constraints, state } = trials[id]!;
    observations[id] = {
      trial: id,
      parameters: params,
      state: state === 'paused' ? 'running' : state,
      values: values.map((value, rung) => ({
        step: rungs[rung]!,
        objectives: [value, ...(others?.[rung] ?? [])],
      })),
      ...(constraints ? { constraints } : {}),
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
      const params =
        enqueued.shift() ?? sampler({ space, observations: [...seen, ...prior], trial: id, seed });
      trials.push({
        trial: id,
        params,
        values: [],
        state: 'running',
        holder: worker,
      });
      return give(id, worker);
    },

    tell({ id, step, value, constraints }) {
      const trial = known(id);
      const vector = value === null ? undefined : checkedVector(`value of id ${id}`, value, shape.objectives);
      const limits = constraints && checkedVector(`constraints of id ${id}`, constraints, shape.constraints);
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
      if (limits) {
        trial.constraints = limits;
        shape.constraints = limits.length;
      }
      if (!vector) trial.state = 'failed';
      else {
        shape.objectives = vector.length;
        trial.values.push(vector[0]!);
        if (vector.length > 1) (trial.others ??= []).push(vector.slice(1));
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

    best: () => bestOf(observations),

    enqueue(params) {
      requireValidParameters(space, params, `enqueued trial ${JSON.stringify(params)}`);
      enqueued.push(params);
    },
  };
}

/** @throws RgsweepError `usage` unless all are finite and as many as before */
function checkedVector(
  what: string,
  given: number | readonly number[],
  length: number | undefined,
): readonly number[] {
  const vector = typeof given === 'number' ? [given] : given;
  const wrong = vector.find((one) => !Number.isFinite(one));
  if (vector.length === 0 || wrong !== undefined)
    throw new RgsweepError(
      'usage',
      `${what} is ${typeof given === 'number' ? given : JSON.stringify(given)}`,
      {
        remedy: 'Give finite numbers, or null as the value where the evaluation has none.',
      },
    );
  if (length !== undefined && vector.length !== length)
    throw new RgsweepError(
      'usage',
      `${what}: ${vector.length} numbers, where the first report had ${length}`,
      {
        remedy: 'Report the same objectives and constraints of every trial.',
      },
    );
  return vector;
}

function bestOf(observations: readonly Observation[]): Observation[] {
  const feasible = observations.filter(
    (one) => one.state !== 'failed' && one.values.length > 0 && violation(one) === 0,
  );
  const last = ({ values }: Observation) => values[values.length - 1]!;
  const highest = Math.max(0, ...feasible.map((one) => last(one).step));
  const there = feasible.filter((one) => last(one).step === highest);
  const front = paretoFront(there.map((one) => last(one).objectives)).map((place) => there[place]!);
  return there[0] && last(there[0]).objectives.length > 1 ? front : front.slice(0, 1);
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
