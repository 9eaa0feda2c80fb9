/**
 * A thread that makes batches for a trainer (src/train/batchThreads.ts). It is given the trainer's task, says that it is ready, and
 * answers numbers of steps with their batches. Whatever it throws ends it.
 */
import { parentPort, workerData } from 'node:worker_threads';
import type { BatchAnswer } from './batchThreads.js';
import { describedTrial, type TrialDescription } from './describedTrial.js';

const task = workerData as TrialDescription;
const { model } = await describedTrial(task);
const make = model.batches(task.dataFolder);
const say = (answer: BatchAnswer<unknown>) => parentPort!.postMessage(answer);
parentPort!.on('message', (step: number) => say({ step, batch: make(step) }));
say('ready');
