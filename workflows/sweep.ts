import { TemporalFailure } from '@temporalio/common';
import {
  allHandlersFinished,
  CancellationScope,
  condition,
  continueAsNew,
  getExternalWorkflowHandle,
  log,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import { segmentWorkflowId } from '../src/sweep/names.js';
import { deadline, hasTimeAfterAll } from '../src/sweep/budget.js';
import { packMachine, unpackMachine } from '../src/sweep/pack.js';
import {
  initialMachine,
  nextAction,
  openSegments,
  reduce,
  type SweepAction,
  type SweepEvent,
} from '../src/sweep/state.js';
import { defaultSupervision, type SweepState } from '../src/sweep/types.js';
import { sweepFailureOf } from '../src/temporal/sweepFailure.js';
import { control } from './controlActivities.js';
import { segmentReport, sweepStatus, type SegmentInput, type SweepInput } from './messages.js';
import { createDataPreparation } from './dataPreparation.js';
import { createNewTrials } from './newTrials.js';
import { createNotifier } from './notify.js';
import { createSegmentStarts } from './segmentStarts.js';
import { settle } from './settle.js';
import { createShownState } from './shownState.js';
import { handleUpdates } from './updates.js';
import { versionsOfRun } from './versions.js';

/** How long no report comes before a run ends, and how many are waited for. */
const quietMilliseconds = 1000;
const mostReportsAwaited = 64;

/**
 * One sweep: asks the state machine (src/sweep/state.ts) what to do with each free slot, does it, and feeds back what
 * happened. Trials' segments are abandoned children that report by signal, so this workflow continues as new at any time.
 */
export async function sweep(input: SweepInput): Promise<SweepState> {
  const { spec } = input;
  const versions = versionsOfRun();
  const { askedOnce, since, records } = versions;
  const rungCount = spec.pruner.rungs.length;
  // Children may be terminated or time out behind the sweep's back: looked for as often as a worker may be silent.
  const reconcileMilliseconds = 1000 * (spec.supervision ?? defaultSupervision).heartbeatSeconds;
  let machine = input.machine ? unpackMachine(input.machine) : initialMachine(spec, input.concurrency);
  let changed = true;
  let reconciledAt = Date.now();
  const { showState, showBest } = createShownState(spec, machine);
  let ready = input.machine !== undefined || !input.rebuild;
  const apply = (event: SweepEvent) => {
    machine = reduce(machine, event, rungCount);
    changed = true;
  };

  const notifier = createNotifier(spec, input.failuresTold ?? 0);
  let startFailure: Error | undefined;
  const starts = createSegmentStarts((error) => {
    startFailure ??= error;
    changed = true;
  }, versions);
  setHandler(sweepStatus, () => machine);
  setHandler(segmentReport, (report) => {
    starts.reported(report.trial);
    // A report of a segment that is not open here is a repetition.
    const row = machine.trials[report.trial];
    if (row && row.segment?.kind !== report.purpose && report.outcome !== 'finished') return;
    const { trial } = report;
    const seconds = report.seconds === undefined ? {} : { seconds: report.seconds };
    if (report.outcome === 'failed') {
      const { kind, message } = report;
      apply({ type: 'segmentFailed', trial, kind, ...seconds });
      notifier.failed({ trial, kind, message });
    } else if (report.outcome === 'interrupted') apply({ type: 'segmentInterrupted', trial, ...seconds });
    else if (report.purpose === 'test') apply({ type: 'tested', trial });
    else {
      const { rung, value, others } = report;
      const more = others ? { others } : {};
      apply({ type: 'segmentFinished', trial, rung, value, ...more, ...seconds });
      showBest(machine);
    }
  });

  const data = createDataPreparation(spec, () => machine.stopping, versions);
  const cancelOpenSegments = async () => {
    const open = machine.trials.filter((row) => row.segment);
    await Promise.all(
      open.map(async ({ trial }) => {
        const starting = starts.confirmed(trial);
        if (starting) await starting;
        await getExternalWorkflowHandle(segmentWorkflowId(spec.name, trial))
          .cancel()
          .catch((error: unknown) => log.warn('segment not found for cancellation', { trial, error }));
      }),
    );
  };
  const updates = handleUpdates({
    spec,
    machine: () => machine,
    ready: () => ready,
    apply,
    showState,
    cancelOpenSegments,
    stopPreparing: data.giveUp,
    versions,
  });

  const rebuildFromStore = async () => {
    const rebuilt = unpackMachine(
      await control.rebuild({
        spec,
        concurrency: input.concurrency,
        ...(input.retry === undefined ? {} : { retry: input.retry }),
      }),
    );
    const { stopping } = machine;
    machine = rebuilt;
    if (stopping) apply({ type: 'stopped' });
    apply({ type: 'started', at: Date.now() });
    ready = true;
  };
  const begin = async () => {
    showState('running');
    // It may be paused or stopped before that is written.
    if (askedOnce) await recordGoingOn();
    else await records.recordSweep({ sweep: spec.name, state: 'running', ended: false });
    // The data set may wait for a trainer without end; the sweep can be asked and changed meanwhile, once its trials are known.
    const rebuildsFirst = input.rebuild && since('rebuild-before-data');
    if (rebuildsFirst) await rebuildFromStore();
    await data.prepare();
    if (input.rebuild && !rebuildsFirst) await rebuildFromStore();
  };

  /** Trials whose record says that they are running, and whose first segment is about to be started. */
  const begun = new Set<number>();
  const newTrial = createNewTrials(spec, () => machine, apply, notifier, versions);
  const carryOut = async (action: Exclude<SweepAction, { kind: 'finish' }>) => {
    if (action.kind === 'create') {
      if (await newTrial(action)) begun.add(action.trial);
      return;
    }
    const { trial, purpose, rung } = action;
    apply({ type: 'segmentStarted', trial, kind: purpose, rung, at: Date.now() });
    const job = machine.trials[trial]!.jobs?.at(-1);
    const segment: SegmentInput = {
      sweep: spec.name,
      trial,
      purpose,
      rung,
      step: spec.pruner.rungs[rung]!,
      retries: spec.retries,
      ...(spec.supervision ? { supervision: spec.supervision } : {}),
      ...(spec.resources?.queue === undefined ? {} : { queue: spec.resources.queue }),
      ...(job === undefined ? {} : { job }),
      ...(begun.delete(trial) ? { recorded: true } : {}),
      direct: true,
    };
    await starts.start(segment);
  };

  /** What was about to be started and is not, since the sweep was paused or has to end just then, waits. */
  const giveBack = async () => {
    for (const trial of begun)
      await records
        .recordInterruption({ sweep: spec.name, trial, stepsTrained: 0 })
        .catch((error: unknown) => {
          // Its record is gone or damaged: its segment fails with that when it starts.
          log.warn('a trial could not be given back', { trial, error });
        });
    begun.clear();
  };

  /** The store says what the sweep is, whatever becomes of it meanwhile. */
  const recordGoingOn = async () => {
    for (let state: SweepState | undefined; state !== machine.status;) {
      state = machine.status;
      await records.recordSweep({ sweep: spec.name, state, ended: false });
    }
  };

  const run = async (): Promise<SweepState> => {
    apply({ type: 'started', at: Date.now() });
    if (!input.machine) await begin();
    for (;;) {
      changed = false;
      if (startFailure) throw startFailure;
      await watchTime();
      await notifier.flush();
      for (let action = nextAction(machine, spec); action; action = nextAction(machine, spec)) {
        if (action.kind === 'finish') {
          if (updates.busy()) {
            await condition(() => !updates.busy());
            continue;
          }
          await giveBack();
          await records.recordSweep({ sweep: spec.name, state: action.state, ended: true });
          if (updates.busy()) await condition(() => !updates.busy());
          // Something may have arrived while the end was written: then it is not the end.
          if (nextAction(machine, spec)?.kind !== 'finish') {
            if (since('goes-on-after-its-end')) await recordGoingOn();
            continue;
          }
          apply({ type: 'finished', state: action.state });
          showState(action.state);
          await notifier.finished(machine, action.state);
          await starts.allConfirmed();
          await condition(allHandlersFinished);
          return action.state;
        }
        await carryOut(action);
        // In a busy sweep there is always something to do: nothing new is begun until the next run has taken over.
        if (workflowInfo().continueAsNewSuggested) break;
      }
      await giveBack();
      if (workflowInfo().continueAsNewSuggested) {
        await starts.allConfirmed();
        await quiet();
        await settle(
          notifier,
          () => since('notices-before-handlers'),
          () => condition(allHandlersFinished),
        );
        await continueAsNew<typeof sweep>({
          ...input,
          machine: packMachine(machine),
          ...(notifier.told > 0 ? { failuresTold: notifier.told } : {}),
        });
      }
      // Measured from the last look, not from the last event: in a busy sweep something always happens.
      const now = Date.now();
      const until = Math.min(reconciledAt + reconcileMilliseconds, deadline(machine, now)?.at ?? Infinity);
      const wait = Math.max(0, until - now);
      if (wait > 0) await condition(() => changed || workflowInfo().continueAsNewSuggested, wait);
      if (Date.now() - reconciledAt >= reconcileMilliseconds) await reconcile();
    }
  };

  /** What nobody looks at a server for: why the sweep is over. */
  const recordFailure = async (error: TemporalFailure) => {
    const failure = sweepFailureOf(error);
    apply({ type: 'finished', state: 'failed' });
    showState('failed');
    await records
      .recordSweep({ sweep: spec.name, state: 'failed', ended: true, failure })
      .catch((unwritten: unknown) => log.error('the failure could not be recorded', { failure, unwritten }));
    await notifier.flush();
    await notifier.finished(machine, 'failed', failure);
    await starts.allConfirmed();
    await condition(allHandlersFinished);
  };
  try {
    return await run();
  } catch (error) {
    // What is no failure to Temporal ends no workflow: continue-as-new, and our own mistakes, which the next version of a worker mends.
    if (error instanceof TemporalFailure && since('failures-are-recorded'))
      await CancellationScope.nonCancellable(() => recordFailure(error));
    throw error;
  }

  /**
   * Waits until no report comes in for a while: the server refuses to end a run that has just been told something, and the worker
   * then replays all of it. Nothing new is begun meanwhile, so there are as many reports at most as segments were open.
   */
  async function quiet(): Promise<void> {
    for (let reports = 0; reports < mostReportsAwaited; reports++) {
      changed = false;
      if (!(await condition(() => changed, quietMilliseconds))) return;
    }
  }

  /** When a budget of time is used up, what is open writes a checkpoint and gives its trainer back. */
  async function watchTime(): Promise<void> {
    const now = Date.now();
    const due = deadline(machine, now);
    if (due && due.at <= now) {
      log.info('a budget of time is used up', { budget: due.budget });
      apply({ type: 'spent', budget: due.budget });
      await cancelOpenSegments();
    } else if (hasTimeAfterAll(machine) && openSegments(machine) === 0) apply({ type: 'regained' });
  }

  async function reconcile(): Promise<void> {
    await starts.allConfirmed();
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
