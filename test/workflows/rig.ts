import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { Client, Connection } from '@temporalio/client';
import proto from '@temporalio/proto';
import { NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { createActivities, type Activities } from '../../activities/index.js';
import { runSimulatedTrainer } from '../../activities/simulatedTrainer.js';
import { launchSweep } from '../../src/cli/client.js';
import { followSweep } from '../../src/cli/follow.js';
import { resumeFromStore } from '../../src/cli/resume.js';
import { messageOf } from '../../src/errors.js';
import { createMetrics } from '../../src/metrics/metrics.js';
import { startTemporalServer, type TemporalServer } from '../../src/stack/temporalServer.js';
import { openStore } from '../../src/store/open.js';
import { readSweepRecord, type SweepRecord } from '../../src/store/records.js';
import type { ObjectStore } from '../../src/store/types.js';
import { controlQueue, trainQueue } from '../../src/sweep/names.js';
import type { RetryRequest } from '../../src/sweep/retry.js';
import { searchAttributes } from '../../src/sweep/searchAttributes.js';
import { parseSweepFile } from '../../src/sweep/spec.js';
import type { SweepSpec, SweepState } from '../../src/sweep/types.js';
import { eventually, realTemporalCli } from '../stack/helpers.js';

export const builtWorkflows = () =>
  readFileSync(new URL('../../dist/workflow-bundle.js', import.meta.url), 'utf8');

/** A short sweep of the smallest lattice. */
export const specOf = (name: string, change: Record<string, unknown> = {}): SweepSpec =>
  parseSweepFile(
    JSON.stringify({
      name,
      task: { name: 'phi4', size: 2 },
      sampler: { name: 'random', seed: 3 },
      pruner: { name: 'none', rungs: [1] },
      budget: { trials: 2, concurrency: 2 },
      train: { retries: 0 },
      space: {
        parameters: {
          cutoffWidth: { type: 'float', low: 0.1, high: 10, log: true },
          kernel: 'sigmoid',
          ordering: 'log-variance',
        },
      },
      ...change,
    }),
    name,
    () => '',
  );

/**
 * A real server with the workflows as they are built, and the real activities over a store in a folder, in this process; their
 * trainer costs nothing. A test may stand between the workflows and an activity, by `around`.
 */
export class Rig {
  readonly folder = mkdtempSync(join(tmpdir(), 'rgsweep-rig-'));
  client!: Client;
  store!: ObjectStore;
  /** Called in place of an activity, with the activity. */
  around: { [Name in keyof Activities]?: (input: never, go: () => Promise<unknown>) => Promise<unknown> } =
    {};
  /** Stops the worker of the control queue, and with it all workflows, until there is another. */
  stopControl!: () => Promise<void>;
  private server!: TemporalServer;
  private connection!: Connection;
  private native!: NativeConnection;
  private readonly running: { worker: Worker; ended: Promise<void> }[] = [];

  async start(serverArguments: readonly string[] = []): Promise<void> {
    Runtime.install({
      logger: { ...console, log: () => {}, trace() {}, debug() {}, info() {}, warn() {}, error() {} },
    });
    this.store = await openStore(`file://${join(this.folder, 'store')}`);
    this.server = await startTemporalServer({
      folder: this.folder,
      cli: await realTemporalCli(),
      searchAttributes,
      database: 'memory',
      arguments: serverArguments,
    });
    const { address } = this.server;
    this.connection = await Connection.connect({ address });
    this.client = new Client({ connection: this.connection });
    this.native = await NativeConnection.connect({ address });
    this.stopControl = await this.work(controlQueue);
  }

  /** Starts a worker: of the control queue, there with the workflows as they are built or with others, or of a train queue. */
  async work(taskQueue = trainQueue(), workflows = builtWorkflows()): Promise<() => Promise<void>> {
    const worker = await Worker.create({
      connection: this.native,
      namespace: 'default',
      taskQueue,
      activities: this.activities(),
      ...(taskQueue === controlQueue
        ? { workflowBundle: { code: workflows }, maxHeartbeatThrottleInterval: '3 seconds' }
        : { maxConcurrentActivityTaskExecutions: 2, maxHeartbeatThrottleInterval: '1 second' }),
    });
    const one = { worker, ended: worker.run() };
    this.running.push(one);
    return async () => {
      if (worker.getState() === 'RUNNING') worker.shutdown();
      await one.ended;
    };
  }

  private activities(): Activities {
    const { store, client, folder } = this;
    const real = createActivities({
      store,
      cacheFolder: join(folder, 'cache'),
      client,
      trainerCommand: [],
      runTrainer: runSimulatedTrainer,
      threads: 1,
      stallSeconds: 60,
      noticeSeconds: 10,
      metrics: createMetrics(new Registry(), { version: '0' }),
      log: pino({ level: 'silent' }),
    });
    const wrapped = Object.entries(real).map(([name, activity]) => [
      name,
      (input: never) => {
        const go = () => (activity as (input: never) => Promise<unknown>)(input);
        const around = this.around[name as keyof Activities];
        return around ? around(input, go) : go();
      },
    ]);
    return Object.fromEntries(wrapped) as Activities;
  }

  launch(spec: SweepSpec) {
    return launchSweep({ client: this.client, store: this.store, spec, slots: 2 });
  }

  resume(sweep: string, retry?: RetryRequest): Promise<string> {
    const { client, store } = this;
    return resumeFromStore({ client, store, sweep, slots: async () => 2, ...(retry ? { retry } : {}) });
  }

  /** Follows a sweep to its end, as `up` does; with every line that it printed. */
  async follow(sweep: string): Promise<{ state: SweepState; printed: string }> {
    const output = new PassThrough();
    let printed = '';
    output.on('data', (text: Buffer) => (printed += text.toString()));
    const { client, store } = this;
    const signal = AbortSignal.timeout(45_000);
    const state = await followSweep({ client, store, sweep, signal, output });
    return { state, printed };
  }

  update(sweep: string, name: string, ...args: unknown[]): Promise<string> {
    return this.client.workflow.getHandle(sweep).executeUpdate(name, { args: args as [unknown] });
  }

  /** Waits until the store says that a sweep is in a state. */
  recorded(sweep: string, state: SweepState): Promise<SweepRecord> {
    return eventually(
      `${sweep} to be ${state}`,
      async () => {
        const record = await readSweepRecord(this.store, sweep);
        return record?.state === state ? record : undefined;
      },
      45_000,
    );
  }

  /**
   * Replays everything that has run, as a worker does that lost its cache; what does not replay, and why. A sweep's local activity counts
   * as that, since it does not once a query overlaps it (docs/decisions/no-local-activities.md).
   */
  async replayAll(): Promise<{ replayed: number; problems: string[] }> {
    const problems: string[] = [];
    let replayed = 0;
    const { History } = proto.temporal.api.history.v1;
    const options = { workflowBundle: { code: builtWorkflows() } };
    for await (const { workflowId, runId, type } of this.client.workflow.list()) {
      const history = await this.client.workflow.getHandle(workflowId, runId).fetchHistory();
      if (type === 'sweep' && JSON.stringify(history).includes('core_local_activity'))
        problems.push(`${workflowId}: has a local activity`);
      const decoded = History.decode(History.encode(History.fromObject(history)).finish());
      await Worker.runReplayHistory(options, decoded, workflowId).catch((error: unknown) =>
        problems.push(`${workflowId}: ${messageOf(error)}`),
      );
      replayed++;
    }
    return { replayed, problems };
  }

  async stop(): Promise<void> {
    for (const { worker } of this.running) if (worker.getState() === 'RUNNING') worker.shutdown();
    await Promise.all(this.running.map(({ ended }) => ended));
    await this.native?.close();
    await this.connection?.close();
    await this.server?.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
