import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { createCheckpointSaver, type TrainedCheckpoint } from '../../activities/checkpointSaver.js';
import { eventually, temporaryFolder } from '../stack/helpers.js';

function checkpoints(): (step: number) => TrainedCheckpoint {
  const parent = temporaryFolder();
  return (step) => {
    const folder = join(parent, String(step));
    mkdirSync(folder);
    return { step, folder, loss: 1 };
  };
}

it('saves one at a time, and of those that come meanwhile the newest', async () => {
  const checkpoint = checkpoints();
  const saved: number[] = [];
  let release: () => void = () => undefined;
  const saver = createCheckpointSaver(
    async ({ step }) => {
      await new Promise<void>((resolve) => (release = resolve));
      saved.push(step);
    },
    () => undefined,
  );
  const all = [1, 2, 3].map(checkpoint);
  for (const one of all) saver.offer(one);
  release();
  await eventually('the second to be saved', () => saved.length === 1);
  await sleep(50);
  release();
  await saver.settled();
  expect(saved).toEqual([1, 3]);
  expect(saver.failed).toBeUndefined();
  await eventually('the folders to be removed', () => all.every(({ folder }) => !existsSync(folder)));
});

it('is settled after a failure, though the trainer offers another one', async () => {
  const checkpoint = checkpoints();
  const failure = new Error('no store');
  let told = 0;
  const saver = createCheckpointSaver(
    () => Promise.reject(failure),
    () => told++,
  );
  saver.offer(checkpoint(1));
  await saver.settled();
  const late = checkpoint(2);
  saver.offer(late);
  // First, since waiting for work that is over and never cleared would keep this process from everything else, its time limit included.
  await eventually('its folder to be removed', () => !existsSync(late.folder), 5000);
  await saver.settled();
  expect(saver.failed).toBe(failure);
  expect(told).toBe(1);
});
