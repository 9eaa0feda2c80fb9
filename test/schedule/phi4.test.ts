import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { createBasis } from '../../src/basis/index.js';
import { momentumOrbit } from '../../src/basis/labels.js';
import { componentVariances, computeStatistics, statisticsOfSpectrum } from '../../src/basis/statistics.js';
import type { DataStatistics } from '../../src/basis/types.js';
import { blockAverage } from '../../src/basis/wavelet.js';
import { generateConfigurations } from '../../src/data/phi4/generate.js';
import { defaultHmcSettings } from '../../src/data/phi4/hmc.js';
import { componentKurtosis, flowOf } from '../../src/schedule/flow.js';
import { offDiagonalShare } from '../../src/schedule/gaussian.js';
import { createProcess } from '../../src/schedule/process.js';

// 8 million HMC measurements on 6×6, m² = −4, coupling 6.975.
const { Gk: reference } = JSON.parse(
  readFileSync(new URL('../reference/phi4-6x6.json', import.meta.url), 'utf8'),
) as { Gk: Record<string, { n: number; khat2: number; G: number; err: number }> };
const shape = { height: 6, width: 6, channels: 1 };
const count = 6000;
let samples: Float32Array;

beforeAll(async () => {
  const generated = await generateConfigurations({
    size: 6,
    mass2: -4,
    coupling: 6.975,
    count,
    chains: 6,
    settings: defaultHmcSettings(36),
    seed: 11,
    stream: 'test/schedule/phi4',
  });
  samples = generated.samples;
});

describe('φ⁴ on 6×6', () => {
  it('the lattice statistics recover G(k) mode by mode', () => {
    const statistics = computeStatistics(samples, count, shape, { symmetry: 'lattice' });
    const variances = componentVariances(statistics, createBasis('fourier', shape));
    for (let i = 0; i < 36; i++) {
      const { n, G } = reference[momentumOrbit(Math.floor(i / 6), i % 6, shape)]!;
      // Successive configurations are nearly independent; 2 τ_int ≈ 3 for the zero mode.
      const error = G * Math.sqrt((2 * (i === 0 ? 3 : 1.5)) / (count * n));
      expect(Math.abs(variances[i]! - G)).toBeLessThan(4.5 * error);
    }
  });

  it('PCA of raw samples, no symmetry used, recovers G(k) within its error and orders by momentum', () => {
    const statistics = computeStatistics(samples, count, shape);
    const basis = createBasis('pca', shape, statistics);
    const variances = componentVariances(statistics, basis);
    const expected = Object.values(reference)
      .flatMap(({ n, G, khat2 }) => new Array<{ G: number; khat2: number }>(n).fill({ G, khat2 }))
      .sort((a, b) => b.G - a.G);
    for (let i = 0; i < 36; i++) {
      // Sorting spreads degenerate eigenvalues by about √(D/N) beside their own error √(2/N).
      const error = expected[i]!.G * (Math.sqrt(36 / count) + Math.sqrt(2 / count));
      expect(Math.abs(variances[i]! - expected[i]!.G)).toBeLessThan(2 * error);
    }
    const momenta = basis.components.map(({ momentum }) => momentum ** 2);
    expect(momenta[0]).toBeLessThan(0.05);
    for (let i = 1; i < 5; i++) expect(Math.abs(momenta[i]! - 1)).toBeLessThan(0.2);
    expect(momenta[35]).toBeGreaterThan(7);
    expect(momenta.reduce((a, b) => a + b)).toBeCloseTo(36 * 4, 8);
  });

  it('block averages are Haar’s low-pass to 1e-10', () => {
    const averages = blockAverage(samples, count, shape, 2);
    const basis = createBasis('haar', shape);
    const encoded = basis.encode(samples, count);
    const coarse = basis.components.filter(({ level }) => level === 0).map(({ index }) => index);
    let worst = 0;
    for (let sample = 0; sample < count; sample++)
      coarse.forEach((index, i) => {
        worst = Math.max(worst, Math.abs(encoded[sample * 36 + index]! / 2 - averages[sample * 9 + i]!));
      });
    expect(coarse).toHaveLength(9);
    expect(worst).toBeLessThan(1e-10);
  });

  it('the Gaussian score is diagonal in Fourier and PCA, an approximation in pixels and wavelets', () => {
    const statistics = computeStatistics(samples, count, shape, { symmetry: 'lattice' });
    const share = (basis: string): number =>
      offDiagonalShare(createProcess({ basis }, statistics), statistics);
    expect(share('fourier')).toBe(0);
    expect(share('pca')).toBe(0);
    expect(share('haar')).toBeGreaterThan(0.05);
    expect(share('pixel')).toBeGreaterThan(share('haar'));
  });

  it('matched noise: the spectrum stays constant, the kurtosis of each band dies out', () => {
    const statistics = computeStatistics(samples, count, shape, { symmetry: 'lattice' });
    const process = createProcess({ colour: 'matched', kernel: 'sigmoid', cutoffWidth: 0.5 }, statistics);
    const variances = componentVariances(statistics, process.basis);
    const kurtoses = componentKurtosis(process, process.basis.encode(samples, count), count);
    // The zero mode is bimodal-ish near the transition: negative excess; 3⟨M²⟩² (1 − U) with Binder U = 0.192.
    expect(kurtoses[0]).toBeCloseTo(-3 * 0.19174256298066572, 1);
    const times = [0, 0.25, 0.5, 0.75, 1];
    const flow = flowOf(process, variances, times, kurtoses);
    for (const { variance, component } of flow) expect(variance / variances[component]!).toBeCloseTo(1, 10);
    const of = (i: number): number[] =>
      flow.filter(({ component }) => component === i).map(({ kurtosis }) => kurtosis);
    for (const i of [0, 21])
      for (let j = 1; j < 5; j++) expect(Math.abs(of(i)[j]!)).toBeLessThan(Math.abs(of(i)[j - 1]!));
    expect(Math.abs(of(0)[4]! / kurtoses[0]!)).toBeLessThan(0.01);
  });

  it('universality: two couplings meet at the fixed point of one process', () => {
    const spectrum = (mass2: number): DataStatistics =>
      statisticsOfSpectrum(shape, (n, m) => 0.5 / (reference[momentumOrbit(n, m, shape)]!.khat2 + mass2));
    const [near, far] = [spectrum(0.47), spectrum(1.2)];
    const process = createProcess(
      { colour: 'matched', kernel: 'sigmoid', cutoffWidth: 0.5, ordering: 'momentum', gammaHigh: 6 },
      near,
    );
    const [a, b] = [near, far].map((data) =>
      flowOf(process, componentVariances(data, process.basis), [0, 0.5, 1]),
    ) as [ReturnType<typeof flowOf>, ReturnType<typeof flowOf>];
    const ratio = (t: number): number =>
      Math.max(
        ...a.map((point, i) => (point.t === t ? Math.abs(Math.log(point.variance / b[i]!.variance)) : 0)),
      );
    expect(ratio(0)).toBeGreaterThan(0.5);
    expect(ratio(1)).toBeLessThan(1e-2);
    expect(ratio(0.5)).toBeLessThan(ratio(0));
  });
});
