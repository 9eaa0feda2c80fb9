import { ApplicationFailure } from '@temporalio/activity';
import { RgsweepError, type FailureKind } from '../src/errors.js';
import { createSampler } from '../src/samplers/index.js';
import type { Observation } from '../src/samplers/types.js';
import { configurationIndex, observationsOf, type SeenRows } from '../src/sweep/observations.js';
import { isSettled } from '../src/sweep/configurations.js';
import { presets } from '../src/schedule/presets.js';
import type { Parameters } from '../src/space/types.js';
import { layout } from '../src/store/layout.js';
import { readPrior } from '../src/store/prior.js';
import { readTrial, writeNewTrial } from '../src/store/records.js';
import type { TrialRow } from '../src/sweep/rows.js';
import type { SweepSpec, TrialRecord } from '../src/sweep/types.js';
import type { Dependencies } from './dependencies.js';
import { identityOf } from './identity.js';
import { recentSweeps } from './recentSweeps.js';
import { createRowSnapshots } from './rows.js';
import type { Activities, SuggestActivityInput } from './types.js';

/** What never changes of a trial once it has a result, so it is read once per process. Kept small: there are thousands. */
interface KnownTrial {
  /** Its parameters that are in the search space. */
  searched: Parameters;
  /** Its canonical key. */
  key: string;
}

/** What a process keeps of a sweep, so that a suggestion makes little anew: what lives through one is slow to be freed. */
interface KnownSweep {
  trials: (KnownTrial | undefined)[];
  seen: SeenRows;
  /** Trials whose record cannot be read: told once. */
  unreadable: Set<number>;
  prior?: readonly Observation[];
}

/** Trials read at a time. */
const parallelReads = 32;

/** What a trial's record says of where it came from. */
function originOf({ source, firstRung, job }: SuggestActivityInput) {
  const replicate = source.from === 'replicate' ? source : undefined;
  const baseline = source.from === 'baseline' ? source.name : replicate?.baseline;
  return {
    ...(baseline === undefined ? {} : { baseline }),
    origin: source.from,
    ...(replicate ? { replicateOf: replicate.of } : {}),
    ...(replicate?.confirms ? ({ confirms: true } as const) : {}),
    ...(firstRung === undefined ? {} : { firstRung }),
    ...(job === undefined ? {} : { jobs: [job] }),
  };
}

/**
 * Chooses a new trial's parameters and writes its record. A pure function of its input and of the parameters of earlier
 * trials: run twice for the same trial it writes the same record.
 */
export function createSuggest(dependencies: Dependencies): Pick<Activities, 'suggest' | 'keepRows'> {
  const { store, metrics, log } = dependencies;
  const snapshots = createRowSnapshots(store);
  const knownSweep = recentSweeps((): KnownSweep => ({
    trials: [],
    seen: new WeakMap(),
    unreadable: new Set(),
  }));

  /** An earlier trial's record. One that is damaged counts as absent: a new trial is not to blame for it, nor would waiting mend it. */
  async function earlierTrial(sweep: string, trial: number): Promise<TrialRecord | undefined> {
    try {
      return await readTrial(store, sweep, trial);
    } catch (error) {
      if (!(error instanceof RgsweepError) || error.kind !== 'data-missing') throw error;
      const { unreadable } = knownSweep(sweep);
      if (!unreadable.has(trial))
        log.warn(
          { sweep, trial },
          `new trials are chosen without this one's result: ${error.message}; ${error.remedy}`,
        );
      unreadable.add(trial);
      return undefined;
    }
  }

  /** What is known of each earlier trial, by number. */
  async function knownTrials(
    spec: SweepSpec,
    rows: readonly TrialRow[],
  ): Promise<(trial: number) => KnownTrial | undefined> {
    const kept = knownSweep(spec.name).trials;
    const names = new Set(spec.space.parameters.map((parameter) => parameter.name));
    const open = new Map<number, KnownTrial>();
    const missing = rows.filter((row) => kept[row.trial] === undefined);
    for (let first = 0; first < missing.length; first += parallelReads)
      await Promise.all(
        missing.slice(first, first + parallelReads).map(async (row) => {
          const record = await earlierTrial(spec.name, row.trial);
          if (!record) return;
          const searched = Object.entries(record.parameters).filter(([name]) => names.has(name));
          const known = { searched: Object.fromEntries(searched), key: record.key };
          // The record of a trial without a result may yet be written again, after a crash between the two.
          if (isSettled(row)) kept[row.trial] = known;
          else open.set(row.trial, known);
        }),
      );
    return (trial) => open.get(trial) ?? kept[trial];
  }

  /** What the sweep was started from; it never changes. */
  async function priorsOf({ name, warmStart }: SweepSpec): Promise<readonly Observation[]> {
    if (!warmStart) return [];
    const known = knownSweep(name);
    if (known.prior) return known.prior;
    const prior = await readPrior(store, name);
    if (!prior)
      throw new RgsweepError('data-missing', `${store.url} has no ${layout.prior(name)}`, {
        remedy: 'restore it from a copy of the store, or launch the sweep under another name',
      });
    return (known.prior = prior.observations);
  }

  async function choose(
    input: SuggestActivityInput,
    rows: readonly TrialRow[],
    known: (trial: number) => KnownTrial | undefined,
  ): Promise<Parameters> {
    const { spec, source, visible } = input;
    if (source.from === 'baseline') {
      const { contenders = {} } = spec;
      const own = Object.hasOwn(contenders, source.name) ? contenders[source.name] : presets[source.name];
      return { ...spec.defaults, ...own };
    }
    if (source.from === 'enqueued') return { ...spec.defaults, ...source.parameters };
    if (source.from === 'replicate') {
      const leader = await readTrial(store, spec.name, source.of);
      if (!leader) throw new RgsweepError('data-missing', `${store.url} has no record of trial ${source.of}`);
      return leader.parameters;
    }
    const prior = await priorsOf(spec);
    const { seen } = knownSweep(spec.name);
    const observations = observationsOf(spec, rows, (trial) => known(trial)?.searched, visible, seen);
    const suggested = createSampler(spec.sampler.name)({
      space: spec.space,
      observations: prior.length === 0 ? observations : [...observations, ...prior],
      trial: configurationIndex(rows),
      seed: spec.sampler.seed,
    });
    return { ...spec.defaults, ...suggested };
  }

  /** Keeps a trial that cannot be, with the reason: the sweep goes on without it, and nobody has to guess. */
  async function keepInvalid(
    input: SuggestActivityInput,
    parameters: Parameters,
    error: RgsweepError,
    kind: FailureKind,
  ): Promise<void> {
    const { spec, trial } = input;
    const now = new Date().toISOString();
    await writeNewTrial(store, spec.name, {
      trial,
      ...originOf(input),
      parameters,
      key: '',
      label: 'no schedule',
      family: 'other',
      seed: spec.sampler.seed,
      state: 'failed',
      rungs: [],
      failures: [{ kind, message: error.message, step: 0, at: now }],
      stepsPaid: 0,
      invalid: true,
      createdAt: now,
      updatedAt: now,
    });
  }

  const suggest: Activities['suggest'] = async (input) => {
    let chosen: Parameters = {};
    const started = performance.now();
    const { spec, trial, source } = input;
    try {
      const rows = await snapshots.read(spec.name, input.rows);
      const known = await knownTrials(spec, rows);
      const parameters = await choose(input, rows, known);
      chosen = parameters;
      // Common random numbers: trials that differ in their schedule alone share data order and noise.
      const seed = spec.sampler.seed + (source.from === 'replicate' ? source.index : 0);
      const identity = await identityOf(store, spec, parameters, seed);
      const { key } = identity;
      // In a reproducible sweep a failure that came in meanwhile must not matter; a twin of one that failed has failed with it.
      const twin = rows.findIndex(
        (row) => known(row.trial)?.key === key && (row.state !== 'failed' || input.visible !== undefined),
      );
      const equals = twin < 0 || source.from === 'replicate' ? undefined : (rows[twin]!.equals ?? twin);
      const now = new Date().toISOString();
      const record: TrialRecord = {
        trial,
        ...originOf(input),
        parameters,
        ...identity,
        seed,
        state: equals !== undefined ? 'complete' : input.start ? 'running' : 'waiting',
        rungs: [],
        failures: [],
        stepsPaid: 0,
        ...(equals === undefined ? {} : { equals }),
        createdAt: now,
        updatedAt: now,
      };
      await writeNewTrial(store, spec.name, record);
      metrics.suggested({ seconds: (performance.now() - started) / 1000 });
      const { family, label, state } = record;
      return {
        family,
        label,
        ...(equals === undefined ? {} : { equals }),
        ...(state === 'running' ? { running: true as const } : {}),
      };
    } catch (error) {
      if (
        error instanceof RgsweepError &&
        (error.kind === 'bad-configuration' || error.kind === 'data-missing')
      ) {
        await keepInvalid(input, chosen, error, error.kind);
        throw ApplicationFailure.nonRetryable(error.message, error.kind);
      }
      throw error;
    }
  };
  return { suggest, keepRows: snapshots.keepRows };
}
