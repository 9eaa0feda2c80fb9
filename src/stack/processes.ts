import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, fstatSync, mkdirSync, openSync, readSync } from 'node:fs';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import { messageOf, RgsweepError } from '../errors.js';
import { identify, type ProcessIdentity } from './identity.js';

export interface SupervisedOptions {
  /** For messages: `training worker`. */
  name: string;
  command: string;
  args: readonly string[];
  env?: NodeJS.ProcessEnv;
  /** Receives what the process writes, appended. */
  logFile: string;
  /** Resolves once the process does its work. The signal aborts when the process has ended or is being stopped. */
  ready: (started: StartedProcess) => Promise<void>;
  /** Takes the process's standard output line by line to `ready`, instead of to the log. */
  readsOutput?: boolean;
  /** Longest time to become ready, in milliseconds. */
  readyTimeoutMs?: number;
  /** One line for a person: a death, a restart, a kill. */
  notice?: (line: string) => void;
  /** Called with every process that is started, before it is ready. */
  onStart?: (identity: ProcessIdentity) => void;
  /** Called when a process that was ready before could not be brought back. */
  onGivenUp?: (error: RgsweepError) => void;
  backOff?: Partial<BackOff>;
  /** Aborted before the process is ready: it is ended and `supervise` throws. */
  cancel?: AbortSignal;
}

export interface StartedProcess {
  pid: number;
  signal: AbortSignal;
  /** First line of standard output (with `readsOutput`). */
  firstLine: Promise<string>;
}

/** How a process that died comes back. */
export interface BackOff {
  /** Before the first restart, in milliseconds; doubles each time. */
  firstMs: number;
  maximumMs: number;
  /** Deaths in a row after which it is given up. */
  attempts: number;
  /** A process that was ready for so long starts the count anew. */
  settledMs: number;
}

export const defaultBackOff: BackOff = { firstMs: 250, maximumMs: 10_000, attempts: 10, settledMs: 30_000 };

export interface Supervised {
  readonly name: string;
  /** Of the process that runs now; undefined between a death and the restart. */
  pid(): number | undefined;
  /** How often it was started again. */
  restarts(): number;
  /** Asks it to end (SIGTERM, once), waits, and ends its whole group by force after `graceMs`. Never throws. */
  stop(graceMs: number): Promise<void>;
  /** Ends it and its group at once. */
  kill(): void;
}

/** The last lines of a log file, for an error message. */
export function tailOf(file: string, lines = 5): string {
  try {
    const descriptor = openSync(file, 'r');
    try {
      const size = fstatSync(descriptor).size;
      const buffer = Buffer.alloc(Math.min(size, 8192));
      readSync(descriptor, buffer, 0, buffer.length, size - buffer.length);
      return buffer.toString('utf8').trimEnd().split('\n').slice(-lines).join('\n');
    } finally {
      closeSync(descriptor);
    }
  } catch {
    return '';
  }
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // No member is left.
  }
}

function describeEnd(code: number | null, signal: NodeJS.Signals | null): string {
  return signal === null ? `exit code ${code}` : signal;
}

interface Running {
  child: ChildProcess;
  ended: Promise<string>;
  abort: AbortController;
  readyAt?: number;
}

/**
 * Starts a process and keeps it running until `stop`. It leads its own session and process group, so that a terminal's Ctrl-C
 * never reaches it: whoever supervises it is the only one to ask it to end. Its standard input stays open as long as
 * this process lives; a child that reads it notices our death, however sudden. What is left of its group when it dies (a
 * worker's trainers) is ended with it.
 *
 * @throws RgsweepError('server-unavailable') with the end of its log when the first start does not become ready
 */
export async function supervise(options: SupervisedOptions): Promise<Supervised> {
  const { name, notice = () => {}, readyTimeoutMs = 60_000 } = options;
  const backOff = { ...defaultBackOff, ...options.backOff };
  let running: Running | undefined;
  let restartTimer: NodeJS.Timeout | undefined;
  let stopping: Promise<void> | undefined;
  let restarts = 0;
  let deathsInARow = 0;
  mkdirSync(dirname(options.logFile), { recursive: true });

  const launch = (): Running => {
    const log = openSync(options.logFile, 'a');
    let child: ChildProcess;
    try {
      child = spawn(options.command, options.args, {
        detached: true,
        stdio: ['pipe', options.readsOutput ? 'pipe' : log, log],
        env: options.env ?? process.env,
      });
    } finally {
      closeSync(log);
    }
    // Writing is never tried; the pipe breaking on the other side is no news.
    child.stdin?.on('error', () => {});
    const abort = new AbortController();
    const ended = new Promise<string>((resolve) => {
      child.once('error', (error) => resolve(error.message));
      child.once('exit', (code, signal) => {
        if (child.pid !== undefined) signalGroup(child.pid, 'SIGKILL');
        resolve(describeEnd(code, signal));
      });
    });
    void ended.then(() => abort.abort());
    return { child, ended, abort };
  };

  const bring = async (): Promise<void> => {
    const started = launch();
    running = started;
    const { child, ended, abort } = started;
    let timer: NodeJS.Timeout | undefined;
    try {
      if (child.pid !== undefined) {
        const identity = identify(child.pid);
        if (identity) options.onStart?.(identity);
      }
      const firstLine = new Promise<string>((resolve) => {
        if (child.stdout) createInterface({ input: child.stdout }).once('line', resolve);
      });
      const timeout = new Promise<never>((_, reject) => {
        timer = setTimeout(
          () => reject(new Error(`not ready within ${readyTimeoutMs / 1000} s`)),
          readyTimeoutMs,
        );
      });
      const death = ended.then((how) => {
        throw new Error(`ended with ${how}`);
      });
      const cancelled = new Promise<never>((_, reject) => {
        const stop = (): void => reject(new Error('it was told to stop'));
        if (options.cancel?.aborted) stop();
        options.cancel?.addEventListener('abort', stop, { once: true, signal: abort.signal });
      });
      const ready =
        child.pid === undefined ? death : options.ready({ pid: child.pid, signal: abort.signal, firstLine });
      await Promise.race([ready, death, timeout, cancelled]);
      started.readyAt = Date.now();
      // Whatever else it says must not fill the pipe.
      child.stdout?.resume();
    } catch (error) {
      if (child.pid !== undefined) signalGroup(child.pid, 'SIGKILL');
      await ended;
      running = undefined;
      const tail = tailOf(options.logFile);
      throw new RgsweepError(
        'server-unavailable',
        `the ${name} did not start: ${messageOf(error)}${tail === '' ? '' : `\n${tail}`}`,
        { remedy: `its log is ${options.logFile}`, cause: error },
      );
    } finally {
      clearTimeout(timer);
    }
    void ended.then((how) => onDeath(started, how));
  };

  const onDeath = (dead: Running, how: string): void => {
    running = undefined;
    if (stopping) return;
    if (dead.readyAt !== undefined && Date.now() - dead.readyAt >= backOff.settledMs) deathsInARow = 0;
    bringBack(`the ${name} ended unexpectedly (${how})`);
  };

  const bringBack = (why: string): void => {
    deathsInARow++;
    if (deathsInARow > backOff.attempts) {
      options.onGivenUp?.(
        new RgsweepError('server-unavailable', `${why}, ${deathsInARow} times in a row: given up`, {
          remedy: `its log is ${options.logFile}`,
        }),
      );
      return;
    }
    const delay = Math.min(backOff.maximumMs, backOff.firstMs * 2 ** (deathsInARow - 1));
    notice(`${why}; starting it again in ${delay / 1000} s`);
    restartTimer = setTimeout(() => {
      restarts++;
      bring().then(
        () => notice(`the ${name} runs again`),
        (error: unknown) => {
          if (!stopping) bringBack(messageOf(error).split('\n')[0] ?? '');
        },
      );
    }, delay);
  };

  const endWithUs = (): void => {
    if (running?.child.pid !== undefined) running.child.kill('SIGTERM');
  };
  // Also when this process ends without stop(), by an error or because its reader went away.
  process.on('exit', endWithUs);

  const stopNow = async (graceMs: number): Promise<void> => {
    clearTimeout(restartTimer);
    const current = running;
    if (current && current.child.exitCode === null && current.child.signalCode === null) {
      current.child.kill('SIGTERM');
      let timer: NodeJS.Timeout | undefined;
      const tooLate = new Promise<'late'>((resolve) => {
        timer = setTimeout(() => resolve('late'), graceMs);
      });
      if ((await Promise.race([current.ended, tooLate])) === 'late' && current.child.pid !== undefined) {
        notice(`the ${name} did not end within ${graceMs / 1000} s: ending it by force`);
        signalGroup(current.child.pid, 'SIGKILL');
        await current.ended;
      }
      clearTimeout(timer);
    }
    current?.child.stdin?.destroy();
    process.off('exit', endWithUs);
  };

  try {
    await bring();
  } catch (error) {
    process.off('exit', endWithUs);
    throw error;
  }
  return {
    name,
    pid: () => running?.child.pid,
    restarts: () => restarts,
    stop: (graceMs) => (stopping ??= stopNow(graceMs)),
    kill: () => {
      stopping ??= stopNow(0);
      if (running?.child.pid !== undefined) signalGroup(running.child.pid, 'SIGKILL');
    },
  };
}
