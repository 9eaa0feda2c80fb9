import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { findTemporalCli } from '../../src/stack/temporalCli.js';
import { undividedQueues } from '../../src/stack/temporalServer.js';
import { readSnapshot, readSweepRecord } from '../../src/store/records.js';
import type { ObjectStore } from '../../src/store/types.js';
import { searchAttributes } from '../../src/sweep/searchAttributes.js';
import type { SweepSnapshot, SweepState } from '../../src/sweep/types.js';
import { freePort } from '../contract/ports.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
/** The compiled command line: end-to-end tests run what users run. */
export const mainFile = join(root, 'dist/src/cli/main.js');
export const fixtureTrainer = join(root, 'test/fixtures/trainer.mjs');

/** A process of the stack that a test may kill and start again. */
export class Restartable {
  process: ChildProcess | undefined;
  output = '';
  constructor(
    private readonly command: string,
    private readonly args: readonly string[],
    private readonly environment: NodeJS.ProcessEnv = {},
  ) {}

  start(): void {
    this.output = '';
    this.process = spawn(this.command, this.args, {
      env: { ...process.env, ...this.environment },
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
    });
    const keep = (text: Buffer) => (this.output = (this.output + text.toString()).slice(-20_000));
    this.process.stdout!.on('data', keep);
    this.process.stderr!.on('data', keep);
  }

  async kill(signal: NodeJS.Signals): Promise<void> {
    const child = this.process;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
  }
}

/** A server, a control worker and a training worker in a folder of their own, on loopback. */
export class TestStack {
  readonly folder = mkdtempSync(join(tmpdir(), 'rgsweep-e2e-'));
  readonly storeUrl: string;
  server!: Restartable;
  control!: Restartable;
  train!: Restartable;
  address = '';
  /** Starts the command line. */
  readonly program: readonly string[] = [process.execPath, mainFile];
  /** The server's own metrics page. */
  serverMetricsUrl = '';
  client!: Client;
  private connection: Connection | undefined;

  /** @param store a folder, or the URL of a store; without it, a folder that goes with the stack */
  constructor(store = join(this.folder, 'store')) {
    this.storeUrl = store.includes('://') ? store : `file://${store}`;
  }
  private environment: NodeJS.ProcessEnv | undefined;

  async start(
    options: {
      slots?: number;
      environment?: NodeJS.ProcessEnv;
      serverArguments?: readonly string[];
      /** A port that workers and the command line reach the server's by, in place of it. */
      through?: (port: number) => Promise<number>;
    } = {},
  ): Promise<void> {
    this.environment = options.environment;
    const cli = await findTemporalCli({
      cacheFolder: join(root, '.rgsweep/bin'),
    });
    const port = await freePort();
    this.address = `127.0.0.1:${port}`;
    const metricsPort = await freePort();
    this.serverMetricsUrl = `http://127.0.0.1:${metricsPort}/metrics`;
    this.server = new Restartable(cli.path, [
      ...['server', 'start-dev', '--headless', '--ip', '127.0.0.1', '--port', String(port)],
      ...['--metrics-port', String(metricsPort)],
      ...['--db-filename', join(this.folder, 'temporal.db'), '--log-level', 'error'],
      ...['--sqlite-pragma', 'journal_mode=wal'],
      ...undividedQueues,
      ...Object.entries(searchAttributes).flatMap(([name, type]) => [
        '--search-attribute',
        `${name}=${type}`,
      ]),
      ...(options.serverArguments ?? []),
    ]);
    this.server.start();
    await this.connect();
    if (options.through) this.address = `127.0.0.1:${await options.through(port)}`;
    this.control = this.worker('control');
    this.train = this.worker('train', { slots: options.slots ?? 2 });
    this.control.start();
    this.train.start();
  }

  /** A further worker, not started yet; its work in progress lies in a folder of the stack that is its own. */
  worker(
    role: 'control' | 'train',
    {
      slots = 2,
      cache = 'cache',
      more = [],
      environment = {},
    }: {
      slots?: number | 'auto';
      cache?: string;
      more?: readonly string[];
      environment?: NodeJS.ProcessEnv;
    } = {},
  ): Restartable {
    return new Restartable(
      process.execPath,
      [
        ...[mainFile, 'worker', '--role', role, '--address', this.address, '--store', this.storeUrl],
        ...['--cache', join(this.folder, cache), '--exit-with-parent', '--slots', String(slots)],
        ...more,
      ],
      { ...this.environment, ...environment },
    );
  }

  /** Connects to the server, which may have begun to start just now. */
  async connect(): Promise<void> {
    await this.connection?.close();
    for (let attempt = 0; ; attempt++) {
      try {
        this.connection = await Connection.connect({ address: this.address, connectTimeout: '2 seconds' });
        await this.connection.workflowService.describeNamespace({ namespace: 'default' });
        this.client = new Client({ connection: this.connection });
        return;
      } catch (error) {
        const { exitCode } = this.server.process!;
        if (exitCode !== null)
          throw new Error(`the server ended with ${exitCode}: ${this.server.output}`, { cause: error });
        if (attempt > 60) throw error;
        await sleep(250);
      }
    }
  }

  /** Runs the command line to its end. */
  async run(...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
    const child = spawn(process.execPath, [mainFile, ...args], {
      env: {
        ...process.env,
        ...this.environment,
        TEMPORAL_ADDRESS: this.address,
        RGSWEEP_STORE: this.storeUrl,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (text: Buffer) => (stdout += text.toString()));
    child.stderr.on('data', (text: Buffer) => (stderr += text.toString()));
    const [code] = (await once(child, 'close')) as [number | null];
    return { code, stdout, stderr };
  }

  writeSweep(name: string, text: string): string {
    const file = join(this.folder, `${name}.yaml`);
    writeFileSync(file, text);
    return file;
  }

  async stop(): Promise<void> {
    await Promise.all([this.train?.kill('SIGTERM'), this.control?.kill('SIGTERM')]);
    await this.connection?.close();
    await this.server?.kill('SIGTERM');
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Process ids of running trainers whose task file lies below a folder. */
export function trainersBelow(folder: string): number[] {
  const found: number[] = [];
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      const command = readFileSync(`/proc/${entry}/cmdline`, 'utf8').split('\0');
      if (command.some((part) => part.startsWith(folder) && part.endsWith('task.json')))
        found.push(Number(entry));
    } catch {
      // It ended while we looked.
    }
  }
  return found;
}

/** Waits until `condition` gives something, or fails with what it was waiting for. */
export async function until<T>(
  what: string,
  condition: () => Promise<T | undefined | false> | T | undefined | false,
  seconds = 90,
): Promise<T> {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > deadline) throw new Error(`waited ${seconds} s for ${what}`);
    await sleep(200);
  }
}

/** Waits until the store says that a sweep has ended so, and returns it whole: only its one record is read meanwhile. */
export async function sweepEnded(
  store: ObjectStore,
  name: string,
  seconds = 90,
  state: SweepState = 'complete',
): Promise<SweepSnapshot> {
  const ended = async () => {
    const record = await readSweepRecord(store, name).catch(() => undefined);
    if (record?.state !== state || record.finishedAt === undefined) return undefined;
    // A store in trouble may fail at the next reading.
    return readSnapshot(store, name).catch(() => undefined);
  };
  return until(`${name} to be ${state}`, ended, seconds);
}
