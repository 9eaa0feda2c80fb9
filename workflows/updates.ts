import { ApplicationFailure, currentUpdateInfo, setHandler, workflowInfo } from '@temporalio/workflow';
import type { Parameters } from '../src/space/types.js';
import { validateParameters } from '../src/space/validate.js';
import { endingFailure } from '../src/sweep/names.js';
import { describeBudget, extensionProblem } from '../src/sweep/extension.js';
import { chooseRetries, describeRetries, problemOfRetry, type RetryRequest } from '../src/sweep/retry.js';
import { openSegments, type SweepEvent, type SweepMachine } from '../src/sweep/state.js';
import type { Extension, SweepAmendment, SweepSpec, SweepState } from '../src/sweep/types.js';
import { control } from './controlActivities.js';
import {
  enqueueTrial,
  extendSweep,
  pauseSweep,
  resumeSweep,
  retryTrials,
  setConcurrency,
  stopSweep,
} from './messages.js';
import type { Versions } from './versions.js';

/** An amendment as an update asks for it; who and when are added where it is kept. */
type Amendment = SweepAmendment extends infer Kind
  ? Kind extends unknown
    ? Omit<Kind, 'id' | 'at' | 'order'>
    : never
  : never;

/** What the updates see and change of the sweep that they belong to. */
export interface UpdatedSweep {
  spec: SweepSpec;
  machine: () => SweepMachine;
  /** False while the sweep is being rebuilt from the store. */
  ready: () => boolean;
  apply: (event: SweepEvent) => void;
  showState: (state: SweepState) => void;
  cancelOpenSegments: () => Promise<void>;
  /** Its data set is not waited for any more. */
  stopPreparing: () => void;
  versions: Versions;
}

export interface Updates {
  /** An update was accepted that changes the sweep only when it is on record: it must not end before. */
  busy: () => boolean;
}

/**
 * Handles pause, resume, stop, extend, set concurrency, retry and enqueue. Each has a synchronous validator, is safe to repeat,
 * and keeps what a rebuild needs as an amendment in the store.
 */
export function handleUpdates(sweep: UpdatedSweep): Updates {
  const { spec, machine, ready, apply, showState, cancelOpenSegments, stopPreparing, versions } = sweep;
  const recorders = versions.recordsOfUpdates;
  /** Failed trials that are made ready to go on; where they begin from zero, their checkpoints are being deleted. */
  const readying = new Set<number>();
  let retriesKept = 0;
  let amendments = 0;
  /** To be called where the amendment is applied, so that the order is the same. */
  const keepAmendment = (amendment: Amendment) =>
    recorders().recordAmendment({
      sweep: spec.name,
      amendment: {
        id: currentUpdateInfo()!.id,
        at: new Date().toISOString(),
        order: { run: workflowInfo().runId, number: amendments++ },
        ...amendment,
      },
    });
  const requireReady = () => {
    if (!ready())
      throw ApplicationFailure.nonRetryable(
        'the sweep is being rebuilt from the store; try again',
        'conflict',
      );
  };
  const requireOpen = () => {
    requireReady();
    if (machine().stopping || (machine().status !== 'running' && machine().status !== 'paused'))
      throw ApplicationFailure.nonRetryable('the sweep is ending; resume it afterwards', endingFailure);
  };
  setHandler(
    pauseSweep,
    async ({ now }) => {
      apply({ type: 'paused', at: Date.now() });
      showState('paused');
      await recorders().recordSweep({ sweep: spec.name, state: 'paused', ended: false });
      if (now) await cancelOpenSegments();
      return `paused; ${openSegments(machine())} segments ${now ? 'write a checkpoint and stop' : 'run to their rung'}`;
    },
    { validator: (_request) => requireOpen() },
  );
  setHandler(
    resumeSweep,
    async () => {
      apply({ type: 'resumed', at: Date.now() });
      showState('running');
      await recorders().recordSweep({ sweep: spec.name, state: 'running', ended: false });
      return 'running';
    },
    { validator: requireOpen },
  );
  // Never refused: a sweep may wait for its store or for a trainer without end, and whoever stops it knows that.
  setHandler(stopSweep, async () => {
    apply({ type: 'stopped' });
    stopPreparing();
    await cancelOpenSegments();
    return 'stopping';
  });
  setHandler(
    extendSweep,
    async (extension) => {
      apply({ type: 'extended', update: currentUpdateInfo()!.id, ...extension });
      await keepAmendment({ kind: 'extend', ...extension });
      return describeBudget(machine());
    },
    {
      validator: (extension: Extension) => {
        requireOpen();
        const problem = extensionProblem(machine(), extension);
        if (problem !== undefined) throw ApplicationFailure.nonRetryable(problem, 'usage');
      },
    },
  );
  setHandler(
    setConcurrency,
    async (concurrency) => {
      apply({ type: 'concurrencySet', concurrency });
      await keepAmendment({ kind: 'concurrency', concurrency });
      return `concurrency ${concurrency}`;
    },
    {
      validator: (concurrency) => {
        requireOpen();
        if (!Number.isInteger(concurrency) || concurrency < 1)
          throw ApplicationFailure.nonRetryable(
            `concurrency: ${concurrency} is not a whole number of at least 1`,
            'usage',
          );
      },
    },
  );
  setHandler(
    retryTrials,
    async (request: RetryRequest) => {
      const { fromScratch = false } = request;
      const chosen = chooseRetries(machine(), request).filter((trial) => !readying.has(trial));
      // Only what began from zero was on record before, and the sweep could end meanwhile; sweeps of then replay so.
      const kept = chosen.length > 0 && versions.since('retries-are-kept');
      if (kept || (fromScratch && chosen.length > 0)) {
        // A repeated request must not empty a trial that has begun anew.
        for (const trial of chosen) readying.add(trial);
        if (kept) retriesKept++;
        try {
          if (fromScratch) await control.resetTrials({ sweep: spec.name, trials: chosen });
          else await recorders().recordRetry({ sweep: spec.name, trials: chosen });
        } finally {
          for (const trial of chosen) readying.delete(trial);
          if (kept) retriesKept--;
        }
      }
      const answer = describeRetries(machine(), request, chosen);
      apply({ type: 'retried', trials: chosen, fromScratch });
      return answer;
    },
    {
      validator: (request: RetryRequest) => {
        requireOpen();
        const problem = problemOfRetry(machine(), request);
        if (problem !== undefined) throw ApplicationFailure.nonRetryable(problem, 'usage');
      },
    },
  );
  setHandler(
    enqueueTrial,
    async (parameters) => {
      apply({ type: 'enqueued', update: currentUpdateInfo()!.id, parameters });
      await keepAmendment({ kind: 'enqueue', parameters });
      return `${machine().enqueued.length} waiting`;
    },
    {
      validator: (parameters: Parameters) => {
        requireOpen();
        const problems = validateParameters(spec.space, parameters);
        if (problems.length > 0)
          throw ApplicationFailure.nonRetryable(`parameters: ${problems.join('; ')}`, 'usage');
      },
    },
  );
  return { busy: () => retriesKept > 0 };
}
