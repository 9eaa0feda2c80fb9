import type { DataStatistics } from '../basis/types.js';
import { principalComponents } from '../basis/pca.js';
import { bitsOffset, evenlySpacedImages, type Images } from '../data/images/pixels.js';
import type { ResidualModel } from '../model/residual.js';
import { generateFields } from '../sample/generate.js';
import { bandsOf, scalesOf } from '../sample/scales.js';
import { endPoints } from '../schedule/gaussian.js';
import { smallestRelativeVariance } from '../schedule/process.js';
import type { DiffusionProcess } from '../schedule/types.js';
import { componentBounds } from './bound.js';
import { frechetDistance, kernelDistance } from './featureDistances.js';
import { createRandomFeatures, loadFeatureNetwork, type FeatureNetwork } from './features.js';
import { finiteOf } from './finite.js';
import { patchWasserstein, slicedWasserstein, spectrumDistance } from './imageDistances.js';
import { convergedSteps, flowNll } from './likelihood.js';
import { blockedMean } from './statistics.js';

export interface ImagesEvaluationInput {
  process: DiffusionProcess;
  model: ResidualModel;
  /** Of the training data. */
  statistics: DataStatistics;
  /** Images of the split that is measured on. */
  images: Images;
  /** −log p of each image in nats, where it is known: Gaussian fields. */
  exactNll?: (fields: Float32Array) => Float64Array;
  /** Number of the model's own samples. */
  samples: number;
  /** model.json of the feature network of FID and KID (src/eval/features.ts). */
  inception?: string;
  level: 'rung' | 'final';
  /** On how many images the flow's likelihood is integrated at level `final`; 0: none. Default 32. */
  likelihoodImages?: number;
  seed: number;
}

/** What the bound is made of, by scales of the basis, coarse to fine. In nats. */
export interface BandBound {
  components: number;
  /** Mean |k̂| of the band's components. */
  momentum: number;
  vlb: number;
  /** Of the Gaussian score alone. */
  gaussianVlb: number;
}

export interface ImagesEvaluation {
  /** Flat, all finite; a figure that did not converge is absent. */
  metrics: Record<string, number>;
  warnings: string[];
  /** The model's own samples, [samples, D]. */
  samples: Float32Array;
  bands: BandBound[];
  /** The bound of each image, the same ones for every model of a level. */
  bound: Float64Array;
}

/** How much effort a level pays: images and draws of the bound, images and most steps of the flow, steps of a sample. */
const effort = {
  rung: { fields: 256, draws: 4, sampleSteps: 32 },
  final: { fields: 512, draws: 8, sampleSteps: 64, flowFields: 32, mostSteps: 64 },
} as const;
/** Images on which the flow's number of steps is settled. */
const convergenceFields = 8;
/** Bits per dimension that twice as many steps may change. */
const convergenceBits = 0.001;
/** Above this, s² e^{γ(0)} blurs the 256 levels: the bound is one still, but far from the likelihood. */
const negligibleNoise = 5e-6;
const bands = 4;

/**
 * Measures an image model against held-out images, dequantized where they have 256 levels. In nats unless said otherwise:
 *
 * - `vlb`, `vlbError` the variational bound on −log p; `bpd`, `bpdError` the same in bits per dimension, where images of 256
 *   levels on [−1, 1] count as levels (+7), those of real numbers as densities; `band1Vlb` … what each of four bands of
 *   scales adds to it, coarse to fine.
 * - `gaussianNll` −log N(φ; μ, Σ) with the training data's mean and full covariance; `gaussianGain`, `gaussianGainError` by how much
 *   the bound is below it, image by image. `exactNll` where the data's density is known, and `vlbExcess`, `vlbExcessError` above it.
 * - `startNoise` the largest s_i² e^{γ_i(0)}; `startExcess` what it costs the bound of Gaussian data, ½ Σ log(1 + e^{γ_i(0)}/Σ_i), in
 *   bits per dimension; images, whose pixels are settled by their neighbours more sharply, pay more.
 * - `nll`, `nllError`, `flowBpd` by the probability flow with Hutchinson's divergence, on `likelihoodImages` images and at level `final` only; `flowSteps`,
 *   `flowChange` (bits per dimension) as for φ⁴. `kl` above `exactNll`.
 * - `spectrumDistance`, `slicedWasserstein`, `patchWasserstein`, `randomFrechet` (on random features) of the model's samples from as many
 *   images, each with its `…Floor`: the same between two sets of images. With `inception`, at level `final`, `fid` and `kid` on its
 *   features, with theirs. `functionEvaluations` calls of the network for one sample.
 */
export async function evaluateImages(input: ImagesEvaluationInput): Promise<ImagesEvaluation> {
  const { process, model, images, level, seed, exactNll } = input;
  const { fields: fieldCount, draws, sampleSteps } = effort[level];
  const warnings: string[] = [];
  const { dimension } = process;
  const bits = bitsPerDimension(images, dimension);

  // The same dequantization for every trial of a sweep, whatever its seed.
  const fields = evenlySpacedImages(images, fieldCount, 1, 'dequantization');
  const { bound, components, gaussian } = await componentBounds(process, model, fields, draws, seed);
  const vlb = blockedMean(bound);
  const gaussianNll = gaussianNlls(input.statistics, fields);
  const gain = blockedMean(gaussianNll.map((value, n) => value - bound[n]!));
  const metrics: Record<string, number> = {
    vlb: vlb.value,
    vlbError: vlb.error,
    bpd: bits.of(vlb.value),
    bpdError: vlb.error * bits.perNat,
    gaussianNll: blockedMean(gaussianNll).value,
    gaussianGain: gain.value,
    gaussianGainError: gain.error,
    ...startNoise(process, images.quantized, bits.perNat, warnings),
  };
  if (exactNll) {
    const exact = exactNll(fields);
    const excess = blockedMean(bound.map((value, n) => value - exact[n]!));
    Object.assign(metrics, {
      exactNll: blockedMean(exact).value,
      vlbExcess: excess.value,
      vlbExcessError: excess.error,
    });
  }
  const byBand = bandBounds(process, components, gaussian);
  byBand.forEach((band, n) => (metrics[`band${n + 1}Vlb`] = band.vlb));

  const flowFields = level === 'final' ? (input.likelihoodImages ?? effort.final.flowFields) : 0;
  if (flowFields > 0) await measureFlow(input, flowFields, fields, bits, metrics, warnings);

  const own = await generateFields({
    process,
    model,
    method: 'ancestral',
    count: input.samples,
    steps: sampleSteps,
    seed,
  });
  const samples = Float32Array.from(own.fields);
  metrics.functionEvaluations = own.functionEvaluations;
  Object.assign(metrics, await distances(input, samples));
  return { ...finiteOf(metrics, warnings), samples, bands: byBand, bound };
}

function bitsPerDimension(
  { quantized }: Images,
  dimension: number,
): { of: (nats: number) => number; perNat: number } {
  const perNat = 1 / (dimension * Math.LN2);
  return { of: (nats) => nats * perNat + (quantized ? bitsOffset : 0), perNat };
}

/** −log N(φ; μ, Σ) of each field, by principal components. */
export function gaussianNlls(statistics: DataStatistics, fields: Float32Array): Float64Array {
  const { variances, vectors } = principalComponents(statistics);
  const dimension = variances.length;
  const least = (smallestRelativeVariance * variances.reduce((sum, value) => sum + value, 0)) / dimension;
  const floored = variances.map((value) => Math.max(value, least));
  const constant = 0.5 * floored.reduce((sum, value) => sum + Math.log(2 * Math.PI * value), 0);
  const centred = new Float64Array(dimension);
  return Float64Array.from({ length: fields.length / dimension }, (_, n) => {
    for (let x = 0; x < dimension; x++) centred[x] = fields[n * dimension + x]! - statistics.mean[x]!;
    let sum = constant;
    for (let i = 0; i < dimension; i++) {
      let component = 0;
      for (let x = 0; x < dimension; x++) component += vectors[i * dimension + x]! * centred[x]!;
      sum += (0.5 * component ** 2) / floored[i]!;
    }
    return sum;
  });
}

function startNoise(
  process: DiffusionProcess,
  quantized: boolean,
  perNat: number,
  warnings: string[],
): Record<string, number> {
  const { first } = endPoints(process);
  let largest = 0;
  let excess = 0;
  first.forEach((gamma, i) => {
    largest = Math.max(largest, process.scale[i]! ** 2 * Math.exp(gamma));
    excess += 0.5 * Math.log1p(Math.exp(gamma) / process.dataVariance[i]!);
  });
  if (quantized && largest > negligibleNoise)
    warnings.push(
      `s² e^γ(0) is ${largest.toPrecision(2)}, above ${negligibleNoise}: the first noise blurs the 256 levels, and the bound is looser, by ${(excess * perNat).toPrecision(2)} bits per dimension for Gaussian data and more for images; lower gammaLow`,
    );
  return { startNoise: largest, startExcess: excess * perNat };
}

function bandBounds(
  process: DiffusionProcess,
  components: Float64Array,
  gaussian: Float64Array,
): BandBound[] {
  const sum = (values: Float64Array, of: readonly number[]) => of.reduce((total, i) => total + values[i]!, 0);
  return bandsOf(scalesOf(process), bands).map(({ components: members }) => ({
    components: members.length,
    momentum: members.reduce((total, i) => total + process.basis.components[i]!.momentum, 0) / members.length,
    vlb: sum(components, members),
    gaussianVlb: sum(gaussian, members),
  }));
}

async function measureFlow(
  { process, model, exactNll }: ImagesEvaluationInput,
  flowFields: number,
  fields: Float32Array,
  bits: ReturnType<typeof bitsPerDimension>,
  metrics: Record<string, number>,
  warnings: string[],
): Promise<void> {
  const { dimension } = process;
  const { mostSteps } = effort.final;
  const few = fields.subarray(0, convergenceFields * dimension);
  const bound = convergenceBits / bits.perNat;
  const { steps, change } = await convergedSteps(process, model, few, mostSteps, bound);
  metrics.flowChange = change * bits.perNat;
  if (steps === undefined) {
    warnings.push(
      `the probability flow did not converge: ${mostSteps} steps change the likelihood by ${(change * bits.perNat).toPrecision(3)} bits per dimension; no nll`,
    );
    return;
  }
  const some = fields.subarray(0, flowFields * dimension);
  const { nll } = await flowNll(process, model, some, steps);
  const mean = blockedMean(nll);
  Object.assign(metrics, {
    flowSteps: steps,
    nll: mean.value,
    nllError: mean.error,
    flowBpd: bits.of(mean.value),
  });
  if (exactNll) {
    const exact = exactNll(some);
    const above = blockedMean(nll.map((value, n) => value - exact[n]!));
    Object.assign(metrics, { kl: above.value, klError: above.error });
  }
}

async function distances(
  { process, images, level, inception }: ImagesEvaluationInput,
  samples: Float32Array,
): Promise<Record<string, number>> {
  const { dimension } = process;
  const { shape } = process.basis;
  const count = Math.min(samples.length / dimension, Math.floor(images.count / 2));
  if (count < 2) return {};
  const own = samples.subarray(0, count * dimension);
  // Two disjoint sets of images: one to compare with, one that says what equal sets are apart.
  const both = evenlySpacedImages(images, 2 * count, 1, 'dequantization');
  const pick = (parity: number) => {
    const out = new Float32Array(count * dimension);
    for (let n = 0; n < count; n++)
      out.set(both.subarray((2 * n + parity) * dimension, (2 * n + parity + 1) * dimension), n * dimension);
    return out;
  };
  const [data, others] = [pick(0), pick(1)];
  const measures = {
    spectrumDistance: (rows: Float32Array) => spectrumDistance(rows, data, shape),
    slicedWasserstein: (rows: Float32Array) => slicedWasserstein(rows, data, dimension, 1),
    patchWasserstein: (rows: Float32Array) => patchWasserstein(rows, data, shape, 1),
  };
  const out: Record<string, number> = {};
  for (const [name, measure] of Object.entries(measures)) {
    out[name] = measure(own);
    out[`${name}Floor`] = measure(others);
  }
  const onFeatures = async (network: FeatureNetwork, names: { frechet: string; kernel?: string }) => {
    try {
      const [a, b, c] = [
        await network.features(own, shape),
        await network.features(data, shape),
        await network.features(others, shape),
      ];
      out[names.frechet] = frechetDistance(a.rows, b.rows, a.length);
      out[`${names.frechet}Floor`] = frechetDistance(c.rows, b.rows, a.length);
      if (names.kernel === undefined) return;
      out[names.kernel] = kernelDistance(a.rows, b.rows, a.length);
      out[`${names.kernel}Floor`] = kernelDistance(c.rows, b.rows, a.length);
    } finally {
      network.dispose();
    }
  };
  await onFeatures(createRandomFeatures(shape.channels), { frechet: 'randomFrechet' });
  if (inception !== undefined && level === 'final')
    await onFeatures(await loadFeatureNetwork(inception), { frechet: 'fid', kernel: 'kid' });
  return out;
}
