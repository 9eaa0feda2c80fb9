import { describe, expect, it } from 'vitest';
import { prunerNames } from '../../src/pruners/types.js';
import { methodFacts } from '../../src/report/content.js';
import { fixtureSnapshot } from './fixture.js';

const factsOf = (snapshot: ReturnType<typeof fixtureSnapshot>) =>
  Object.fromEntries(methodFacts({ snapshot, versions: {} }));

describe('how the numbers of a report came about', () => {
  it.each(prunerNames)('says how %s promotes', (name) => {
    const snapshot = fixtureSnapshot();
    snapshot.spec = { ...snapshot.spec, pruner: { ...snapshot.spec.pruner, name } };
    expect(factsOf(snapshot).promotion).toMatch(new RegExp(`^${name}: `, 'i'));
  });

  it('says of a trial that went on elsewhere on which backends it was trained', () => {
    const snapshot = fixtureSnapshot();
    snapshot.trials[0]!.backend = 'wasm, then tensorflow';
    expect(factsOf(snapshot).backend).toBe('wasm, then tensorflow, wasm');
  });

  it('names no backend where every trial failed before it had a result', () => {
    const snapshot = fixtureSnapshot();
    snapshot.trials = snapshot.trials.map(({ backend: _none, ...trial }) => ({
      ...trial,
      state: 'failed',
      rungs: [],
    }));
    expect(factsOf(snapshot).backend).toBe('none yet: no trial has a result (asked for: auto)');
  });
});
