import { ApplicationFailure } from '@temporalio/activity';
import { RgsweepError, type FailureKind } from '../src/errors.js';
import { createSampler } from '../src/samplers/index.js';
import type { Observation } from '../src/samplers/types.js';
import { trialKey } from '../src/sweep/trialKey.js';
import { scheduleFamily, scheduleLabel } from '../src/schedule/label.js';
import { presets } from '../src/schedule/presets.js';
import { createProcess } from '../src/schedule/process.js';
import type { Parameters } from '../src/space/types.js';
import { readTrial, writeTrial } from '../src/store/records.js';
import type { TrialRecord } from '../src/sweep/types.js';
import { datasetStatistics } from './dataset.js';
import type { Dependencies } from './dependencies.js';
import type { Activities, SuggestActivityInput } from './types.js';

/** Parameters and canonical key of a trial never change once it has a result, so they are read once per process. */
interface KnownTrial {
  parameters: Parameters;
  key: string;
}

/**
 * Chooses a new trial's parameters and writes its record. A pure function of its input and of the parameters of earlier
 * trials: run twice for the same trial it writes the same record.
 */
export function createSuggest(dependencies: Dependencies): Activities['suggest'] {
  const { store, metrics } = dependencies;
  const known = new Map<string, KnownTrial>();

  async function parametersOf(
    sweep: string,
    trial: number,
    settled: boolean,
  ): Promise<KnownTrial | undefined> {
    const id = `${sweep} ${trial}`;
    const found = known.get(id);
    if (found) return found;
    const record = await readTrial(store, sweep, trial);
    if (!record) return undefined;
    const entry = { parameters: record.parameters, key: record.key };
    if (settled) known.set(id, entry);
    return entry;
  }

  async function choose(
    input: SuggestActivityInput,
    earlier: (KnownTrial | undefined)[],
  ): Promise<Parameters> {
    const { spec, trial, source, outcomes } = input;
    if (source.from === 'baseline') return { ...spec.defaults, ...presets[source.name] };
    if (source.from === 'enqueued') return { ...spec.defaults, ...source.parameters };
    const names = new Set(spec.space.parameters.map((parameter) => parameter.name));
    const observations: Observation[] = [];
    for (const outcome of outcomes) {
      const record = earlier[outcome.trial];
      if (!record || outcome.baseline) continue;
      observations.push({
        trial: outcome.trial,
        parameters: Object.fromEntries(Object.entries(record.parameters).filter(([name]) => names.has(name))),
        state:
          outcome.state === 'complete' || outcome.state === 'failed' || outcome.state === 'pruned'
            ? outcome.state
            : 'running',
        values: outcome.values.map((value, rung) => ({
          step: spec.pruner.rungs[rung]!,
          objectives: [value],
        })),
      });
    }
    const sampler = createSampler(spec.sampler.name);
    const suggested = sampler({ space: spec.space, observations, trial, seed: spec.sampler.seed });
    return { ...spec.defaults, ...suggested };
  }

  /** Keeps a trial that cannot be, with the reason: the sweep goes on without it, and nobody has to guess. */
  async function keepInvalid(
    { spec, trial, source }: SuggestActivityInput,
    parameters: Parameters,
    error: RgsweepError,
    kind: FailureKind,
  ): Promise<void> {
    const now = new Date().toISOString();
    await writeTrial(store, spec.name, {
      trial,
      ...(source.from === 'baseline' ? { baseline: source.name } : {}),
      origin: source.from,
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

  return async (input) => {
    let chosen: Parameters = {};
    const started = performance.now();
    const { spec, trial, source, outcomes } = input;
    try {
      const earlier: (KnownTrial | undefined)[] = [];
      const width = 32;
      for (let first = 0; first < outcomes.length; first += width)
        earlier.push(
          ...(await Promise.all(
            outcomes
              .slice(first, first + width)
              .map((outcome) => parametersOf(spec.name, outcome.trial, outcome.values.length > 0)),
          )),
        );
      const parameters = await choose(input, earlier);
      chosen = parameters;
      const statistics = await datasetStatistics(store, spec.task);
      // Common random numbers: trials that differ in their schedule alone share data order and noise.
      const seed = spec.sampler.seed;
      const key = trialKey(createProcess(parameters, statistics), statistics, parameters, seed);
      const equals = earlier.findIndex(
        (other, index) => other?.key === key && outcomes[index]!.state !== 'failed' && index < trial,
      );
      const now = new Date().toISOString();
      const record: TrialRecord = {
        trial,
        ...(source.from === 'baseline' ? { baseline: source.name } : {}),
        origin: source.from,
        parameters,
        key,
        label: scheduleLabel(parameters),
        family: scheduleFamily(parameters),
        seed,
        state: equals >= 0 ? 'complete' : 'waiting',
        rungs: [],
        failures: [],
        stepsPaid: 0,
        ...(equals >= 0 ? { equals } : {}),
        createdAt: now,
        updatedAt: now,
      };
      await writeTrial(store, spec.name, record);
      metrics.suggested({ seconds: (performance.now() - started) / 1000 });
      return { family: record.family, label: record.label, ...(equals >= 0 ? { equals } : {}) };
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
}
