import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { ApplicationFailure, Context } from '@temporalio/activity';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { SweepCollector } from '../../src/cli/collect.js';
import { untilAnswered } from '../../src/cli/unanswered.js';
import { messageOf } from '../../src/errors.js';
import { layout } from '../../src/store/layout.js';
import { listTrials, readSweepRecord, readTrial } from '../../src/store/records.js';
import { controlQueue } from '../../src/sweep/names.js';
import type { SweepMachine } from '../../src/sweep/state.js';
import type { SweepAmendment } from '../../src/sweep/types.js';
import { eventually } from '../stack/helpers.js';
import { builtWorkflows, Rig, specOf } from './rig.js';

/** Something that a test waits for. */
function gate() {
  let open: () => void = () => {};
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { open, opened };
}

/** Works until it is cancelled, or `end` is there. */
async function workUntil(end?: Promise<void>): Promise<void> {
  const context = Context.current();
  let ended = false;
  void end?.then(() => (ended = true));
  while (!ended) {
    context.heartbeat({ purpose: 'train', step: 0, toStep: 1, stepsTrained: 0 });
    await context.sleep(100);
  }
}

describe('a sweep, where two things meet', () => {
  const rig = new Rig();
  let stopTraining: () => Promise<void>;
  beforeAll(async () => {
    await rig.start();
    stopTraining = await rig.work();
  });
  afterEach(() => {
    rig.around = {};
  });
  afterAll(() => rig.stop());
  const machineOf = (sweep: string) => rig.client.workflow.getHandle(sweep).query<SweepMachine>('status');
  const amendmentsOf = async (sweep: string) => (await readSweepRecord(rig.store, sweep))?.amendments ?? [];
  const recordOf = (sweep: string, trial: number) => readTrial(rig.store, sweep, trial);

  /** Trial 0 fails until it is mended, trial 1 trains until `end` is there. */
  const failFirst = (end: Promise<void>) => {
    let fails = true;
    rig.around.train = async ({ trial }: { trial: number }, train) => {
      if (trial === 0 && fails) throw ApplicationFailure.nonRetryable('by the test', 'crashed');
      if (trial === 1) await workUntil(end);
      return train();
    };
    return () => (fails = false);
  };

  it('is on record as running when it is extended while its end is written', async () => {
    const { open, opened } = gate();
    const applied = gate();
    let extended: Promise<string> | undefined;
    rig.around.recordSweep = async ({ ended }: { ended: boolean }, go) => {
      await go();
      if (!ended || extended) return;
      // From now on its last trial takes a while, so that it can be looked at.
      rig.around.train = async (_input, train) => {
        await workUntil(opened);
        return train();
      };
      extended = rig.update('extended', 'extend', { trials: 1 });
      // The server hands it over when it hears of this workflow task again.
      await applied.opened;
    };
    rig.around.recordAmendment = async (_input, go) => {
      applied.open();
      await sleep(1000);
      return go();
    };
    await rig.launch(specOf('extended'));
    await eventually(
      'the third trial',
      async () => (await recordOf('extended', 2))?.state === 'running',
      30_000,
    );
    const record = await rig.recorded('extended', 'running');
    expect(record.runningSince).toBeDefined();
    expect(record.finishedAt).toBeUndefined();
    open();
    await extended;
    expect((await rig.follow('extended')).state).toBe('complete');
  });

  it('is on record as paused when it is paused while its beginning is written', async () => {
    const [writing, paused, written] = [gate(), gate(), gate()];
    rig.around.recordSweep = async ({ state }: { state: string }, go) => {
      if (state !== 'running') return go();
      writing.open();
      await paused.opened;
      await go();
      written.open();
    };
    await rig.launch(specOf('early-pause'));
    await writing.opened;
    await rig.update('early-pause', 'pause', { now: false });
    paused.open();
    await written.opened;
    await rig.recorded('early-pause', 'paused');
    rig.around = {};
    await rig.update('early-pause', 'resume');
    expect((await rig.follow('early-pause')).state).toBe('complete');
  });

  it('keeps what has come since an attempt that was taken for lost and goes on late', async () => {
    const late: (() => Promise<unknown>)[] = [];
    const again = (_input: never, go: () => Promise<unknown>) => {
      const inItsContext = AsyncLocalStorage.snapshot();
      late.push(() => inItsContext(go));
      return go();
    };
    rig.around = { suggest: again, recordSweep: again };
    await rig.launch(specOf('late', { budget: { trials: 1, concurrency: 1 } }));
    expect((await rig.follow('late')).state).toBe('complete');
    const kept = () => Promise.all([readSweepRecord(rig.store, 'late'), recordOf('late', 0)]);
    const before = await kept();
    expect(before).toMatchObject([{ state: 'complete' }, { state: 'complete', rungs: [{ rung: 0 }] }]);
    expect(late).toHaveLength(3);
    for (const attempt of late) await attempt();
    expect(await kept()).toEqual(before);
  });

  it.each([
    [
      'gone',
      'complete' as const,
      (key: string) => rig.store.delete(key),
      /has no trial 0|has no record of trial 0/,
    ],
    // It cannot be read at the end either: then the sweep itself says so.
    [
      'damaged',
      'failed' as const,
      (key: string) => rig.store.put(key, Buffer.from('{')),
      /trial\.json is damaged/,
    ],
  ])('learns of a segment’s end though the record of its trial is %s', async (what, end, harm, message) => {
    const sweep = `record-${what}`;
    const told: string[] = [];
    rig.around.notify = async (input) => void told.push(JSON.stringify(input));
    rig.around.train = async ({ trial }: { trial: number }, train) => {
      if (trial === 0) await harm(layout.trialRecord(sweep, trial));
      return train();
    };
    await rig.launch(specOf(sweep, { notify: {} }));
    await eventually(
      'the failure',
      async () => (await machineOf(sweep)).trials[0]?.state === 'failed',
      30_000,
    );
    await eventually('it to be told', () => told.some((text) => message.test(text)));
    const record = await rig.recorded(sweep, end);
    if (end === 'failed') expect(record.failure?.message).toMatch(message);
    await rig.client.workflow.result(sweep).catch(() => undefined);
    expect(await recordOf(sweep, 1)).toMatchObject({ state: 'complete' });
  });

  it.each(['pause', 'stop'])(
    'gives a trainer back at once by %s, though the record of its trial is gone',
    async (how) => {
      const sweep = `${how}-without-record`;
      const begun = gate();
      rig.around.train = async ({ trial }: { trial: number }) => {
        await rig.store.delete(layout.trialRecord(sweep, trial));
        begun.open();
        await workUntil();
      };
      await rig.launch(specOf(sweep, { budget: { trials: 1, concurrency: 1 } }));
      await begun.opened;
      await rig.update(sweep, how, ...(how === 'pause' ? [{ now: true }] : []));
      await eventually(
        'its trial to fail',
        async () => (await machineOf(sweep)).trials[0]?.state === 'failed',
        20_000,
      );
      if (how === 'pause') await rig.update(sweep, 'stop');
      expect(await rig.client.workflow.result(sweep)).toBe('stopped');
    },
  );

  it('keeps a retry that was accepted and has not begun when it is stopped', async () => {
    const { open, opened } = gate();
    const mend = failFirst(opened);
    await rig.launch(specOf('retried', { budget: { trials: 2, concurrency: 1 } }));
    await eventually('trial 1', async () => (await recordOf('retried', 1))?.state === 'running', 30_000);
    expect(await recordOf('retried', 0)).toMatchObject({ state: 'failed' });
    expect(await rig.update('retried', 'retry', { trials: [0] })).toMatch(/trial 0 goes on/);
    expect(await recordOf('retried', 0)).toMatchObject({ state: 'waiting', failures: [{ kind: 'crashed' }] });
    await rig.update('retried', 'stop');
    expect(await rig.client.workflow.result('retried')).toBe('stopped');
    mend();
    open();
    await rig.resume('retried');
    expect((await rig.follow('retried')).state).toBe('complete');
    expect((await listTrials(rig.store, 'retried')).map(({ state }) => state)).toEqual([
      'complete',
      'complete',
    ]);
  });

  it('keeps a retry that it was resumed with when it is stopped before that begins', async () => {
    rig.around.train = () => Promise.reject(ApplicationFailure.nonRetryable('by the test', 'crashed'));
    await rig.launch(specOf('resumed', { budget: { trials: 1, concurrency: 1 } }));
    await rig.recorded('resumed', 'complete');
    await rig.client.workflow.result('resumed');
    expect(await recordOf('resumed', 0)).toMatchObject({ state: 'failed' });
    rig.around = {};
    await stopTraining();
    await rig.resume('resumed', { trials: 'all' });
    await eventually('the retry', async () => (await machineOf('resumed')).trials[0]?.state === 'waiting');
    await rig.update('resumed', 'stop');
    await rig.recorded('resumed', 'stopped');
    stopTraining = await rig.work();
    await rig.client.workflow.result('resumed');
    await rig.resume('resumed');
    expect((await rig.follow('resumed')).state).toBe('complete');
    expect(await recordOf('resumed', 0)).toMatchObject({ state: 'complete' });
  });

  it('goes on when it is asked just as it begins', async () => {
    rig.around.train = () => Promise.reject(ApplicationFailure.nonRetryable('by the test', 'crashed'));
    await rig.launch(specOf('asked', { budget: { trials: 1, concurrency: 1 } }));
    await rig.recorded('asked', 'complete');
    await rig.client.workflow.result('asked');
    rig.around = {};
    await rig.stopControl();
    await rig.resume('asked', { trials: 'all' });
    // So that it comes with the first task of the workflow.
    const asked = machineOf('asked');
    await sleep(500);
    rig.stopControl = await rig.work(controlQueue);
    await asked;
    // As a worker does that has lost its cache.
    await rig.stopControl();
    rig.stopControl = await rig.work(controlQueue);
    expect((await rig.follow('asked')).state).toBe('complete');
    expect(await recordOf('asked', 0)).toMatchObject({ state: 'complete' });
  });

  it('whose history does not replay says so, and goes on from the store once its workflow is terminated', async () => {
    const { open, opened } = gate();
    rig.around.train = async (_input, train) => {
      await workUntil(opened);
      return train();
    };
    const spec = specOf('changed', { budget: { trials: 1, concurrency: 1 } });
    await rig.launch(spec);
    await eventually('trial 0', async () => (await recordOf('changed', 0))?.state === 'running', 30_000);
    await rig.stopControl();
    const others = builtWorkflows().replace(/[(][\w,. ]+[.]patched[)][(]'asked-once'[)]/, 'false');
    expect(others).not.toBe(builtWorkflows());
    rig.stopControl = await rig.work(controlQueue, others);
    const view = () => new SweepCollector(rig.client, rig.store, spec).collect();
    await eventually(
      'it to be told',
      async () => /cannot replay what this sweep has done so far/.test((await view()).unanswered ?? ''),
      120_000,
    );
    // The server takes no change of such a workflow, or takes it and nobody answers.
    const said: string[] = [];
    const update = rig.update('changed', 'pause', { now: false });
    const changing = untilAnswered(rig.client, 'changed', update, (why) => said.push(why), 500).catch(
      (error: unknown) => said.push(messageOf(error)),
    );
    await eventually('why it cannot be changed', () => Promise.resolve(said.length > 0));
    expect(said[0]).toMatch(/cannot replay what this sweep has done so far/);
    await rig.stopControl();
    rig.stopControl = await rig.work(controlQueue);
    await rig.client.workflow.getHandle('changed').terminate();
    await changing;
    open();
    await rig.resume('changed');
    expect((await rig.follow('changed')).state).toBe('complete');
    expect(await recordOf('changed', 0)).toMatchObject({ state: 'complete' });
  });

  it('does not end while a retry is being put on record', async () => {
    const writing = gate();
    const { open, opened } = gate();
    const mend = failFirst(opened);
    rig.around.resetTrials = async (_input, go) => {
      writing.open();
      // Long after the last trial.
      await sleep(3000);
      await go();
    };
    await rig.launch(specOf('last', { budget: { trials: 2, concurrency: 1 } }));
    await eventually('trial 1', async () => (await recordOf('last', 1))?.state === 'running', 30_000);
    mend();
    const retried = rig.update('last', 'retry', { trials: [0], fromScratch: true });
    await writing.opened;
    open();
    expect(await retried).toMatch(/trial 0 goes on from zero/);
    await rig.client.workflow.result('last');
    expect((await listTrials(rig.store, 'last')).map(({ state }) => state)).toEqual(['complete', 'complete']);
  });

  it('keeps enqueued trials in the order in which it takes them', async () => {
    const { open, opened } = gate();
    rig.around.train = async (_input, train) => {
      await workUntil(opened);
      return train();
    };
    let first = true;
    rig.around.recordAmendment = async (_input: { amendment: SweepAmendment }, go) => {
      if (!first) return go();
      first = false;
      await eventually('the other one', async () => (await amendmentsOf('ordered')).length > 0);
      return go();
    };
    await rig.launch(specOf('ordered', { budget: { trials: 3, concurrency: 1 } }));
    await eventually('trial 0', async () => (await recordOf('ordered', 0))?.state === 'running', 30_000);
    const parameters = (cutoffWidth: number) => ({
      cutoffWidth,
      kernel: 'sigmoid',
      ordering: 'log-variance',
    });
    await Promise.all([2, 3].map((width) => rig.update('ordered', 'enqueue', parameters(width))));
    const { enqueued } = await machineOf('ordered');
    expect(enqueued).toHaveLength(2);
    const kept = await amendmentsOf('ordered');
    expect(kept.map((one) => one.kind === 'enqueue' && one.parameters)).toEqual(enqueued);
    open();
    expect((await rig.follow('ordered')).state).toBe('complete');
  });

  it('leaves histories that replay', async () => {
    const { replayed, problems } = await rig.replayAll();
    expect(problems).toEqual([]);
    expect(replayed).toBeGreaterThan(0);
  });
});
