import { describe, expect, it } from 'vitest';
import { measureCosts } from '../../bench/capacity/measure.js';
import { loadOf, strains, trialsByRung, type Costs, type Plan } from '../../bench/capacity/model.js';

const plan: Plan = {
  gpus: 10,
  trials: 90,
  sweeps: 1,
  reduction: 3,
  rungMinutes: [10, 40],
  evaluationMinutes: 1,
  checkpointBytes: 100,
  checkpointMinutes: 5,
};
const costs: Costs = {
  segmentEvents: 20,
  sweepEvents: 10,
  segmentBytes: 4000,
  sweepBytes: 1000,
  heartbeatsPerSecond: 0.2,
  carriedBytesPerTrial: 50,
  requestsPerCheckpoint: 10,
  requestsPerSegment: 3,
  partBytes: 40,
  trainSeries: 100,
  controlSeries: 200,
};

describe('capacity', () => {
  it('adds up as by hand', () => {
    // 90 trials train 10 minutes, 30 of them 30 more; 120 evaluations of a minute: 1,920 minutes on 10 GPUs.
    expect(trialsByRung(plan)).toEqual([90, 30]);
    const load = loadOf(plan, costs);
    expect(load.segments).toBe(120);
    expect(load.hours).toBeCloseTo(3.2, 12);
    const seconds = 3.2 * 3600;
    expect(load.temporal.eventsPerSecond).toBeCloseTo((120 * 30) / seconds, 12);
    expect(load.temporal.heartbeatsPerSecond).toBe(2);
    expect(load.temporal.bytesPerDay).toBeCloseTo((86_400 * 120 * 5000) / seconds, 6);
    expect(load.temporal.carriedBytes).toBe(4500);
    // 1,800 minutes of training: 360 checkpoints at intervals and 120 at ends; each has 3 parts.
    expect(load.store.checkpointsPerSecond).toBeCloseTo(480 / seconds, 12);
    expect(load.store.requestsPerSecond).toBeCloseTo((480 * 13 + 120 * 3) / seconds, 12);
    expect(load.store.bytesPerSecond).toBeCloseTo((100 * (480 + 120 + 30)) / seconds, 12);
    expect(load.store.storedBytes).toBe(100 * (120 + 180));
    expect(load.prometheus.series).toBe(1200);
  });

  it('names what breaks first', () => {
    const limits = {
      payloadBytes: 4000,
      eventsPerSecond: 1e6,
      putsPerSecond: 1e6,
      bytesPerSecond: 1e6,
      series: 1e6,
    };
    expect(strains(loadOf(plan, costs), limits)[0]).toMatchObject({
      what: expect.stringContaining('carries') as string,
      load: 4500,
    });
  });

  it('counts costs in recorded histories and in the code that causes them', async () => {
    const counted = await measureCosts();
    // A segment is a handful of activities; a checkpoint of three files cannot take fewer requests than files and manifest.
    expect(counted.segmentEvents).toBeGreaterThan(10);
    expect(counted.segmentEvents).toBeLessThan(60);
    expect(counted.requestsPerCheckpoint).toBeGreaterThanOrEqual(5);
    expect(counted.requestsPerCheckpoint).toBeLessThan(40);
    expect(counted.carriedBytesPerTrial).toBeLessThan(100);
    expect(counted.trainSeries).toBeGreaterThan(300);
  });
});
