import { asyncLocalStorage, Context } from '@temporalio/activity';

/** What an activity is told of itself. */
export interface ActivityPlace {
  activityId: string;
  activityType?: string;
  onHeartbeat?: () => void;
}

/** Runs something as an activity that is never cancelled. */
export function inActivity<T>(
  { activityId, activityType = 'any', onHeartbeat }: ActivityPlace,
  run: () => Promise<T>,
): Promise<T> {
  const info = {
    currentAttemptScheduledTimestampMs: Date.now(),
    activityId,
    activityType,
    attempt: 1,
    workflowExecution: { workflowId: 'any', runId: 'run' },
  } as Context['info'];
  const context = new Context(
    info,
    new Promise<never>(() => undefined),
    new AbortController().signal,
    () => onHeartbeat?.(),
    undefined,
    undefined as never,
    undefined as never,
    {},
  );
  return asyncLocalStorage.run(context, run);
}
