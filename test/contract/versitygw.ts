import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { freePort } from './ports.js';

const installer = fileURLToPath(new URL('../../scripts/install-versitygw.mjs', import.meta.url));

/** The program, installed when Go is there; or why there is none. */
export async function findVersitygw(): Promise<{ path: string } | { missing: string }> {
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [installer], { encoding: 'utf8' });
    return { path: stdout.trim() };
  } catch (error) {
    const { stderr } = error as { stderr?: string };
    return { missing: stderr?.trim().split('\n').at(-1) ?? String(error) };
  }
}

/** Where S3 tests cannot run, a developer is told so, and continuous integration fails. */
export async function versitygwOrExplain(what: string): Promise<string | undefined> {
  const found = await findVersitygw();
  if ('path' in found) return found.path;
  if (process.env.CI && process.env.CI !== 'false')
    throw new Error(`${what} must run where CI is set: ${found.missing}`);
  console.log(`${what}: not run, ${found.missing}`);
  return undefined;
}

export interface Versitygw {
  /** http://127.0.0.1:port; the same after a restart. */
  readonly endpoint: string;
  readonly bucket: string;
  /** The server's folder; an object lies at `<folder>/<bucket>/<key>`. */
  readonly folder: string;
  /** What a client process needs in its environment. */
  readonly environment: Record<string, string>;
  /** Ends it with SIGKILL, as a crash would. */
  kill(): Promise<void>;
  /** Starts it again on the same port and folder, ending it first when it runs. */
  restart(): Promise<void>;
  /** Ends it and removes its folder. */
  stop(): Promise<void>;
}

/** Starts an S3 server on a free loopback port with one empty bucket in a temporary folder. */
export async function startVersitygw(program: string, bucket = 'rgsweep-test'): Promise<Versitygw> {
  const folder = mkdtempSync(join(tmpdir(), 'rgsweep-versitygw-'));
  mkdirSync(join(folder, bucket));
  const port = await freePort();
  const endpoint = `http://127.0.0.1:${port}`;
  const credentials = { access: 'rgsweep-access', secret: 'rgsweep-secret' };
  let server: ChildProcess | undefined;
  let said = '';

  async function start(): Promise<void> {
    const started = spawn(
      program,
      [
        ...['--port', `127.0.0.1:${port}`, '--access', credentials.access, '--secret', credentials.secret],
        ...['--quiet', 'posix', folder],
      ],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    server = started;
    const keep = (text: Buffer) => (said = (said + text.toString()).slice(-5000));
    started.stdout.on('data', keep);
    started.stderr.on('data', keep);
    const deadline = Date.now() + 30_000;
    for (;;) {
      if (started.exitCode !== null || started.signalCode !== null)
        throw new Error(`versitygw ended at its start: ${said}`);
      const answers = await fetch(endpoint).then(
        async (response) => {
          await response.arrayBuffer();
          return true;
        },
        () => false,
      );
      if (answers) return;
      if (Date.now() > deadline) throw new Error(`versitygw does not answer: ${said}`);
      await sleep(20);
    }
  }

  async function end(signal: NodeJS.Signals): Promise<void> {
    const running = server;
    server = undefined;
    if (!running || running.exitCode !== null || running.signalCode !== null) return;
    const exited = once(running, 'exit');
    running.kill(signal);
    await exited;
  }

  await start();
  return {
    endpoint,
    bucket,
    folder,
    environment: {
      AWS_ENDPOINT_URL_S3: endpoint,
      AWS_ACCESS_KEY_ID: credentials.access,
      AWS_SECRET_ACCESS_KEY: credentials.secret,
      AWS_REGION: 'us-east-1',
    },
    kill: () => end('SIGKILL'),
    async restart() {
      await end('SIGKILL');
      await start();
    },
    async stop() {
      await end('SIGTERM');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
