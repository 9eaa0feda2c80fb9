import { createServer } from 'node:http';
import { networkInterfaces } from 'node:os';
import { connect, type AddressInfo } from 'node:net';
import { Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createMetrics, type Metrics } from '../../src/metrics/metrics.js';
import { startMetricsServer, type MetricsServer } from '../../src/metrics/server.js';
import { leastProcessorTime, parseExposition, tallyOf, viewOf } from './support.js';

let server: MetricsServer;
let metrics: Metrics;
beforeEach(async () => {
  const registry = new Registry();
  metrics = createMetrics(registry, { now: () => 1_700_000_000_500 });
  metrics.sweep(tallyOf(viewOf(2000)));
  server = await startMetricsServer({ registry, exemplars: metrics.exemplars, port: 0, host: '127.0.0.1' });
});
afterEach(() => server.close());

describe('startMetricsServer', () => {
  it('serves a page that Prometheus can read, in time', async () => {
    let response = await fetch(server.url);
    let page = await response.text();
    // Client and server are this one process.
    const milliseconds = await leastProcessorTime(10, async () => {
      response = await fetch(server.url);
      page = await response.text();
    });
    expect(milliseconds).toBeLessThan(50);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    const { samples } = parseExposition(page);
    expect(samples.some(({ name, value }) => name === 'rgsweep_trials' && value > 0)).toBe(true);
  });

  it('names trials as exemplars to who asks for OpenMetrics, and nowhere else', async () => {
    const of = { sweep: 'phi4-quick', trial: 1234 };
    metrics.evaluated({ seconds: 3, rung: 1, metrics: { kl: 0.08 }, of });
    metrics.checkpointSaved({ seconds: 1000, bytes: 1, of: { ...of, trial: 7 } });
    const plain = await (await fetch(server.url)).text();
    expect(plain).not.toContain('1234');
    const response = await fetch(server.url, {
      headers: { accept: 'application/openmetrics-text; version=1.0.0, text/plain;q=0.5' },
    });
    expect(response.headers.get('content-type')).toContain('application/openmetrics-text; version=1.0.0');
    const lines = (await response.text()).split('\n');
    expect(lines.slice(-2)).toEqual(['# EOF', '']);
    expect(lines.filter((line) => line === '')).toHaveLength(1);
    expect(lines.filter((line) => line.includes('trial='))).toEqual(
      expect.arrayContaining([
        'rgsweep_evaluation_kl_nats_bucket{le="0.1",rung="1"} 1 # {sweep="phi4-quick",trial="1234"} 0.08 1700000000.5',
        'rgsweep_evaluate_duration_seconds_bucket{le="3"} 1 # {sweep="phi4-quick",trial="1234"} 3 1700000000.5',
        'rgsweep_checkpoint_duration_seconds_bucket{le="+Inf"} 1 # {sweep="phi4-quick",trial="7"} 1000 1700000000.5',
      ]),
    );
    // A counter's family has no suffix, its samples have: the rule of OpenMetrics that scrapers check.
    expect(lines).toContain('# TYPE rgsweep_failures counter');
    expect(lines).toContain('rgsweep_failures_total{kind="crashed"} 0');
    expect(lines.filter((line) => /^# TYPE \S+_total /.test(line))).toEqual([]);
    const values = (text: string[]) =>
      text.filter((line) => line.startsWith('rgsweep_')).map((line) => line.split(' # ')[0]!);
    expect(values(lines)).toEqual(values(plain.split('\n')));
  });

  it('answers health checks, and says what there is', async () => {
    const at = (path: string, init?: RequestInit) => fetch(new URL(path, server.url), init);
    const health = await at('/healthz');
    expect([health.status, await health.text()]).toEqual([200, 'ok\n']);
    expect((await at('/')).status).toBe(404);
    expect((await at('/metrics', { method: 'POST', body: 'x' })).status).toBe(405);
    const head = await at('/metrics', { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
    expect((await at('/metrics?name=x')).status).toBe(200);
  });

  it('is reached over the loopback interface only', async () => {
    const { port, hostname } = new URL(server.url);
    expect(hostname).toBe('127.0.0.1');
    const others = Object.values(networkInterfaces())
      .flatMap((addresses) => addresses ?? [])
      .filter(({ internal, family }) => !internal && family === 'IPv4')
      .map(({ address }) => address);
    for (const address of [...others, '127.0.0.2'])
      await expect(
        new Promise((resolve, reject) => {
          const socket = connect({ host: address, port: Number(port), timeout: 2000 }, () =>
            resolve('connected'),
          );
          socket.once('error', reject);
          socket.once('timeout', () => reject(new Error('no answer')));
        }),
        address,
      ).rejects.toThrow();
  });

  it('names the port that is taken, and the way out', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as AddressInfo;
    await expect(
      startMetricsServer({ registry: new Registry(), port, host: '127.0.0.1' }),
    ).rejects.toMatchObject({
      kind: 'conflict',
      message: expect.stringContaining(`127.0.0.1:${port}`) as string,
      remedy: expect.stringContaining('--metrics-port') as string,
    });
    await new Promise((resolve) => other.close(resolve));
  });

  it('closes though a client keeps its connection open, and frees the port', async () => {
    const { port } = new URL(server.url);
    const socket = connect({ host: '127.0.0.1', port: Number(port) });
    await new Promise<void>((resolve) => socket.once('connect', () => resolve()));
    socket.on('error', () => undefined);
    await server.close();
    socket.destroy();
    const again = await startMetricsServer({
      registry: new Registry(),
      port: Number(port),
      host: '127.0.0.1',
    });
    await again.close();
  });
});
