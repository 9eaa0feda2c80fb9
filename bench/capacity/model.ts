/** What is run. */
export interface Plan {
  gpus: number;
  /** Searched trials in all. */
  trials: number;
  /** Sweeps that share them. */
  sweeps: number;
  /** η of promotion: of n at a rung the best ⌊n/η⌋ go on. */
  reduction: number;
  /** Minutes of a GPU up to each rung, ascending. */
  rungMinutes: readonly number[];
  evaluationMinutes: number;
  checkpointBytes: number;
  checkpointMinutes: number;
}

/** What the parts were seen to take (bench/capacity/measure.ts). */
export interface Costs {
  /** Events in the history of one segment, and of its sweep for it. */
  segmentEvents: number;
  sweepEvents: number;
  /** Bytes of history for each of those, uncompressed. */
  segmentBytes: number;
  sweepBytes: number;
  /** Heartbeats of one trainer, a second, as the SDK lets them through. */
  heartbeatsPerSecond: number;
  /** Bytes that one trial takes in the state that a sweep carries from run to run. */
  carriedBytesPerTrial: number;
  /** Requests to the store: for one checkpoint, without its parts, and for a segment apart from checkpoints. */
  requestsPerCheckpoint: number;
  requestsPerSegment: number;
  partBytes: number;
  /** Time series of a training worker and of a control worker for one sweep. */
  trainSeries: number;
  controlSeries: number;
}

/** What a part of the system bears, and on whose word. */
export interface Limits {
  payloadBytes: number;
  /** Events a second of one Temporal server with one database. */
  eventsPerSecond: number;
  putsPerSecond: number;
  bytesPerSecond: number;
  series: number;
}

export interface Load {
  hours: number;
  segments: number;
  temporal: {
    segmentsPerSecond: number;
    eventsPerSecond: number;
    heartbeatsPerSecond: number;
    /** Of a day, before retention of closed workflows removes them. */
    bytesPerDay: number;
    /** Largest state that a sweep carries. */
    carriedBytes: number;
  };
  store: {
    checkpointsPerSecond: number;
    requestsPerSecond: number;
    bytesPerSecond: number;
    /** At the end, with the two newest and those of the rungs kept. */
    storedBytes: number;
  };
  prometheus: { series: number; samplesPerSecond: number };
}

const scrapeSeconds = 15;
const newestKept = 2;

/** Trials that reach each rung: n, n/η, n/η² … */
export function trialsByRung({ trials, reduction, rungMinutes }: Plan): number[] {
  return rungMinutes.map((_, rung) => Math.floor(trials / reduction ** rung));
}

/**
 * The load while all GPUs are busy: hours = Σ over segments of their GPU time / GPUs; rates are totals over that time.
 */
export function loadOf(plan: Plan, costs: Costs): Load {
  const reached = trialsByRung(plan);
  const segments = reached.reduce((sum, trials) => sum + trials, 0);
  const trainMinutes = reached.reduce(
    (sum, trials, rung) => sum + trials * (plan.rungMinutes[rung]! - (plan.rungMinutes[rung - 1] ?? 0)),
    0,
  );
  const seconds = (60 * (trainMinutes + segments * plan.evaluationMinutes)) / plan.gpus;
  const segmentsPerSecond = segments / seconds;
  const heartbeatsPerSecond = plan.gpus * costs.heartbeatsPerSecond;
  // One at every interval, and one at the end of each segment.
  const checkpoints = trainMinutes / plan.checkpointMinutes + segments;
  const checkpointsPerSecond = checkpoints / seconds;
  const requestsOfCheckpoint =
    costs.requestsPerCheckpoint + Math.ceil(plan.checkpointBytes / costs.partBytes);
  const kept = reached.reduce((sum, trials) => sum + trials, 0) + newestKept * plan.trials;
  const series = plan.gpus * costs.trainSeries + costs.controlSeries * plan.sweeps;
  return {
    hours: seconds / 3600,
    segments,
    temporal: {
      segmentsPerSecond,
      eventsPerSecond: segmentsPerSecond * (costs.segmentEvents + costs.sweepEvents),
      heartbeatsPerSecond,
      bytesPerDay: 86_400 * segmentsPerSecond * (costs.segmentBytes + costs.sweepBytes),
      carriedBytes: (plan.trials / plan.sweeps) * costs.carriedBytesPerTrial,
    },
    store: {
      checkpointsPerSecond,
      requestsPerSecond:
        checkpointsPerSecond * requestsOfCheckpoint + segmentsPerSecond * costs.requestsPerSegment,
      // Every segment but a trial's first reads the checkpoint it goes on from, and every evaluation the one it measures.
      bytesPerSecond:
        plan.checkpointBytes *
        (checkpointsPerSecond + segmentsPerSecond + (segments - reached[0]!) / seconds),
      storedBytes: kept * plan.checkpointBytes,
    },
    prometheus: { series, samplesPerSecond: series / scrapeSeconds },
  };
}

export interface Strain {
  what: string;
  load: number;
  limit: number;
  unit: string;
  remedy: string;
}

/** Loads as parts of what bears them, the first to break first. */
export function strains(load: Load, limits: Limits): Strain[] {
  const all: Strain[] = [
    {
      what: 'state that a sweep carries (payload)',
      load: load.temporal.carriedBytes,
      limit: limits.payloadBytes,
      unit: 'bytes',
      remedy: 'split the trials over several sweeps on one queue',
    },
    {
      what: 'events and heartbeats of Temporal',
      load: load.temporal.eventsPerSecond + load.temporal.heartbeatsPerSecond,
      limit: limits.eventsPerSecond,
      unit: '/s',
      remedy: 'longer heartbeatSeconds, then more history shards and a larger database',
    },
    {
      what: 'requests to the store',
      load: load.store.requestsPerSecond,
      limit: limits.putsPerSecond,
      unit: '/s',
      remedy: 'rarer checkpoints; several buckets or prefixes, one for each sweep',
    },
    {
      what: 'bytes through the store',
      load: load.store.bytesPerSecond,
      limit: limits.bytesPerSecond,
      unit: 'bytes/s',
      remedy: 'rarer checkpoints, or a store in the same zone with more links',
    },
    {
      what: 'series in Prometheus',
      load: load.prometheus.series,
      limit: limits.series,
      unit: 'series',
      remedy: 'drop Node’s own metrics by relabelling, or several GPUs to a worker',
    },
  ];
  return all.sort((a, b) => b.load / b.limit - a.load / a.limit);
}
