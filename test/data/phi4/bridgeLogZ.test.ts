import { describe, expect, it } from 'vitest';
import { acceptanceRatio, bridgeLogZ, bridgeStages } from '../../../src/data/phi4/bridgeLogZ.js';
import { createLattice, kineticTerm, type Phi4Couplings } from '../../../src/data/phi4/action.js';
import { advance, createChain, defaultHmcSettings } from '../../../src/data/phi4/hmc.js';
import { exactSize1, exactSize2 } from '../../../src/data/phi4/logZ.js';
import { CounterRandom } from '../../../src/random/philox.js';
import type { Phi4Task } from '../../../src/train/protocol.js';

const couplings = { mass2: -4, coupling: 6.975 };
const task = (size: number, change: Partial<Phi4Couplings> = {}): Phi4Task => ({
  name: 'phi4',
  size,
  ...couplings,
  ...change,
});

/** S₁ − S₀ = (a − 1)x²/2 on draws of N(0, 1) and of N(0, 1/a): log(Z₁/Z₀) = −½ log a. */
function gaussians(a: number, seed: number, chains = 16, length = 500): [Float64Array[], Float64Array[]] {
  const draw = (scale: number, stream: string) =>
    Array.from({ length: chains }, (_, chain) => {
      const random = new CounterRandom(seed, stream, chain);
      return Float64Array.from({ length }, () => ((a - 1) * (scale * random.normal()) ** 2) / 2);
    });
  return [draw(1, 'first'), draw(1 / Math.sqrt(a), 'second')];
}

describe('acceptanceRatio', () => {
  it('finds the ratio of two Gaussian integrals, either way round', () => {
    for (const a of [0.3, 1, 2, 5]) {
      const [first, second] = gaussians(a, 3, 32, 4000);
      const { value } = acceptanceRatio(first, second);
      expect(Math.abs(value + Math.log(a) / 2)).toBeLessThan(0.02);
      const back = (chains: Float64Array[]) => chains.map((chain) => chain.map((u) => -u));
      expect(acceptanceRatio(back(second), back(first)).value).toBeCloseTo(-value, 9);
    }
  });

  it('solves its equation, from wherever Newton’s method has to begin', () => {
    for (let seed = 1; seed <= 40; seed++) {
      const [first, second] = gaussians(1 + seed / 8, seed, 4, 100);
      const f = -acceptanceRatio(first, second).value;
      const sum = (chains: Float64Array[], term: (u: number) => number) =>
        chains.reduce((total, chain) => chain.reduce((part, u) => part + term(u), total), 0);
      const left = sum(first, (u) => 1 / (1 + Math.exp(u - f)));
      expect(sum(second, (u) => 1 / (1 + Math.exp(f - u)))).toBeCloseTo(left, 7);
    }
  });

  it('leaves a chain out as if it had never been, nearly', () => {
    const [first, second] = gaussians(3, 5);
    const { value, without } = acceptanceRatio(first, second);
    const others = (chains: Float64Array[]) => chains.filter((_, chain) => chain !== 2);
    const truly = acceptanceRatio(others(first), others(second)).value;
    expect(Math.abs(truly - value)).toBeGreaterThan(1e-5);
    expect(Math.abs(without[2]! - truly)).toBeLessThan(0.02 * Math.abs(truly - value));
  });

  it('takes a difference that is always the same for what it is', () => {
    const constant = [new Float64Array(8).fill(1.5), new Float64Array(8).fill(1.5)];
    expect(acceptanceRatio(constant, constant).value).toBeCloseTo(-1.5, 12);
  });
});

describe('bridgeLogZ', () => {
  const chainsOf = (size: number, chains: number, length: number, seed: number) => {
    const lattice = createLattice(size);
    return (at: Phi4Couplings) => async (hopping: number, label: string) =>
      Array.from({ length: chains }, (_, index) => {
        const chain = createChain(
          lattice,
          { ...at, hopping },
          defaultHmcSettings(lattice.volume),
          seed,
          label,
          index,
        );
        const outcome = { accepted: false, energyChange: 0 };
        for (let step = 0; step < 50; step++) advance(chain, outcome);
        return Float64Array.from({ length }, () => {
          advance(chain, outcome);
          return kineticTerm(chain.field, lattice);
        });
      });
  };

  it('is exact on one site, which has no neighbours', async () => {
    const { value, error } = await bridgeLogZ(task(1), chainsOf(1, 4, 8, 1)(couplings));
    expect(value).toBeCloseTo(exactSize1(couplings).logZ, 12);
    expect(error).toBe(0);
  });

  it('agrees with 2 × 2 sites solved exactly, with errors of the right size', async () => {
    for (const change of [{}, { coupling: 5.276 }, { mass2: 1, coupling: 0 }]) {
      const at = { ...couplings, ...change };
      const exact = exactSize2(at, 81).logZ;
      const deviations: number[] = [];
      for (let seed = 1; seed <= 12; seed++) {
        const { value, error } = await bridgeLogZ(task(2, change), chainsOf(2, 12, 40, seed)(at));
        expect(error).toBeLessThan(0.1);
        deviations.push((value - exact) / error);
      }
      const mean = deviations.reduce((sum, one) => sum + one, 0) / deviations.length;
      const square = deviations.reduce((sum, one) => sum + one ** 2, 0) / deviations.length;
      expect(Math.abs(mean)).toBeLessThan(1.2);
      expect(square).toBeGreaterThan(0.25);
      expect(square).toBeLessThan(3);
    }
  });

  it('takes more steps where the lattice is larger', () => {
    expect(bridgeStages(1)).toBe(4);
    expect(bridgeStages(36)).toBe(12);
    expect(bridgeStages(64)).toBe(16);
  });
});
