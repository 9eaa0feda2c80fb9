import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join, resolve, sep } from 'node:path';
import type { Writable } from 'node:stream';
import { RgsweepError, type FailureKind } from '../src/errors.js';
import type { TrainerMessage, TrainerTask } from '../src/train/protocol.js';
import { createConversation } from '../src/train/conversation.js';
import { longestLine, readTrainerLine } from '../src/train/messages.js';
import { guarded, requireProgram, strayProcesses } from './trainerGroup.js';
import { createNoise, readLines } from './trainerLines.js';
import { countMemoryKills, describeMemory, outOfMemoryWords } from './trainerMemory.js';

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
  /** A program that rgsweep knows nothing of: started in its own folder, guarded, and held to its memory. */
  foreign?: { folder: string; memoryBytes?: number };
}

/** A trainer that says it is alive but makes no step may do so for so many times `stallSeconds`; our own evaluations, for ever. */
const alivePatience = 10;
/** After a trainer's end, what it left in its pipes is waited for so long. */
const drainMilliseconds = 2000;

export interface TrainerEnd {
  step: number;
  preempted: boolean;
}

/** A trainer needs no credentials: it never touches the store or the server. */
function trainerEnvironment(threads: number): NodeJS.ProcessEnv {
  const environment: NodeJS.ProcessEnv = {};
  for (const [name, value] of Object.entries(process.env))
    if (!/^(AWS_|TEMPORAL_|RGSWEEP_CODEC|RGSWEEP_WEBHOOK)|TOKEN|SECRET|PASSWORD/i.test(name))
      environment[name] = value;
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

function requireFolder(folder: string): void {
  if (existsSync(folder)) return;
  throw new RgsweepError('bad-configuration', `the task’s folder ${folder} is not on this worker’s machine`, {
    remedy: 'put it at the same path on every machine that trains, or name task.folder',
  });
}

function endProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended by itself.
  }
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
  const { foreign } = run;
  if (foreign) requireFolder(foreign.folder);
  if (foreign) requireProgram(program!, foreign.folder);
  const guard = foreign ? guarded(run.command) : undefined;
  const taskFile = join(run.folder, 'task.json');
  await writeFile(taskFile, JSON.stringify(run.task));
  const [started, ...startedArguments] = guard?.command ?? [program!, ...leading];
  const child = spawn(started!, [...startedArguments, taskFile], {
    stdio: ['pipe', 'pipe', 'pipe', ...(guard ? (['pipe'] as const) : [])],
    detached: true,
    env: { ...trainerEnvironment(run.task.threads), ...run.environment, ...guard?.environment },
    ...(foreign ? { cwd: foreign.folder } : {}),
  });
  const guardInput = guard ? (child.stdio[3] as Writable) : undefined;
  guardInput?.on('error', () => undefined);
  // An ended trainer closes its input; a late write to it must not take us down.
  child.stdin.on('error', () => undefined);

  let end: TrainerEnd | undefined;
  let failed: RgsweepError | undefined;
  let errorOutput = '';
  let peakMemory = 0;
  const memoryKillsBefore = countMemoryKills();
  let begun = false;
  let lastStep = -1;
  let lastProgress = Date.now();
  let lastAlive = 0;
  let killedBecause: RgsweepError | undefined;

  const endGroup = () => {
    if (child.pid === undefined) return;
    try {
      process.kill(-child.pid, 'SIGKILL');
    } catch {
      child.kill('SIGKILL');
    }
  };
  const endNow = (because?: RgsweepError) => {
    killedBecause ??= because;
    if (child.exitCode === null && child.signalCode === null) endGroup();
  };
  const noise = createNoise(run.onNoise);
  const object = createConversation(run.task);
  let leastStep = run.task.fromStep;
  const receive = (line: string) => {
    if (line.trim() === '' || killedBecause) return;
    const heard = readTrainerLine(line);
    if ('noise' in heard) return noise.add(line);
    if ('violation' in heard)
      return endNow(failure('crashed', `the trainer broke the protocol: ${heard.violation}`));
    const { message } = heard;
    const objection = object(message);
    if (objection) return endNow(failure(objection.kind, objection.message));
    if (message.type === 'alive') lastAlive = Date.now();
    else if (message.type === 'started' || message.type === 'metrics') lastProgress = Date.now();
    else if ('step' in message && message.step > leastStep) {
      lastStep = leastStep = message.step;
      lastProgress = Date.now();
    }
    if (message.type === 'started') begun = true;
    if (message.type === 'failure') failed = failure(message.kind, message.message);
    else if (message.type === 'done') end = { step: message.step, preempted: message.preempted };
    run.onMessage(message);
  };

  const onFlood = () => run.onNoise('the trainer prints more than this worker reads: it is slowed down');
  const onTooLong = () =>
    endNow(failure('crashed', `the trainer printed a line longer than ${longestLine} characters`));
  readLines(child.stdout, { onLine: receive, onTooLong, onFlood });
  readLines(child.stderr, {
    onLine: (line) => {
      errorOutput = `${errorOutput}${line}\n`.slice(-keptErrorOutput);
      noise.add(line);
    },
    onTooLong: () => noise.add(`the rest of its error output is one line of over ${longestLine} characters`),
    onFlood,
  });

  let graceTimer: NodeJS.Timeout | undefined;
  let drainTimer: NodeJS.Timeout | undefined;
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
        if (foreign?.memoryBytes !== undefined && bytes > foreign.memoryBytes)
          endNow(
            failure(
              'out-of-memory',
              `the trainer uses ${Math.ceil(bytes / 2 ** 20)} MiB; its task allows ${Math.floor(foreign.memoryBytes / 2 ** 20)} MiB (task.resources.memoryMiB)`,
            ),
          );
      },
      () => undefined,
    );
    const now = Date.now();
    const silent = (now - Math.max(lastProgress, lastAlive)) / 1000;
    const idle = (now - lastProgress) / 1000;
    const bounded = foreign !== undefined || run.task.mode === 'train';
    const limit = bounded ? alivePatience * run.stallSeconds : Number.POSITIVE_INFINITY;
    if (silent > run.stallSeconds || idle > limit)
      endNow(
        failure(
          'stalled',
          `no step for ${Math.round(idle)} s (limit ${silent > run.stallSeconds ? run.stallSeconds : limit} s), at step ${lastStep}`,
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
        // What it leaves behind has its pipes, and would be waited for without end.
        child.once('exit', () => {
          const strays = guard ? strayProcesses(guard.marker).filter((pid) => pid !== child.pid) : [];
          if (strays.length > 0)
            noise.add(`the trainer left ${strays.length} processes behind, which were ended`);
          endGroup();
          for (const stray of strays) endProcess(stray);
          drainTimer = setTimeout(() => {
            child.stdout.destroy();
            child.stderr.destroy();
          }, drainMilliseconds);
        });
      },
    );
    noise.close();
    if (killedBecause) throw killedBecause;
    // One that refused to begin has said what it needs and what there is.
    if (failed?.kind === 'out-of-memory' && begun)
      throw failure('out-of-memory', `${failed.message}; ${describeMemory(peakMemory)}`);
    if (failed) throw failed;
    if (code === 0 && end?.preempted && end.step === run.task.fromStep && !run.stop.aborted)
      throw failure('crashed', 'the trainer said that it was preempted, but nobody asked it to end');
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
    const said = errorOutput.trim().split('\n');
    const cry = said.find((line) => outOfMemoryWords.test(line));
    // What follows it are addresses of functions.
    if (cry !== undefined)
      throw failure('out-of-memory', `${reason}: ${cry.trim()}; ${describeMemory(peakMemory)}`);
    const tail = said.slice(-5).join('\n');
    throw failure('crashed', tail ? `${reason}; its last words: ${tail}` : reason);
  } finally {
    clearInterval(watch);
    clearTimeout(graceTimer);
    clearTimeout(drainTimer);
    run.stop.removeEventListener('abort', stop);
    run.kill.removeEventListener('abort', kill);
    endNow();
    child.stdin.destroy();
    guardInput?.destroy();
  }
}
