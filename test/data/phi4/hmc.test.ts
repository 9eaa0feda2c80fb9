import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { createLattice, phi4Action } from '../../../src/data/phi4/action.js';
import { generateConfigurations, type GenerateInput } from '../../../src/data/phi4/generate.js';
import { advance, createChain, defaultHmcSettings, leapfrog } from '../../../src/data/phi4/hmc.js';
import { exactSize1, exactSize2 } from '../../../src/data/phi4/logZ.js';
import { phi4Observables, type Estimate } from '../../../src/data/phi4/observables.js';
import { CounterRandom } from '../../../src/random/philox.js';

const couplings = { mass2: -4, coupling: 6.975 };

interface Reference {
  observables: Record<string, [number, number]>;
  Gk: Record<string, { G: number; err: number }>;
  Gx: Record<string, [number, number]>;
}
const reference = JSON.parse(
  readFileSync(new URL('../../reference/phi4-6x6.json', import.meta.url), 'utf8'),
) as Reference;

function input(change: Partial<GenerateInput> = {}): GenerateInput {
  return {
    size: 6,
    ...couplings,
    count: 200,
    chains: 4,
    settings: defaultHmcSettings(36),
    seed: 11,
    stream: 'hmc/unit',
    ...change,
  };
}

/** Distance from the expected value in standard errors. */
function deviation({ value, error }: Estimate, expected: number, expectedError = 0): number {
  return Math.abs(value - expected) / Math.hypot(error, expectedError);
}

describe('leapfrog', () => {
  const lattice = createLattice(6);
  const start = (): { field: Float64Array; momenta: Float64Array } => {
    const random = new CounterRandom(3, 'test leapfrog');
    const field = new Float64Array(36);
    const momenta = new Float64Array(36);
    random.fillNormal(field);
    random.fillNormal(momenta);
    return { field: field.map((value) => 0.4 * value), momenta };
  };

  it('comes back to 1e-10 when the momenta are turned around', () => {
    const { field, momenta } = start();
    const before = field.slice();
    const kicks = momenta.slice();
    leapfrog(field, momenta, lattice, couplings, 0.09, 10);
    expect(Math.hypot(...field.map((value, i) => value - before[i]!))).toBeGreaterThan(1);
    for (let i = 0; i < 36; i++) momenta[i] = -momenta[i]!;
    leapfrog(field, momenta, lattice, couplings, 0.09, 10);
    for (let i = 0; i < 36; i++) {
      expect(Math.abs(field[i]! - before[i]!)).toBeLessThan(1e-10);
      expect(Math.abs(momenta[i]! + kicks[i]!)).toBeLessThan(1e-10);
    }
  });

  it('has an energy error of second order in the step size', () => {
    const energy = (field: Float64Array, momenta: Float64Array): number =>
      phi4Action(field, 0, lattice, couplings) + momenta.reduce((sum, p) => sum + p * p, 0) / 2;
    const errorOf = (steps: number): number => {
      const { field, momenta } = start();
      const before = energy(field, momenta);
      leapfrog(field, momenta, lattice, couplings, 0.8 / steps, steps);
      return energy(field, momenta) - before;
    };
    expect(errorOf(40) / errorOf(80)).toBeCloseTo(4, 0);
    expect(errorOf(80) / errorOf(160)).toBeGreaterThan(3.9);
    expect(errorOf(80) / errorOf(160)).toBeLessThan(4.1);
  });

  it('shrinks its step with the lattice and keeps the length of a trajectory', () => {
    for (const volume of [1, 4, 36, 256, 1024]) {
      const { stepSize, leapfrogSteps } = defaultHmcSettings(volume);
      expect(stepSize * leapfrogSteps).toBeGreaterThan(0.85);
      expect(stepSize * leapfrogSteps).toBeLessThan(0.95);
    }
    expect(defaultHmcSettings(36)).toMatchObject({ stepSize: 0.09, leapfrogSteps: 10 });
  });
});

describe('configurations of the 6 × 6 lattice', () => {
  const count = 40_000;
  let made: Awaited<ReturnType<typeof generateConfigurations>>;
  let observables: Record<string, Estimate>;
  beforeAll(async () => {
    made = await generateConfigurations(input({ count, chains: 40, seed: 5 }));
    observables = phi4Observables(made.samples, count, 6, couplings);
  });

  it('agree with the reference within four standard errors', () => {
    const named: Record<string, string> = {
      absM: 'absM',
      M2: 'M2',
      M4: 'M4',
      phi2: 'phi2',
      phi4: 'phi4',
      actionPerSite: 'action_per_site',
      susceptibility: 'chi2_full_V<M2>',
      susceptibilityConnected: 'chi_abs_V(<M2>-<|M|>2)',
      binder: 'binder_1-M4/3M2^2',
      correlationLength: 'xi_second_moment',
    };
    const expected: Record<string, readonly [number, number]> = {};
    for (const [ours, theirs] of Object.entries(named)) expected[ours] = reference.observables[theirs]!;
    for (const [shell, { G, err }] of Object.entries(reference.Gk)) expected[`G(k) ${shell}`] = [G, err];
    for (const [shell, value] of Object.entries(reference.Gx)) expected[`G(x) ${shell}`] = value;
    expect(Object.keys(observables).sort()).toEqual(Object.keys(expected).sort());
    for (const [name, [value, error]] of Object.entries(expected)) {
      expect(deviation(observables[name]!, value, error), name).toBeLessThan(4);
      // An error bar too wide would let anything pass.
      expect(observables[name]!.error / Math.abs(value), name).toBeLessThan(0.03);
    }
  });

  it('come from chains in equilibrium: ⟨e^{−ΔH}⟩ is 1 within its error', () => {
    const { expMinusEnergyChange, acceptance, autocorrelation } = made.summary;
    expect(deviation(expMinusEnergyChange, 1)).toBeLessThan(4);
    expect(expMinusEnergyChange.error).toBeLessThan(1e-3);
    expect(acceptance).toBeGreaterThan(0.92);
    expect(acceptance).toBeLessThan(0.94);
    expect(autocorrelation.absM).toBeGreaterThan(1.3);
    expect(autocorrelation.absM).toBeLessThan(1.8);
  });

  it('come from chains that share nothing', () => {
    const perChain = count / 40;
    const magnetization = (chain: number, sample: number): number => {
      let sum = 0;
      const offset = (chain * perChain + sample) * 36;
      for (let site = 0; site < 36; site++) sum += made.samples[offset + site]!;
      return Math.abs(sum) / 36;
    };
    const mean = observables.absM!.value;
    const variance = observables.M2!.value - mean ** 2;
    // Correlation of |M| at equal times, over all neighbouring pairs of chains: variance 1/N for independent ones.
    let sum = 0;
    for (let chain = 0; chain < 39; chain++)
      for (let sample = 0; sample < perChain; sample++)
        sum += (magnetization(chain, sample) - mean) * (magnetization(chain + 1, sample) - mean);
    const pairs = 39 * perChain;
    expect(Math.abs(sum / pairs / variance)).toBeLessThan(4 / Math.sqrt(pairs));
  });
});

describe('a chain', () => {
  it('is the same for the same seed and another for another seed, stream or number', () => {
    const lattice = createLattice(6);
    const settings = defaultHmcSettings(36);
    const run = (seed: number, stream: string, index: number): number[] => {
      const chain = createChain(lattice, couplings, settings, seed, stream, index);
      for (let i = 0; i < 20; i++) advance(chain, { accepted: false, energyChange: 0 });
      return [...chain.field];
    };
    const one = run(1, 'hmc/train', 0);
    expect(run(1, 'hmc/train', 0)).toEqual(one);
    for (const other of [run(2, 'hmc/train', 0), run(1, 'hmc/test', 0), run(1, 'hmc/train', 1)])
      expect(other.filter((value, i) => value === one[i])).toEqual([]);
  });

  it('keeps its configuration when a trajectory runs away', () => {
    const lattice = createLattice(6);
    const settings = { ...defaultHmcSettings(36), stepSize: 50 };
    const chain = createChain(lattice, couplings, settings, 1, 'runaway', 0);
    const before = chain.field.map(Math.abs);
    for (let i = 0; i < 10; i++)
      expect(advance(chain, { accepted: true, energyChange: 0 }).accepted).toBe(false);
    expect(chain.field.map(Math.abs)).toEqual(before);
  });
});

describe('generateConfigurations', () => {
  it('gives the same bytes for the same seed, whatever the progress calls do', async () => {
    const [one, two, other] = await Promise.all([
      generateConfigurations(input()),
      generateConfigurations(input({ onProgress: () => undefined })),
      generateConfigurations(input({ seed: 12 })),
    ]);
    expect(two.samples).toEqual(one.samples);
    expect(two.summary).toEqual(one.summary);
    expect(other.samples).not.toEqual(one.samples);
  });

  it('lets the event loop have its turn', async () => {
    let turns = 0;
    const timer = setInterval(() => turns++, 5);
    await generateConfigurations(input({ count: 8000, chains: 8 }));
    clearInterval(timer);
    expect(turns).toBeGreaterThan(5);
  });

  it('stops when told to', async () => {
    const stop = new AbortController();
    const run = generateConfigurations(
      input({
        count: 1e6,
        chains: 10,
        onProgress: (kept) => (kept > 100 ? stop.abort() : undefined),
        signal: stop.signal,
      }),
    );
    await expect(run).rejects.toMatchObject({ kind: 'cancelled' });
  });

  it('refuses a step size at which nearly nothing is accepted', async () => {
    const settings = { ...defaultHmcSettings(36), stepSize: 0.4 };
    await expect(generateConfigurations(input({ settings }))).rejects.toThrow(
      /accepts only .* step size 0\.4/,
    );
  });

  it('has the exact moments on one site', async () => {
    const count = 20_000;
    const { samples, summary } = await generateConfigurations(
      input({ size: 1, count, chains: 20, settings: defaultHmcSettings(1) }),
    );
    const observables = phi4Observables(samples, count, 1, couplings);
    const exact = exactSize1(couplings);
    expect(deviation(observables.phi2!, exact.phi2)).toBeLessThan(4);
    expect(deviation(observables.phi4!, exact.phi4)).toBeLessThan(4);
    expect(observables.phi2!.error).toBeLessThan(0.01 * exact.phi2);
    expect(deviation(summary.expMinusEnergyChange, 1)).toBeLessThan(4);
  });

  it('has the exact correlations on 2 × 2 sites', async () => {
    const count = 20_000;
    const { samples } = await generateConfigurations(
      input({ size: 2, count, chains: 20, settings: defaultHmcSettings(4) }),
    );
    const observables = phi4Observables(samples, count, 2, couplings);
    const exact = exactSize2(couplings);
    const pairs: [string, number][] = [
      ['phi2', exact.phi2],
      ['phi4', exact.phi4],
      ['G(x) 0,1', exact.nearest],
      ['G(x) 1,1', exact.diagonal],
      ['M2', exact.M2],
    ];
    for (const [name, value] of pairs) {
      expect(deviation(observables[name]!, value), name).toBeLessThan(4);
      expect(observables[name]!.error, name).toBeLessThan(0.02 * value);
    }
  });

  it('has the propagator 1/(2(k̂² + m²)) for the free field', async () => {
    const count = 12_000;
    const mass2 = 0.5;
    const { samples } = await generateConfigurations(
      input({
        size: 4,
        mass2,
        coupling: 0,
        count,
        chains: 12,
        settings: { ...defaultHmcSettings(16), spacing: 8 },
      }),
    );
    const observables = phi4Observables(samples, count, 4, { mass2, coupling: 0 });
    const khat2 = [0, 2, 4];
    for (let a = 0; a <= 2; a++)
      for (let b = a; b <= 2; b++) {
        const estimate = observables[`G(k) ${a},${b}`]!;
        const exact = 1 / (2 * (khat2[a]! + khat2[b]! + mass2));
        expect(deviation(estimate, exact), `${a},${b}`).toBeLessThan(4);
        expect(estimate.error, `${a},${b}`).toBeLessThan(0.03 * exact);
      }
    // Each of the V modes carries ½ in ⟨S⟩.
    expect(deviation(observables.actionPerSite!, 0.5)).toBeLessThan(4);
  });
});
