import { describe, expect, test } from 'vitest';
import { familyInEffect, inEffect, inEffectWords } from '../../src/schedule/inEffect.js';
import { createProcess } from '../../src/schedule/process.js';
import type { Parameters } from '../../src/space/types.js';
import { fixtureStatistics } from '../report/fixture.js';

const statistics = fixtureStatistics();
const effect = (parameters: Parameters) => inEffect(createProcess(parameters, statistics));
const family = (parameters: Parameters) => familyInEffect(createProcess(parameters, statistics));
const words = (parameters: Parameters) => inEffectWords(createProcess(parameters, statistics));
const cutoff = { kernel: 'hard-step', ordering: 'log-variance', cutoffWidth: 2 };

describe('what a schedule comes to', () => {
  test('is standard diffusion in pixels, whatever colour and cutoff say', () => {
    const pixels = { basis: 'pixel', colour: 'power-law', colourExponent: 3, ...cutoff };
    expect(effect(pixels)).toBe('standard');
    expect(effect({ ...pixels, ordering: 'momentum' })).toBe('standard');
    expect(words(pixels)).toBe('in effect standard diffusion: white noise, one γ(t) for all components');
  });

  test('is what it says where components differ, and of an order by places', () => {
    for (const basis of ['fourier', 'pca', 'haar'])
      expect(effect({ basis, colour: 'white', ...cutoff })).toBeUndefined();
    expect(effect({ basis: 'pixel', colour: 'white', ...cutoff, ordering: 'raster' })).toBeUndefined();
    expect(words({ basis: 'fourier', colour: 'white', ...cutoff })).toBeUndefined();
  });

  test('is the family that a trial counts to', () => {
    expect(family({ basis: 'pixel', colour: 'free-field', ...cutoff })).toBe('standard');
    expect(family({ basis: 'pixel', colour: 'matched', kernel: 'uniform' })).toBe('standard');
    expect(family({ basis: 'fourier', colour: 'matched', kernel: 'uniform' })).toBe('matched-noise');
    expect(family({ basis: 'whitened-pca', colour: 'white', kernel: 'uniform' })).toBe('matched-noise');
    expect(family({ basis: 'fourier', colour: 'free-field', kernel: 'uniform' })).toBe('coloured');
    expect(family({ basis: 'fourier', colour: 'matched', ...cutoff })).toBe('autoregressive');
    expect(family({ basis: 'pixel', colour: 'white', ...cutoff, ordering: 'raster' })).toBe('autoregressive');
  });

  test('needs no words where the family has them', () => {
    expect(effect({ basis: 'pca', colour: 'white', kernel: 'uniform' })).toBe('standard');
    expect(words({ basis: 'pca', colour: 'white', kernel: 'uniform' })).toBeUndefined();
    expect(effect({ basis: 'fourier', colour: 'matched', kernel: 'uniform' })).toBe('one-gamma');
    expect(words({ basis: 'fourier', colour: 'matched', kernel: 'uniform' })).toBeUndefined();
  });
});
