import {
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  CancelledFailure,
  getExternalWorkflowHandle,
  isCancellation,
  log,
  proxyActivities,
  proxyLocalActivities,
  sleep,
  TemporalFailure,
  TimeoutFailure,
} from '@temporalio/workflow';
import type { Activities, SegmentFailureDetails, SegmentProgress, TrainResult } from '../activities/types.js';
import { failureKinds, finalFailureKinds, type FailureKind } from '../src/errors.js';
import { trainQueue } from '../src/sweep/names.js';
import { defaultSupervision } from '../src/sweep/types.js';
import { segmentReport, type SegmentInput, type SegmentReport } from './messages.js';

const local = proxyLocalActivities<Activities>({
  startToCloseTimeout: '2 minutes',
  retry: { maximumInterval: '30 seconds' },
});
/**
 * One attempt each: what to do after a failure is decided here, by its kind and by the progress since the last one.
 * The heartbeat timeout is how long a killed worker goes unnoticed.
 */
const trainingActivities = (heartbeatSeconds: number, queue: string | undefined) =>
  proxyActivities<Activities>({
    taskQueue: trainQueue(queue),
    startToCloseTimeout: '30 days',
    heartbeatTimeout: heartbeatSeconds * 1000,
    cancellationType: 'WAIT_CANCELLATION_COMPLETED',
    retry: { maximumAttempts: 1 },
  });

/** Kinds that say nothing about the configuration: they are retried without end. */
const innocentKinds: readonly FailureKind[] = ['worker-lost', 'preempted', 'store-unavailable'];
const blamedKind = (kind: FailureKind) => !innocentKinds.includes(kind);

interface Failure {
  kind: FailureKind;
  message: string;
  details: SegmentFailureDetails;
}

/**
 * A trial's segment: training up to a rung and its evaluation there, or the one measurement on test data.
 * Idempotent as a whole: started again it finds its checkpoints and repeats at most the steps since the last one.
 */
export async function trialSegment(input: SegmentInput): Promise<void> {
  const { sweep, trial, rung, step, purpose } = input;
  const segment = { sweep, trial, rung, step };
  const { heartbeatSeconds } = input.supervision ?? defaultSupervision;
  const training = trainingActivities(heartbeatSeconds, input.queue);
  const report = async (outcome: SegmentReport) => {
    try {
      await getExternalWorkflowHandle(sweep).signal(segmentReport, outcome);
    } catch {
      // The sweep is gone. What was found is in the store, from where a resumed sweep reads it.
    }
  };
  let trained: TrainResult | undefined;
  // What trainers worked, lost attempts included.
  let seconds = 0;
  // The checkpoint a measurement needs may turn out to be damaged: then training fills the gap first.
  const trainAndEvaluate = async (split: 'validation' | 'test') => {
    const result = await training.train(segment);
    trained = trained ? addTraining(trained, result) : result;
    seconds += result.trainSeconds;
    const evaluate = await training.evaluate({ ...segment, split });
    seconds += evaluate.evaluateSeconds;
    return evaluate;
  };
  try {
    if (purpose === 'test') {
      const evaluate = await persistently(
        input,
        () => trainAndEvaluate('test'),
        () => undefined,
      );
      await local.recordTest({ ...segment, evaluate });
      await report({ trial, purpose, rung, outcome: 'finished', value: 0 });
      return;
    }
    if (!input.recorded)
      await local.recordStart({ sweep, trial, ...(input.job === undefined ? {} : { job: input.job }) });
    const evaluate = await persistently(
      input,
      () => trainAndEvaluate('validation'),
      (failure) => (seconds += failure.details.seconds ?? 0),
    );
    // Once it may tell the sweep of a result, a cancellation comes too late.
    const { told, ...objectives } = input.direct
      ? await CancellationScope.nonCancellable(() =>
          local.recordRung({ ...segment, train: trained!, evaluate, seconds }),
        )
      : await local.recordRung({ ...segment, train: trained!, evaluate });
    if (!told) await report({ trial, purpose, rung, outcome: 'finished', ...objectives, seconds });
  } catch (error) {
    await CancellationScope.nonCancellable(async () => {
      if (isCancellation(error)) {
        const last = beforeCancellation(error);
        const unwritten = await failureIn(() =>
          local.recordInterruption({
            sweep,
            trial,
            stepsTrained: (trained?.stepsTrained ?? 0) + (last?.stepsTrained ?? 0),
            seconds: (trained?.trainSeconds ?? 0) + (last?.seconds ?? 0),
          }),
        );
        const paid = purpose === 'train' ? { seconds: seconds + (last?.seconds ?? 0) } : {};
        if (unwritten) {
          const { kind, message } = unwritten;
          await report({ trial, purpose, rung, outcome: 'failed', kind, message, ...paid });
        } else await report({ trial, purpose, rung, outcome: 'interrupted', ...paid });
        return;
      }
      const failure = error instanceof GivenUp ? error.failure : failureOf(error);
      const { kind, message, details } = failure;
      // Where the measurement failed its training was paid all the same, and no other record holds it.
      const all = {
        ...(trained?.backend ? { backend: trained.backend } : {}),
        ...details,
        stepsTrained: (trained?.stepsTrained ?? 0) + details.stepsTrained,
        seconds: (trained?.trainSeconds ?? 0) + (details.seconds ?? 0),
      };
      const unwritten = await failureIn(() =>
        local.recordFailure({ sweep, trial, kind, message, details: all, givenUp: purpose === 'train' }),
      );
      if (unwritten) log.error('the failure could not be recorded', { trial, kind, message, unwritten });
      const paid = purpose === 'train' ? { seconds } : {};
      await report({ trial, purpose, rung, outcome: 'failed', kind, message, ...paid });
    });
  }
}

/**
 * What a recorder fails with where its record is missing or damaged, which no second try mends. The sweep is told of the segment's
 * end all the same: it would wait for it for ever.
 */
async function failureIn(record: () => Promise<void>): Promise<Failure | undefined> {
  try {
    await record();
    return undefined;
  } catch (error) {
    if (!(error instanceof TemporalFailure)) throw error;
    return failureOf(error);
  }
}

/** One segment's training over several attempts: steps and seconds add up. */
function addTraining(earlier: TrainResult, later: TrainResult): TrainResult {
  const trainSeconds = earlier.trainSeconds + later.trainSeconds;
  const stepsTrained = earlier.stepsTrained + later.stepsTrained;
  const warnings = [...(earlier.warnings ?? []), ...(later.warnings ?? [])];
  return {
    ...later,
    ...(warnings.length > 0 ? { warnings } : {}),
    trainSeconds,
    stepsTrained,
    stepsPerSecond: trainSeconds > 0 ? stepsTrained / trainSeconds : 0,
  };
}

class GivenUp extends Error {
  readonly failure: Failure;
  constructor(failure: Failure) {
    super(failure.message);
    this.failure = failure;
  }
}

/** Runs until it succeeds, is cancelled, fails for good, or has failed too often without a step of progress. */
async function persistently<T>(
  input: SegmentInput,
  run: () => Promise<T>,
  onFailure: (failure: Failure) => void,
): Promise<T> {
  const { retries, supervision = defaultSupervision } = input;
  const { retryFirstSeconds, retryLongestSeconds } = supervision;
  let withoutProgress = 0;
  let storeFailures = 0;
  let furthest = -1;
  for (;;) {
    try {
      return await run();
    } catch (error) {
      if (isCancellation(error)) throw error;
      const failure = failureOf(error);
      onFailure(failure);
      const { kind, message, details } = failure;
      if (details.step > furthest) {
        furthest = details.step;
        withoutProgress = 0;
      }
      storeFailures = kind === 'store-unavailable' ? storeFailures + 1 : 0;
      if (blamedKind(kind)) withoutProgress++;
      const final = finalFailureKinds.includes(kind) || withoutProgress > retries;
      if (final) throw new GivenUp(failure);
      await local.recordFailure({
        sweep: input.sweep,
        trial: input.trial,
        kind,
        message,
        details,
        givenUp: false,
      });
      // A lost or preempted worker is no reason to wait: the trial goes on as soon as another one is free.
      const inRow = kind === 'store-unavailable' ? storeFailures : blamedKind(kind) ? withoutProgress : 0;
      if (inRow > 0)
        await sleep(1000 * Math.min(retryLongestSeconds, retryFirstSeconds * 2 ** Math.min(inRow - 1, 30)));
    }
  }
}

/** What an activity trained before it was cancelled; its checkpoint keeps it. */
function beforeCancellation(error: unknown): SegmentFailureDetails | undefined {
  const cause = error instanceof ActivityFailure ? error.cause : error;
  return cause instanceof CancelledFailure
    ? (cause.details?.[0] as SegmentFailureDetails | undefined)
    : undefined;
}

function failureOf(error: unknown): Failure {
  const cause = error instanceof ActivityFailure ? error.cause : error;
  if (cause instanceof TimeoutFailure) {
    const progress = cause.lastHeartbeatDetails as SegmentProgress | undefined;
    return {
      kind: 'worker-lost',
      message: 'the worker stopped reporting: it was killed, or lost its connection',
      details: {
        step: progress?.step ?? 0,
        stepsTrained: progress?.stepsTrained ?? 0,
        seconds: progress?.seconds ?? 0,
        ...(progress?.backend === undefined ? {} : { backend: progress.backend }),
      },
    };
  }
  if (cause instanceof ApplicationFailure) {
    const kind = failureKinds.find((known) => known === cause.type) ?? 'crashed';
    const details = cause.details?.[0] as SegmentFailureDetails | undefined;
    return { kind, message: cause.message, details: details ?? { step: 0, stepsTrained: 0 } };
  }
  const message = cause instanceof Error ? cause.message : String(cause);
  return { kind: 'crashed', message, details: { step: 0, stepsTrained: 0 } };
}
