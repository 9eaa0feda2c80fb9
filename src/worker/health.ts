import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import type { Worker } from '@temporalio/worker';
import type { Logger } from 'pino';
import { messageOf } from '../errors.js';
import { listPollers, longPollMilliseconds } from '../temporal/pollers.js';

/** What is known of a worker; times in milliseconds since 1970. */
export interface HealthFacts {
  /** Temporal's word for what the worker does. */
  state: string;
  /** Last time the server answered us. */
  answeredAt: number;
  /** Last time that this worker asked for a task, as the server says. */
  polledAt: number;
  /** Since when it has had a free slot without a break; undefined: it has none. */
  freeSince: number | undefined;
}

export interface Verdict {
  ok: boolean;
  reason: string;
}

const lookMilliseconds = 15_000;
const deadlineMilliseconds = 10_000;
/** No answer for so long: the worker is not ready. Starting it again would not bring the server back. */
export const silentServerMilliseconds = 60_000;
/** With a free slot, a worker asks every minute; after so long without a question it never will again. */
export const stuckMilliseconds = 5 * longPollMilliseconds;

/**
 * Should this process be started again? Only when the server answers, a slot is free and still no task is asked for: a worker that is
 * busy, or whose server is away, is left alone, since ending it would cost its trainers' time and mend nothing.
 */
export function liveness(facts: HealthFacts, now: number): Verdict {
  const { state, answeredAt, polledAt, freeSince } = facts;
  if (state === 'FAILED') return { ok: false, reason: 'the worker has failed' };
  if (state !== 'RUNNING') return { ok: true, reason: `the worker is ${state.toLowerCase()}` };
  const idle = freeSince === undefined ? 0 : now - Math.max(freeSince, polledAt);
  if (idle > stuckMilliseconds && now - answeredAt < silentServerMilliseconds)
    return {
      ok: false,
      reason: `slots are free, and for ${Math.round(idle / 1000)} s the worker has asked the server for nothing`,
    };
  return { ok: true, reason: 'ok' };
}

/** Can it take tasks now? */
export function readiness(facts: HealthFacts, now: number): Verdict {
  if (facts.state !== 'RUNNING') return { ok: false, reason: `the worker is ${facts.state.toLowerCase()}` };
  const silent = now - facts.answeredAt;
  if (silent > silentServerMilliseconds)
    return { ok: false, reason: `the Temporal server has not answered for ${Math.round(silent / 1000)} s` };
  return { ok: true, reason: 'ok' };
}

export interface HealthWatch {
  live(): Verdict;
  ready(): Verdict;
}

/**
 * Watches a worker until `stop` is aborted.
 * @param identity under which the server knows it
 * @param slots tasks it may work on at a time
 */
export function watchHealth(options: {
  worker: Worker;
  client: Client;
  taskQueue: string;
  type: 'workflow' | 'activity';
  identity: string;
  slots: number;
  log: Logger;
  stop: AbortSignal;
}): HealthWatch {
  const { worker, client, taskQueue, type, identity, slots, log, stop } = options;
  const started = Date.now();
  const facts: HealthFacts = {
    state: worker.getState(),
    answeredAt: started,
    polledAt: started,
    freeSince: started,
  };
  const look = async (): Promise<void> => {
    const busy = type === 'activity' && worker.getStatus().numInFlightActivities >= slots;
    facts.freeSince = busy ? undefined : (facts.freeSince ?? Date.now());
    try {
      const pollers = await client.connection.withDeadline(Date.now() + deadlineMilliseconds, () =>
        listPollers(client, taskQueue, type),
      );
      facts.answeredAt = Date.now();
      // The server's clock may differ: when its word is new, now is when it was said.
      const own = pollers.find((one) => one.identity === identity);
      if (own && own.askedAt > lastAsked) {
        lastAsked = own.askedAt;
        facts.polledAt = Date.now();
      }
    } catch (error) {
      log.debug(`the server did not say who polls ${taskQueue}: ${messageOf(error)}`);
    }
  };
  let lastAsked = 0;
  void (async () => {
    while (!stop.aborted) {
      await look();
      await sleep(lookMilliseconds, undefined, { signal: stop }).catch(() => undefined);
    }
  })();
  const current = (): HealthFacts => ({ ...facts, state: worker.getState() });
  return { live: () => liveness(current(), Date.now()), ready: () => readiness(current(), Date.now()) };
}
