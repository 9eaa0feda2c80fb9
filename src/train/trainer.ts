/**
 * The built-in trainer, the main program of a child process: `node trainer.js task.json` (src/train/protocol.ts).
 *
 * Lines of JSON go to standard output and nothing else does. SIGTERM or SIGINT: a checkpoint at the current step, `done`,
 * exit 0. End of standard input means that the parent is gone: exit at once, writing nothing.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import * as tf from '@tensorflow/tfjs';
import { messageOf, RgsweepError } from '../errors.js';
import { countParameters } from '../model/arrays.js';
import { interruptible } from '../model/residual.js';
import { startBackend, type Backend } from './backend.js';
import { createBatchSource } from './batchSource.js';
import { readCheckpoint, writeCheckpoint, type Checkpoint } from './checkpoint.js';
import { describedTrial, type DescribedTrial } from './describedTrial.js';
import { createTraining } from './loop.js';
import { describeForecast, requireMemory } from './memory.js';
import { forecastMemory } from './memoryProbe.js';
import {
  trainerFailureKinds,
  trainerProtocolVersion,
  type MemoryForecast,
  type TrainerFailureKind,
  type TrainerMessage,
  type TrainerTask,
} from './protocol.js';

/** Seconds between two progress messages. */
const progressSeconds = 1;
/** Seconds between two signs of life of an evaluation. */
const aliveSeconds = 5;

let stopAsked = false;
/** For the message, should memory run out all the same. */
let forecast: MemoryForecast | undefined;

function say(message: TrainerMessage): Promise<void> {
  return new Promise((resolve) => process.stdout.write(`${JSON.stringify(message)}\n`, () => resolve()));
}

/** Thrown out of an evaluation when it is asked to end. */
class Stopped extends Error {}

interface Prepared extends DescribedTrial {
  task: TrainerTask;
  from: Checkpoint | undefined;
}

function readTask(file: string | undefined): TrainerTask {
  if (file === undefined) throw new RgsweepError('bad-configuration', 'usage: trainer.js task.json');
  const task = JSON.parse(readFileSync(file, 'utf8')) as TrainerTask;
  if (task.protocol !== trainerProtocolVersion)
    throw new RgsweepError(
      'bad-configuration',
      `${file}: protocol is ${task.protocol}; this trainer speaks ${trainerProtocolVersion}`,
    );
  return task;
}

async function prepare(task: TrainerTask): Promise<Prepared> {
  const described = await describedTrial(task);
  if (task.mode === 'evaluate' && task.resumeFrom === null)
    throw new RgsweepError('bad-configuration', 'resumeFrom is null: an evaluation needs a checkpoint');
  const from =
    task.resumeFrom === null
      ? undefined
      : readCheckpoint(task.resumeFrom, task.fromStep, described.model.initialize());
  return { ...described, task, from };
}

async function train({ task, input, model, from }: Prepared, backend: Backend): Promise<void> {
  const objective = model.objective();
  const make = model.batches(task.dataFolder);
  const batches = createBatchSource({ make, task, log: (line) => console.error(line) });
  const session = createTraining({
    objective,
    batch: (step) => batches.batch(step),
    initialize: () => model.initialize(),
    training: input.training,
    ...(from ? { from } : {}),
  });
  try {
    forecast = await forecastMemory(
      objective,
      make,
      session.state.parameters,
      input.training.batchSize,
      backend,
    );
    if (forecast) requireMemory(forecast);
    let loss = from?.loss ?? NaN;
    const before = from?.backends ?? [];
    const backends = before.at(-1) === backend.name ? [...before] : [...before, backend.name];
    await say({
      type: 'started',
      protocol: trainerProtocolVersion,
      backend: backend.name,
      backends,
      parameterCount: countParameters(session.state.parameters),
      step: session.step,
      ...(forecast ? { memory: forecast } : {}),
    });
    const checkpoint = async () => {
      const folder = writeCheckpoint(task.outputFolder, {
        step: session.step,
        loss,
        state: session.state,
        backends,
      });
      await say({ type: 'checkpoint', step: session.step, folder, loss });
    };

    let reported = { step: session.step, at: performance.now() };
    while (session.step < task.toStep && !stopAsked) {
      const current = await session.advance();
      loss = Number.isNaN(loss) ? current : loss + 0.01 * (current - loss);
      const { step } = session;
      const seconds = (performance.now() - reported.at) / 1000;
      if (seconds >= progressSeconds || step === task.toStep) {
        const { numBytes: tensorBytes } = tf.memory();
        await say({
          type: 'progress',
          step,
          loss,
          stepsPerSecond: (step - reported.step) / seconds,
          tensorBytes,
        });
        reported = { step, at: performance.now() };
      }
      if (step % task.checkpointEverySteps === 0 && step < task.toStep) await checkpoint();
      await nextTurn();
    }
    // A stop that came before the first step leaves nothing new to keep.
    if (session.step > task.fromStep) await checkpoint();
  } finally {
    session.dispose();
    batches.dispose();
  }
  await say({ type: 'done', step: session.step, preempted: session.step < task.toStep });
}

async function evaluate({ task, definition, input, model, from }: Prepared, backend: Backend): Promise<void> {
  const { state, step } = from!;
  await say({
    type: 'started',
    protocol: trainerProtocolVersion,
    backend: backend.name,
    parameterCount: countParameters(state.parameters),
    step,
  });
  let said = performance.now();
  const breathe = async () => {
    await nextTurn();
    if (stopAsked) throw new Stopped();
    if ((performance.now() - said) / 1000 < aliveSeconds) return;
    said = performance.now();
    await say({ type: 'alive' });
  };
  const { dataFolder, evaluation, outputFolder } = task;
  const residual = model.residual(state.ema);
  try {
    const result = await definition.evaluate({
      ...input,
      ...evaluation,
      model: interruptible(residual, breathe),
      dataFolder,
    });
    const { metrics, warnings = [], files = {} } = result;
    for (const message of warnings) await say({ type: 'warning', message });
    for (const [name, content] of Object.entries(files))
      writeFileSync(path.join(outputFolder, name), content);
    await say({ type: 'metrics', step, metrics, files: Object.keys(files) });
    await say({ type: 'done', step, preempted: false });
  } catch (error) {
    if (!(error instanceof Stopped)) throw error;
    await say({ type: 'done', step, preempted: true });
  } finally {
    residual.dispose();
  }
}

function failureKindOf(error: unknown): TrainerFailureKind {
  if (error instanceof RgsweepError) {
    const kind = trainerFailureKinds.find((name) => name === error.kind);
    if (kind) return kind;
    // A backend that is not there is the configuration's fault on this machine.
    return error.kind === 'backend-unavailable' || error.kind === 'usage' ? 'bad-configuration' : 'crashed';
  }
  const message = messageOf(error);
  // tfjs-backend-wasm ends itself with this word when an allocation fails.
  if (/allocation failed|out of memory|could not allocate|^Aborted\(/i.test(message)) return 'out-of-memory';
  if ((error as NodeJS.ErrnoException | undefined)?.code === 'ENOENT') return 'data-missing';
  return 'crashed';
}

async function main(): Promise<void> {
  // Standard output belongs to the protocol; libraries greet on it.
  console.log = console.info = (...all: unknown[]) => console.error(...all);
  process.on('SIGTERM', () => (stopAsked = true));
  process.on('SIGINT', () => (stopAsked = true));
  process.stdin.on('end', () => process.exit(3)).on('error', () => process.exit(3));
  process.stdin.resume();
  try {
    const task = readTask(process.argv[2]);
    const backend = await startBackend(task.backend, task.threads);
    const prepared = await prepare(task);
    await (task.mode === 'train' ? train(prepared, backend) : evaluate(prepared, backend));
  } catch (error) {
    const remedy = error instanceof RgsweepError && error.remedy ? ` (${error.remedy})` : '';
    const unforeseen = failureKindOf(error) === 'out-of-memory' && !(error instanceof RgsweepError);
    const memory = unforeseen && forecast ? `; ${describeForecast(forecast)}` : '';
    await say({ type: 'failure', kind: failureKindOf(error), message: messageOf(error) + memory + remedy });
    process.exitCode = 1;
  }
  process.stdin.destroy();
}

await main();
