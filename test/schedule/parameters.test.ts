import { describe, expect, it } from 'vitest';
import { scheduleLabel } from '../../src/schedule/label.js';
import { readScheduleParameters, scheduleParameterNames } from '../../src/schedule/parameters.js';
import { presetDescriptions, presets } from '../../src/schedule/presets.js';
import { createProcess } from '../../src/schedule/process.js';
import { scheduleTable } from '../../src/schedule/table.js';
import { scheduleFamilies } from '../../src/schedule/types.js';
import type { Parameters } from '../../src/space/types.js';
import { freeField } from './freeField.js';

describe('schedule parameters', () => {
  it('have defaults, ignore the names of other parts, and read back what they gave', () => {
    const read = readScheduleParameters({ learningRate: 1e-3, kernel: 'heat' });
    expect(read).toMatchObject({
      basis: 'fourier',
      colour: 'white',
      gammaLow: -8,
      gammaHigh: 4,
      heatMass2: 0.25,
    });
    expect(readScheduleParameters({}).heatMass2).toBe(0);
    expect(Object.keys(read)).toEqual(scheduleParameterNames);
    expect(readScheduleParameters({ ...read })).toEqual(read);
  });

  const bad: [Parameters, RegExp][] = [
    [{ basis: 'laguerre' }, /basis is "laguerre".*pixel, fourier/],
    [{ colour: 3 }, /colour is 3.*white/],
    [{ cutoffWidth: 0 }, /cutoffWidth is 0.*0\.0001/],
    [{ cutoffWidth: '1' }, /cutoffWidth is "1".*number/],
    [{ reversed: 1 }, /reversed is 1.*true or false/],
    [{ gammaLow: 1 }, /gammaLow is 1.*-30 to -0\.01/],
    [{ kernel: 'heat', heatMass2: 0 }, /heatMass2 is 0.*zero mode/],
    [{ kernel: 'sigmoid', trajectory: 'vp-cosine' }, /trajectory is "vp-cosine".*sigmoid/],
    [{ betaMin: 5, betaMax: 1 }, /betaMax is 1.*betaMin \(5\)/],
  ];
  it.each(bad)('%j is refused with name, value and what is right', (parameters, message) => {
    expect(() => readScheduleParameters(parameters)).toThrow(message);
  });

  it('an ordering that the basis does not have is refused with a way out', () => {
    const of = (parameters: Parameters) => () =>
      createProcess({ kernel: 'sigmoid', ...parameters }, freeField());
    expect(of({ ordering: 'level' })).toThrow(/"level".*fourier on 6×6/);
    expect(of({ basis: 'pixel', ordering: 'level' })).toThrow(/"level".*pixel/);
    expect(of({ basis: 'pca', ordering: 'raster' })).toThrow(/"raster".*pca/);
    for (const basis of ['pixel', 'fourier', 'pca', 'whitened-pca', 'haar', 'daubechies4', 'block-spin'])
      expect(of({ basis, ordering: 'basis-order' })).not.toThrow();
  });

  it('every preset is valid, described, and has a label and a family', () => {
    const family = (parameters: Parameters) => createProcess(parameters, freeField()).family;
    for (const [name, parameters] of Object.entries(presets)) {
      expect(() => readScheduleParameters(parameters)).not.toThrow();
      expect(presetDescriptions[name]!.length).toBeGreaterThan(20);
      expect(scheduleLabel(parameters)).toMatch(/ · /);
      expect(scheduleFamilies).toContain(family(parameters));
    }
    expect(family(presets['standard']!)).toBe('standard');
    expect(family(presets['matched-noise']!)).toBe('matched-noise');
    expect(family({ basis: 'whitened-pca' })).toBe('matched-noise');
    expect(family({ colour: 'free-field' })).toBe('coloured');
    expect(
      scheduleLabel({
        colour: 'matched',
        kernel: 'sigmoid',
        ordering: 'log-variance',
        cutoffWidth: 0.8,
        trajectory: 'exponential',
      }),
    ).toBe('fourier · matched · sigmoid 0.8 by −log Var · exponential 2');
  });
});

describe('scheduleTable', () => {
  it('lists each shell once with consistent numbers, or every component', () => {
    const process = createProcess({ colour: 'matched', kernel: 'sigmoid' }, freeField());
    const rows = scheduleTable(process, [0, 0.5]);
    expect(rows).toHaveLength(20);
    expect(scheduleTable(process, [0.5], { every: true })).toHaveLength(36);
    expect(rows.filter(({ t }) => t === 0).reduce((sum, { multiplicity }) => sum + multiplicity, 0)).toBe(36);
    for (const row of rows) {
      expect(row.alpha ** 2 + row.sigma ** 2).toBeCloseTo(1, 12);
      expect(2 * Math.log(row.sigma / row.alpha)).toBeCloseTo(row.gamma, 9);
      expect(row.noise).toBeCloseTo((row.scale * row.sigma) / row.alpha, 12);
      expect(row.logSnr).toBe(-row.gamma);
      expect(row.variance).toBeCloseTo(0.5 / (row.momentum ** 2 + 0.25), 9);
    }
  });
});
