import { describe, expect, it } from 'vitest';
import {
  createOptimizerState,
  gradientNorm,
  learningRateAt,
  optimizerStep,
} from '../../src/train/optimizer.js';
import { readTrainingParameters } from '../../src/train/parameters.js';

const parameters = (...values: number[]) => ({
  w: { shape: [values.length], data: Float32Array.from(values) },
});

describe('the learning rate', () => {
  it('rises over the warm-up and stays', () => {
    const training = readTrainingParameters({ learningRate: 0.1, warmupSteps: 4 });
    expect([0, 1, 3, 4, 1e6].map((step) => learningRateAt(training, step))).toEqual([
      0.025, 0.05, 0.1, 0.1, 0.1,
    ]);
  });

  it('falls along half a cosine to 2 %', () => {
    const training = readTrainingParameters({
      learningRate: 0.1,
      learningRateSchedule: 'cosine',
      warmupSteps: 0,
      decaySteps: 100,
    });
    expect(learningRateAt(training, 0)).toBeCloseTo(0.1, 12);
    expect(learningRateAt(training, 50)).toBeCloseTo(0.051, 12);
    expect(learningRateAt(training, 100)).toBeCloseTo(0.002, 12);
    expect(learningRateAt(training, 500)).toBeCloseTo(0.002, 12);
  });
});

describe('Adam', () => {
  it('takes its first step of one learning rate against the gradient, whatever its size', () => {
    const training = readTrainingParameters({ learningRate: 0.01, warmupSteps: 0, gradientClip: 1e6 });
    const state = createOptimizerState(parameters(1, 1, 1));
    optimizerStep(state, { w: Float32Array.of(1e-3, -5, 200) }, training, 0);
    [0.99, 1.01, 0.99].forEach((value, i) => expect(state.parameters.w!.data[i]).toBeCloseTo(value, 5));
  });

  it('follows the recursion of the paper', () => {
    const training = readTrainingParameters({ learningRate: 0.01, warmupSteps: 0, gradientClip: 1e6 });
    const state = createOptimizerState(parameters(0.5));
    let [value, m, v] = [0.5, 0, 0];
    for (let n = 1; n <= 20; n++) {
      const gradient = Math.sin(n);
      m = 0.9 * m + 0.1 * gradient;
      v = 0.999 * v + 0.001 * gradient ** 2;
      value -= (0.01 * (m / (1 - 0.9 ** n))) / (Math.sqrt(v / (1 - 0.999 ** n)) + 1e-8);
      optimizerStep(state, { w: Float32Array.of(gradient) }, training, n - 1);
    }
    expect(state.parameters.w!.data[0]).toBeCloseTo(value, 5);
  });

  it('clips the norm over all parameters', () => {
    const clipped = createOptimizerState(parameters(0, 0));
    const scaled = createOptimizerState(parameters(0, 0));
    const training = readTrainingParameters({ gradientClip: 5 });
    expect(gradientNorm({ w: Float32Array.of(30, 40) })).toBe(50);
    optimizerStep(clipped, { w: Float32Array.of(30, 40) }, training, 0);
    optimizerStep(scaled, { w: Float32Array.of(3, 4) }, training, 0);
    expect(clipped).toEqual(scaled);
    expect(clipped.first.w!.data[0]).toBeCloseTo(0.3, 6);
  });

  it('averages with decay min(emaDecay, (n + 1)/(n + 10))', () => {
    const training = readTrainingParameters({ emaDecay: 0.5, learningRate: 0.1, warmupSteps: 0 });
    const state = createOptimizerState(parameters(0));
    let average = 0;
    for (let n = 0; n < 30; n++) {
      optimizerStep(state, { w: Float32Array.of(1) }, training, n);
      const decay = Math.min(0.5, (n + 1) / (n + 10));
      average = decay * average + (1 - decay) * state.parameters.w!.data[0]!;
    }
    expect(state.ema.w!.data[0]).toBeCloseTo(average, 4);
    expect(state.ema.w!.data[0]).toBeGreaterThan(state.parameters.w!.data[0]!);
  });
});
