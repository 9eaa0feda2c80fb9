import { execFile, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual, promisify } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { removeScrapeTargets, writeScrapeTargets } from '../../src/stack/targets.js';
import { queries } from '../infra/dashboards.js';
import { interpolate } from '../infra/promql.js';
import { fixtureTrainer, TestStack, trainersBelow, until, type Restartable } from './harness.js';
import { prometheusOrExplain, TestPrometheus, type Result } from './prometheusServer.js';

const programs = await prometheusOrExplain('metrics in a real Prometheus');
const configuration = fileURLToPath(new URL('../../infra/prometheus', import.meta.url));
const gpuPage = readFileSync(new URL('../fixtures/dcgm-exporter.txt', import.meta.url));

describe.runIf(programs !== undefined)('promtool', () => {
  const promtool = (...args: string[]) =>
    promisify(execFile)(join(programs!, 'promtool'), args, { cwd: configuration });

  it('accepts the configuration and the rules, and the rule tests pass', async () => {
    expect((await promtool('check', 'config', 'prometheus.yml')).stdout).toMatch(/valid prometheus config/);
    expect((await promtool('test', 'rules', 'alerts.test.yml')).stdout).toContain('SUCCESS');
  });
});

describe.runIf(programs !== undefined)('a running sweep, scraped by a real Prometheus', () => {
  const stack = new TestStack();
  /** As a checkout has it: the configuration beside `.rgsweep/targets`. */
  const folder = mkdtempSync(join(tmpdir(), 'rgsweep-prometheus-'));
  const started = Date.now();
  let prometheus: TestPrometheus;
  let gpus: Server;
  const pages: string[] = [];

  const addressesOf = (worker: Restartable) =>
    until('a worker to say where its metrics are', () => {
      const line = /^\{"ready":true.*$/m.exec(worker.output)?.[0];
      return line === undefined
        ? undefined
        : (JSON.parse(line) as { metricsUrl: string; temporalMetricsUrl: string });
    });

  beforeAll(async () => {
    gpus = createServer((_, response) => response.end(gpuPage)).listen(0, '127.0.0.1');
    await stack.start({
      environment: {
        RGSWEEP_TRAINER: JSON.stringify([process.execPath, fixtureTrainer]),
        RGSWEEP_TEST_STEP_MILLISECONDS: '60',
      },
    });
    cpSync(configuration, join(folder, 'infra/prometheus'), { recursive: true });
    const file = join(folder, 'infra/prometheus/prometheus.yml');
    writeFileSync(file, readFileSync(file, 'utf8').replaceAll('_interval: 15s', '_interval: 1s'));
    const { port } = gpus.address() as AddressInfo;
    writeFileSync(
      join(folder, 'infra/prometheus/targets/dcgm.json'),
      JSON.stringify([{ targets: [`127.0.0.1:${port}`] }]),
    );
    const workers = [await addressesOf(stack.control), await addressesOf(stack.train)];
    pages.push(...workers.map(({ metricsUrl }) => metricsUrl));
    writeScrapeTargets(join(folder, '.rgsweep'), {
      rgsweep: pages,
      'temporal-sdk': workers.map(({ temporalMetricsUrl }) => temporalMetricsUrl),
      temporal: [stack.serverMetricsUrl],
    });
    prometheus = new TestPrometheus(join(programs!, 'prometheus'), join(folder, 'data'));
    await prometheus.start(file);
    // Targets are found some seconds after the start: a crash before the first scrape would be no increase.
    await until(
      'Prometheus to have seen the counter at zero',
      async () => (await prometheus.query('rgsweep_failures_total{kind="crashed"} == 0')).length > 0,
    );
    const launched = await stack.run(
      'launch',
      stack.writeSweep(
        'watched',
        `
name: watched
task: { name: phi4, size: 2, mass2: -4, coupling: 6.975 }
space:
  parameters:
    kernel: sigmoid
    ordering: log-variance
    cutoffWidth: { type: float, low: 0.3, high: 10, log: true }
    colour: { type: categorical, choices: [white, matched] }
pruner: { name: asha, reduction: 2, rungs: [20, 40] }
sampler: { name: random, seed: 3 }
budget: { trials: 4, concurrency: 2, steps: 1000, wallClock: 1h, gpuHours: 1 }
baselines: [standard]
train: { checkpointEverySteps: 5 }
`,
      ),
    );
    expect(launched.code, launched.stderr).toBe(0);
    const [trainer] = await until('a trainer to be busy', () => {
      const found = trainersBelow(stack.folder);
      return found.length > 0 && found;
    });
    // One crash, so that failures, retries and wasted time are of something that happened.
    process.kill(trainer!, 'SIGKILL');
    await until(
      'Prometheus to know that the sweep is complete',
      async () =>
        (await prometheus.query('rgsweep_sweep_state{sweep="watched",state="complete"} == 1')).length > 0,
      270,
    );
  }, 400_000);
  afterAll(async () => {
    await prometheus?.stop();
    await stack.stop();
    gpus?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('finds every target, and no problem in our pages', async () => {
    const up = async (): Promise<Record<string, number>> =>
      Object.fromEntries(
        (await prometheus.query('sum by (job) (up)')).map(({ metric, value }) => [
          metric.job!,
          Number(value![1]),
        ]),
      );
    const all = { rgsweep: 2, 'temporal-sdk': 2, temporal: 1, dcgm: 1 };
    // A scrape that took more than its second on a busy machine is one look at a target that was down.
    const deadline = Date.now() + 30_000;
    while (!isDeepStrictEqual(await up(), all) && Date.now() < deadline) await sleep(500);
    expect(await up()).toEqual(all);
    for (const url of pages) {
      const input = await (await fetch(url)).text();
      const checked = spawnSync(join(programs!, 'promtool'), ['check', 'metrics'], {
        input,
        encoding: 'utf8',
      });
      expect(checked.stderr + checked.stdout).toBe('');
      expect(checked.status).toBe(0);
    }
  });

  it('has data for every query of every panel of every dashboard', async () => {
    const values = { job: '.+', instance: '.+', sweep: 'watched', rung: '1', __rate_interval: '30s' };
    const isNumber = ([, text]: [number, string]) => Number.isFinite(Number(text));
    const hasData = ({ value, values: range = [] }: Result) =>
      (value !== undefined && isNumber(value)) || range.some(isNumber);
    const unanswered = async () => {
      const empty: string[] = [];
      for (const { name, target } of queries()) {
        const expr = interpolate(target.expr, values);
        const results = target.instant
          ? await prometheus.query(expr)
          : await prometheus.queryRange(expr, started);
        if (!results.some(hasData)) empty.push(`${name}: ${expr}`);
      }
      return empty;
    };
    // A sweep this short may end between two points of a range, and before the server first reports its queues.
    let empty = await unanswered();
    for (const deadline = Date.now() + 100_000; empty.length > 0 && Date.now() < deadline;) {
      await sleep(2000);
      empty = await unanswered();
    }
    expect(empty).toEqual([]);
    expect(queries().length).toBeGreaterThan(60);
  }, 150_000);

  it('counted the crash from zero, and names trials as exemplars only', async () => {
    const valueOf = async (query: string) => Number((await prometheus.query(query))[0]?.value?.[1]);
    expect(await valueOf('sum(rgsweep_failures_total{kind="crashed"})')).toBeGreaterThanOrEqual(1);
    expect(await valueOf('sum(rgsweep_retries_total{kind="crashed"})')).toBeGreaterThanOrEqual(1);
    expect(await valueOf('sum(rgsweep_trainer_wasted_seconds_total)')).toBeGreaterThan(0);
    // A counter that began at its first event would have no increase.
    expect(await valueOf('sum(increase(rgsweep_failures_total{kind="crashed"}[10m]))')).toBeGreaterThan(0.5);
    expect(await prometheus.query('{trial!=""}')).toEqual([]);
    const series = await prometheus.exemplars('rgsweep_evaluation_kl_nats_bucket', started);
    const labels = series.flatMap(({ exemplars }) => exemplars.map((one) => one.labels));
    expect(labels.length).toBeGreaterThan(0);
    for (const { sweep, trial } of labels) {
      expect(sweep).toBe('watched');
      expect(trial).toMatch(/^[0-4]$/);
    }
  });

  it('forgets the targets of a stack that has ended', async () => {
    removeScrapeTargets(join(folder, '.rgsweep'));
    await until('the targets to be gone', async () =>
      (await prometheus.query('count by (job) (up)')).every(({ metric }) => metric.job === 'dcgm'),
    );
  });
});
