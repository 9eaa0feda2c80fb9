import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { TrialDescription } from './describedTrial.js';

/** What a thread says. */
export type BatchAnswer<Batch> = 'ready' | { step: number; batch: Batch };

/** Threads that make batches ahead of the training. */
export interface BatchThreads<Batch> {
  /** @throws Error when a thread has ended, with what it threw */
  batch(step: number): Promise<Batch>;
  dispose(): void;
}

interface Asked<Batch> {
  promise: Promise<Batch>;
  resolve: (batch: Batch) => void;
  reject: (error: Error) => void;
}

function ignore(): void {}

/**
 * Starts threads that make the batches of a trainer's task, each every `count`-th step. With the batch of step n those of the next
 * `count` steps are asked for, so that they are made while the backend works on it.
 * @returns when all are ready
 * @throws Error what a thread threw at its start
 */
export async function startBatchThreads<Batch>(
  task: TrialDescription,
  count: number,
): Promise<BatchThreads<Batch>> {
  const asked = new Map<number, Asked<Batch>>();
  let broken: Error | undefined;
  const fail = (error: Error) => {
    broken ??= error;
    for (const one of asked.values()) one.reject(broken);
  };
  const threads = Array.from({ length: count }, () => {
    // Standard output belongs to the trainer's protocol.
    const thread = new Worker(new URL('./batchThread.js', import.meta.url), {
      workerData: task,
      stdout: true,
    });
    thread.stdout.pipe(process.stderr, { end: false });
    thread.on('message', (answer: BatchAnswer<Batch>) => {
      if (answer !== 'ready') asked.get(answer.step)?.resolve(answer.batch);
    });
    thread.on('error', fail);
    thread.on('exit', (code) => fail(new Error(`it has ended with code ${code}`)));
    return thread;
  });
  const dispose = () => {
    for (const thread of threads) void thread.terminate();
  };
  try {
    // The first message is `ready`; an error before it rejects.
    await Promise.all(threads.map((thread) => once(thread, 'message')));
  } catch (error) {
    dispose();
    throw error;
  }

  const ask = (step: number): Asked<Batch> => {
    const known = asked.get(step);
    if (known) return known;
    let [resolve, reject]: [(batch: Batch) => void, (error: Error) => void] = [ignore, ignore];
    const promise = new Promise<Batch>((...both) => ([resolve, reject] = both));
    // One that nobody waits for yet may fail; whoever asks for it is told.
    promise.catch(ignore);
    const one = { promise, resolve, reject };
    asked.set(step, one);
    if (broken) reject(broken);
    else threads[step % count]!.postMessage(step);
    return one;
  };
  return {
    batch(step) {
      const { promise } = ask(step);
      for (let ahead = 1; ahead <= count; ahead++) ask(step + ahead);
      return promise.finally(() => asked.delete(step));
    },
    dispose,
  };
}
