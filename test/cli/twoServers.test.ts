import { Client, Connection } from '@temporalio/client';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { createRecorders } from '../../activities/record.js';
import { createClosedSegments } from '../../activities/reconcile.js';
import type { Dependencies } from '../../activities/dependencies.js';
import { launchSweep, sweepIsOpen } from '../../src/cli/client.js';
import { resumeFromStore } from '../../src/cli/resume.js';
import { startTemporalServer, type TemporalServer } from '../../src/stack/temporalServer.js';
import { openFileStore } from '../../src/store/file.js';
import { readSweepRecord, updateSweepRecord, writeSpec, writeTrial } from '../../src/store/records.js';
import type { ObjectStore } from '../../src/store/types.js';
import { serverPlace } from '../../src/temporal/place.js';
import { inActivity } from '../activities/context.js';
import { freePort } from '../contract/ports.js';
import { realTemporalCli, temporaryFolderOf } from '../stack/helpers.js';
import { exampleSpec, exampleTrial } from '../store/example.js';

/** A server, a client of it, and activities of a control worker there. No worker runs: what is started here stays as it is. */
class Side {
  server!: TemporalServer;
  client!: Client;
  private connection: Connection | undefined;
  readonly lines: string[] = [];

  async start(folder: string): Promise<this> {
    this.server = await startTemporalServer({
      folder,
      cli: await realTemporalCli(),
      searchAttributes: {},
      database: 'memory',
      port: await freePort(),
      log: () => undefined,
    });
    this.connection = await Connection.connect({
      address: this.server.address,
      connectTimeout: '10 seconds',
    });
    this.client = new Client({ connection: this.connection });
    return this;
  }

  async dependencies(): Promise<Dependencies> {
    return {
      store,
      client: this.client,
      place: await serverPlace(this.client, this.server.address),
      log: pino({}, { write: (line: string) => void this.lines.push(line) }),
    } as unknown as Dependencies;
  }

  launch(takeOver = false) {
    return launchSweep({ client: this.client, store, spec, slots: 1, takeOver });
  }

  resume(takeOver = false) {
    return resumeFromStore({
      client: this.client,
      store,
      sweep: spec.name,
      slots: () => Promise.resolve(1),
      takeOver,
    });
  }

  async stop(): Promise<void> {
    await this.connection?.close();
    await (this.server as TemporalServer | undefined)?.stop();
  }
}

const folders = ['cluster', 'laptop'].map((name) => temporaryFolderOf(name));
const cluster = new Side();
const laptop = new Side();
let store: ObjectStore;
let spec = exampleSpec('shared');
let number = 0;

beforeAll(async () => {
  // One after the other: each looks for a free port.
  await cluster.start(folders[0]!.path);
  await laptop.start(folders[1]!.path);
}, 120_000);
afterAll(async () => {
  await Promise.all([cluster.stop(), laptop.stop()]);
  for (const { remove } of folders) remove();
});
beforeEach(async () => {
  const { path } = folders[0]!;
  number += 1;
  store = await openFileStore(`${path}/store-${number}`);
  spec = exampleSpec(`shared-${number}`);
  await writeSpec(store, spec);
  await writeTrial(store, spec.name, exampleTrial(0));
  await recordSweep(cluster, 'running');
});

/** As the sweep's workflow does it on a server. */
async function recordSweep(side: Side, state: 'running' | 'stopped'): Promise<void> {
  const recorders = createRecorders(await side.dependencies());
  recorded += 1;
  await inActivity({ activityId: `${recorded}`, activityType: 'recordSweep' }, () =>
    recorders.recordSweep({ sweep: spec.name, state, ended: state === 'stopped' }),
  );
}
let recorded = 0;

/** As if the cluster had said it so long ago. */
const age = (minutes: number) =>
  updateSweepRecord(store, spec.name, (record) => ({
    ...record!,
    owner: { ...record!.owner!, seenAt: new Date(Date.now() - 60_000 * minutes).toISOString() },
  }));

it('a sweep at work on one server is not begun again on another, by no verb, and the way out is said', async () => {
  const refused = {
    kind: 'conflict',
    message: expect.stringMatching(
      new RegExp(
        `"${spec.name}" is not open on this.* another one was at work on it \\d s ago: ${cluster.server.address}, namespace "default", .* on .`,
      ),
    ) as string,
    remedy: expect.stringMatching(/`rgsweep stop .* --address .*`.*--take-over or wait for 5 min/) as string,
  };
  await expect(laptop.launch()).rejects.toMatchObject(refused);
  await expect(laptop.resume()).rejects.toMatchObject(refused);
  expect(await sweepIsOpen(laptop.client, spec.name)).toBe(false);
  // Where it was at work itself it may have vanished.
  expect(await cluster.resume()).toMatch(/goes on from/);
});

it('it goes on where it is taken over, and the server that had it says so and leaves that as it is', async () => {
  expect(await laptop.resume(true)).toMatch(/goes on from/);
  await recordSweep(laptop, 'running');
  const before = await readSweepRecord(store, spec.name);
  expect(before?.owner?.address).toBe(laptop.server.address);
  await createClosedSegments(await cluster.dependencies())({ sweep: spec.name, trials: [0] });
  expect(cluster.lines.join('')).toMatch(/was taken over by the Temporal server .*rgsweep stop/);
  expect(await readSweepRecord(store, spec.name)).toEqual(before);
  await expect(cluster.launch()).rejects.toMatchObject({ kind: 'conflict' });
});

it('a store at rest for some minutes goes on, and one that is at work says so again and again', async () => {
  await age(4);
  await createClosedSegments(await cluster.dependencies())({ sweep: spec.name, trials: [0] });
  await expect(laptop.launch()).rejects.toMatchObject({ kind: 'conflict' });
  await age(6);
  expect(await laptop.launch()).toMatchObject({ existing: true, finished: false });
  expect(await sweepIsOpen(laptop.client, spec.name)).toBe(true);
});

it('a sweep that was stopped goes on anywhere, at once', async () => {
  await recordSweep(cluster, 'stopped');
  expect(await laptop.resume()).toMatch(/goes on from/);
});

it('what is said once a minute costs one write a minute, and changes nothing else', async () => {
  await age(2);
  const before = await readSweepRecord(store, spec.name);
  let writes = 0;
  const files = store;
  store = {
    ...files,
    putIfMatch: (...input) => {
      writes += 1;
      return files.putIfMatch(...input);
    },
  };
  const closedSegments = createClosedSegments(await cluster.dependencies());
  for (let look = 0; look < 3; look++)
    expect(await closedSegments({ sweep: spec.name, trials: [0] })).toEqual([0]);
  expect(writes).toBe(1);
  const after = await readSweepRecord(store, spec.name);
  expect(Date.parse(after!.owner!.seenAt)).toBeGreaterThan(Date.now() - 20_000);
  expect({ ...after, owner: undefined }).toEqual({ ...before, owner: undefined });
});
