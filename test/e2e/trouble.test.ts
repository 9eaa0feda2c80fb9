import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readLease } from '../../src/store/lease.js';
import { openStore } from '../../src/store/open.js';
import { readTrial } from '../../src/store/records.js';
import type { ObjectStore } from '../../src/store/types.js';
import { controlQueue } from '../../src/sweep/names.js';
import type { SweepSnapshot, TrialRecord } from '../../src/sweep/types.js';
import type { SegmentInput } from '../../workflows/messages.js';
import { uninterrupted } from './fixtureFigures.js';
import { startWebhook, type Webhook } from '../worker/webhook.js';
import { fixtureTrainer, TestStack, trainersBelow, sweepEnded, until } from './harness.js';

const supervision = { retryFirstSeconds: 0.1, retryLongestSeconds: 1, heartbeatSeconds: 10, stallSeconds: 2 };

const sweepFile = (name: string, trials: number, steps: number, more = '') => `
name: ${name}
task: { name: phi4, size: 2, mass2: -4, coupling: 6.975 }
space: { parameters: { kernel: sigmoid, ordering: log-variance, cutoffWidth: { type: float, low: 0.3, high: 10, log: true } } }
pruner: { name: none, rungs: [${steps}] }
sampler: { name: random, seed: 5 }
budget: { trials: ${trials}, concurrency: 2 }
train: ${JSON.stringify({ checkpointEverySteps: 5, retries: 2, ...supervision })}
${more}
`;

/** The server suggests to continue as new after so many events instead of 4,096. */
const eventsOfRun = 60;

describe('a sweep in trouble, on a real server', () => {
  const stack = new TestStack();
  const faults = join(stack.folder, 'faults');
  const secret = 'a-secret-of-this-test';
  let webhook: Webhook;
  let store: ObjectStore;

  beforeAll(async () => {
    mkdirSync(faults);
    webhook = await startWebhook((count) => (count === 1 ? 500 : 204));
    await stack.start({
      environment: {
        RGSWEEP_TRAINER: JSON.stringify([process.execPath, fixtureTrainer]),
        RGSWEEP_TEST_STEP_MILLISECONDS: '50',
        RGSWEEP_TEST_FAULTS: faults,
        RGSWEEP_WEBHOOK: `${webhook.url}/${secret}`,
      },
      serverArguments: ['--dynamic-config-value', `limit.historyCount.suggestContinueAsNew=${eventsOfRun}`],
    });
    store = await openStore(stack.storeUrl);
  }, 120_000);
  afterAll(async () => {
    await stack.stop();
    await webhook?.stop();
  });

  const launch = async (name: string, trials: number, steps: number, more = '') => {
    const launched = await stack.run('launch', stack.writeSweep(name, sweepFile(name, trials, steps, more)));
    expect(launched.stderr).toBe('');
  };
  const ended = (name: string): Promise<SweepSnapshot> => sweepEnded(store, name, 200);
  const kindsOf = (record: TrialRecord | undefined) => record?.failures.map(({ kind }) => kind) ?? [];
  const expectUninterrupted = (trials: readonly TrialRecord[], steps: number) => {
    for (const trial of trials) {
      expect(trial.state).toBe('complete');
      expect(trial.rungs.map(({ metrics }) => metrics.kl)).toEqual([uninterrupted(trial, steps)]);
    }
  };

  it('ends a trainer that makes no step, tries again from its checkpoint, and gives up where it never gets on', async () => {
    const fault = (trial: number) => join(faults, `${trial}.json`);
    writeFileSync(fault(0), JSON.stringify({ kind: 'hang', step: 8 }));
    writeFileSync(fault(1), JSON.stringify({ kind: 'hang', step: 13 }));
    await launch('stalls', 2, 20, 'notify: {}');
    await until('the stall to be on record', async () =>
      kindsOf(await readTrial(store, 'stalls', 0)).includes('stalled'),
    );
    rmSync(fault(0));
    const { trials } = await ended('stalls');
    rmSync(fault(1));
    const [mended, hopeless] = trials as [TrialRecord, TrialRecord];
    expectUninterrupted([mended], 20);
    expect(kindsOf(mended)).toContain('stalled');
    expect(mended.failures[0]!.message).toMatch(/no step for [2-9]\d* s \(limit 2 s\), at step 7/);
    // Two retries in a row without a step of progress, the first failure before them.
    expect(hopeless.state).toBe('failed');
    expect(kindsOf(hopeless)).toEqual(['stalled', 'stalled', 'stalled']);
    expect(hopeless.rungs).toEqual([]);
    // It failed at step 12 and each retry repeated the two steps since its checkpoint of step 10.
    expect(hopeless.stepsPaid).toBe(12 + 2 + 2);

    // Both are told to the webhook, whose first answer was an error; what was refused comes a second later, perhaps after the other.
    await until('the notices', () => webhook.accepted.length === 2);
    const notice = (event: string) => webhook.accepted.find(({ body }) => body.event === event);
    const [failed, finished] = ['failure', 'finish'].map((event) => notice(event)?.body);
    expect(failed).toMatchObject({ event: 'failure', sweep: 'stalls', trial: 1, kind: 'stalled' });
    expect(finished).toMatchObject({
      event: 'finish',
      state: 'complete',
      trials: { complete: 1, failed: 1 },
      best: { trial: 0, metric: 'kl', value: uninterrupted(mended, 20) },
      text: expect.stringMatching(
        /^stalls is complete: 1 complete, 1 failed; best is trial 0 with kl 0\./,
      ) as string,
    });
    expect(webhook.refused).toHaveLength(1);
    expect(webhook.refused[0]).toBe(notice('failure')!.key);
    for await (const { workflowId, runId } of stack.client.workflow.list()) {
      const history = await stack.client.workflow.getHandle(workflowId, runId).fetchHistory();
      expect(JSON.stringify(history)).not.toContain(Buffer.from(secret).toString('base64').slice(0, 12));
      expect(JSON.stringify(history)).not.toContain(secret);
    }
  }, 240_000);

  it('counts what a trial was trained whose measurement then fails for good', async () => {
    const fault = { mode: 'evaluate', kind: 'diverged', step: 100, message: 'the log-likelihood is NaN' };
    writeFileSync(join(faults, '0.json'), JSON.stringify(fault));
    await launch('unmeasured', 1, 100);
    const { trials } = await ended('unmeasured');
    rmSync(join(faults, '0.json'));
    const [trial] = trials as [TrialRecord];
    expect(trial).toMatchObject({ state: 'failed', rungs: [], stepsPaid: 100, backend: 'fixture' });
    expect(trial.failures).toMatchObject([{ kind: 'diverged', message: fault.message, step: 100 }]);
    // A hundred steps of 50 ms: the measurement failed at its beginning, far sooner.
    expect(trial.trainerSeconds).toBeGreaterThan(100 * 0.05);
  }, 120_000);

  it('lets one of two workers win that fight for a trial, and fences the one that slept', async () => {
    await launch('rivals', 1, 300);
    await until('the first trainer', () => trainersBelow(stack.folder).length > 0);
    await until('a checkpoint', async () => (await readLease(store, 'rivals', 0)) !== undefined);
    const sleeper = stack.train.process!;
    const rival = stack.worker('train', { cache: 'rival' });
    try {
      sleeper.kill('SIGSTOP');
      rival.start();
      // Its trainer knows nothing and trains on: two train the same trial now.
      await until('the rival to train', () => trainersBelow(join(stack.folder, 'rival')).length > 0);
      expect(trainersBelow(join(stack.folder, 'cache'))).toHaveLength(1);
      const lease = await until('the rival to own the trial', () => readLease(store, 'rivals', 0));
      expect(lease.fence).toBe(2);
      sleeper.kill('SIGCONT');
      await until(
        'the sleeper to give up',
        () => trainersBelow(join(stack.folder, 'cache')).length === 0,
        20,
      );
      expect(trainersBelow(join(stack.folder, 'rival'))).toHaveLength(1);
      const { trials } = await ended('rivals');
      expectUninterrupted(trials, 300);
      // The server may hand the trial to the sleeper's open connection first, and has to wait for that in vain as well.
      expect(new Set(kindsOf(trials[0]))).toEqual(new Set(['worker-lost']));
      // Awake, the sleeper finds that order in its connection: it must not take the trial from the winner, who would fail.
      const { fence } = (await readLease(store, 'rivals', 0))!;
      expect(fence).toBeLessThanOrEqual(1 + trials[0]!.failures.length);
      // The last checkpoint is not the sleeper's, and there is no other of that step.
      const attempts = new Set<string>();
      for await (const { key } of store.list('sweeps/rivals/trials/0000/step-300/'))
        if (key.endsWith('weights.json')) attempts.add(key.split('/').at(-2)!);
      expect(attempts.size).toBe(1);
      expect(Number([...attempts][0]!.split('-')[0])).toBeGreaterThan(1);
    } finally {
      sleeper.kill('SIGCONT');
      await rival.kill('SIGTERM');
    }
  }, 240_000);

  it('continues as new while children run, and counts each once', async () => {
    // Every other trial takes 8 seconds, so that nearly always one is running and nearly never about to report: a run
    // ends after a second without a report.
    const slow = [1, 3, 5, 7].map((trial) => join(faults, `${trial}.json`));
    for (const file of slow) writeFileSync(file, JSON.stringify({ kind: 'slow', milliseconds: 350 }));
    await launch('long', 8, 20);
    const { trials } = await ended('long');
    for (const file of slow) rmSync(file);
    expect(trials).toHaveLength(8);
    expectUninterrupted(trials, 20);
    for (const trial of trials) expect(trial.stepsPaid).toBe(20);
    const runs: { runId: string; events: number; start: number; close: number }[] = [];
    const children: { start: number; close: number }[] = [];
    await until('all to be listed', async () => {
      runs.length = children.length = 0;
      for await (const one of stack.client.workflow.list({
        query: `RgsweepSweep = 'long' OR WorkflowType = 'trialSegment'`,
      })) {
        const times = { start: one.startTime.getTime(), close: one.closeTime?.getTime() ?? Infinity };
        if (one.workflowId === 'long') runs.push({ runId: one.runId, events: one.historyLength, ...times });
        else if (one.workflowId.startsWith('long/')) children.push(times);
      }
      return children.length >= 9 && runs.every(({ close }) => close < Infinity);
    });
    expect(runs.length).toBeGreaterThan(1);
    // A run ends at its first pause after the server's suggestion, some events later.
    for (const { events } of runs) expect(events).toBeLessThan(2 * eventsOfRun);
    const ends = runs.map(({ close }) => close).sort((a, b) => a - b);
    const across = children.filter(({ start, close }) =>
      ends.slice(0, -1).some((end) => start < end && end < close),
    );
    expect(across.length).toBeGreaterThan(0);
    // One segment a trial, and the winner's on test data: none was started twice.
    expect(children).toHaveLength(9);
  }, 240_000);

  it('notices a child that timed out or was terminated behind its back', async () => {
    const segment: SegmentInput = {
      sweep: 'behind',
      trial: 0,
      purpose: 'train',
      rung: 0,
      step: 300,
      retries: 2,
      supervision,
      // It has no record to begin with, and waits for a trainer that never comes.
      recorded: true,
      queue: 'nobody',
    };
    // The sweep will take this one for its own; nothing of rgsweep gives a segment a time limit.
    await stack.client.workflow.start('trialSegment', {
      workflowId: 'behind/trial-0000',
      taskQueue: controlQueue,
      args: [segment],
      workflowRunTimeout: '12 seconds',
    });
    await launch('behind', 2, 300);
    const other = stack.client.workflow.getHandle('behind/trial-0001');
    await until('the other segment', () =>
      other.describe().then(
        () => true,
        () => false,
      ),
    );
    await other.terminate('by the test');
    const { trials } = await ended('behind');
    expect(trials).toHaveLength(2);
    expectUninterrupted(trials, 300);
    for (const trial of [0, 1])
      expect(stack.control.output).toMatch(
        new RegExp(
          `closed behind the sweep[^\\n]*"?trial"?:${trial}|"trial":${trial}[^\\n]*closed behind the sweep`,
        ),
      );
    const statuses = new Set<string>();
    for await (const one of stack.client.workflow.list({ query: `WorkflowType = 'trialSegment'` }))
      if (one.workflowId.startsWith('behind/'))
        statuses.add(`${one.workflowId.slice(-4)} ${one.status.name}`);
    expect(statuses).toContain('0000 TIMED_OUT');
    expect(statuses).toContain('0001 TERMINATED');
  }, 240_000);
});
