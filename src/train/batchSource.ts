import { messageOf } from '../errors.js';
import { startBatchThreads, type BatchThreads } from './batchThreads.js';
import type { TrialDescription } from './describedTrial.js';
import type { TrainerTask } from './protocol.js';

/**
 * Makes the batch of step n, counted from 0: data, times and noise are functions of (seed, n) alone.
 * @param rows in place of the training's batch size, to see what a step takes
 */
export type BatchMaker<Batch> = (step: number, rows?: number) => Batch;

/** The batches of a training, wherever they are made. */
export interface BatchSource<Batch> {
  batch(step: number): Promise<Batch>;
  /** Ends its threads. */
  dispose(): void;
}

/** Steps that are looked at before threads are begun, and those before them, in which code is still being compiled. */
const [warmUp, watched] = [4, 12];
/** A smaller part of a step is not worth a thread and its copy of the data. */
const worthwhile = 0.03;
const mostThreads = 8;

/**
 * Threads for the making of batches: as many as keep up with the rest of a step, of those that the trainer has to spare. None
 * where a batch is less than 3 % of a step.
 * @param batch time to make one
 * @param step time of a step in all, its batch included
 * @param threads that the trainer may use, its own among them
 */
export function batchThreadsFor(batch: number, step: number, threads: number): number {
  if (batch < worthwhile * step) return 0;
  const keepUp = Math.ceil(batch / Math.max(step - batch, Number.EPSILON));
  return Math.min(keepUp, threads - 1, mostThreads);
}

export interface BatchSourceOptions<Batch> {
  /** For this thread. */
  make: BatchMaker<Batch>;
  /** For the others. */
  task: TrialDescription & Pick<TrainerTask, 'threads'>;
  /** Is told where batches are made. */
  log: (line: string) => void;
}

/**
 * Makes batches on this thread for the first steps, and on others from there if that saves time and the trainer has threads to
 * spare. The batches are the same to the last bit; should a thread fail, they are made here again.
 */
export function createBatchSource<Batch>({ make, task, log }: BatchSourceOptions<Batch>): BatchSource<Batch> {
  let threads: BatchThreads<Batch> | undefined;
  let watching = task.threads > 1;
  let disposed = false;
  const batchTimes: number[] = [];
  const beginnings: number[] = [];

  const decide = () => {
    watching = false;
    const stepTimes = beginnings.slice(1).map((at, n) => at - beginnings[n]!);
    const [batch, step] = [median(batchTimes.slice(warmUp)), median(stepTimes.slice(warmUp))];
    const count = batchThreadsFor(batch, step, task.threads);
    const share = `a batch takes ${batch.toFixed(1)} ms of a step's ${step.toFixed(1)}`;
    if (count === 0) return log(`${share}: made where the training is`);
    startBatchThreads<Batch>(task, count).then(
      (started) => {
        if (disposed) return started.dispose();
        threads = started;
        log(`${share}: made by ${count} more ${count === 1 ? 'thread' : 'threads'} from here`);
      },
      (error: unknown) => log(`${share}: made where the training is, since ${messageOf(error)}`),
    );
  };
  return {
    async batch(step) {
      if (watching && batchTimes.length === warmUp + watched) decide();
      if (threads)
        try {
          return await threads.batch(step);
        } catch (error) {
          log(`a thread for batches is lost, made where the training is from here: ${messageOf(error)}`);
          threads.dispose();
          threads = undefined;
        }
      const begun = performance.now();
      const batch = make(step);
      if (watching) {
        beginnings.push(begun);
        batchTimes.push(performance.now() - begun);
      }
      return batch;
    },
    dispose() {
      disposed = true;
      threads?.dispose();
    },
  };
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}
