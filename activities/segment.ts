import { mkdir, mkdtemp } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { activityInfo, ApplicationFailure, CancelledFailure, Context } from '@temporalio/activity';
import { RgsweepError, failureKinds, messageOf } from '../src/errors.js';
import { readSpec, readTrial } from '../src/store/records.js';
import { removeFolder } from '../src/store/removeFolder.js';
import type { SweepSpec, TrialRecord } from '../src/sweep/types.js';
import type { TrainerRecorder } from '../src/metrics/metrics.js';
import type { Dependencies } from './dependencies.js';
import { openLogbook, type Logbook } from './logbook.js';
import { withPatience } from './patience.js';
import type { SegmentActivityInput, SegmentFailureDetails, SegmentProgress } from './types.js';

/** Of a preemption notice, what is left for uploading the checkpoint and saying goodbye. */
const uploadSeconds = 5;
/** A log that has new lines is written at least this often. */
const logMilliseconds = 30_000;
/** Seconds that a trainer has for its checkpoint after SIGTERM. */
export const graceSeconds = (noticeSeconds: number): number => Math.max(1, noticeSeconds - uploadSeconds);

const heartbeatMilliseconds = 2000;

/** What `train` and `evaluate` share: the trial, a private folder, heartbeats and the two ways to be ended. */
export interface SegmentRun {
  spec: SweepSpec;
  record: TrialRecord;
  /** Private, emptied afterwards. */
  folder: string;
  /** Who this attempt is, for the lease. */
  owner: string;
  progress: SegmentProgress;
  /** Asked to end with a checkpoint. */
  stop: AbortSignal;
  /** Ended at once: another attempt owns the trial. */
  kill: AbortSignal;
  abandon: () => void;
  /** The trainer's place in the metrics. */
  trainer: TrainerRecorder;
  /** Everything so far is in the store: what comes after it would be lost with this process. */
  kept: () => void;
  logbook: Logbook;
  /** Something that a person should know of: into the trial's log and record, and into the worker's own log. */
  warn: (message: string) => void;
  /** Work on the store that waits while the store cannot be used, and shows why; repeated as a whole. */
  patiently: <T>(work: () => Promise<T>) => Promise<T>;
}

/**
 * Runs an activity's work with heartbeats, and turns whatever goes wrong into what the segment workflow understands:
 * an `ApplicationFailure` whose type is the failure kind and whose details say how far it got.
 */
export async function runSegment<T>(
  dependencies: Dependencies,
  input: SegmentActivityInput,
  purpose: SegmentProgress['purpose'],
  work: (run: SegmentRun) => Promise<T>,
): Promise<T> {
  const context = Context.current();
  const { store, cacheFolder, log } = dependencies;
  const stop = new AbortController();
  const kill = new AbortController();
  const { currentAttemptScheduledTimestampMs } = activityInfo();
  const trainer = dependencies.metrics.trainerStarted({
    waitedSeconds: Math.max(0, Date.now() - currentAttemptScheduledTimestampMs) / 1000,
    of: { sweep: input.sweep, trial: input.trial },
  });
  let keptAt = Date.now();
  let wastedSeconds = 0;
  const progress: SegmentProgress = { purpose, step: 0, toStep: input.step, stepsTrained: 0 };
  let cancelled: unknown;
  let lost = false;
  context.cancelled.catch((reason: unknown) => {
    cancelled = reason;
    lost = reason instanceof Error && /NOT_FOUND|TIMED_OUT|GONE/i.test(reason.message);
    (lost ? kill : stop).abort();
  });
  const { sweep, trial } = input;
  const logbook = openLogbook(store, { sweep, trial, purpose }, (error) =>
    log.warn({ sweep, trial }, `the trial's log could not be written: ${messageOf(error)}`),
  );
  const writeLogs = setInterval(() => void logbook.flush(), logMilliseconds);
  const warn = (message: string) => {
    logbook.add('warning', message);
    log.warn({ sweep, trial }, message);
  };
  // A last checkpoint may wait for the store as long as its trainer may for itself.
  const giveUp = new AbortController();
  let giveUpTimer: NodeJS.Timeout | undefined;
  kill.signal.addEventListener('abort', () => giveUp.abort());
  stop.signal.addEventListener('abort', () => {
    const { noticeSeconds } = dependencies;
    giveUpTimer = setTimeout(() => giveUp.abort(), 1000 * graceSeconds(noticeSeconds));
  });
  const patiently = <T>(work: () => Promise<T>): Promise<T> =>
    withPatience(work, {
      giveUp: giveUp.signal,
      onWait: (error, milliseconds) => {
        if (progress.waiting === undefined) warn(`waiting for the store: ${error.message}`);
        progress.waiting = error.message;
        log.info({ sweep, trial }, `the store is tried again in ${Math.round(milliseconds / 1000)} s`);
      },
      onSuccess: () => {
        delete progress.waiting;
        logbook.add('info', 'the store answers again');
      },
    });
  const begun = performance.now();
  const seconds = () => (performance.now() - begun) / 1000;
  const heart = setInterval(
    () => context.heartbeat({ ...progress, seconds: seconds() }),
    heartbeatMilliseconds,
  );
  let folder: string | undefined;
  try {
    const [spec, record] = await patiently(() =>
      Promise.all([readSpec(store, sweep), readTrial(store, sweep, trial)]),
    );
    if (!spec || !record)
      throw new RgsweepError(
        'data-missing',
        `${store.url} has no ${spec ? `trial ${input.trial}` : 'spec'} of sweep ${input.sweep}`,
        { remedy: 'start the workers with the store that the sweep was launched with' },
      );
    const work_ = join(cacheFolder, 'work');
    await mkdir(work_, { recursive: true });
    folder = await mkdtemp(join(work_, `${input.sweep}-${input.trial}-`));
    const { activityId, attempt, workflowExecution } = activityInfo();
    const result = await work({
      spec,
      record,
      folder,
      owner: `${workflowExecution?.runId}/${activityId}/${attempt}/${basename(folder)}`,
      progress,
      stop: stop.signal,
      kill: kill.signal,
      abandon: () => kill.abort(),
      trainer,
      kept: () => {
        keptAt = Date.now();
        trainer.kept();
      },
      logbook,
      warn,
      patiently,
    });
    return result;
  } catch (error) {
    // When the server gave this attempt up, the next one counts what is repeated.
    if (!lost) wastedSeconds = (Date.now() - keptAt) / 1000;
    if (error instanceof CancelledFailure || error instanceof ApplicationFailure) throw error;
    const kind = error instanceof RgsweepError ? error.kind : 'crashed';
    const known = failureKinds.find((name) => name === kind) ?? 'crashed';
    const details: SegmentFailureDetails = {
      step: progress.step,
      stepsTrained: progress.stepsTrained,
      seconds: seconds(),
      ...(progress.backend === undefined ? {} : { backend: progress.backend }),
      ...(logbook.warnings.length > 0 ? { warnings: [...logbook.warnings] } : {}),
    };
    if (known === 'cancelled' || (stop.signal.aborted && known === 'preempted')) {
      const reason = cancelled instanceof Error ? cancelled.message : '';
      logbook.add('info', `ended at step ${progress.step} as it was asked to (${reason || 'cancelled'})`);
      if (/WORKER_SHUTDOWN/i.test(reason))
        throw ApplicationFailure.retryable(
          'the worker shut down; the trial goes on elsewhere',
          'preempted',
          details,
        );
      throw new CancelledFailure(reason || 'cancelled', [details]);
    }
    const message = messageOf(error);
    logbook.add('error', `${known}: ${message}`);
    log.warn({ sweep: input.sweep, trial: input.trial, kind: known, step: progress.step }, message);
    throw ApplicationFailure.create({ message, type: known, details: [details], nonRetryable: true });
  } finally {
    trainer.ended({ wastedSeconds });
    clearInterval(writeLogs);
    clearTimeout(giveUpTimer);
    try {
      await logbook.close();
      // What is left in the cache is no reason to lose what the attempt has found.
      if (folder)
        await removeFolder(folder).catch((error: unknown) =>
          log.warn({ sweep, trial }, `the attempt's folder could not be removed: ${messageOf(error)}`),
        );
    } finally {
      // Until here the attempt has not ended: a silent one would be given up, and what it has done be paid again.
      clearInterval(heart);
    }
  }
}
