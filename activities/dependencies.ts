import type { Client } from '@temporalio/client';
import type { Logger } from 'pino';
import type { Metrics } from '../src/metrics/metrics.js';
import type { ObjectStore } from '../src/store/types.js';
import type { ServerPlace } from '../src/sweep/owner.js';
import type { TrainerEnd, TrainerRun } from './trainerProcess.js';
import type { BackendRequest } from '../src/train/protocol.js';

/** What activities need from outside; made once per worker process. */
export interface Dependencies {
  store: ObjectStore;
  /** Local folder for data sets and work in progress; may be emptied when no worker runs. */
  cacheFolder: string;
  /** Looks up which segments are open, and whether an attempt is still wanted. */
  client?: Client;
  /** Which server that is, so that the store knows where a sweep runs. */
  place?: ServerPlace;
  /** Program and arguments that start a trainer; the task file's path is appended. */
  trainerCommand: readonly string[];
  /** Runs one trainer to its end. */
  runTrainer: (run: TrainerRun) => Promise<TrainerEnd>;
  /** Of this worker's trainers, in place of the sweep's. */
  backend?: BackendRequest;
  /** Threads a trainer may use. */
  threads: number;
  /** Seconds without a step after which a trainer is stalled and ended. */
  stallSeconds: number;
  /** Seconds between the SIGTERM of a worker and its end: what a preempted machine leaves. */
  noticeSeconds: number;
  metrics: Metrics;
  log: Logger;
}
