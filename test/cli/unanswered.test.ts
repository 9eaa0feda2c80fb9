import { rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection, ServiceError } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startSweepWorkflow } from '../../src/cli/client.js';
import { SweepCollector } from '../../src/cli/collect.js';
import { progressOf } from '../../src/cli/progress.js';
import { isUnanswered, untilAnswered } from '../../src/cli/unanswered.js';
import { actOnSweep } from '../../src/page/actions.js';
import { SweepFeed } from '../../src/page/feed.js';
import { progressLine, progressView } from '../../src/report/progress.js';
import { startTemporalServer, type TemporalServer } from '../../src/stack/temporalServer.js';
import { controlQueue } from '../../src/sweep/names.js';
import { pauseSweep } from '../../workflows/messages.js';
import { freePort } from '../contract/ports.js';
import { keepSweep, temporaryStore } from '../page/store.js';
import { fixtureSnapshot } from '../report/fixture.js';
import { realTemporalCli, temporaryFolderOf } from '../stack/helpers.js';

const { store, folder } = await temporaryStore();
const home = temporaryFolderOf('unanswered');
const { finishedAt: _, ...open } = { ...fixtureSnapshot(), state: 'running' as const };
const { spec } = open;
let server: TemporalServer;
let connection: Connection;
let client: Client;

/** A server with an open sweep, and no worker. */
beforeAll(async () => {
  await keepSweep(store, open);
  server = await startTemporalServer({
    folder: home.path,
    cli: await realTemporalCli(),
    searchAttributes: {},
    database: 'memory',
    port: await freePort(),
    log: () => undefined,
  });
  connection = await Connection.connect({ address: server.address, connectTimeout: '10 seconds' });
  client = new Client({ connection });
  await startSweepWorkflow(client, { spec, concurrency: 1 });
}, 120_000);
afterAll(async () => {
  await connection?.close();
  await server?.stop();
  home.remove();
  rmSync(folder, { recursive: true });
});

describe('without a control worker', () => {
  it('a sweep is shown as the store has it, and that is said', async () => {
    const feed = new SweepFeed(store, spec, () => Promise.resolve(client));
    const [view, shown] = await Promise.all([
      new SweepCollector(client, store, spec).collect(),
      feed.current(),
    ]);
    expect(view).toMatchObject({ open: true, state: 'running', running: [] });
    expect(view.records).toHaveLength(open.trials.length);
    const status = progressOf(view);
    const words =
      /^ *no control worker asks for work \(`rgsweep worker --role control` starts one\): this is what the store knows$/;
    expect(progressView(status, 160)).toContainEqual(expect.stringMatching(words));
    expect(progressLine(status)).toMatch(/; no control worker .*: this is what the store knows; /);
    expect(shown.problem).toMatch(words);
    // What the store says of each trial, not what a sweep that begins anew would make of it.
    expect(shown.view.records.map(({ state }) => state)).toEqual(open.trials.map(({ state }) => state));
  });

  it('the page says why a button has no effect yet', async () => {
    const said = await actOnSweep(client, spec, { action: 'pause', text: '' }, 300);
    expect(said).toMatch(/^no control worker asks for work .*; the change applies when one answers\.$/);
  });

  it('a change is waited for, and what for is said, once', async () => {
    const said: string[] = [];
    const update = client.workflow.getHandle(spec.name).executeUpdate(pauseSweep, { args: [{ now: false }] });
    const waiting = untilAnswered(client, spec.name, update, (why) => said.push(why), 300).catch(
      () => 'ended',
    );
    await sleep(2000);
    expect(said).toEqual([expect.stringMatching(/^no control worker asks for work/)]);
    // Nobody can wait any longer for a sweep that is gone.
    await client.workflow.getHandle(spec.name).terminate();
    expect(await waiting).toBe('ended');
  });

  it('one that asks for work and does not answer is told from none', async () => {
    // As a worker asks whose process hangs afterwards.
    const poll = client.withDeadline(Date.now() + 3000, () =>
      client.workflowService.pollWorkflowTaskQueue({
        namespace: 'default',
        taskQueue: { name: controlQueue },
        identity: 'hangs',
      }),
    );
    await poll.catch(() => undefined);
    const said: string[] = [];
    await untilAnswered(client, spec.name, sleep(1500), (why) => said.push(why), 300);
    expect(said).toEqual([expect.stringMatching(/does not answer: it has just ended, or is busy/)]);
    const count = said.length;
    await sleep(1000);
    expect(said).toHaveLength(count);
  });
});

it('a refusal is no silence', () => {
  const refused = Object.assign(new Error('no'), { code: 7, details: 'no', metadata: {} });
  expect(isUnanswered(new ServiceError('Failed', { cause: refused }))).toBe(false);
  expect(isUnanswered(new ServiceError('Failed', { cause: Object.assign(refused, { code: 4 }) }))).toBe(true);
  expect(isUnanswered(new TypeError('a mistake'))).toBe(false);
});
