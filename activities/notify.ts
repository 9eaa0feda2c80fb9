import { ApplicationFailure } from '@temporalio/activity';
import { describeNotice } from '../src/sweep/notice.js';
import type { Activities } from './types.js';

/** Longest wait for a webhook's answer. */
const answerMilliseconds = 10_000;

/** The system's own word for what went wrong; messages of `fetch` may hold the address. */
function reasonOf(error: unknown): string {
  if (error instanceof Error && error.name === 'TimeoutError')
    return `no answer within ${answerMilliseconds / 1000} s`;
  const cause = error instanceof Error ? (error.cause as { code?: unknown } | undefined) : undefined;
  return typeof cause?.code === 'string' ? cause.code : 'no connection';
}

/** Seconds of a `Retry-After` header, at most an hour. */
function retryAfter(header: string | null): number | undefined {
  const seconds = Number(header);
  return header !== null && Number.isFinite(seconds) && seconds > 0 ? Math.min(seconds, 3600) : undefined;
}

/**
 * Posts a notice as JSON to the address in an environment variable. Each try of one notice carries the same
 * `Idempotency-Key`. What cannot get better is not tried again; no error holds the address.
 */
export function createNotify(environment: NodeJS.ProcessEnv = process.env): Pick<Activities, 'notify'> {
  return {
    async notify({ id, notice, webhook }) {
      const hopeless = (what: string) => ApplicationFailure.nonRetryable(what, 'bad-configuration');
      const address = environment[webhook];
      if (address === undefined || address === '')
        throw hopeless(`${webhook} is not set in the environment of this control worker`);
      if (!/^https?:\/\//.test(address) || !URL.canParse(address))
        throw hopeless(`${webhook} holds no http or https address`);
      let response: Response;
      try {
        response = await fetch(address, {
          method: 'POST',
          headers: { 'content-type': 'application/json', 'idempotency-key': id },
          body: JSON.stringify({ ...notice, text: describeNotice(notice) }),
          redirect: 'manual',
          signal: AbortSignal.timeout(answerMilliseconds),
        });
        await response.body?.cancel();
      } catch (error) {
        throw ApplicationFailure.retryable(`the webhook in ${webhook}: ${reasonOf(error)}`, 'webhook');
      }
      if (response.ok) return;
      const { status } = response;
      const message = `the webhook in ${webhook} answered ${status}`;
      if (status < 500 && status !== 408 && status !== 429) throw hopeless(message);
      const seconds = retryAfter(response.headers.get('retry-after'));
      throw ApplicationFailure.create({
        message,
        type: 'webhook',
        ...(seconds === undefined ? {} : { nextRetryDelay: 1000 * seconds }),
      });
    },
  };
}
