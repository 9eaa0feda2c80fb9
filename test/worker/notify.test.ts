import { afterEach, describe, expect, it } from 'vitest';
import { createNotify } from '../../activities/notify.js';
import type { Notice } from '../../src/sweep/notice.js';
import { parseSweepFile } from '../../src/sweep/spec.js';
import { startWebhook, type Webhook } from './webhook.js';

const notice: Notice = {
  sweep: 's',
  event: 'failure',
  trial: 3,
  kind: 'diverged',
  message: 'the loss is NaN',
};
const input = { id: 'one', notice, webhook: 'RGSWEEP_WEBHOOK_TEAM' };
const secret = 'T0-secret';

describe('a notice', () => {
  let webhook: Webhook | undefined;
  afterEach(async () => webhook?.stop());
  const to = (address: string | undefined) => createNotify({ RGSWEEP_WEBHOOK_TEAM: address }).notify(input);
  const failure = (address: string | undefined) =>
    to(address).then(
      () => Promise.reject(new Error('it was delivered')),
      (error: unknown) => error as Error & { nonRetryable?: boolean; nextRetryDelay?: unknown },
    );

  it('is posted as JSON, with a line for people and the same key in every try', async () => {
    webhook = await startWebhook((count) => (count === 1 ? 503 : 200));
    expect(await failure(`${webhook.url}/${secret}`)).toMatchObject({ nonRetryable: false });
    await to(`${webhook.url}/${secret}`);
    const body = { ...notice, text: 's: trial 3 has failed (diverged): the loss is NaN' };
    expect(webhook.accepted).toEqual([{ key: 'one', path: `/${secret}`, body }]);
    expect(webhook.refused).toEqual(['one']);
  });

  it.each([
    [503, { 'retry-after': '7' }, { nonRetryable: false, nextRetryDelay: 7000 }],
    [429, {}, { nonRetryable: false, nextRetryDelay: undefined }],
    [404, {}, { nonRetryable: true }],
    [302, { location: 'http://127.0.0.1:1/' }, { nonRetryable: true }],
  ])('answered %i is tried again where that may help', async (status, headers, expected) => {
    webhook = await startWebhook(() => ({ status, headers: headers }));
    const error = await failure(`${webhook.url}/${secret}`);
    expect(error).toMatchObject(expected);
    expect(error.message).toBe(`the webhook in RGSWEEP_WEBHOOK_TEAM answered ${status}`);
  });

  it('to nobody says so and not where to', async () => {
    webhook = await startWebhook(() => 200);
    const { url } = webhook;
    await webhook.stop();
    webhook = undefined;
    const error = await failure(`${url}/${secret}`);
    expect(error).toMatchObject({
      nonRetryable: false,
      message: 'the webhook in RGSWEEP_WEBHOOK_TEAM: ECONNREFUSED',
    });
    expect(JSON.stringify({ ...error, stack: error.stack, cause: error.cause })).not.toContain(secret);
  });

  it.each([
    [undefined, /RGSWEEP_WEBHOOK_TEAM is not set/],
    [`hooks.example.com/${secret}`, /RGSWEEP_WEBHOOK_TEAM holds no http or https address/],
  ])('without an address is given up: %s', async (address, message) => {
    const error = await failure(address);
    expect(error).toMatchObject({ nonRetryable: true });
    expect(error.message).toMatch(message);
    expect(error.message).not.toContain(secret);
  });

  it('can only be sent to what a variable of that purpose names', () => {
    const file = (webhook: string) =>
      `{ name: s, task: { name: phi4 }, space: { parameters: { cutoffWidth: { type: float, low: 0.3, high: 10 } } }, pruner: { rungs: [1] }, budget: { trials: 1 }, notify: { ${webhook} } }`;
    const parse = (text: string) => parseSweepFile(text, 's.yaml', () => '').notify;
    expect(parse(file(''))).toEqual({ webhook: 'RGSWEEP_WEBHOOK', on: ['finish', 'failure'] });
    expect(() => parse(file('webhook: AWS_SECRET_ACCESS_KEY'))).toThrow(
      /s\.yaml: notify\.webhook: name RGSWEEP_WEBHOOK/,
    );
  });
});
