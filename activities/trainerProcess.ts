import { spawn } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join, resolve, sep } from 'node:path';
import { RgsweepError, type FailureKind } from '../src/errors.js';
import type { TrainerMessage, TrainerTask } from '../src/train/protocol.js';
import { countMemoryKills, describeMemory, outOfMemoryWords } from './trainerMemory.js';

/** Longest line a trainer may print; more is a fault of the trainer, not a message. */
const longestLine = 1 << 20;
/** How much of its error output is kept for the message of a crash. */
const keptErrorOutput = 4000;

export interface TrainerRun {
  command: readonly string[];
  task: TrainerTask;
  /** Existing folder for the task file. */
  folder: string;
  onMessage: (message: TrainerMessage) => void;
  /** Resident memory of the trainer, about every second, where the system tells it. */
  onMemory: (bytes: number) => void;
  /** A line that the trainer printed and that is no message, on standard output or standard error. */
  onNoise: (line: string) => void;
  /** Aborted: the trainer is asked to write a checkpoint and end (SIGTERM). */
  stop: AbortSignal;
  /** Aborted: the trainer is ended at once (SIGKILL), since its work is no longer wanted. */
  kill: AbortSignal;
  stallSeconds: number;
  /** Seconds a trainer has for its checkpoint after SIGTERM. */
  graceSeconds: number;
  /** Variables of this trainer alone, such as the GPU it may use. */
  environment?: Readonly<Record<string, string>>;
}

export interface TrainerEnd {
  step: number;
  preempted: boolean;
}

/** A trainer needs no credentials: it never touches the store or the server. */
function trainerEnvironment(threads: number): NodeJS.ProcessEnv {
  const environment: NodeJS.ProcessEnv = {};
  for (const [name, value] of Object.entries(process.env))
    if (!/^(AWS_|TEMPORAL_|RGSWEEP_CODEC)|TOKEN|SECRET|PASSWORD/i.test(name)) environment[name] = value;
  environment.TF_NUM_INTRAOP_THREADS ??= String(threads);
  environment.OMP_NUM_THREADS ??= String(threads);
  return environment;
}

function failure(kind: FailureKind, message: string, cause?: unknown): RgsweepError {
  return new RgsweepError(kind, message, cause === undefined ? {} : { cause });
}

/**
 * The path a trainer named, which must lie below the folder it may write into.
 * @throws RgsweepError('crashed') for any other path
 */
export function insideFolder(folder: string, named: string): string {
  const path = resolve(folder, named);
  if (!path.startsWith(folder + sep))
    throw failure(
      'crashed',
      `the trainer named ${JSON.stringify(named)}, which is not below its output folder`,
    );
  return path;
}

/**
 * Starts a trainer, listens to it until it ends, and says how it ended.
 *
 * The trainer is the leader of its own process group, so a terminal's Ctrl-C does not reach it behind our back, and its
 * standard input stays open for as long as we live: when it closes, the trainer ends.
 *
 * @throws RgsweepError whose kind is a failure kind: what the trainer said, `stalled`, or `crashed`
 */
export async function runTrainer(run: TrainerRun): Promise<TrainerEnd> {
  const [program, ...leading] = run.command;
  const taskFile = join(run.folder, 'task.json');
  await writeFile(taskFile, JSON.stringify(run.task));
  const child = spawn(program!, [...leading, taskFile], {
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
    env: { ...trainerEnvironment(run.task.threads), ...run.environment },
  });
  // An ended trainer closes its input; a late write to it must not take us down.
  child.stdin.on('error', () => undefined);

  let end: TrainerEnd | undefined;
  let failed: RgsweepError | undefined;
  let errorOutput = '';
  let errorLine = '';
  let peakMemory = 0;
  const memoryKillsBefore = countMemoryKills();
  let lastStep = -1;
  let lastProgress = Date.now();
  let killedBecause: RgsweepError | undefined;

  const endNow = (because?: RgsweepError) => {
    killedBecause ??= because;
    if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
    try {
      process.kill(-child.pid, 'SIGKILL');
    } catch {
      child.kill('SIGKILL');
    }
  };
  const receive = (line: string) => {
    if (line.trim() === '') return;
    let message: TrainerMessage;
    try {
      message = JSON.parse(line) as TrainerMessage;
    } catch {
      run.onNoise(line);
      return;
    }
    if (message === null || typeof message !== 'object' || typeof message.type !== 'string') {
      run.onNoise(line);
      return;
    }
    if (message.type === 'alive') lastProgress = Date.now();
    else if ('step' in message && message.step !== lastStep) {
      lastStep = message.step;
      lastProgress = Date.now();
    }
    if (message.type === 'failure') failed = failure(message.kind, message.message);
    else if (message.type === 'done') end = { step: message.step, preempted: message.preempted };
    run.onMessage(message);
  };

  let pending = '';
  child.stdout.setEncoding('utf8');
  child.stdout.on('data', (text: string) => {
    const lines = (pending + text).split('\n');
    pending = lines.pop()!;
    if (pending.length > longestLine)
      endNow(failure('crashed', `the trainer printed a line longer than ${longestLine} characters`));
    for (const line of lines) receive(line);
  });
  child.stderr.setEncoding('utf8');
  child.stderr.on('data', (text: string) => {
    errorOutput = (errorOutput + text).slice(-keptErrorOutput);
    const lines = (errorLine + text).split('\n');
    errorLine = lines.pop()!.slice(-longestLine);
    for (const line of lines) if (line.trim() !== '') run.onNoise(line);
  });

  let graceTimer: NodeJS.Timeout | undefined;
  const stop = () => {
    child.kill('SIGTERM');
    graceTimer = setTimeout(
      () =>
        endNow(failure('stalled', `the trainer wrote no checkpoint within ${run.graceSeconds} s of SIGTERM`)),
      run.graceSeconds * 1000,
    );
  };
  const kill = () => endNow(failure('cancelled', 'the segment is no longer ours'));
  run.stop.addEventListener('abort', stop, { once: true });
  run.kill.addEventListener('abort', kill, { once: true });
  const watch = setInterval(() => {
    // Second field: resident pages, of 4 KiB on the systems that have this file and run trainers.
    readFile(`/proc/${child.pid}/statm`, 'utf8').then(
      (pages) => {
        const bytes = Number(pages.split(' ')[1]) * 4096;
        peakMemory = Math.max(peakMemory, bytes);
        run.onMemory(bytes);
      },
      () => undefined,
    );
    const seconds = (Date.now() - lastProgress) / 1000;
    if (seconds > run.stallSeconds)
      endNow(
        failure(
          'stalled',
          `no step for ${Math.round(seconds)} s (limit ${run.stallSeconds} s), at step ${lastStep}`,
        ),
      );
  }, 1000);

  try {
    if (run.stop.aborted) stop();
    if (run.kill.aborted) kill();
    const { code, signal } = await new Promise<{ code: number | null; signal: string | null }>(
      (resolve, reject) => {
        child.once('error', (error) =>
          reject(
            failure('bad-configuration', `cannot start the trainer ${program}: ${error.message}`, error),
          ),
        );
        child.once('close', (code, signal) => resolve({ code, signal }));
      },
    );
    receive(pending);
    if (errorLine.trim() !== '') run.onNoise(errorLine);
    if (killedBecause) throw killedBecause;
    if (failed?.kind === 'out-of-memory')
      throw failure('out-of-memory', `${failed.message}; ${describeMemory(peakMemory)}`);
    if (failed) throw failed;
    if (code === 0 && end) return end;
    // Asked to end before it listened, or one that does not listen: what it had not saved is trained again.
    if (signal === 'SIGTERM' && run.stop.aborted)
      throw failure('preempted', 'the trainer was ended before it could write a checkpoint');
    // The kernel's own killing says nothing to its victim, but counts it.
    const killedForMemory =
      signal === 'SIGKILL' && (countMemoryKills() ?? 0) > (memoryKillsBefore ?? Number.POSITIVE_INFINITY);
    if (killedForMemory)
      throw failure(
        'out-of-memory',
        `the system killed the trainer for want of memory; ${describeMemory(peakMemory)}`,
      );
    const reason = signal
      ? `the trainer was killed by ${signal}${signal === 'SIGKILL' ? ' (by hand, or by the system for want of memory)' : ''}`
      : code === 0
        ? 'the trainer ended without saying that it was done'
        : `the trainer exited with code ${code}`;
    const tail = errorOutput.trim().split('\n').slice(-5).join('\n');
    const words = tail ? `${reason}; its last words: ${tail}` : reason;
    if (outOfMemoryWords.test(errorOutput))
      throw failure('out-of-memory', `${words}; ${describeMemory(peakMemory)}`);
    throw failure('crashed', words);
  } finally {
    clearInterval(watch);
    clearTimeout(graceTimer);
    run.stop.removeEventListener('abort', stop);
    run.kill.removeEventListener('abort', kill);
    endNow();
    child.stdin.destroy();
  }
}
