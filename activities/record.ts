import { randomUUID } from 'node:crypto';
import { ApplicationFailure, Context } from '@temporalio/activity';
import { RgsweepError } from '../src/errors.js';
import {
  listTrials,
  readSpec,
  readSweepRecord,
  readTrial,
  updateSweepRecord,
  writeTrial,
} from '../src/store/records.js';
import { emptyTrial } from '../src/store/emptyTrial.js';
import { rebuildMachine } from '../src/sweep/rebuild.js';
import { chooseRetries } from '../src/sweep/retry.js';
import type { TrialRecord } from '../src/sweep/types.js';
import type { Dependencies } from './dependencies.js';
import type { Activities } from './types.js';

type Recorders = Pick<
  Activities,
  | 'recordStart'
  | 'recordRung'
  | 'recordTest'
  | 'recordFailure'
  | 'recordInterruption'
  | 'recordSweep'
  | 'recordAmendment'
  | 'rebuild'
  | 'resetTrials'
>;

/** Failures kept with a trial; the count goes on in the metrics. */
const keptFailures = 50;

/**
 * The only writers of trial records and of the sweep's state. Each is idempotent, since a local activity may run again,
 * and has no rival, since a trial has at most one open segment.
 */
export function createRecorders(dependencies: Dependencies): Recorders {
  const { store, metrics } = dependencies;

  async function update(
    sweep: string,
    trial: number,
    change: (record: TrialRecord) => TrialRecord,
  ): Promise<void> {
    const record = await readTrial(store, sweep, trial);
    if (!record)
      throw new RgsweepError(
        'data-missing',
        `${store.url} has no record of trial ${trial} of sweep ${sweep}`,
      );
    await writeTrial(store, sweep, { ...change(record), updatedAt: new Date().toISOString() });
  }

  async function resetAll(sweep: string, trials: readonly number[]): Promise<void> {
    for (const trial of trials) {
      Context.current().heartbeat();
      await emptyTrial(store, sweep, trial, randomUUID());
      await update(sweep, trial, ({ test: _test, ...record }) => ({
        ...record,
        state: 'waiting',
        rungs: [],
      }));
    }
  }

  return {
    async recordStart({ sweep, trial }) {
      await update(sweep, trial, (record) => ({ ...record, state: 'running' }));
    },

    async recordRung({ sweep, trial, rung, step, train, evaluate }) {
      const spec = await readSpec(store, sweep);
      if (!spec) throw new RgsweepError('data-missing', `${store.url} has no spec of sweep ${sweep}`);
      const { metric, direction } = spec.objective;
      const measured = evaluate.metrics[metric];
      if (measured === undefined)
        throw ApplicationFailure.nonRetryable(`the evaluation has no metric ${metric}`, 'crashed');
      await update(sweep, trial, (record) => {
        // A repeated record of the same rung replaces itself and is not paid twice.
        const repeated = record.rungs.some((result) => result.rung === rung);
        return {
          ...record,
          state: rung + 1 >= spec.pruner.rungs.length ? 'complete' : 'paused',
          backend: train.backend || record.backend || '',
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
      return { value: direction === 'maximize' ? -measured : measured };
    },

    async recordTest({ sweep, trial, evaluate }) {
      await update(sweep, trial, (record) => ({ ...record, test: evaluate.metrics }));
    },

    async recordFailure({ sweep, trial, kind, message, details, givenUp }) {
      metrics.failed({ kind, retried: !givenUp });
      await update(sweep, trial, (record) => ({
        ...record,
        state: givenUp ? 'failed' : record.state,
        stepsPaid: record.stepsPaid + details.stepsTrained,
        failures: [
          ...record.failures,
          { kind, message: message.slice(0, 2000), step: details.step, at: new Date().toISOString() },
        ].slice(-keptFailures),
      }));
    },

    async recordInterruption({ sweep, trial, stepsTrained }) {
      await update(sweep, trial, (record) => ({
        ...record,
        state: record.state === 'running' ? 'waiting' : record.state,
        stepsPaid: record.stepsPaid + stepsTrained,
      }));
    },

    async recordSweep({ sweep, state, ended }) {
      const now = new Date().toISOString();
      if (ended && state === 'complete') {
        for (const record of await listTrials(store, sweep))
          if (record.state === 'paused')
            await writeTrial(store, sweep, { ...record, state: 'pruned', updatedAt: now });
      }
      await updateSweepRecord(store, sweep, (before) => ({
        ...before,
        state,
        startedAt: before?.startedAt ?? now,
        finishedAt: ended ? now : undefined,
      }));
    },

    async recordAmendment({ sweep, amendment }) {
      await updateSweepRecord(store, sweep, (before) => {
        const amendments = before?.amendments ?? [];
        const known = amendments.some(({ id }) => id === amendment.id);
        return {
          state: 'running',
          startedAt: amendment.at,
          ...before,
          amendments: known ? amendments : [...amendments, amendment],
        };
      });
    },

    async rebuild({ spec, concurrency, retry }) {
      Context.current().heartbeat();
      const [records, sweepRecord] = await Promise.all([
        listTrials(store, spec.name),
        readSweepRecord(store, spec.name),
      ]);
      const amendments = sweepRecord?.amendments ?? [];
      if (retry?.fromScratch) {
        const before = rebuildMachine(spec, concurrency, records, { amendments });
        await resetAll(spec.name, chooseRetries(before, retry));
      }
      return rebuildMachine(spec, concurrency, records, {
        ...(retry === undefined ? {} : { retry }),
        amendments,
      });
    },

    resetTrials: ({ sweep, trials }) => resetAll(sweep, trials),
  };
}
