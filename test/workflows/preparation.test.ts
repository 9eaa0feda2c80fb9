import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EvaluateResult } from '../../activities/types.js';
import { SweepCollector } from '../../src/cli/collect.js';
import { progressOf } from '../../src/cli/progress.js';
import { taskDatasetKey } from '../../src/data/taskDataset.js';
import { progressView } from '../../src/report/progress.js';
import { layout } from '../../src/store/layout.js';
import { listTrials, readSweepRecord } from '../../src/store/records.js';
import type { SweepSpec } from '../../src/sweep/types.js';
import type { BuiltInTask } from '../../src/train/protocol.js';
import { eventually } from '../stack/helpers.js';
import { Rig, specOf } from './rig.js';

const cifar = { task: { name: 'cifar10' }, objective: { metric: 'vlb', direction: 'minimize' } };

describe('what a sweep needs before its first trial', () => {
  const rig = new Rig();
  beforeAll(() => rig.start());
  afterAll(() => rig.stop());

  const statusOf = async (spec: SweepSpec) => {
    const progress = progressOf(await new SweepCollector(rig.client, rig.store, spec).collect());
    return { progress, text: progressView(progress, 200).join('\n') };
  };
  /** Puts a data set of another task where a task's own is looked for. */
  const copyDataset = async (from: BuiltInTask, to: BuiltInTask) => {
    for await (const { key } of rig.store.list(`${layout.dataset(taskDatasetKey(from))}/`)) {
      const name = key.slice(key.lastIndexOf('/') + 1);
      await rig.store.put(`${layout.dataset(taskDatasetKey(to))}/${name}`, (await rig.store.get(key))!.body);
    }
  };

  it('can be waited for without end, is spoken of, and is given up by stop, at the first start and after a resume', async () => {
    const spec = specOf('nobody', { resources: { queue: 'gpu-a10' } });
    await rig.launch(spec);
    const { text } = await eventually(
      'the wait to be told',
      async () => {
        const status = await statusOf(spec);
        return status.progress.waits === undefined ? undefined : status;
      },
      20_000,
    );
    expect(text).toContain(
      'waits: no training worker of the queue "gpu-a10" is there: start one with `rgsweep worker --role train --queue gpu-a10`',
    );
    expect(await rig.update('nobody', 'stop')).toBe('stopping');
    expect(await rig.client.workflow.result('nobody')).toBe('stopped');
    expect(await rig.recorded('nobody', 'stopped')).toHaveProperty('finishedAt');

    await rig.resume('nobody');
    await rig.recorded('nobody', 'running');
    // Once its trials are known, which needs no trainer, it can be changed, too.
    await eventually('it to be rebuilt', () =>
      rig.update('nobody', 'extend', { trials: 1 }).catch(() => undefined),
    );
    expect(await rig.update('nobody', 'stop')).toBe('stopping');
    expect(await rig.client.workflow.result('nobody')).toBe('stopped');
    await rig.recorded('nobody', 'stopped');

    const stopWorker = await rig.work('rgsweep-train-gpu-a10');
    await rig.resume('nobody');
    expect((await rig.follow('nobody')).state).toBe('complete');
    expect(await listTrials(rig.store, 'nobody')).toHaveLength(3);
    await stopWorker();
  });

  it('that cannot be made fails the sweep with its reason, which is shown, and the sweep goes on when that is mended', async () => {
    await rig.work();
    await rig.launch(specOf('data'));
    expect((await rig.follow('data')).state).toBe('complete');

    const spec = specOf('no-cifar', cifar);
    await rig.launch(spec);
    const { state, printed } = await rig.follow('no-cifar');
    expect(state).toBe('failed');
    expect(printed).toContain(
      'data-missing: the store has no CIFAR-10 yet, and task.from says not where it is (',
    );
    const record = (await readSweepRecord(rig.store, 'no-cifar'))!;
    expect(record).toMatchObject({ state: 'failed', failure: { kind: 'data-missing' } });
    expect(record.failure!.message).toMatch(/rgsweep data prepare cifar10/);
    expect(record.runningSince).toBeUndefined();
    expect((await statusOf(spec)).text).toContain('data-missing: the store has no CIFAR-10 yet');

    // Not mended: the same again, at once.
    await rig.launch(spec);
    expect((await rig.follow('no-cifar')).state).toBe('failed');

    rig.around.evaluate = async (_input, go) => {
      const { metrics, ...rest } = (await go()) as EvaluateResult;
      return { ...rest, metrics: { ...metrics, vlb: metrics.kl } };
    };
    await copyDataset(specOf('data').task as BuiltInTask, { name: 'cifar10' });
    await rig.launch(spec);
    expect((await rig.follow('no-cifar')).state).toBe('complete');
    expect(await readSweepRecord(rig.store, 'no-cifar')).not.toHaveProperty('failure');
    expect(await listTrials(rig.store, 'no-cifar')).toHaveLength(2);
  });

  it('whose workflow somebody ends on the server ends what follows it, without a trial, too', async () => {
    const spec = specOf('ended-by-hand', { resources: { queue: 'gpu-a10' } });
    await rig.launch(spec);
    await rig.recorded('ended-by-hand', 'running');
    await rig.client.workflow.getHandle('ended-by-hand').terminate();
    await expect(rig.follow('ended-by-hand')).rejects.toThrow(/is gone from the server/);

    await rig.resume('ended-by-hand');
    await rig.recorded('ended-by-hand', 'running');
    await rig.client.workflow.getHandle('ended-by-hand').cancel();
    const { state, printed } = await rig.follow('ended-by-hand');
    expect(state).toBe('failed');
    expect(printed).toContain('cancelled: its workflow was cancelled on the server');
  });

  it('leaves histories that replay', async () => {
    const { replayed, problems } = await rig.replayAll();
    expect(problems).toEqual([]);
    expect(replayed).toBeGreaterThan(0);
  });
});
