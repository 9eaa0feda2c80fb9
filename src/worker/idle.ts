import type { Worker } from '@temporalio/worker';

const lookMilliseconds = 1000;

/**
 * Calls `end` once a worker has had no task for so long: for machines that are paid by the hour, and for jobs that a scaler starts but
 * never ends. Stops looking when `stop` is aborted.
 * @param inFlight tasks that are being worked on now
 */
export function endWhenIdle(options: {
  inFlight: () => number;
  seconds: number;
  end: () => void;
  stop: AbortSignal;
  now?: () => number;
}): void {
  const { inFlight, seconds, end, stop, now = Date.now } = options;
  let idleSince = now();
  const timer = setInterval(() => {
    if (inFlight() > 0) idleSince = now();
    else if (now() - idleSince >= 1000 * seconds) {
      clearInterval(timer);
      end();
    }
  }, lookMilliseconds);
  stop.addEventListener('abort', () => clearInterval(timer), { once: true });
}

/** Tasks that a worker is at work on. */
export function tasksOf(worker: Worker): number {
  const { numInFlightActivities, numInFlightWorkflowActivations } = worker.getStatus();
  return numInFlightActivities + numInFlightWorkflowActivations;
}
