import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { computeStatistics } from '../../src/basis/statistics.js';
import type { DataStatistics } from '../../src/basis/types.js';
import { CounterRandom } from '../../src/random/philox.js';
import { createSampler } from '../../src/samplers/index.js';
import { scheduleKey } from '../../src/schedule/canonical.js';
import { scheduleLabel } from '../../src/schedule/label.js';
import { scheduleParameterNames } from '../../src/schedule/parameters.js';
import { createProcess } from '../../src/schedule/process.js';
import { parseSpace } from '../../src/space/parse.js';
import { trainingParameterNames } from '../../src/train/parameters.js';
import { freeField } from './freeField.js';

const folder = new URL('../../search-spaces/', import.meta.url);
const files = readdirSync(folder).filter((name) => name.endsWith('.yaml'));

function images(): DataStatistics {
  const shape = { height: 4, width: 4, channels: 3 };
  const values = new Float32Array(200 * 48);
  new CounterRandom(3, 'images').fillNormal(values);
  for (let i = 3; i < values.length; i++) values[i] = 0.8 * values[i - 3]! + 0.3 * values[i]!;
  return computeStatistics(values, 200, shape);
}

describe.each(files)('search-spaces/%s', (file) => {
  const text = readFileSync(new URL(file, folder), 'utf8');
  const space = parseSpace(parse(text), file);
  const statistics = file.startsWith('cifar') ? images() : freeField();

  it('names only parameters of schedules and training, and begins with a comment for its reader', () => {
    const known = [...scheduleParameterNames, ...trainingParameterNames];
    for (const { name } of space.parameters) expect(known).toContain(name);
    expect(text.startsWith('# ')).toBe(true);
  });

  it('every point drawn from it is a valid, finite, monotone schedule', () => {
    const sampler = createSampler('random');
    const keys = new Set<string>();
    for (let trial = 0; trial < 60; trial++) {
      const parameters = sampler({ space, observations: [], trial, seed: 5 });
      const process = createProcess(parameters, statistics);
      const first = new Float64Array(process.dimension);
      const last = new Float64Array(process.dimension);
      process.gamma(0, first);
      process.gamma(1, last);
      for (let i = 0; i < process.dimension; i++) {
        expect(last[i]! - first[i]!, JSON.stringify(parameters)).toBeGreaterThan(0);
        expect(process.scale[i]).toBeGreaterThan(0);
        expect(process.dataVariance[i]).toBeGreaterThan(0);
      }
      expect(Math.max(...first)).toBeLessThan(0);
      if (parameters['kernel'] !== 'dissipation') expect(Math.min(...last)).toBeGreaterThan(0);
      expect(scheduleLabel(parameters).length).toBeLessThan(120);
      keys.add(scheduleKey(process));
    }
    expect(keys.size).toBeGreaterThan(30);
  });
});

it('the spaces by question move one thing', () => {
  const searched = (file: string): string[] =>
    parseSpace(parse(readFileSync(new URL(file, folder), 'utf8')), file)
      .parameters.filter(({ type }) => type !== 'fixed')
      .map(({ name }) => name);
  expect(searched('phi4-width.yaml')).toEqual(['cutoffWidth', 'reversed']);
  expect(searched('phi4-colour.yaml').every((name) => name.startsWith('colour'))).toBe(true);
  expect(searched('phi4-trajectory.yaml').every((name) => name.startsWith('trajectory'))).toBe(true);
});
