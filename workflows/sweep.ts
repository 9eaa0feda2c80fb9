import { defineSearchAttributeKey, WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  allHandlersFinished,
  ApplicationFailure,
  condition,
  continueAsNew,
  currentUpdateInfo,
  getExternalWorkflowHandle,
  log,
  ParentClosePolicy,
  proxyActivities,
  proxyLocalActivities,
  setHandler,
  startChild,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { Activities } from '../activities/types.js';
import { controlQueue, segmentWorkflowId, trainQueue } from '../src/sweep/names.js';
import { chooseRetries, describeRetries, problemOfRetry, type RetryRequest } from '../src/sweep/retry.js';
import {
  bestTrial,
  initialMachine,
  nextAction,
  openSegments,
  reduce,
  type SweepAction,
  type SweepEvent,
} from '../src/sweep/state.js';
import { defaultSupervision, type SweepAmendment, type SweepState } from '../src/sweep/types.js';
import {
  enqueueTrial,
  extendSweep,
  pauseSweep,
  resumeSweep,
  retryTrials,
  segmentReport,
  setConcurrency,
  stopSweep,
  sweepStatus,
  type SegmentInput,
  type SweepInput,
} from './messages.js';
import type { trialSegment } from './trial.js';

const local = proxyLocalActivities<Activities>({
  startToCloseTimeout: '2 minutes',
  retry: { maximumInterval: '30 seconds', nonRetryableErrorTypes: ['bad-configuration', 'data-missing'] },
});
const control = proxyActivities<Activities>({
  taskQueue: controlQueue,
  startToCloseTimeout: '30 minutes',
  heartbeatTimeout: '1 minute',
  retry: { maximumInterval: '1 minute' },
});
const training = proxyActivities<Activities>({
  taskQueue: trainQueue,
  startToCloseTimeout: '24 hours',
  heartbeatTimeout: '30 seconds',
  retry: { maximumInterval: '1 minute', nonRetryableErrorTypes: ['bad-configuration', 'data-missing'] },
});

/** An amendment as an update asks for it; who and when are added where it is kept. */
type Amendment = SweepAmendment extends infer Kind
  ? Kind extends unknown
    ? Omit<Kind, 'id' | 'at'>
    : never
  : never;

const attribute = {
  sweep: defineSearchAttributeKey('RgsweepSweep', 'KEYWORD'),
  task: defineSearchAttributeKey('RgsweepTask', 'KEYWORD'),
  state: defineSearchAttributeKey('RgsweepState', 'KEYWORD'),
  best: defineSearchAttributeKey('RgsweepBest', 'DOUBLE'),
  family: defineSearchAttributeKey('RgsweepFamily', 'KEYWORD'),
};

/**
 * One sweep: asks the state machine (src/sweep/state.ts) what to do with each free slot, does it, and feeds back what
 * happened. Trials' segments are abandoned children that report by signal, so this workflow continues as new at any time.
 */
export async function sweep(input: SweepInput): Promise<SweepState> {
  const { spec } = input;
  const rungCount = spec.pruner.rungs.length;
  // Children may be terminated or time out behind the sweep's back: looked for as often as a worker may be silent.
  const reconcileMilliseconds = 1000 * (spec.supervision ?? defaultSupervision).heartbeatSeconds;
  let machine = input.machine ?? initialMachine(spec, input.concurrency);
  let changed = true;
  let reconciledAt = Date.now();
  let ready = input.machine !== undefined || !input.rebuild;
  const apply = (event: SweepEvent) => {
    machine = reduce(machine, event, rungCount);
    changed = true;
  };

  const showState = (state: SweepState) =>
    upsertSearchAttributes([
      { key: attribute.sweep, value: spec.name },
      { key: attribute.task, value: spec.task.name },
      { key: attribute.state, value: state },
    ]);
  const showBest = () => {
    const best = bestTrial(machine, rungCount);
    const value = best?.values.at(-1);
    if (!best || value === undefined) return;
    upsertSearchAttributes([
      { key: attribute.best, value: spec.objective.direction === 'maximize' ? -value : value },
      ...(best.family === undefined ? [] : [{ key: attribute.family, value: best.family }]),
    ]);
  };

  /** Trials whose checkpoints are being deleted, to begin from zero. */
  const resetting = new Set<number>();
  setHandler(sweepStatus, () => machine);
  setHandler(segmentReport, (report) => {
    // A report of a segment that is not open here is a repetition.
    const row = machine.trials[report.trial];
    if (row && row.segment?.kind !== report.purpose && report.outcome !== 'finished') return;
    if (report.outcome === 'failed') apply({ type: 'segmentFailed', trial: report.trial, kind: report.kind });
    else if (report.outcome === 'interrupted') apply({ type: 'segmentInterrupted', trial: report.trial });
    else if (report.purpose === 'test') apply({ type: 'tested', trial: report.trial });
    else {
      const before = bestTrial(machine, rungCount)?.values.at(-1);
      apply({ type: 'segmentFinished', trial: report.trial, rung: report.rung, value: report.value });
      if (bestTrial(machine, rungCount)?.values.at(-1) !== before) showBest();
    }
  });

  const cancelOpenSegments = async () => {
    const open = machine.trials.filter((row) => row.segment);
    await Promise.all(
      open.map((row) =>
        getExternalWorkflowHandle(segmentWorkflowId(spec.name, row.trial))
          .cancel()
          .catch((error: unknown) =>
            log.warn('segment not found for cancellation', { trial: row.trial, error }),
          ),
      ),
    );
  };
  const keepAmendment = (amendment: Amendment) =>
    local.recordAmendment({
      sweep: spec.name,
      amendment: { id: currentUpdateInfo()!.id, at: new Date().toISOString(), ...amendment },
    });
  const requireReady = () => {
    if (!ready)
      throw ApplicationFailure.nonRetryable(
        'the sweep is being rebuilt from the store; try again',
        'conflict',
      );
  };
  const requireOpen = () => {
    requireReady();
    if (machine.stopping || (machine.status !== 'running' && machine.status !== 'paused'))
      throw ApplicationFailure.nonRetryable('the sweep is ending; resume it afterwards', 'conflict');
  };
  setHandler(
    pauseSweep,
    async ({ now }) => {
      apply({ type: 'paused' });
      showState('paused');
      await local.recordSweep({ sweep: spec.name, state: 'paused', ended: false });
      if (now) await cancelOpenSegments();
      return `paused; ${openSegments(machine)} segments ${now ? 'write a checkpoint and stop' : 'run to their rung'}`;
    },
    { validator: (_request) => requireOpen() },
  );
  setHandler(
    resumeSweep,
    async () => {
      apply({ type: 'resumed' });
      showState('running');
      await local.recordSweep({ sweep: spec.name, state: 'running', ended: false });
      return 'running';
    },
    { validator: requireOpen },
  );
  setHandler(
    stopSweep,
    async () => {
      apply({ type: 'stopped' });
      await cancelOpenSegments();
      return 'stopping';
    },
    { validator: requireReady },
  );
  setHandler(
    extendSweep,
    async ({ trials }) => {
      apply({ type: 'extended', trials });
      await keepAmendment({ kind: 'extend', trials });
      return `budget ${machine.trialBudget} trials`;
    },
    {
      validator: ({ trials }) => {
        requireOpen();
        if (!Number.isInteger(trials) || trials < 1)
          throw ApplicationFailure.nonRetryable(
            `trials: ${trials} is not a whole number of at least 1`,
            'usage',
          );
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
      const chosen = chooseRetries(machine, request).filter((trial) => !resetting.has(trial));
      if (fromScratch && chosen.length > 0) {
        // A repeated request must not empty a trial that has begun anew.
        for (const trial of chosen) resetting.add(trial);
        try {
          await control.resetTrials({ sweep: spec.name, trials: chosen });
        } finally {
          for (const trial of chosen) resetting.delete(trial);
        }
      }
      const answer = describeRetries(machine, request, chosen);
      apply({ type: 'retried', trials: chosen, fromScratch });
      return answer;
    },
    {
      validator: (request: RetryRequest) => {
        requireOpen();
        const problem = problemOfRetry(machine, request);
        if (problem !== undefined) throw ApplicationFailure.nonRetryable(problem, 'usage');
      },
    },
  );
  setHandler(
    enqueueTrial,
    async (parameters) => {
      apply({ type: 'enqueued', parameters });
      await keepAmendment({ kind: 'enqueue', parameters });
      return `${machine.enqueued.length} waiting`;
    },
    { validator: (_parameters) => requireOpen() },
  );

  if (!input.machine) {
    showState('running');
    await local.recordSweep({ sweep: spec.name, state: 'running', ended: false });
    await training.prepareData({ spec });
    if (input.rebuild) {
      machine = await control.rebuild({
        spec,
        concurrency: input.concurrency,
        ...(input.retry === undefined ? {} : { retry: input.retry }),
      });
      ready = true;
    }
  }

  const carryOut = async (action: Exclude<SweepAction, { kind: 'finish' }>) => {
    if (action.kind === 'create') {
      const { trial, source } = action;
      const origin = {
        ...(source.from === 'baseline' ? { baseline: source.name } : {}),
        ...(source.from === 'enqueued' ? { enqueued: true } : {}),
      };
      const outcomes = machine.trials.map((row) => ({
        trial: row.trial,
        baseline: row.baseline !== undefined,
        state: row.state,
        values: row.values,
      }));
      try {
        const created = await local.suggest({ spec, trial, source, outcomes });
        const equals = created.equals === undefined ? {} : { equals: created.equals };
        apply({ type: 'created', trial, family: created.family, ...origin, ...equals });
      } catch (error) {
        log.error('a trial could not be created', { trial, error });
        apply({ type: 'creationFailed', trial, ...origin });
      }
      return;
    }
    const { trial, purpose, rung } = action;
    apply({ type: 'segmentStarted', trial, kind: purpose, rung });
    const segment: SegmentInput = {
      sweep: spec.name,
      trial,
      purpose,
      rung,
      step: spec.pruner.rungs[rung]!,
      retries: spec.retries,
      ...(spec.supervision ? { supervision: spec.supervision } : {}),
    };
    try {
      await startChild<typeof trialSegment>('trialSegment', {
        workflowId: segmentWorkflowId(spec.name, trial),
        args: [segment],
        parentClosePolicy: ParentClosePolicy.ABANDON,
      });
    } catch (error) {
      // Still open from before a restart of this sweep: it will report to the same workflow id.
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    }
  };

  for (;;) {
    changed = false;
    for (let action = nextAction(machine, spec); action; action = nextAction(machine, spec)) {
      if (action.kind === 'finish') {
        await local.recordSweep({ sweep: spec.name, state: action.state, ended: true });
        // Something may have arrived while the end was written: then it is not the end.
        if (nextAction(machine, spec)?.kind !== 'finish') continue;
        apply({ type: 'finished', state: action.state });
        showState(action.state);
        await condition(allHandlersFinished);
        return action.state;
      }
      await carryOut(action);
    }
    if (workflowInfo().continueAsNewSuggested) {
      await condition(allHandlersFinished);
      await continueAsNew<typeof sweep>({ ...input, machine });
    }
    // Measured from the last look, not from the last event: in a busy sweep something always happens.
    const wait = Math.max(0, reconciledAt + reconcileMilliseconds - Date.now());
    if (wait > 0) await condition(() => changed || workflowInfo().continueAsNewSuggested, wait);
    if (Date.now() - reconciledAt >= reconcileMilliseconds) await reconcile();
  }

  async function reconcile(): Promise<void> {
    reconciledAt = Date.now();
    const open = machine.trials.filter((row) => row.segment).map((row) => row.trial);
    if (open.length === 0) return;
    const closed = await control.closedSegments({ sweep: spec.name, trials: open });
    for (const trial of closed) {
      if (!machine.trials[trial]?.segment) continue;
      log.warn('a segment was closed behind the sweep; it is started again', { trial });
      apply({ type: 'segmentInterrupted', trial });
    }
  }
}
