import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { expect, it } from 'vitest';
import type { Dependencies } from '../../activities/dependencies.js';
import { runSegment } from '../../activities/segment.js';
import { createMetrics } from '../../src/metrics/metrics.js';
import { openFileStore } from '../../src/store/file.js';
import { writeSpec, writeTrial } from '../../src/store/records.js';
import type { ObjectStore } from '../../src/store/types.js';
import { exampleSpec, exampleTrial } from '../store/example.js';
import { inActivity } from './context.js';
import { temporaryFolder } from '../stack/helpers.js';

/** Heartbeats come every two seconds; what is above that is for a busy machine. */
const silenceMilliseconds = 4000;

it('an attempt is heard of until it has ended, however long the store takes for its log', async () => {
  const folder = temporaryFolder();
  const files = await openFileStore(join(folder, 'store'));
  await writeSpec(files, exampleSpec('heard'));
  await writeTrial(files, 'heard', exampleTrial(0));
  /** A store that takes longer for a log than its attempt waits. */
  const slow: ObjectStore = {
    ...files,
    put: async (...input) => {
      await sleep(7000);
      return files.put(...input);
    },
    list: async function* (prefix) {
      await sleep(7000);
      yield* files.list(prefix);
    },
  };
  const beats: number[] = [];
  const cacheFolder = join(folder, 'cache');
  const dependencies = {
    store: slow,
    cacheFolder,
    noticeSeconds: 25,
    metrics: createMetrics(new Registry()),
    log: pino({ level: 'silent' }),
  } as unknown as Dependencies;
  const started = performance.now();
  const result = await inActivity({ activityId: '1', onHeartbeat: () => beats.push(performance.now()) }, () =>
    runSegment(dependencies, { sweep: 'heard', trial: 0, rung: 0, step: 1 }, 'evaluate', async (run) => {
      run.logbook.add('info', 'measured');
      return 'a figure';
    }),
  );
  const ended = performance.now();
  expect(result).toBe('a figure');
  expect(readdirSync(join(cacheFolder, 'work'))).toEqual([]);
  // Both waits are cut short, and nowhere on the way, its end included, is the attempt silent.
  expect(ended - started).toBeGreaterThan(8000);
  expect(ended - started).toBeLessThan(13_500);
  const times = [started, ...beats, ended];
  const silences = times.slice(1).map((time, index) => time - times[index]!);
  expect(Math.max(...silences)).toBeLessThan(silenceMilliseconds);
  const beatsAtTheEnd = beats.length;
  await sleep(2500);
  expect(beats).toHaveLength(beatsAtTheEnd);
});
