import { spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { createConversation } from '../../train/conversation.js';
import { readTrainerLine } from '../../train/messages.js';
import type { TrainerMessage, TrainerTask } from '../../train/protocol.js';

/** How a trainer is run by the conformance suite. */
export interface SessionOptions {
  command: readonly string[];
  /** Working directory. */
  folder: string;
  environment: Readonly<Record<string, string>>;
  /** Ended after so many seconds. */
  limitSeconds: number;
  /** Of SIGTERM, and of the end of its input. */
  graceSeconds: number;
}

/** All that one run of a trainer said and did. */
export interface Session {
  messages: TrainerMessage[];
  /** Lines of standard output that are no messages. */
  noise: string[];
  /** Messages that break the protocol, with the reason. */
  violations: string[];
  errorOutput: string;
  code: number | null;
  signal: string | null;
  /** It was killed, because it took longer than allowed. */
  overdue: boolean;
  /** From the request to end until its end. */
  secondsToEnd: number;
}

/** Asks the trainer to end: by SIGTERM, or by closing its standard input as a dying parent does. */
export type Ending = 'terminate' | 'close-input';

/**
 * Runs a trainer on a task to its end, whatever it does. `react` sees every message and may ask the trainer to end.
 */
export async function runSession(
  options: SessionOptions,
  task: TrainerTask,
  react: (message: TrainerMessage) => Ending | undefined = () => undefined,
): Promise<Session> {
  await mkdir(task.outputFolder, { recursive: true });
  const file = join(task.outputFolder, '..', `${task.mode}-${task.outputFolder.split('/').at(-1)}.json`);
  await writeFile(file, JSON.stringify(task));
  const [program, ...leading] = options.command;
  const child = spawn(program!, [...leading, file], {
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
    cwd: options.folder,
    env: { ...process.env, ...options.environment },
  });
  child.stdin.on('error', () => undefined);
  const session: Session = {
    messages: [],
    noise: [],
    violations: [],
    errorOutput: '',
    code: null,
    signal: null,
    overdue: false,
    secondsToEnd: 0,
  };
  const end = () => {
    session.overdue = true;
    try {
      process.kill(-child.pid!, 'SIGKILL');
    } catch {
      child.kill('SIGKILL');
    }
  };
  let timer = setTimeout(end, 1000 * options.limitSeconds);
  let askedAt: number | undefined;
  const object = createConversation(task);
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (line.trim() === '') return;
    const heard = readTrainerLine(line);
    if ('noise' in heard) session.noise.push(line);
    else if ('violation' in heard) session.violations.push(heard.violation);
    else {
      session.messages.push(heard.message);
      const objection = object(heard.message);
      if (objection) session.violations.push(objection.message);
      const ending = askedAt === undefined ? react(heard.message) : undefined;
      if (ending === undefined) return;
      askedAt = performance.now();
      clearTimeout(timer);
      timer = setTimeout(end, 1000 * options.graceSeconds);
      if (ending === 'terminate') child.kill('SIGTERM');
      else child.stdin.end();
    }
  });
  child.stderr.setEncoding('utf8');
  child.stderr.on('data', (text: string) => {
    session.errorOutput = (session.errorOutput + text).slice(-4000);
  });
  await new Promise<void>((resolve) => {
    child.once('error', (error) => {
      session.errorOutput += error.message;
      resolve();
    });
    child.once('close', (code, signal) => {
      Object.assign(session, { code, signal });
      resolve();
    });
  });
  clearTimeout(timer);
  child.stdin.destroy();
  session.secondsToEnd = askedAt === undefined ? 0 : (performance.now() - askedAt) / 1000;
  return session;
}
