import { mkdtemp, readFile, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { encodeStatistics } from '../../src/basis/statistics.js';
import { sweepDatasetKey } from '../../src/data/sweepData.js';
import { register as registerExport } from '../../src/cli/verbs/export.js';
import { register as registerReport } from '../../src/cli/verbs/report.js';
import { loadPerConfiguration } from '../../src/report/load.js';
import { perConfigurationOf } from '../../src/report/pairs.js';
import { loadReport, reportVersions, writeReport } from '../../src/report/report.js';
import { baselineTrials, bestSearched, standings } from '../../src/report/ranking.js';
import { unsettled } from '../../src/report/unsettled.js';
import { layout } from '../../src/store/layout.js';
import { openStore } from '../../src/store/open.js';
import { appendCurve, writeSpec, updateSweepRecord, writeTrial } from '../../src/store/records.js';
import type { ObjectStore } from '../../src/store/types.js';
import { encodeSafetensors } from '../../src/tensors/safetensors.js';
import { fixtureArtifacts, fixtureSnapshot, fixtureStatistics } from './fixture.js';
import { all, byId, parseMarkup } from './markup.js';

describe('a report from a store', () => {
  let folder: string;
  let store: ObjectStore;
  const snapshot = fixtureSnapshot();
  const { name, task } = snapshot.spec;
  const dataset = layout.dataset(sweepDatasetKey(task)!);

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'rgsweep-report-'));
    store = await openStore(pathToFileURL(join(folder, 'store')).href);
    await writeSpec(store, snapshot.spec);
    await updateSweepRecord(store, name, () => ({
      state: 'complete',
      startedAt: snapshot.startedAt,
      finishedAt: snapshot.finishedAt,
    }));
    for (const trial of snapshot.trials) await writeTrial(store, name, trial);
    await appendCurve(store, name, 11, snapshot.curves.get(11)!);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test('has no pictures of schedules or fields while the store has no data for them', async () => {
    const file = join(folder, 'reports', 'early.html');
    const html = await writeReport(store, name, file);
    expect(await readFile(file, 'utf8')).toBe(html);
    const root = parseMarkup(html);
    expect(byId(root, 'schedule')!.text).toContain('the statistics of the data set are not at hand');
    expect(byId(root, 'fields')).toBeUndefined();
    expect(await readdir(join(folder, 'reports'))).toEqual(['early.html']);
  });

  test('shows statistics, samples and observables once they are there; a damaged file costs only its picture', async () => {
    const best = bestSearched(snapshot)!.trial;
    const { reference, trials } = fixtureArtifacts(best);
    const tensor = (samples: Float32Array) =>
      encodeSafetensors({ samples: { shape: [samples.length / 36, 36], data: samples } });
    await store.put(`${dataset}/statistics.safetensors`, encodeStatistics(fixtureStatistics()));
    await store.put(`${dataset}/test.safetensors`, tensor(reference!.samples!));
    for (const [trial, artifacts] of trials) {
      const place = layout.samples(name, trial, 3000, 'test');
      await store.put(`${place}/samples.safetensors`, tensor(artifacts.samples!));
      const observables = { split: 'test', model: artifacts.observables, data: reference!.observables };
      await store.put(`${place}/observables.json`, Buffer.from(JSON.stringify(observables)));
    }
    const root = parseMarkup(await writeReport(store, name, join(folder, 'full.html')));
    // γ_i(t), n_i(t), and K_Λ over momentum.
    expect(all(byId(root, 'schedule')!, 'svg')).toHaveLength(3);
    expect(all(byId(root, 'fields')!, 'img')).toHaveLength(3);
    expect(all(byId(root, 'fields')!, 'svg')).toHaveLength(1);

    const broken = `${layout.samples(name, best, 3000, 'test')}/samples.safetensors`;
    await store.put(broken, Buffer.from('not a tensor'));
    const warnings: string[] = [];
    const input = await loadReport(store, name, { onWarning: (message) => warnings.push(message) });
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain(broken);
    expect(input.artifacts!.trials.get(best)!.samples).toBeUndefined();
    expect(input.artifacts!.trials.get(best)!.observables).toBeDefined();
  });

  test('measures every difference pair by pair once likelihoods are there, as page and `best` do', async () => {
    const compared = [bestSearched(snapshot)!, ...baselineTrials(snapshot)];
    expect((await loadPerConfiguration(store, snapshot)).size).toBe(0);
    for (const [index, { trial }] of compared.entries()) {
      const data = Float64Array.from({ length: 800 }, (_, i) => 20 + 5 * Math.sin(i) + 0.02 * index);
      const key = `${layout.samples(name, trial, 3000, 'test')}/likelihood.safetensors`;
      await store.put(key, encodeSafetensors({ nll: { shape: [data.length], data } }));
    }
    const input = await loadReport(store, name);
    const found = await loadPerConfiguration(store, snapshot);
    expect([...found.keys()]).toEqual(compared.map(({ trial }) => trial));
    expect(perConfigurationOf(input)).toEqual(found);
    for (const { againstStandard } of standings(snapshot, found)!.rows)
      expect(againstStandard?.method ?? 'pairs').toBe('pairs');
    expect(unsettled(snapshot, found).join(' ')).not.toMatch(/combine/);
  });

  test('in Markdown', async () => {
    const file = join(folder, 'report.md');
    await writeReport(store, name, file, { format: 'md' });
    expect(await readFile(file, 'utf8')).toContain('## Observables against HMC');
  });

  test('of an unknown sweep, or into a place that cannot be, says so and writes nothing', async () => {
    await expect(writeReport(store, 'no-such', join(folder, 'x.html'))).rejects.toThrow(
      /no sweep called "no-such"/,
    );
    await expect(writeReport(store, name, join(folder, 'full.html', 'x.html'))).rejects.toThrow(
      /cannot be written/,
    );
    expect((await readdir(folder)).sort()).toEqual(['full.html', 'report.md', 'reports', 'store']);
  });

  test('by the verbs report and export', async () => {
    const run = async (...args: string[]) => {
      const program = new Command().exitOverride();
      registerReport(program);
      registerExport(program);
      let printed = '';
      const spy = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
        printed += String(text);
        return true;
      });
      try {
        await program.parseAsync([...args, '--store', store.url], { from: 'user' });
      } finally {
        spy.mockRestore();
      }
      return printed;
    };
    const file = join(folder, 'verbs', 'report.html');
    expect(await run('report', name, '--out', file)).toMatch(
      /^Trial 11 .* beats standard diffusion by .*\n\nreport {2}/,
    );
    expect(await readFile(file, 'utf8')).toMatch(/^<!doctype html>/);
    const printed = JSON.parse(await run('report', name, '--out', file, '--format', 'md', '--json')) as {
      bytes: number;
    };
    expect(printed.bytes).toBe((await stat(file)).size);
    expect(await run('report', name, '--out', '-', '--format', 'md')).toMatch(/^# phi4/);
    expect((await run('export', name)).split('\r\n')).toHaveLength(17);
    expect((await run('export', name, '--format', 'jsonl')).trimEnd().split('\n')).toHaveLength(15);
    await expect(run('export', 'no-such')).rejects.toThrow(/no sweep called "no-such"/);
    await rm(join(folder, 'verbs'), { recursive: true });
  });

  test('names the versions it was made with', () => {
    const versions = reportVersions();
    expect(versions['rgsweep']).toMatch(/^\d+\.\d+\.\d+/);
    expect(versions['node']).toBe(process.versions.node);
    expect(versions['@tensorflow/tfjs']).toMatch(/^\d/);
  });
});
