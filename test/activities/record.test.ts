import { beforeEach, describe, expect, it } from 'vitest';
import { createRecorders } from '../../activities/record.js';
import type { Dependencies } from '../../activities/dependencies.js';
import { openFileStore } from '../../src/store/file.js';
import { layout } from '../../src/store/layout.js';
import { readTrial, writeSpec, writeTrial } from '../../src/store/records.js';
import type { ObjectStore } from '../../src/store/types.js';
import { temporaryFolder } from '../stack/helpers.js';
import { exampleSpec, exampleTrial } from '../store/example.js';
import { inActivity } from './context.js';

const sweep = 'recorded';
let store: ObjectStore;

beforeEach(async () => {
  store = await openFileStore(temporaryFolder());
  await writeSpec(store, exampleSpec(sweep));
  await writeTrial(store, sweep, { ...exampleTrial(0), state: 'running', rungs: [], stepsPaid: 0 });
});

/** A control worker's recorders, over a store of its own connections. */
const recorders = (of = store) =>
  createRecorders({ store: of, metrics: { failed: () => undefined } } as unknown as Dependencies);

/** Records a result, as the activity of this id. */
const recordRung = (activityId: string, rung: number, of = store) =>
  inActivity({ activityId, activityType: 'recordRung' }, () =>
    recorders(of).recordRung({
      sweep,
      trial: 0,
      rung,
      step: 1000 * (rung + 1),
      train: {
        step: 1000 * (rung + 1),
        stepsTrained: 1000,
        trainSeconds: 10,
        stepsPerSecond: 100,
        backend: 'wasm',
      },
      evaluate: { metrics: { kl: 0.1 / (rung + 1) }, evaluateSeconds: 1 },
    }),
  );

/** A store whose reader is suspended right after it has read the trial's record for the first time. */
function suspended(): { store: ObjectStore; asleep: Promise<void>; wake: () => void } {
  let wake = () => {};
  let fallAsleep = () => {};
  const asleep = new Promise<void>((resolve) => (fallAsleep = resolve));
  const awake = new Promise<void>((resolve) => (wake = resolve));
  let first = true;
  const get: ObjectStore['get'] = async (key) => {
    const object = await store.get(key);
    if (key === layout.trialRecord(sweep, 0) && first) {
      first = false;
      fallAsleep();
      await awake;
    }
    return object;
  };
  return { store: { ...store, get }, asleep, wake: () => wake() };
}

describe('a control worker that was suspended between reading and writing a record', () => {
  it('does not take back what another one has recorded since, nor count twice what that did in its place', async () => {
    const asleep = suspended();
    const late = recordRung('1', 0, asleep.store);
    await asleep.asleep;
    // The server gave it up: another worker does the same, and goes on.
    await recordRung('1', 0);
    await recordRung('2', 1);
    const before = await readTrial(store, sweep, 0);
    asleep.wake();
    await late;
    expect(await readTrial(store, sweep, 0)).toEqual(before);
    expect(before).toMatchObject({ state: 'complete', stepsPaid: 2000, trainerSeconds: 22 });
    expect(before!.rungs.map(({ rung }) => rung)).toEqual([0, 1]);
  });

  it('makes its own change to the record as it is now', async () => {
    const asleep = suspended();
    const late = inActivity({ activityId: '2', activityType: 'recordTest' }, () =>
      recorders(asleep.store).recordTest({
        sweep,
        trial: 0,
        rung: 0,
        step: 1000,
        evaluate: { metrics: { kl: 7 }, evaluateSeconds: 1 },
      }),
    );
    await asleep.asleep;
    await recordRung('1', 0);
    asleep.wake();
    await late;
    expect(await readTrial(store, sweep, 0)).toMatchObject({ test: { kl: 7 }, rungs: [{ rung: 0 }] });
  });
});

it('a record costs one read and one write, made again one read', async () => {
  const done: string[] = [];
  const counted: ObjectStore = {
    ...store,
    get: (key) => {
      if (key === layout.trialRecord(sweep, 0)) done.push('read');
      return store.get(key);
    },
    put: (...input) => {
      done.push('write');
      return store.put(...input);
    },
    putIfMatch: (...input) => {
      done.push('write');
      return store.putIfMatch(...input);
    },
  };
  await recordRung('1', 0, counted);
  expect(done).toEqual(['read', 'write']);
  await recordRung('1', 0, counted);
  expect(done).toEqual(['read', 'write', 'read']);
  // What is remembered of writes is bounded.
  for (let write = 2; write < 40; write++) await recordRung(String(write), 0, counted);
  expect((await readTrial(store, sweep, 0))!.earlierWrites).toHaveLength(8);
});
