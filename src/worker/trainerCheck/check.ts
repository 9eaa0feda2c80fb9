import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, resolve, sep } from 'node:path';
import type { TrainerMessage, TrainerTask } from '../../train/protocol.js';
import { runSession, type Session, type SessionOptions } from './session.js';

/** One requirement of docs/trainer-protocol.md, and whether the trainer meets it. */
export interface CheckResult {
  name: string;
  /** `advice`: allowed, but not as good as it could be. */
  outcome: 'passed' | 'failed' | 'advice';
  /** What was seen, where it is not as it should be. */
  details: string[];
}

export interface CheckOptions extends SessionOptions {
  /** The task file of every run; folders, steps and mode are set by the suite. */
  task: TrainerTask;
  /** Empty folder for the trainer's output. */
  workFolder: string;
  /** Steps of a short training; at least 4. */
  steps: number;
  onResult: (result: CheckResult) => void;
}

/** Steps of a training that is never to reach its end. */
const endless = 1_000_000_000;

type OfType<Type extends TrainerMessage['type']> = Extract<TrainerMessage, { type: Type }>;
const allOf = <Type extends TrainerMessage['type']>(session: Session, type: Type) =>
  session.messages.filter((message): message is OfType<Type> => message.type === type);

/**
 * The conformance suite of the trainer protocol: runs a trainer as the supervisor does, in all the ways that matter.
 * @returns every result, each also told as it comes
 */
export async function checkTrainer(options: CheckOptions): Promise<CheckResult[]> {
  const { steps, workFolder, onResult } = options;
  const results: CheckResult[] = [];
  const conclude = (name: string, problems: string[], advice: string[] = []) => {
    const outcome = problems.length > 0 ? 'failed' : advice.length > 0 ? 'advice' : 'passed';
    const result: CheckResult = { name, outcome, details: [...problems, ...advice] };
    results.push(result);
    onResult(result);
    return problems.length === 0;
  };
  const middle = Math.max(1, Math.floor(steps / 2));
  const makeTask = (name: string, changes: Partial<TrainerTask>): TrainerTask => ({
    ...options.task,
    mode: 'train',
    fromStep: 0,
    toStep: steps,
    resumeFrom: null,
    outputFolder: join(workFolder, name),
    checkpointEverySteps: middle,
    ...changes,
  });

  const whole = makeTask('whole', {});
  const first = await runSession(options, whole);
  const checkpoints = checkpointsOf(first, whole);
  const trained = conclude(
    `trains ${steps} steps, says so in lines of JSON, and writes its checkpoints`,
    [...troubleOf(first), ...checkpoints.problems, ...stepsMissing(first, [middle, steps])],
    first.noise.length > 0
      ? [`standard output has lines that are no messages, such as: ${first.noise[0]!.slice(0, 200)}`]
      : [],
  );
  if (!trained) return results;

  const resumed = makeTask('resumed', { fromStep: middle, resumeFrom: checkpoints.folders.get(middle)! });
  const second = await runSession(options, resumed);
  const again = checkpointsOf(second, resumed);
  conclude(
    `goes on from a checkpoint of step ${middle}`,
    [...troubleOf(second), ...again.problems, ...stepsMissing(second, [steps])],
    differencesOf(checkpoints.folders.get(steps), again.folders.get(steps)),
  );

  const measured = makeTask('measured', {
    mode: 'evaluate',
    fromStep: steps,
    resumeFrom: checkpoints.folders.get(steps)!,
  });
  const third = await runSession(options, measured);
  const [metrics] = allOf(third, 'metrics');
  conclude(`measures the checkpoint of step ${steps}`, [
    ...troubleOf(third),
    ...(metrics === undefined
      ? ['it gave no metrics']
      : Object.keys(metrics.metrics).length === 0
        ? ['none of its metrics is a finite number']
        : []),
    ...(metrics?.files ?? []).flatMap((file) => problemOfPath(measured.outputFolder, file, 'file')),
  ]);

  const stopped = makeTask('stopped', { toStep: endless, checkpointEverySteps: endless });
  const fourth = await runSession(options, stopped, (message) =>
    message.type === 'progress' && message.step > 0 ? 'terminate' : undefined,
  );
  const last = checkpointsOf(fourth, stopped);
  const [done] = allOf(fourth, 'done');
  conclude('on SIGTERM writes a checkpoint, says done and exits with code 0', [
    ...troubleOf(fourth),
    ...last.problems,
    ...(done && !done.preempted ? ['its done message does not say that it was preempted'] : []),
  ]);

  const orphaned = makeTask('orphaned', { toStep: endless, checkpointEverySteps: endless });
  const fifth = await runSession(options, orphaned, (message) =>
    message.type === 'progress' ? 'close-input' : undefined,
  );
  conclude(
    'ends by itself when its standard input ends',
    allOf(fifth, 'progress').length === 0 ? troubleOf(fifth) : [],
    fifth.overdue
      ? [
          `it still ran ${options.graceSeconds} s later; a worker that is killed ends it with its process group`,
        ]
      : [],
  );

  const version = makeTask('version', { protocol: 999 as 1 });
  conclude(
    'refuses another version of the protocol',
    refusalOf(await runSession(options, version), ['bad-configuration']),
  );

  const missing = makeTask('missing', {
    fromStep: middle,
    resumeFrom: join(workFolder, 'no-such-checkpoint'),
  });
  conclude(
    'says what is wrong when its checkpoint is not there',
    refusalOf(await runSession(options, missing), ['data-missing', 'bad-configuration']),
  );
  return results;
}

/** What is wrong with a run that should have succeeded. */
function troubleOf(session: Session): string[] {
  const problems = [...session.violations];
  for (const { kind, message } of allOf(session, 'failure')) problems.push(`it failed: ${kind}: ${message}`);
  if (session.overdue) problems.push('it did not end in time and was killed');
  else if (session.code !== 0) {
    const words = session.errorOutput.trim().split('\n').slice(-3).join('\n');
    problems.push(`it ended by ${session.signal ?? `exit code ${session.code}`}${words ? `: ${words}` : ''}`);
  }
  if (session.messages[0]?.type !== 'started') problems.push('its first message is not started');
  if (session.messages.at(-1)?.type !== 'done') problems.push('its last message is not done');
  return problems;
}

function refusalOf(session: Session, kinds: readonly string[]): string[] {
  const [failure] = allOf(session, 'failure');
  if (session.overdue) return ['it went on instead, until it was killed'];
  const problems: string[] = [];
  if (!failure) problems.push(`it gave no failure message (exit code ${session.code ?? session.signal})`);
  else if (!kinds.includes(failure.kind))
    problems.push(`its failure is of kind ${failure.kind}; ${kinds.join(' or ')} was expected`);
  if (session.code === 0) problems.push('its exit code is 0');
  return problems;
}

function problemOfPath(folder: string, named: string, what: string): string[] {
  const path = resolve(folder, named);
  if (!path.startsWith(folder + sep)) return [`the ${what} ${named} is not below outputFolder`];
  return existsSync(path) ? [] : [`the ${what} ${named} is not there`];
}

function checkpointsOf(session: Session, task: TrainerTask) {
  const folders = new Map<number, string>();
  const problems: string[] = [];
  for (const { step, folder } of allOf(session, 'checkpoint')) {
    const problem = problemOfPath(task.outputFolder, folder, 'checkpoint');
    problems.push(...problem);
    const path = resolve(task.outputFolder, folder);
    if (problem.length > 0) continue;
    if (Object.keys(hashesOf(path)).length === 0) problems.push(`the checkpoint ${folder} holds no files`);
    folders.set(step, path);
  }
  return { folders, problems };
}

function stepsMissing(session: Session, wanted: readonly number[]): string[] {
  const steps = new Set(allOf(session, 'checkpoint').map(({ step }) => step));
  return wanted.filter((step) => !steps.has(step)).map((step) => `it wrote no checkpoint of step ${step}`);
}

function hashesOf(folder: string): Record<string, string> {
  if (!statSync(folder).isDirectory()) return {};
  const files = readdirSync(folder, { recursive: true }) as string[];
  return Object.fromEntries(
    files
      .filter((name) => statSync(join(folder, name)).isFile())
      .map((name) => [
        name,
        createHash('sha256')
          .update(readFileSync(join(folder, name)))
          .digest('hex'),
      ]),
  );
}

/** Advice where a resumed training ends elsewhere than an uninterrupted one. */
function differencesOf(whole: string | undefined, resumed: string | undefined): string[] {
  if (whole === undefined || resumed === undefined) return [];
  const [one, other] = [hashesOf(whole), hashesOf(resumed)];
  const different = Object.keys({ ...one, ...other }).filter((name) => one[name] !== other[name]);
  return different.length === 0
    ? []
    : [`resumed it ends with other bytes than uninterrupted: ${different.join(', ')}`];
}
