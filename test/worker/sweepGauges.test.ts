import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createMetrics } from '../../src/metrics/metrics.js';
import { layout } from '../../src/store/layout.js';
import { openStore } from '../../src/store/open.js';
import { updateSweepRecord, writeSpec, writeTrial } from '../../src/store/records.js';
import type { ObjectStore } from '../../src/store/types.js';
import type { SweepState } from '../../src/sweep/types.js';
import { createSweepGauges, shownAfterEndMilliseconds } from '../../src/worker/sweepGauges.js';
import { parseExposition, spec, trialOf } from '../metrics/support.js';

let folder: string;
let store: ObjectStore;
let warnings: string[];
const end = '2026-02-01T00:00:00.000Z';
let time: number;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'rgsweep-gauges-'));
  store = await openStore(`file://${folder}`);
  warnings = [];
  time = Date.parse(end) + 3600_000;
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function keep(name: string, state: SweepState, finishedAt?: string): Promise<void> {
  await writeSpec(store, { ...spec, name });
  await writeTrial(store, name, trialOf(0, [0.25]));
  await updateSweepRecord(store, name, () => ({
    state,
    startedAt: '2026-01-01T00:00:00.000Z',
    finishedAt,
    amendments: [{ id: 'a', at: end, kind: 'extend', trials: 2 }],
  }));
}

/** A worker's gauges, as a process that has just started sees them. */
function newProcess() {
  const registry = new Registry();
  const gauges = createSweepGauges({
    store,
    metrics: createMetrics(registry),
    log: { warn: (message: string) => void warnings.push(message) } as never,
    now: () => time,
  });
  const value = async (name: string, sweep: string, labels: Record<string, string> = {}) =>
    parseExposition(await registry.metrics()).samples.find(
      (sample) =>
        sample.name === name &&
        Object.entries({ sweep, ...labels }).every(([label, text]) => sample.labels[label] === text),
    )?.value;
  return { refresh: () => gauges.refresh(), value };
}

describe('createSweepGauges', () => {
  it('shows what the store says, in this process and in the next', async () => {
    await keep('one', 'running');
    for (const { refresh, value } of [newProcess(), newProcess()]) {
      await refresh();
      expect(await value('rgsweep_sweep_state', 'one', { state: 'running' })).toBe(1);
      expect(await value('rgsweep_objective_quantile', 'one', { rung: '0', level: '0.5' })).toBe(0.25);
      expect(await value('rgsweep_sweep_budget_trials', 'one')).toBe(42);
    }
    expect(warnings).toEqual([]);
  });

  it('shows a sweep that has ended for a day, also after a restart, and follows one that is resumed', async () => {
    await keep('one', 'complete', end);
    const { refresh, value } = newProcess();
    await refresh();
    expect(await value('rgsweep_sweep_state', 'one', { state: 'complete' })).toBe(1);
    await keep('one', 'running');
    await refresh();
    expect(await value('rgsweep_sweep_state', 'one', { state: 'running' })).toBe(1);
    await keep('one', 'stopped', end);
    await refresh();
    expect(await value('rgsweep_sweep_state', 'one', { state: 'stopped' })).toBe(1);
    time = Date.parse(end) + shownAfterEndMilliseconds + 1;
    await refresh();
    expect(await value('rgsweep_sweep_state', 'one', { state: 'stopped' })).toBeUndefined();
    const later = newProcess();
    await later.refresh();
    expect(await later.value('rgsweep_sweep_budget_trials', 'one')).toBeUndefined();
  });

  it('forgets a sweep that was removed, and one that cannot be read hides no other', async () => {
    for (const name of ['a', 'broken', 'c']) await keep(name, 'running');
    await store.put(layout.trialRecord('broken', 0), Buffer.from('{'));
    const { refresh, value } = newProcess();
    await refresh();
    expect(await value('rgsweep_sweep_budget_trials', 'a')).toBe(42);
    expect(await value('rgsweep_sweep_budget_trials', 'c')).toBe(42);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(/sweep broken/);
    rmSync(join(folder, 'sweeps', 'a'), { recursive: true });
    await refresh();
    expect(await value('rgsweep_sweep_budget_trials', 'a')).toBeUndefined();
    expect(await value('rgsweep_sweep_budget_trials', 'c')).toBe(42);
  });
});
