import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { computeStatistics, encodeStatistics } from '../basis/statistics.js';
import { messageOf, RgsweepError } from '../errors.js';
import { decodeSafetensors, encodeSafetensors } from '../tensors/safetensors.js';
import type { Phi4Task } from '../train/protocol.js';
import { createDatasetFolder, manifestName } from './datasetFolder.js';
import { checkCouplings, createLattice } from './phi4/action.js';
import { generateConfigurations, type HmcSummary } from './phi4/generate.js';
import { defaultHmcSettings, type HmcSettings } from './phi4/hmc.js';
import { phi4Observables, type Estimate } from './phi4/observables.js';

/** Training data, what the search sees, and what only reports of finalists see. */
export const splits = ['train', 'validation', 'test'] as const;
export type Split = (typeof splits)[number];

/** How a data set is made; with the task it determines every byte of it. */
export interface DatasetRecipe {
  seed: number;
  /** Configurations of each split. */
  counts: Readonly<Record<Split, number>>;
  /** Configurations a chain gives; a split has as many chains as that needs, and shares none with another split. */
  perChain: number;
  /** Replaces some of `defaultHmcSettings`. */
  hmc?: Partial<HmcSettings>;
}

export const defaultRecipe: DatasetRecipe = {
  seed: 20240617,
  counts: { train: 100_000, validation: 20_000, test: 20_000 },
  perChain: 1000,
};

/** Raised whenever the same recipe would give other numbers. */
const generator = 'hmc-1';

export interface SplitSummary extends HmcSummary {
  count: number;
  observables: Record<string, Estimate>;
}

/**
 * What dataset.json of every task says. Written last, so that a folder that has it is whole. Holds no time and no machine:
 * equal recipes give equal bytes.
 */
export interface DatasetFiles {
  format: 1;
  key: string;
  generator: string;
  /** By name, e.g. `train.safetensors`. */
  files: Record<string, { bytes: number; sha256: string }>;
  /** What a user should know before trusting the data; empty when all is well. */
  warnings: string[];
}

/** dataset.json of a φ⁴ data set. */
export interface DatasetManifest extends DatasetFiles {
  task: Phi4Task;
  recipe: DatasetRecipe & { hmc: HmcSettings };
  splits: Record<Split, SplitSummary>;
}

function resolveRecipe(task: Phi4Task, recipe: DatasetRecipe): DatasetManifest['recipe'] {
  return {
    seed: recipe.seed,
    counts: {
      train: recipe.counts.train,
      validation: recipe.counts.validation,
      test: recipe.counts.test,
    },
    perChain: recipe.perChain,
    hmc: { ...defaultHmcSettings(task.size * task.size), ...recipe.hmc },
  };
}

function checkRecipe({ seed, counts, perChain, hmc }: DatasetManifest['recipe']): void {
  const whole = (name: string, value: number, lowest: number): void => {
    if (!Number.isSafeInteger(value) || value < lowest)
      throw new RgsweepError(
        'bad-configuration',
        `data recipe: ${name} is ${value}; it must be a whole number of at least ${lowest}`,
      );
  };
  whole('seed', seed, 0);
  for (const split of splits) whole(`counts.${split}`, counts[split], 2);
  whole('perChain', perChain, 1);
  whole('hmc.leapfrogSteps', hmc.leapfrogSteps, 1);
  whole('hmc.thermalization', hmc.thermalization, 0);
  whole('hmc.spacing', hmc.spacing, 1);
  if (!(hmc.stepSize > 0 && Number.isFinite(hmc.stepSize)))
    throw new RgsweepError(
      'bad-configuration',
      `data recipe: hmc.stepSize is ${hmc.stepSize}; it must be above 0`,
    );
  if (!(hmc.stepJitter >= 0 && hmc.stepJitter < 1))
    throw new RgsweepError(
      'bad-configuration',
      `data recipe: hmc.stepJitter is ${hmc.stepJitter}; it must be at least 0 and below 1`,
    );
}

/** A data set's name: 16 hexadecimal digits of the SHA-256 of everything that determines its content. */
export function datasetKey(task: Phi4Task, recipe: DatasetRecipe): string {
  const { seed, counts, perChain, hmc } = resolveRecipe(task, recipe);
  const content = [
    generator,
    [task.name, task.size, task.mass2, task.coupling],
    [seed, counts.train, counts.validation, counts.test, perChain],
    [hmc.stepSize, hmc.stepJitter, hmc.leapfrogSteps, hmc.thermalization, hmc.spacing],
  ];
  return createHash('sha256').update(JSON.stringify(content)).digest('hex').slice(0, 16);
}

export interface PrepareDatasetInput {
  task: Phi4Task;
  recipe: DatasetRecipe;
  /** Made when missing; files of the same names are replaced. */
  folder: string;
  /** `fraction` of the whole work done, from 0 to 1, and what is being done. */
  onProgress?: (fraction: number, what: string) => void;
  signal?: AbortSignal;
}

/**
 * Makes a φ⁴ data set: train, validation and test configurations from separate Markov chains
 * ({train,validation,test}.safetensors, tensor `samples` [N, V], float32), the training set's mean and covariance
 * (statistics.safetensors, averaged over the lattice's symmetries) and, last, dataset.json.
 * Lets other work of the process go on meanwhile.
 * @throws RgsweepError: 'bad-configuration' for a task or recipe that cannot be sampled, 'cancelled' by the signal,
 *   'store-unavailable' when the folder cannot be written
 */
export async function prepareDataset({
  task,
  recipe: asked,
  folder,
  onProgress,
  signal,
}: PrepareDatasetInput): Promise<DatasetManifest> {
  const recipe = resolveRecipe(task, asked);
  checkRecipe(recipe);
  checkCouplings(task);
  createLattice(task.size);
  const { keep, finish } = await createDatasetFolder(folder);
  const total = splits.reduce((sum, split) => sum + recipe.counts[split], 0);
  const summaries: Partial<Record<Split, SplitSummary>> = {};
  let done = 0;
  for (const split of splits) {
    const count = recipe.counts[split];
    const { samples, summary } = await generateConfigurations({
      ...task,
      count,
      chains: Math.ceil(count / recipe.perChain),
      settings: recipe.hmc,
      seed: recipe.seed,
      stream: `hmc/${split}`,
      onProgress: (kept) => onProgress?.((0.97 * (done + kept)) / total, `${split} configurations`),
      ...(signal ? { signal } : {}),
    });
    done += count;
    summaries[split] = { count, ...summary, observables: phi4Observables(samples, count, task.size, task) };
    await keep(
      `${split}.safetensors`,
      encodeSafetensors({ samples: { shape: [count, task.size * task.size], data: samples } }),
    );
    if (split === 'train') {
      const shape = { height: task.size, width: task.size, channels: 1 };
      await keep(
        'statistics.safetensors',
        encodeStatistics(computeStatistics(samples, count, shape, { symmetry: 'lattice' })),
      );
    }
  }
  const all = summaries as Record<Split, SplitSummary>;
  const manifest = await finish<DatasetManifest>({
    key: datasetKey(task, asked),
    generator,
    task,
    recipe,
    splits: all,
    warnings: splits.flatMap((split) => warningsOf(split, all[split], recipe.hmc)),
  });
  onProgress?.(1, 'done');
  return manifest;
}

function warningsOf(split: Split, summary: SplitSummary, settings: HmcSettings): string[] {
  const warnings: string[] = [];
  const slowest = Math.max(summary.autocorrelation.absM, summary.autocorrelation.phi2);
  if (slowest > settings.spacing)
    warnings.push(
      `${split}: configurations are ${settings.spacing} trajectories apart, but the autocorrelation time is ${slowest.toFixed(1)}: neighbours are not independent; raise the recipe's spacing`,
    );
  if (20 * slowest > settings.thermalization)
    warnings.push(
      `${split}: ${settings.thermalization} trajectories of thermalization are fewer than 20 autocorrelation times (${slowest.toFixed(1)}); raise the recipe's thermalization`,
    );
  const { value, error } = summary.expMinusEnergyChange;
  if (Math.abs(value - 1) > 5 * error)
    warnings.push(
      `${split}: ⟨exp(−ΔH)⟩ = ${value.toFixed(4)} ± ${error.toFixed(4)} is not 1: the chains are not in equilibrium`,
    );
  if (summary.acceptance < 0.6)
    warnings.push(
      `${split}: ${(100 * summary.acceptance).toFixed(0)} % of the trajectories are accepted; a smaller step size would be cheaper`,
    );
  return warnings;
}

function damaged(what: string, cause?: unknown): RgsweepError {
  return new RgsweepError('data-missing', what, {
    remedy:
      'make the data set again with `rgsweep data prepare`, or delete the folder so that the next launch does',
    ...(cause === undefined ? {} : { cause }),
  });
}

/** dataset.json of a folder, its files not looked at. Throws RgsweepError('data-missing'). */
export async function readManifest<Manifest extends DatasetFiles = DatasetManifest>(
  folder: string,
): Promise<Manifest> {
  const file = join(folder, manifestName);
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw damaged(`${file} cannot be read (${messageOf(error)}): ${folder} is no whole data set`, error);
  });
  let manifest: unknown;
  try {
    manifest = JSON.parse(text);
  } catch (error) {
    throw damaged(`${file} is not JSON: ${messageOf(error)}`, error);
  }
  const format = (manifest as DatasetFiles | null)?.format;
  if (format !== 1)
    throw damaged(`${file} has format ${JSON.stringify(format)}; this version reads format 1`);
  return manifest as Manifest;
}

/**
 * Reads every file of a data set and compares its size and SHA-256 with dataset.json.
 * @throws RgsweepError('data-missing') naming the first file that is missing or differs
 */
export async function checkDataset<Manifest extends DatasetFiles = DatasetManifest>(
  folder: string,
): Promise<Manifest> {
  const manifest = await readManifest<Manifest>(folder);
  for (const [name, expected] of Object.entries(manifest.files)) {
    const file = join(folder, name);
    const content = await readFile(file).catch((error: unknown) => {
      throw damaged(`${file} cannot be read: ${messageOf(error)}`, error);
    });
    if (content.length !== expected.bytes)
      throw damaged(`${file} has ${content.length} bytes; dataset.json says ${expected.bytes}`);
    const sha256 = createHash('sha256').update(content).digest('hex');
    if (sha256 !== expected.sha256)
      throw damaged(`${file} has SHA-256 ${sha256}; dataset.json says ${expected.sha256}`);
  }
  return manifest;
}

/**
 * The configurations of one split: N × V numbers, one configuration after the other. Hashes are not checked here.
 * @throws RgsweepError('data-missing') when the file is not there or is no such file
 */
export function readSamples(folder: string, split: Split): Float32Array {
  const file = join(folder, `${split}.safetensors`);
  let content: Buffer;
  try {
    content = readFileSync(file);
  } catch (error) {
    throw damaged(`${file} cannot be read: ${messageOf(error)}`, error);
  }
  const samples = decodeSafetensors(content).tensors.samples?.data;
  if (!(samples instanceof Float32Array)) throw damaged(`${file} has no float32 tensor named "samples"`);
  return samples;
}
