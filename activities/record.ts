import { createHash, randomUUID } from 'node:crypto';
import { activityInfo, ApplicationFailure } from '@temporalio/activity';
import { RgsweepError } from '../src/errors.js';
import {
  listTrials,
  ranSeconds,
  readSpec,
  readSweepRecord,
  trialsOf,
  updateSweepRecord,
  updateTrial,
} from '../src/store/records.js';
import { emptyTrial } from '../src/store/emptyTrial.js';
import { withAmendment } from '../src/sweep/amendments.js';
import { packMachine } from '../src/sweep/pack.js';
import { minimized, rebuildMachine } from '../src/sweep/rebuild.js';
import { chooseRetries } from '../src/sweep/retry.js';
import { objectivesOf, type TrialRecord } from '../src/sweep/types.js';
import type { Dependencies } from './dependencies.js';
import { finalFailure } from './finalFailure.js';
import { tellSweep } from './tellSweep.js';
import type { Activities } from './types.js';

type Recorders = Pick<
  Activities,
  | 'recordStart'
  | 'recordRung'
  | 'recordTest'
  | 'recordFailure'
  | 'recordInterruption'
  | 'recordSweep'
  | 'recordRetry'
  | 'recordAmendment'
  | 'rebuild'
  | 'resetTrials'
>;

/** Seconds that trainers have worked for a trial, with what is added now. */
function worked(record: TrialRecord, seconds: number): number {
  return (record.trainerSeconds ?? 0) + seconds;
}

/** Recorders whose final failures end them at once: a second try finds the same record missing or damaged. */
function endingAtOnce(recorders: Recorders): Recorders {
  const all = Object.entries(recorders) as [string, (input: never) => Promise<unknown>][];
  const wrapped = all.map(([name, recorder]) => [
    name,
    (input: never) =>
      recorder(input).catch((error: unknown) => {
        throw finalFailure(error);
      }),
  ]);
  return Object.fromEntries(wrapped) as Recorders;
}

/** Failures kept with a trial; the count goes on in the metrics. */
const keptFailures = 50;
const keptWarnings = 50;
/** Writes before the last one that are known again: more than a trial has while a worker is suspended for minutes. */
const keptWrites = 8;

/** The same for every attempt of one activity, which a killed worker may make run twice. */
function writeId(): string {
  const { workflowExecution, activityId, activityType } = activityInfo();
  return `${workflowExecution?.runId ?? ''}/${activityId}/${activityType}`;
}

const shortId = (id: string): string => createHash('sha256').update(id).digest('hex').slice(0, 12);

interface Written {
  lastWrite?: string;
  earlierWrites?: string[];
}

/** Has a record this write already? A worker that was suspended meanwhile, or taken for lost, makes it again, and it has been built upon since. */
const hasWrite = ({ lastWrite, earlierWrites = [] }: Written, id: string): boolean =>
  lastWrite === id || earlierWrites.includes(shortId(id));

/** What a record says of its writes after this one. */
const writesWith = ({ lastWrite, earlierWrites = [] }: Written, id: string): Written => ({
  lastWrite: id,
  ...(lastWrite === undefined
    ? {}
    : { earlierWrites: [...earlierWrites, shortId(lastWrite)].slice(-keptWrites) }),
});

function withWarnings(record: TrialRecord, messages: readonly string[] = []): Pick<TrialRecord, 'warnings'> {
  if (messages.length === 0) return {};
  const at = new Date().toISOString();
  const added = messages.map((message) => ({ message, at }));
  return { warnings: [...(record.warnings ?? []), ...added].slice(-keptWarnings) };
}

/**
 * The only writers of trial records and of the sweep's state. Each is idempotent, since an activity may run again,
 * and has no rival, since a trial has at most one open segment.
 */
export function createRecorders(dependencies: Dependencies): Recorders {
  const { store, metrics, place } = dependencies;
  const owned = (seenAt: string) => (place ? { owner: { ...place, seenAt } } : {});

  async function update(
    sweep: string,
    trial: number,
    change: (record: TrialRecord) => TrialRecord,
  ): Promise<void> {
    const id = writeId();
    await updateTrial(store, sweep, trial, (record) =>
      hasWrite(record, id)
        ? undefined
        : { ...change(record), ...writesWith(record, id), updatedAt: new Date().toISOString() },
    );
  }

  /** What is accepted and not begun yet is on record, for a sweep that is stopped or lost before. */
  async function retryAll(sweep: string, trials: readonly number[]): Promise<void> {
    for (const trial of trials)
      await update(sweep, trial, (record) => ({
        ...record,
        state: record.state === 'failed' ? 'waiting' : record.state,
      }));
  }

  async function resetAll(sweep: string, trials: readonly number[]): Promise<void> {
    for (const trial of trials) {
      await emptyTrial(store, sweep, trial, randomUUID());
      await update(sweep, trial, ({ test: _test, ...record }) => ({
        ...record,
        state: 'waiting',
        rungs: [],
      }));
    }
  }

  return endingAtOnce({
    async recordStart({ sweep, trial, job }) {
      await update(sweep, trial, (record) => ({
        ...record,
        state: 'running',
        ...(job === undefined || record.jobs?.includes(job) ? {} : { jobs: [...(record.jobs ?? []), job] }),
      }));
    },

    async recordRung({ sweep, trial, rung, step, train, evaluate, seconds }) {
      const spec = await readSpec(store, sweep);
      if (!spec) throw new RgsweepError('data-missing', `${store.url} has no spec of sweep ${sweep}`);
      const objectives = objectivesOf(spec);
      const absent = objectives.find(({ metric }) => evaluate.metrics[metric] === undefined);
      if (absent)
        throw ApplicationFailure.nonRetryable(`the evaluation has no metric ${absent.metric}`, 'crashed');
      await update(sweep, trial, (record) => {
        // A repeated record of the same rung replaces itself and is not paid twice.
        const repeated = record.rungs.some((result) => result.rung === rung);
        return {
          ...record,
          ...withWarnings(record, [...(train.warnings ?? []), ...(evaluate.warnings ?? [])]),
          state: rung + 1 >= spec.pruner.rungs.length || record.confirms ? 'complete' : 'paused',
          trainerSeconds: worked(record, repeated ? 0 : train.trainSeconds + evaluate.evaluateSeconds),
          backend: train.backend || record.backend || '',
          ...(train.memory ? { memory: train.memory } : {}),
          // A killed worker's last words are some seconds old: what its checkpoint proves was trained as well.
          stepsPaid: Math.max(step, record.stepsPaid + (repeated ? 0 : train.stepsTrained)),
          rungs: [
            ...record.rungs.filter((result) => result.rung < rung),
            {
              rung,
              step,
              metrics: evaluate.metrics,
              trainSeconds: train.trainSeconds,
              evaluateSeconds: evaluate.evaluateSeconds,
              stepsPerSecond: train.stepsPerSecond,
              finishedAt: new Date().toISOString(),
            },
          ],
        };
      });
      const [value, ...others] = objectives.map((objective) => minimized(objective, evaluate.metrics));
      const figures = { value: value!, ...(others.length > 0 ? { others } : {}) };
      if (seconds === undefined) return figures;
      const report = { trial, purpose: 'train', rung, outcome: 'finished', ...figures, seconds } as const;
      return { ...figures, told: await tellSweep(dependencies, sweep, report) };
    },

    async recordTest({ sweep, trial, evaluate }) {
      await update(sweep, trial, (record) => ({
        ...record,
        ...withWarnings(record, evaluate.warnings),
        test: evaluate.metrics,
      }));
    },

    async recordFailure({ sweep, trial, kind, message, details, givenUp }) {
      metrics.failed({ kind, retried: !givenUp });
      await update(sweep, trial, (record) => ({
        ...record,
        ...withWarnings(record, details.warnings),
        state: givenUp ? 'failed' : record.state,
        stepsPaid: record.stepsPaid + details.stepsTrained,
        trainerSeconds: worked(record, details.seconds ?? 0),
        ...(details.backend === undefined ? {} : { backend: details.backend }),
        failures: [
          ...record.failures,
          { kind, message: message.slice(0, 2000), step: details.step, at: new Date().toISOString() },
        ].slice(-keptFailures),
      }));
    },

    async recordInterruption({ sweep, trial, stepsTrained, seconds }) {
      await update(sweep, trial, (record) => ({
        ...record,
        state: record.state === 'running' ? 'waiting' : record.state,
        stepsPaid: record.stepsPaid + stepsTrained,
        trainerSeconds: worked(record, seconds ?? 0),
      }));
    },

    async recordSweep({ sweep, state, ended, failure }) {
      const now = new Date().toISOString();
      const id = writeId();
      if (ended && state === 'complete' && !hasWrite((await readSweepRecord(store, sweep)) ?? {}, id)) {
        const rests = (record: TrialRecord) => record.state === 'paused' || record.state === 'waiting';
        for await (const record of trialsOf(store, sweep))
          if (rests(record))
            await updateTrial(store, sweep, record.trial, (present) =>
              rests(present) ? { ...present, state: 'pruned', updatedAt: now } : undefined,
            );
      }
      await updateSweepRecord(store, sweep, (before) => {
        if (before && hasWrite(before, id)) return undefined;
        const { runningSince: _closed, failure: _mended, ...rest } = before ?? { startedAt: now };
        const runs = state === 'running';
        return {
          ...rest,
          state,
          ...(failure ? { failure } : {}),
          finishedAt: ended ? now : undefined,
          runningSeconds: runs ? (before?.runningSeconds ?? 0) : ranSeconds(before, now),
          ...(runs ? { runningSince: before?.runningSince ?? now, ...owned(now) } : {}),
          ...writesWith(before ?? {}, id),
        };
      });
    },

    async recordAmendment({ sweep, amendment }) {
      await updateSweepRecord(store, sweep, (before) => {
        const amendments = [...withAmendment(before?.amendments ?? [], amendment)];
        return { state: 'running', startedAt: amendment.at, ...before, amendments };
      });
    },

    recordRetry: ({ sweep, trials }) => retryAll(sweep, trials),

    async rebuild({ spec, concurrency, retry }) {
      const [records, sweepRecord] = await Promise.all([
        listTrials(store, spec.name),
        readSweepRecord(store, spec.name),
      ]);
      // A sweep that vanished ran at least until its last trial's last word.
      const last = records.reduce((latest, { updatedAt }) => (updatedAt > latest ? updatedAt : latest), '');
      const ran = ranSeconds(sweepRecord, last);
      await updateSweepRecord(store, spec.name, (before) => ({
        startedAt: new Date().toISOString(),
        ...before,
        state: 'running',
        runningSeconds: ran,
        runningSince: new Date().toISOString(),
      }));
      const amendments = sweepRecord?.amendments ?? [];
      if (retry) {
        const before = rebuildMachine(spec, concurrency, records, { amendments });
        const chosen = chooseRetries(before, retry);
        await (retry.fromScratch ? resetAll : retryAll)(spec.name, chosen);
      }
      const machine = rebuildMachine(spec, concurrency, records, {
        ...(retry === undefined ? {} : { retry }),
        amendments,
        runningSeconds: ran,
      });
      return packMachine(machine);
    },

    resetTrials: ({ sweep, trials }) => resetAll(sweep, trials),
  });
}
