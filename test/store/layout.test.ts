import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { layout, parseTrialFolderName, trialFolderName } from '../../src/store/layout.js';

describe('layout', () => {
  it('pads trial numbers to four digits and lets them grow', () => {
    expect([0, 7, 9999, 10000, 123456].map(trialFolderName)).toEqual([
      '0000',
      '0007',
      '9999',
      '10000',
      '123456',
    ]);
  });

  it('parses exactly what it writes', () => {
    fc.assert(
      fc.property(fc.nat({ max: 10_000_000 }), (trial) => {
        expect(parseTrialFolderName(trialFolderName(trial))).toBe(trial);
      }),
    );
    for (const name of ['7', '00007', '012345', '', 'abcd', '-001', '1e10', ' 0007', '0007 ', '٠٠٠٧'])
      expect(parseTrialFolderName(name), name).toBeUndefined();
  });

  it('tells what a key is', () => {
    const parse = (key: string) => layout.parseTrialKey('s', key);
    expect(parse(layout.trialRecord('s', 12345))).toEqual({ trial: 12345, kind: 'record' });
    expect(parse(layout.lease('s', 3))).toEqual({ trial: 3, kind: 'lease' });
    expect(parse(layout.curve('s', 3, 500))).toEqual({ trial: 3, kind: 'curve', step: 500 });
    expect(parse(layout.manifest('s', 3, 500))).toEqual({ trial: 3, kind: 'manifest', step: 500 });
    expect(parse(`${layout.checkpointAttempt('s', 3, 500, '1-a')}/sub/model.safetensors`)).toEqual({
      trial: 3,
      kind: 'checkpointFile',
      step: 500,
      attempt: '1-a',
      name: 'sub/model.safetensors',
    });
    expect(parse(`${layout.samples('s', 3, 500, 'test')}/a.json`)).toEqual({ trial: 3, kind: 'samples' });
    for (const key of [layout.spec('s'), layout.trialRecord('t', 3), 'sweeps/s/trials/x/trial.json'])
      expect(parse(key), key).toBeUndefined();
  });

  it('keeps the documented keys', () => {
    expect(layout.spec('my.sweep-1')).toBe('sweeps/my.sweep-1/spec.json');
    expect(layout.trialRecord('s', 7)).toBe('sweeps/s/trials/0007/trial.json');
    expect(layout.manifest('s', 7, 1000)).toBe('sweeps/s/trials/0007/step-1000/manifest.json');
    expect(layout.dataset('abc')).toBe('datasets/abc');
  });

  it('refuses names that would leave the folder', () => {
    for (const name of ['', '..', 'a/b', '../x', '.hidden', 'a b', 'x'.repeat(101)])
      expect(() => layout.spec(name), name).toThrow(/is no name of a sweep/);
    for (const number of [-1, 1.5, NaN, 2 ** 60]) {
      expect(() => layout.trial('s', number)).toThrow(/whole number/);
      expect(() => layout.manifest('s', 0, number)).toThrow(/whole number/);
    }
  });
});
