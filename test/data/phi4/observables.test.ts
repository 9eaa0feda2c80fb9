import { describe, expect, it } from 'vitest';
import { autocorrelationTime } from '../../../src/data/phi4/autocorrelation.js';
import { jackknifeError, momentumShells, phi4Observables } from '../../../src/data/phi4/observables.js';
import { CounterRandom } from '../../../src/random/philox.js';

function normals(length: number, stream: string): Float64Array {
  const out = new Float64Array(length);
  new CounterRandom(1, stream).fillNormal(out);
  return out;
}

describe('momentumShells', () => {
  it.each([1, 2, 5, 6, 8])('divides the momenta of size %i', (size) => {
    const shells = momentumShells(size);
    const members = shells.flatMap((shell) => shell.members).sort((a, b) => a - b);
    expect(members).toEqual(Array.from({ length: size * size }, (_, i) => i));
    for (const { khat2, members: of } of shells)
      for (const k of of) {
        const row = Math.floor(k / size);
        const column = k % size;
        const value =
          4 * Math.sin((Math.PI * row) / size) ** 2 + 4 * Math.sin((Math.PI * column) / size) ** 2;
        expect(value).toBeCloseTo(khat2, 12);
      }
  });

  it('has the shells and sizes of the 6 × 6 reference', () => {
    expect(Object.fromEntries(momentumShells(6).map((shell) => [shell.label, shell.members.length]))).toEqual(
      {
        '0,0': 1,
        '0,1': 4,
        '0,2': 4,
        '0,3': 2,
        '1,1': 4,
        '1,2': 8,
        '1,3': 4,
        '2,2': 4,
        '2,3': 4,
        '3,3': 1,
      },
    );
  });
});

describe('phi4Observables', () => {
  it.each([1, 2, 4, 5])('equals sums written out on size %i', (size) => {
    const count = 3;
    const volume = size * size;
    const samples = normals(count * volume, `direct ${size}`);
    const observables = phi4Observables(samples, count, size, { mass2: -1, coupling: 2 });
    const at = (sample: number, row: number, column: number): number =>
      samples[sample * volume + (row % size) * size + (column % size)]!;
    const average = (f: (sample: number, row: number, column: number) => number): number => {
      let sum = 0;
      for (let sample = 0; sample < count; sample++)
        for (let row = 0; row < size; row++)
          for (let column = 0; column < size; column++) sum += f(sample, row, column);
      return sum / (count * volume);
    };
    expect(observables.phi2!.value).toBeCloseTo(
      average((s, r, c) => at(s, r, c) ** 2),
      12,
    );
    expect(observables.phi4!.value).toBeCloseTo(
      average((s, r, c) => at(s, r, c) ** 4),
      12,
    );
    expect(observables.actionPerSite!.value).toBeCloseTo(
      average(
        (s, r, c) =>
          -(at(s, r, c) ** 2) +
          2 * at(s, r, c) ** 4 +
          (at(s, r + 1, c) - at(s, r, c)) ** 2 +
          (at(s, r, c + 1) - at(s, r, c)) ** 2,
      ),
      10,
    );
    for (const shell of momentumShells(size)) {
      let correlation = 0;
      for (const x of shell.members)
        correlation += average((s, r, c) => at(s, r, c) * at(s, r + Math.floor(x / size), c + (x % size)));
      expect(observables[`G(x) ${shell.label}`]!.value).toBeCloseTo(correlation / shell.members.length, 10);
    }
    const susceptibility = volume * observables.M2!.value;
    expect(observables.susceptibility!.value).toBeCloseTo(susceptibility, 12);
    expect(observables['G(k) 0,0']!.value).toBeCloseTo(susceptibility, 10);
  });

  it('has errors that cover: white noise lies as far off as it says', () => {
    // Binder's cumulant of normal M is 0, the others are plain moments; the mean square of the z-scores must be near 1.
    const sets = 60;
    const count = 2000;
    const size = 2;
    const squares: Record<string, number> = { phi2: 0, 'G(k) 0,1': 0, absM: 0, binder: 0 };
    const exact: Record<string, number> = {
      phi2: 1,
      'G(k) 0,1': 1,
      absM: Math.sqrt(2 / Math.PI) / size,
      binder: 0,
    };
    for (let set = 0; set < sets; set++) {
      const observables = phi4Observables(normals(count * 4, `white ${set}`), count, size);
      for (const name of Object.keys(squares))
        squares[name]! += ((observables[name]!.value - exact[name]!) / observables[name]!.error) ** 2 / sets;
    }
    // χ² of 60 degrees of freedom lies within (0.5, 1.7) · 60 with probability above 0.999.
    for (const [name, mean] of Object.entries(squares)) {
      expect(mean, name).toBeGreaterThan(0.5);
      expect(mean, name).toBeLessThan(1.7);
    }
  });

  it('leaves the action out when no couplings are given', () => {
    const samples = normals(8, 'plain');
    expect(phi4Observables(samples, 2, 2)).not.toHaveProperty('actionPerSite');
    expect(() => phi4Observables(samples, 3, 2)).toThrow(/need 12 numbers, and there are 8/);
  });

  it('jackknifes a mean to its usual standard error', () => {
    const values = [...normals(50, 'jackknife')];
    const sum = values.reduce((total, value) => total + value, 0);
    const variance = values.reduce((total, value) => total + (value - sum / 50) ** 2, 0) / 49;
    expect(jackknifeError(values.map((value) => (sum - value) / 49))).toBeCloseTo(
      Math.sqrt(variance / 50),
      12,
    );
    expect(jackknifeError([1])).toBeNaN();
  });
});

describe('autocorrelationTime', () => {
  it('is ½ (1 + a)/(1 − a) of a first-order autoregression', () => {
    const factor = 0.7;
    const chains = Array.from({ length: 20 }, (_, index) => {
      const noise = normals(5000, `autoregression ${index}`);
      const chain = new Float64Array(5000);
      chain[0] = noise[0]!;
      for (let i = 1; i < chain.length; i++)
        chain[i] = factor * chain[i - 1]! + Math.sqrt(1 - factor ** 2) * noise[i]!;
      return chain;
    });
    expect(autocorrelationTime(chains)).toBeCloseTo((0.5 * 1.7) / 0.3, 0);
    expect(Math.abs(autocorrelationTime(chains) - (0.5 * 1.7) / 0.3)).toBeLessThan(0.15);
  });

  it('is ½ of independent numbers and nothing for a constant', () => {
    expect(autocorrelationTime([normals(50_000, 'independent')])).toBeCloseTo(0.5, 1);
    expect(autocorrelationTime([new Float64Array(100).fill(3)])).toBeNaN();
  });
});
