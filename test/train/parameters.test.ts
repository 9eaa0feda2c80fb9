import { describe, expect, it } from 'vitest';
import { RgsweepError } from '../../src/errors.js';
import { readTrainingParameters, trainingParameterNames } from '../../src/train/parameters.js';

describe('training parameters', () => {
  it('have defaults, and ignore names of other parts', () => {
    const read = readTrainingParameters({ basis: 'pixel' });
    expect(Object.keys(read).sort()).toEqual([...trainingParameterNames].sort());
    expect(read).toMatchObject({ gaussianScore: true, batchSize: 512, learningRate: 2e-3, channels: 32 });
  });

  it('of a constant rate do not depend on decaySteps', () => {
    expect(readTrainingParameters({ decaySteps: 7 })).toEqual(readTrainingParameters({}));
    const cosine = { learningRateSchedule: 'cosine' };
    expect(readTrainingParameters({ ...cosine, decaySteps: 7 })).not.toEqual(readTrainingParameters(cosine));
  });

  it.each([
    [{ learningRate: 0 }, /learningRate is 0; .*above 0/],
    [{ learningRate: 'fast' }, /learningRate is "fast"; .*number/],
    [{ batchSize: 1.5 }, /batchSize is 1.5; .*integer from 1/],
    [{ weighting: 'ELBO' }, /weighting is "ELBO"; .*elbo, uniform/],
    [{ gaussianScore: 1 }, /gaussianScore is 1; .*true or false/],
    [{ emaDecay: 1 }, /emaDecay is 1/],
    [
      { learningRateSchedule: 'cosine', warmupSteps: 50, decaySteps: 50 },
      /warmupSteps is 50.*below decaySteps/,
    ],
  ])('rejects %j by name and bound', (parameters, message) => {
    const read = () => readTrainingParameters(parameters);
    expect(read).toThrow(message);
    expect(read).toThrow(RgsweepError);
  });
});
