import { collectDefaultMetrics, Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { FailureKind } from '../errors.js';
import type { ScheduleFamily } from '../schedule/types.js';
import { createExemplars, type Exemplars, type TrialReference } from './exemplars.js';
import type { MetricDefinition, StoreOperation } from './labels.js';
import { rungLabel } from './objectives.js';
import type { SweepTally } from './sweepTally.js';
import {
  closedLabelSets,
  metricTable,
  sweepMetricKeys,
  type LabelName,
  type MetricKey,
  type SweepMetricKey,
} from './table.js';

type KeyOfType<T extends MetricDefinition['type']> = {
  [K in MetricKey]: (typeof metricTable)[K]['type'] extends T ? K : never;
}[MetricKey];

/** Follows one running trainer; the gauges over all trainers are made from these when they are read. */
export interface TrainerRecorder {
  /** The trainer spoke. */
  heard(): void;
  /** Resident memory of its process, in bytes. */
  memory(bytes: number): void;
  /** What its backend holds for tensors, in bytes. */
  deviceMemory(bytes: number): void;
  /** Everything so far is in the store. */
  kept(): void;
  /** Time spent on steps that a lost process had trained before: it could not count them itself. */
  repeated(seconds: number): void;
  /** It has ended: its slot is free. `wastedSeconds` is the part of its time whose steps were lost. May be called twice. */
  ended(result?: { wastedSeconds?: number }): void;
}

/** What the rest of rgsweep says to the metrics; nobody else touches a prom-client object. */
export interface Metrics {
  /** Trials behind the observations, for pages that may name them. */
  exemplars: Exemplars;
  /** Makes the gauges of one sweep what `tally` says, and removes series that it has no more. */
  sweep(tally: SweepTally): void;
  /** Removes all gauges of a sweep that this worker looks after no more. */
  forgetSweep(sweep: string): void;
  /** An evaluation ended; of `metrics`, kl, ess and nll are kept by rung. */
  evaluated(input: {
    seconds: number;
    rung: number;
    metrics: Readonly<Record<string, number>>;
    of?: TrialReference;
  }): void;
  /** A trainer reported progress: `steps` since its last report. */
  stepsTrained(input: {
    family: ScheduleFamily;
    steps: number;
    /** How many of these an earlier attempt had trained and lost. */
    repeated?: number;
    loss: number;
    /** Configurations a step learns from. */
    batch?: number;
    stepsPerSecond?: number;
  }): void;
  checkpointSaved(input: { seconds: number; bytes: number; of?: TrialReference }): void;
  suggested(input: { seconds: number }): void;
  /** An attempt failed; `retried` when another one follows. */
  failed(input: { kind: FailureKind; retried?: boolean }): void;
  slots(input: { total: number }): void;
  /** A segment has its trainer, `waitedSeconds` after it was ready to run. */
  trainerStarted(input?: { waitedSeconds?: number; of?: TrialReference }): TrainerRecorder;
  storeOperation(input: { operation: StoreOperation; seconds: number; failed: boolean }): void;
}

interface RunningTrainer {
  startedAt: number;
  heardAt: number;
  keptAt: number;
  memory: number;
  deviceMemory: number;
}

/**
 * Registers every metric of the table, and Node's own, and returns the only hand on them. Counters and histograms with
 * closed labels have all their series at zero from the start, so that a first event is an increase.
 * @param now milliseconds since 1970; another clock makes tests exact
 */
export function createMetrics(
  registry: Registry,
  { now = Date.now, version = '' }: { now?: () => number; version?: string } = {},
): Metrics {
  const common = <K extends MetricKey>(key: K) => {
    const definition: MetricDefinition = metricTable[key];
    return {
      name: definition.name,
      help: definition.help,
      labelNames: Object.keys(definition.labels) as LabelName<K>[],
      registers: [registry],
    };
  };
  const counter = <K extends KeyOfType<'counter'>>(key: K): Counter<LabelName<K>> => {
    const made = new Counter<LabelName<K>>(common(key));
    for (const labels of closedLabelSets(metricTable[key]) ?? []) made.inc(labels as never, 0);
    return made;
  };
  const gauge = <K extends KeyOfType<'gauge'>>(key: K, collect?: () => number): Gauge<LabelName<K>> =>
    new Gauge<LabelName<K>>({
      ...common(key),
      ...(collect
        ? {
            collect() {
              this.set(collect());
            },
          }
        : {}),
    });
  const histogram = <K extends KeyOfType<'histogram'>>(key: K): Histogram<LabelName<K>> => {
    const { buckets } = metricTable[key];
    const made = new Histogram<LabelName<K>>({ ...common(key), buckets: [...buckets] });
    for (const labels of closedLabelSets(metricTable[key]) ?? []) made.zero(labels as never);
    return made;
  };

  collectDefaultMetrics({ register: registry });
  // Gauges by the names of counters, which promtool refuses; the same numbers by kind stay.
  for (const what of ['handles', 'requests', 'resources'])
    registry.removeSingleMetric(`nodejs_active_${what}_total`);
  gauge('buildInfo').set({ version, node: process.version }, 1);

  const sweepGaugeByKey = new Map<SweepMetricKey, Gauge>();
  for (const key of sweepMetricKeys) sweepGaugeByKey.set(key, gauge(key));

  const exemplars = createExemplars(now);
  /** A histogram whose buckets remember the last trial that fell into them. */
  const traced = <K extends KeyOfType<'histogram'>>(key: K) => {
    const made = histogram(key);
    const { name, buckets } = metricTable[key];
    return {
      observe(labels: Partial<Record<LabelName<K>, string>>, value: number, of?: TrialReference): void {
        made.observe(labels, value);
        if (of)
          exemplars.observed({ metric: name, labels: labels as Record<string, string>, buckets, value, of });
      },
    };
  };
  const figures = {
    kl: traced('evaluationKl'),
    ess: traced('evaluationEss'),
    nll: traced('evaluationNll'),
  };
  const trainingLoss = gauge('trainingLoss');
  const trainingSteps = counter('trainingSteps');
  const trainingSamples = counter('trainingSamples');
  const repeatedSteps = counter('repeatedSteps');
  const stepDuration = histogram('stepDuration');
  const checkpointDuration = traced('checkpointDuration');
  const suggestDuration = histogram('suggestDuration');
  const evaluateDuration = traced('evaluateDuration');
  const checkpointBytes = counter('checkpointBytes');
  const checkpointTime = gauge('checkpointSaved');
  const failures = counter('failures');
  const retries = counter('retries');
  const queueWait = traced('queueWait');
  const slots = gauge('slots');
  const trainerPaid = counter('trainerPaid');
  const trainerWasted = counter('trainerWasted');
  const storeErrors = counter('storeErrors');
  const storeDuration = histogram('storeDuration');

  for (const labels of closedLabelSets(metricTable.trainingLoss) ?? [])
    trainingLoss.set(labels as never, NaN);

  const trainers = new Set<RunningTrainer>();
  const secondsSince = (last: (trainer: RunningTrainer) => number): number =>
    [...trainers].reduce((age, trainer) => Math.max(age, (now() - last(trainer)) / 1000), 0);
  gauge('busySlots', () => trainers.size);
  gauge('trainerMemory', () => [...trainers].reduce((sum, { memory }) => sum + memory, 0));
  gauge('deviceMemory', () => [...trainers].reduce((sum, { deviceMemory }) => sum + deviceMemory, 0));
  gauge('heartbeatAge', () => secondsSince(({ heardAt }) => heardAt));
  gauge('unsavedSeconds', () => secondsSince(({ keptAt }) => keptAt));

  /** Series of each sweep: `metric` and its labels, by their text. */
  const seriesOfSweep = new Map<
    string,
    Map<string, { metric: SweepMetricKey; labels: Record<string, string> }>
  >();
  const forget = (sweep: string): void => {
    for (const { metric, labels } of seriesOfSweep.get(sweep)?.values() ?? [])
      sweepGaugeByKey.get(metric)!.remove(labels);
    seriesOfSweep.delete(sweep);
  };

  return {
    exemplars,
    sweep(tally) {
      const before = seriesOfSweep.get(tally.sweep);
      const after = new Map<string, { metric: SweepMetricKey; labels: Record<string, string> }>();
      for (const { metric, labels, value } of tally.gauges()) {
        sweepGaugeByKey.get(metric)!.set(labels, value);
        const name = JSON.stringify([metric, labels]);
        after.set(name, { metric, labels });
        before?.delete(name);
      }
      forget(tally.sweep);
      seriesOfSweep.set(tally.sweep, after);
    },
    forgetSweep: forget,
    evaluated({ seconds, rung, metrics, of }) {
      evaluateDuration.observe({}, seconds, of);
      for (const [name, made] of Object.entries(figures)) {
        const value = metrics[name];
        if (value !== undefined && Number.isFinite(value)) made.observe({ rung: rungLabel(rung) }, value, of);
      }
    },
    stepsTrained({ family, steps, repeated = 0, loss, batch, stepsPerSecond }) {
      trainingLoss.set({ family }, loss);
      trainingSteps.inc({ family }, steps);
      repeatedSteps.inc({ family }, repeated);
      if (batch !== undefined) trainingSamples.inc({ family }, steps * batch);
      if (stepsPerSecond !== undefined && stepsPerSecond > 0) stepDuration.observe(1 / stepsPerSecond);
    },
    checkpointSaved({ seconds, bytes, of }) {
      checkpointDuration.observe({}, seconds, of);
      checkpointBytes.inc(bytes);
      checkpointTime.set(now() / 1000);
    },
    suggested({ seconds }) {
      suggestDuration.observe(seconds);
    },
    failed({ kind, retried }) {
      failures.inc({ kind });
      if (retried) retries.inc({ kind });
    },
    slots({ total }) {
      slots.set(total);
    },
    trainerStarted({ waitedSeconds, of } = {}) {
      if (waitedSeconds !== undefined) queueWait.observe({}, waitedSeconds, of);
      const at = now();
      const trainer: RunningTrainer = { startedAt: at, heardAt: at, keptAt: at, memory: 0, deviceMemory: 0 };
      trainers.add(trainer);
      return {
        heard() {
          trainer.heardAt = now();
        },
        memory(bytes) {
          trainer.memory = bytes;
        },
        deviceMemory(bytes) {
          trainer.deviceMemory = bytes;
        },
        kept() {
          trainer.keptAt = now();
        },
        repeated(seconds) {
          trainerWasted.inc(seconds);
        },
        ended({ wastedSeconds = 0 } = {}) {
          if (!trainers.delete(trainer)) return;
          trainerPaid.inc(Math.max(0, (now() - trainer.startedAt) / 1000));
          trainerWasted.inc(wastedSeconds);
        },
      };
    },
    storeOperation({ operation, seconds, failed }) {
      storeDuration.observe({ operation }, seconds);
      if (failed) storeErrors.inc({ operation });
    },
  };
}
