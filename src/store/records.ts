import { RgsweepError } from '../errors.js';
import type { SweepOwner } from '../sweep/owner.js';
import type {
  CurvePoint,
  SweepAmendment,
  SweepFailure,
  SweepSnapshot,
  SweepSpec,
  SweepState,
  TrialRecord,
} from '../sweep/types.js';
import { decodeJson, decodeJsonLine, encodeJson, encodeJsonLine } from './json.js';
import { layout, parseTrialFolderName } from './layout.js';
import { mapLimited } from './limits.js';
import { readPrior } from './prior.js';
import type { ObjectStore } from './types.js';

/** Objects read at a time: enough to hide an S3 round trip, few enough for a small server. */
const parallelReads = 32;

/** sweep.json: what changes in a sweep's life. One writer: the control side's record activity. */
export interface SweepRecord {
  state: SweepState;
  /** Where it is `failed`: why. */
  failure?: SweepFailure;
  startedAt: string;
  finishedAt?: string | undefined;
  amendments?: SweepAmendment[];
  /** Seconds that the sweep has run, pauses not counted, up to `runningSince`; that is absent while it does not run. */
  runningSeconds?: number;
  runningSince?: string;
  /** The Temporal server on which it runs, or ran last; absent in records of before. */
  owner?: SweepOwner;
  /** What wrote its state last, and what did before that: a write that comes late is known again. */
  lastWrite?: string;
  earlierWrites?: string[];
}

/** Seconds that a sweep has run until `now` (ISO), pauses not counted. */
export function ranSeconds(record: SweepRecord | undefined, now: string): number {
  const { runningSeconds: before = 0, runningSince } = record ?? {};
  if (runningSince === undefined) return before;
  return before + Math.max(0, (Date.parse(now) - Date.parse(runningSince)) / 1000 || 0);
}

async function readJson<T>(store: ObjectStore, key: string): Promise<T | undefined> {
  const object = await store.get(key);
  return object && (decodeJson(object.body, `${store.url} ${key}`) as T);
}

/**
 * Keeps a sweep as launched. Writing the same spec again changes nothing.
 *
 * @throws RgsweepError('conflict') when the store has another sweep of that name
 */
export async function writeSpec(store: ObjectStore, spec: SweepSpec): Promise<void> {
  const key = layout.spec(spec.name);
  const body = encodeJson(spec);
  if ((await store.putIfAbsent(key, body)) !== undefined) return;
  const present = await store.get(key);
  if (present && Buffer.compare(present.body, body) === 0) return;
  throw new RgsweepError('conflict', `${store.url} has another sweep called "${spec.name}"`, {
    remedy: 'choose another name',
  });
}

/** The sweep as launched, or undefined when the store does not know it. */
export function readSpec(store: ObjectStore, sweep: string): Promise<SweepSpec | undefined> {
  return readJson<SweepSpec>(store, layout.spec(sweep));
}

/**
 * Changes sweep.json by compare-and-swap: of two writers at once neither loses its change.
 * @param change from the record as it is (undefined: there is none yet) to the one to keep
 */
export async function updateSweepRecord(
  store: ObjectStore,
  sweep: string,
  change: (before: SweepRecord | undefined) => SweepRecord | undefined,
): Promise<void> {
  const key = layout.sweepRecord(sweep);
  for (;;) {
    const present = await store.get(key);
    const before = present && (decodeJson(present.body, `${store.url} ${key}`) as SweepRecord);
    const changed = change(before);
    if (!changed) return;
    const body = encodeJson(changed);
    const written = present
      ? await store.putIfMatch(key, body, present.tag)
      : await store.putIfAbsent(key, body);
    if (written !== undefined) return;
  }
}

/** Undefined until the sweep's workflow has begun. */
export function readSweepRecord(store: ObjectStore, sweep: string): Promise<SweepRecord | undefined> {
  return readJson<SweepRecord>(store, layout.sweepRecord(sweep));
}

/** Names of all sweeps in the store, sorted. */
export async function listSweeps(store: ObjectStore): Promise<string[]> {
  const names: string[] = [];
  for await (const name of store.listFolders(layout.sweeps)) names.push(name);
  return names.sort();
}

/**
 * Keeps a trial that begins. One that has begun already, as far as its record says, stays as it is: this is an attempt that was taken for lost.
 */
export async function writeNewTrial(store: ObjectStore, sweep: string, record: TrialRecord): Promise<void> {
  const written = await store.putIfAbsent(layout.trialRecord(sweep, record.trial), encodeJson(record));
  if (written !== undefined) return;
  await updateTrial(store, sweep, record.trial, (present) =>
    present.lastWrite === undefined && present.rungs.length === 0 && present.failures.length === 0
      ? record
      : undefined,
  );
}

export async function writeTrial(store: ObjectStore, sweep: string, record: TrialRecord): Promise<void> {
  await store.put(layout.trialRecord(sweep, record.trial), encodeJson(record));
}

/**
 * Changes a trial's record by compare-and-swap: who read it before another one changed it reads it again. As many operations as reading
 * and writing it.
 *
 * @param change from the record as it is to the one to keep; undefined leaves it as it is. May be called several times.
 * @throws RgsweepError('data-missing') when there is no such record, or it is damaged
 */
export async function updateTrial(
  store: ObjectStore,
  sweep: string,
  trial: number,
  change: (record: TrialRecord) => TrialRecord | undefined,
): Promise<void> {
  const key = layout.trialRecord(sweep, trial);
  for (;;) {
    const present = await store.get(key);
    if (!present)
      throw new RgsweepError(
        'data-missing',
        `${store.url} has no record of trial ${trial} of sweep ${sweep}`,
        { remedy: 'restore it from a copy of the store' },
      );
    const changed = change(decodeJson(present.body, `${store.url} ${key}`) as TrialRecord);
    if (!changed) return;
    if ((await store.putIfMatch(key, encodeJson(changed), present.tag)) !== undefined) return;
  }
}

export function readTrial(
  store: ObjectStore,
  sweep: string,
  trial: number,
): Promise<TrialRecord | undefined> {
  return readJson<TrialRecord>(store, layout.trialRecord(sweep, trial));
}

/** Numbers of all trials, ascending. Only folders are listed, whatever checkpoints and curves lie in them. */
async function trialNumbers(store: ObjectStore, sweep: string): Promise<number[]> {
  const numbers: number[] = [];
  for await (const name of store.listFolders(layout.trials(sweep))) {
    const trial = parseTrialFolderName(name);
    if (trial !== undefined) numbers.push(trial);
  }
  return numbers.sort((a, b) => a - b);
}

/** Records of all trials, by number. */
export async function listTrials(store: ObjectStore, sweep: string): Promise<TrialRecord[]> {
  const numbers = await trialNumbers(store, sweep);
  const records = await mapLimited(numbers, parallelReads, (trial) => readTrial(store, sweep, trial));
  return records.filter((record) => record !== undefined);
}

/** Records of all trials, by number, for whoever looks at each once: no more than a few are held at a time. */
export async function* trialsOf(store: ObjectStore, sweep: string): AsyncGenerator<TrialRecord> {
  const numbers = await trialNumbers(store, sweep);
  for (let first = 0; first < numbers.length; first += parallelReads) {
    const some = numbers.slice(first, first + parallelReads);
    for (const record of await Promise.all(some.map((trial) => readTrial(store, sweep, trial))))
      if (record) yield record;
  }
}

/** A part of a learning curve: its first line says when it was written, each other one is a point. */
interface CurvePart {
  writtenAt: string;
  points: CurvePoint[];
}

function decodeCurvePart(body: Uint8Array): CurvePart {
  const part: CurvePart = { writtenAt: '', points: [] };
  for (const line of Buffer.from(body).toString('utf8').split('\n')) {
    if (line === '') continue;
    let value: unknown;
    try {
      value = decodeJsonLine(line);
    } catch {
      // A damaged line costs a point of a picture, not the sweep.
      continue;
    }
    if (typeof value !== 'object' || value === null) continue;
    if ('writtenAt' in value) part.writtenAt = String(value.writtenAt);
    else if ('step' in value) part.points.push(value as CurvePoint);
  }
  return part;
}

/** Of points that several parts have, as a retried attempt repeats steps, the part written last decides. */
function mergeCurve(parts: CurvePart[]): CurvePoint[] {
  const points = new Map<number, CurvePoint>();
  const byTime = [...parts].sort((a, b) =>
    a.writtenAt < b.writtenAt ? -1 : a.writtenAt > b.writtenAt ? 1 : 0,
  );
  for (const part of byTime) for (const point of part.points) points.set(point.step, point);
  return [...points.values()].sort((a, b) => a.step - b.step);
}

async function readCurvePart(store: ObjectStore, key: string): Promise<CurvePart> {
  const object = await store.get(key);
  return object ? decodeCurvePart(object.body) : { writtenAt: '', points: [] };
}

/** Keeps a stretch of a trial's learning curve under its last point's step. No points, no part. */
export async function appendCurve(
  store: ObjectStore,
  sweep: string,
  trial: number,
  points: readonly CurvePoint[],
): Promise<void> {
  if (points.length === 0) return;
  const last = Math.max(...points.map(({ step }) => step));
  const lines = [{ writtenAt: new Date().toISOString() }, ...points].map(encodeJsonLine);
  await store.put(layout.curve(sweep, trial, last), Buffer.from(`${lines.join('\n')}\n`, 'utf8'));
}

/** A trial's learning curve: one point a step, ascending. */
export async function readCurve(store: ObjectStore, sweep: string, trial: number): Promise<CurvePoint[]> {
  const keys: string[] = [];
  for await (const { key } of store.list(layout.curves(sweep, trial)))
    if (layout.parseTrialKey(sweep, key)?.kind === 'curve') keys.push(key);
  return mergeCurve(await mapLimited(keys, parallelReads, (key) => readCurvePart(store, key)));
}

async function readCurves(store: ObjectStore, sweep: string): Promise<Map<number, CurvePoint[]>> {
  const found: { trial: number; key: string }[] = [];
  for await (const { key } of store.list(layout.trials(sweep))) {
    const part = layout.parseTrialKey(sweep, key);
    if (part?.kind === 'curve') found.push({ trial: part.trial, key });
  }
  const parts = await mapLimited(found, parallelReads, ({ key }) => readCurvePart(store, key));
  const byTrial = new Map<number, CurvePart[]>();
  for (const [index, { trial }] of found.entries()) {
    const known = byTrial.get(trial);
    if (known) known.push(parts[index]!);
    else byTrial.set(trial, [parts[index]!]);
  }
  return new Map([...byTrial].sort(([a], [b]) => a - b).map(([trial, of]) => [trial, mergeCurve(of)]));
}

/**
 * Everything a report shows, read from the store alone. A sweep that was launched but has not begun is `running`
 * since its first trial.
 *
 * @throws RgsweepError('not-found') when the store does not know the sweep
 */
export async function readSnapshot(store: ObjectStore, sweep: string): Promise<SweepSnapshot> {
  const spec = await readSpec(store, sweep);
  if (!spec)
    throw new RgsweepError('not-found', `${store.url} has no sweep called "${sweep}"`, {
      remedy: '`rgsweep list` shows the sweeps of a store; --store names another one',
    });
  const [record, trials, curves, prior] = await Promise.all([
    readSweepRecord(store, sweep),
    listTrials(store, sweep),
    readCurves(store, sweep),
    spec.warmStart ? readPrior(store, sweep) : undefined,
  ]);
  return {
    spec,
    state: record?.state ?? 'running',
    ...(record?.failure ? { failure: record.failure } : {}),
    startedAt: record?.startedAt ?? trials[0]?.createdAt ?? new Date().toISOString(),
    ...(record?.finishedAt === undefined ? {} : { finishedAt: record.finishedAt }),
    trials,
    curves,
    ...(prior ? { prior: prior.sources } : {}),
  };
}
