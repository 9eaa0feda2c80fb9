/**
 * npm run bench -- capacity [--gpus 1000] [--trials 100000] [--sweeps 1] [--checkpoint-mb 500] [--checkpoint-minutes 10]
 *                           [--rungs 20,60,180] [--evaluation-minutes 1] [--reduction 3]
 *
 * What a cluster of that size asks of Temporal, the store and Prometheus, which part breaks first and what helps. Nothing is started: costs
 * are counted in the recorded histories and in the code that runs (bench/capacity/measure.ts), limits are those that are printed.
 */
import { parseArgs } from 'node:util';
import { measureCosts } from './capacity/measure.js';
import { loadOf, strains, type Limits, type Plan } from './capacity/model.js';

const { values } = parseArgs({
  args: process.argv.slice(2),
  options: {
    gpus: { type: 'string', default: '1000' },
    trials: { type: 'string', default: '100000' },
    sweeps: { type: 'string', default: '1' },
    'checkpoint-mb': { type: 'string', default: '500' },
    'checkpoint-minutes': { type: 'string', default: '10' },
    rungs: { type: 'string', default: '20,60,180' },
    'evaluation-minutes': { type: 'string', default: '1' },
    reduction: { type: 'string', default: '3' },
  },
});
function positive(name: string, text: string): number {
  const value = Number(text);
  if (Number.isFinite(value) && value > 0) return value;
  throw new Error(`--${name} takes a number above 0, not ${text}`);
}
const plan: Plan = {
  gpus: positive('gpus', values.gpus),
  trials: positive('trials', values.trials),
  sweeps: positive('sweeps', values.sweeps),
  reduction: positive('reduction', values.reduction),
  rungMinutes: values.rungs.split(',').map((minutes) => positive('rungs', minutes)),
  evaluationMinutes: positive('evaluation-minutes', values['evaluation-minutes']),
  checkpointBytes: 1e6 * positive('checkpoint-mb', values['checkpoint-mb']),
  checkpointMinutes: positive('checkpoint-minutes', values['checkpoint-minutes']),
};

/** Where a number is not a documented limit it is a cautious choice, and says so. */
const limits: Limits = {
  // Temporal: limit.blobSize.error, its default.
  payloadBytes: 2 * 2 ** 20,
  // Chosen: what one PostgreSQL with a fast disk bears with room to spare; measure yours.
  eventsPerSecond: 1000,
  // Amazon S3 performance guidelines: 3,500 writes a second for each prefix.
  putsPerSecond: 3500,
  // Chosen: two links of 100 Gbit/s, half used.
  bytesPerSecond: 12.5e9,
  // Chosen: about 3 KiB each, so 6 GiB of memory.
  series: 2e6,
};

const say = (line = '') => process.stdout.write(`${line}\n`);
const round = (value: number, digits = 3) => Number(value.toPrecision(digits)).toLocaleString('en');
const bytes = (value: number): string => {
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];
  const power = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log10(value) / 3)));
  return `${round(value / 1000 ** power)} ${units[power]}`;
};

const costs = await measureCosts();
const load = loadOf(plan, costs);
say(
  `${plan.trials} trials on ${plan.gpus} GPUs in ${plan.sweeps} sweep(s), checkpoints of ${bytes(plan.checkpointBytes)}`,
);
say(`  ${load.segments} segments in ${round(load.hours)} hours`);
say('counted:');
say(
  `  a segment: ${costs.segmentEvents} events and ${round(costs.sweepEvents)} of its sweep, ${bytes(costs.segmentBytes + costs.sweepBytes)} of history`,
);
say(`  a trial in the carried state: ${round(costs.carriedBytesPerTrial)} bytes`);
say(
  `  a checkpoint: ${costs.requestsPerCheckpoint} requests and its parts; a segment: ${costs.requestsPerSegment} more`,
);
say(`  a training worker: ${costs.trainSeries} series`);
say('load:');
const { temporal, store, prometheus } = load;
say(
  `  Temporal: ${round(temporal.segmentsPerSecond)} segments/s, ${round(temporal.eventsPerSecond)} events/s, ${round(temporal.heartbeatsPerSecond)} heartbeats/s, database ${bytes(temporal.bytesPerDay)} a day`,
);
say(
  `  store: ${round(store.checkpointsPerSecond)} checkpoints/s, ${round(store.requestsPerSecond)} requests/s, ${bytes(store.bytesPerSecond)}/s, ${bytes(store.storedBytes)} at the end`,
);
say(`  Prometheus: ${round(prometheus.series)} series, ${round(prometheus.samplesPerSecond)} samples/s`);
say('first to break:');
for (const { what, load: now, limit, unit, remedy } of strains(load, limits)) {
  const part = (100 * now) / limit;
  say(
    `  ${round(part).padStart(8)} %  ${what}: ${round(now)} of ${round(limit)} ${unit}${part > 100 ? `  → ${remedy}` : ''}`,
  );
}
