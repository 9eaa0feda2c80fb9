import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import proto from '@temporalio/proto';
import { Registry } from 'prom-client';
import { createMetrics } from '../../src/metrics/metrics.js';
import { createSweepTally } from '../../src/metrics/sweepTally.js';
import { saveCheckpoint, applyRetention, restoreLatestCheckpoint } from '../../src/store/checkpoints.js';
import { takeLease } from '../../src/store/lease.js';
import { openStore } from '../../src/store/open.js';
import { appendCurve } from '../../src/store/records.js';
import { singleRequestBytes } from '../../src/store/s3Multipart.js';
import type { ObjectStore } from '../../src/store/types.js';
import { packRows } from '../../src/sweep/pack.js';
import { trivialSweep } from '../orchestration/sweeps.js';
import type { Costs } from './model.js';

interface Recorded {
  events: number;
  history: string;
}

/** Newest recorded history of a kind: real runs on a real server (docs/decisions/workflow-versions.md). */
function recorded(kind: 'sweep' | 'segment') {
  const folder = join(process.cwd(), 'test', 'histories');
  const file = readdirSync(folder)
    .filter((name) => name.endsWith(`-${kind}.json`))
    .sort()
    .at(-1)!;
  const { history } = JSON.parse(readFileSync(join(folder, file), 'utf8')) as Recorded;
  const bytes = gunzipSync(Buffer.from(history, 'base64'));
  const { events } = proto.temporal.api.history.v1.History.decode(bytes);
  const started = proto.temporal.api.enums.v1.EventType.EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED;
  const segments = events.filter(({ eventType }) => eventType === started).length;
  return { bytes: bytes.length, events: events.length, segments };
}

/** A store that counts what is asked of it. */
function counted(store: ObjectStore): { store: ObjectStore; count: () => number } {
  let requests = 0;
  const operations = ['get', 'put', 'putIfAbsent', 'putIfMatch', 'list', 'delete', 'download', 'upload'];
  const wrapped = new Proxy(store, {
    get(target, name, receiver) {
      const value: unknown = Reflect.get(target, name, receiver);
      if (typeof value !== 'function') return value;
      if (operations.includes(String(name))) requests++;
      return (...args: unknown[]) => (value as (...args: unknown[]) => unknown).apply(target, args);
    },
  });
  // The access itself counts, and every access is one call.
  return { store: wrapped, count: () => requests };
}

async function storeRequests(): Promise<{ perCheckpoint: number; perSegment: number }> {
  const folder = mkdtempSync(join(tmpdir(), 'rgsweep-capacity-'));
  try {
    const { store, count } = counted(await openStore(`file://${join(folder, 'store')}`));
    const at = { sweep: 'capacity', trial: 0 };
    const files = mkdtempSync(join(folder, 'checkpoint-'));
    for (const name of ['model', 'ema', 'optimizer']) writeFileSync(join(files, `${name}.safetensors`), 'x');
    const begun = count();
    const lease = await takeLease(store, at.sweep, at.trial, 'capacity');
    await restoreLatestCheckpoint(store, {
      ...at,
      atMostStep: 1e9,
      folder: join(folder, 'resume'),
      onWarning: () => undefined,
    });
    const perSegment = count() - begun;
    const save = async (step: number) => {
      const before = count();
      await appendCurve(store, at.sweep, at.trial, [{ step, loss: 1, stepsPerSecond: 1 }]);
      await saveCheckpoint(store, { ...at, step, folder: files, lease, parameters: {}, seed: 0, loss: 1 });
      await applyRetention(store, { ...at, keepLast: 2, keepBest: 0, keepSteps: [] });
      return count() - before;
    };
    // Once retention has something to take away, a checkpoint costs what it always will.
    let perCheckpoint = 0;
    for (const step of [100, 200, 300, 400]) perCheckpoint = await save(step);
    return { perCheckpoint, perSegment };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Lines of a worker's page that are samples. */
async function seriesOf(prepare: (metrics: ReturnType<typeof createMetrics>) => void): Promise<number> {
  const registry = new Registry();
  prepare(createMetrics(registry, { version: 'capacity' }));
  const page = await registry.metrics();
  return page.split('\n').filter((line) => line !== '' && !line.startsWith('#')).length;
}

/** Samples on Temporal's own page of a worker that has worked on a small sweep, counted on SDK 1.24. */
const sdkSeries = { train: 126, control: 265 };

/** Costs by the code that causes them, where it can be run. */
export async function measureCosts(): Promise<Costs> {
  const [segment, sweep] = [recorded('segment'), recorded('sweep')];
  const { perCheckpoint, perSegment } = await storeRequests();
  const rows = Array.from({ length: 10_000 }, (_, trial) => ({
    trial,
    state: 'paused' as const,
    values: trial % 3 === 0 ? [1 / (trial + 3), 1 / (trial + 7)] : [1 / (trial + 3)],
    family: 'component-wise',
  }));
  const trainSeries = await seriesOf((metrics) => metrics.slots({ total: 1 }));
  const controlSeries = await seriesOf((metrics) =>
    metrics.sweep(
      createSweepTally({
        spec: trivialSweep('capacity', 100, 1),
        state: 'running',
        startedAt: new Date(0).toISOString(),
        ranSeconds: 0,
      }),
    ),
  );
  return {
    segmentEvents: segment.events,
    segmentBytes: segment.bytes,
    sweepEvents: sweep.events / sweep.segments,
    sweepBytes: sweep.bytes / sweep.segments,
    heartbeatsPerSecond: 1 / 5,
    carriedBytesPerTrial: Buffer.byteLength(JSON.stringify(packRows(rows))) / rows.length,
    requestsPerCheckpoint: perCheckpoint,
    requestsPerSegment: perSegment,
    partBytes: singleRequestBytes,
    trainSeries: trainSeries + sdkSeries.train,
    controlSeries: controlSeries + sdkSeries.control,
  };
}
