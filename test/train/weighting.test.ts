import { describe, expect, it } from 'vitest';
import { createNoiseLevels, emptyNoiseLevels } from '../../src/model/noiseLevels.js';
import { createTimeImportance } from '../../src/model/timeImportance.js';
import { CounterRandom } from '../../src/random/philox.js';
import { createProcess } from '../../src/schedule/process.js';
import { drawTimes, lossWeight } from '../../src/train/weighting.js';
import { freeField } from '../schedule/freeField.js';

describe('loss weights', () => {
  it('are the published ones in terms of the signal-to-noise ratio', () => {
    for (const snr of [0.01, 0.7, 3, 5, 40]) {
      expect(lossWeight('elbo', 1 / snr, 12)).toBe(6);
      expect(lossWeight('uniform', 1 / snr, 12)).toBe(1);
      expect(lossWeight('min-snr', 1 / snr, 12)).toBeCloseTo(Math.min(snr, 5) / snr, 12);
      expect(lossWeight('truncated', 1 / snr, 12)).toBeCloseTo(Math.max(snr, 1) / snr, 10);
      expect(lossWeight('sigmoid', 1 / snr, 12)).toBeCloseTo(6 / (1 + Math.exp(-(2 - Math.log(snr)))), 12);
    }
  });
});

describe('times of a batch', () => {
  const process = createProcess({ kernel: 'sigmoid', cutoffWidth: 0.3 }, freeField());
  const levelsAt = createNoiseLevels(process);
  const importance = createTimeImportance(levelsAt, 36);

  it.each(['uniform', 'stratified', 'importance'] as const)('%s: keep expectations', (sampling) => {
    // ∫ f dt of a function that varies over the whole range, against the batch's weighted mean.
    const f = (t: number) => 1 / (0.05 + t);
    const batches = 200;
    const means = Array.from({ length: batches }, (_, step) => {
      const { time, factor } = drawTimes(sampling, 64, new CounterRandom(3, 'time', step), importance);
      expect(time.every((t) => t >= 0 && t < 1)).toBe(true);
      return time.reduce((sum, t, b) => sum + factor[b]! * f(t), 0) / 64;
    });
    const mean = means.reduce((sum, value) => sum + value, 0) / batches;
    const variance = means.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (batches - 1);
    const exact = Math.log(1.05 / 0.05);
    expect(Math.abs(mean - exact)).toBeLessThan(4 * Math.sqrt(variance / batches));
    // Strata make the mean of one batch much better than 64 independent times would.
    if (sampling !== 'uniform') expect(Math.sqrt(variance)).toBeLessThan(0.1);
    else expect(Math.sqrt(variance)).toBeGreaterThan(0.2);
  });

  it('stratified: one time in each interval', () => {
    const { time } = drawTimes('stratified', 16, new CounterRandom(3, 'time', 0), undefined);
    time.forEach((t, b) => expect(Math.floor(16 * t)).toBe(b));
  });

  it('importance: half of the times follow the mean noise angle', () => {
    const levels = emptyNoiseLevels(36);
    const angle = (t: number) => {
      levelsAt(t, levels);
      return levels.meanAngle;
    };
    const range = angle(1) - angle(0);
    for (const t of [0.2, 0.5, 0.8]) {
      const place = 0.5 * t + (0.5 * (angle(t) - angle(0))) / range;
      expect(importance(place)[0]).toBeCloseTo(t, 3);
    }
    expect(
      Math.max(...Array.from({ length: 100 }, (_, n) => importance((n + 0.5) / 100)[1])),
    ).toBeLessThanOrEqual(2);
  });
});
