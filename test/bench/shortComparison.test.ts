/**
 * The comparison of docs/results.md, small enough for CI: the same statistics, the same kinds of schedules, real training,
 * 120 steps of batch 256 with two seeds. Only differences that are large so early are asked for.
 */
import { beforeAll, expect, it } from 'vitest';
import { computeStatistics } from '../../src/basis/statistics.js';
import { blockMeans, pairedDifference } from '../../src/report/paired.js';
import type { DataStatistics } from '../../src/basis/types.js';
import { createLattice, phi4Action } from '../../src/data/phi4/action.js';
import { generateConfigurations } from '../../src/data/phi4/generate.js';
import { defaultHmcSettings } from '../../src/data/phi4/hmc.js';
import { knownLogZ } from '../../src/data/phi4/logZ.js';
import { convergedSteps, flowNll } from '../../src/eval/likelihood.js';
import { createPhi4Residual } from '../../src/model/phi4Residual.js';
import { presets } from '../../src/schedule/presets.js';
import { createProcess } from '../../src/schedule/process.js';
import type { Parameters } from '../../src/space/types.js';
import { startBackend } from '../../src/train/backend.js';
import { createPhi4Training } from '../../src/tasks/phi4Loss.js';
import { readTrainingParameters } from '../../src/train/parameters.js';

const task = { name: 'phi4', size: 6, mass2: -4, coupling: 6.975 } as const;
const steps = 120;
const seeds = [1, 2];
const cutoff: Parameters = {
  basis: 'fourier',
  colour: 'matched',
  kernel: 'sigmoid',
  ordering: 'log-variance',
  cutoffWidth: 1,
};
const schedules: Record<string, Parameters> = {
  'standard-raw': presets['standard-raw']!,
  standard: presets['standard']!,
  'component-wise': cutoff,
  reversed: { ...cutoff, reversed: true },
};

let train: Float32Array;
let held: Float32Array;
let statistics: DataStatistics;
/** By schedule and seed: −log q − S − log Z of each held-out configuration, whose mean is KL. */
const excess = new Map<string, number[][]>();

async function learn(parameters: Parameters, seed: number): Promise<number[]> {
  const process = createProcess(parameters, statistics);
  const training = readTrainingParameters({
    learningRateSchedule: 'cosine',
    decaySteps: steps,
    batchSize: 256,
    ...parameters,
  });
  const session = createPhi4Training({ process, training, configurations: train, seed });
  while (session.step < steps) await session.advance();
  session.dispose();
  const model = createPhi4Residual(process, session.state.ema, training);
  const { steps: enough } = await convergedSteps(process, model, held.subarray(0, 36 * 128), 128);
  expect(enough).toBeDefined();
  const { nll } = await flowNll(process, model, held, enough!);
  model.dispose();
  const lattice = createLattice(task.size);
  const logZ = knownLogZ(task)!.value;
  return Array.from(nll, (value, n) => value - phi4Action(held, 36 * n, lattice, task) - logZ);
}

beforeAll(async () => {
  await startBackend('wasm', 1);
  const settings = defaultHmcSettings(36);
  const draw = async (count: number, stream: string) =>
    (await generateConfigurations({ ...task, count, chains: 10, settings, seed: 5, stream })).samples;
  train = await draw(8000, 'train');
  held = await draw(1000, 'held');
  statistics = computeStatistics(
    train,
    train.length / 36,
    { height: 6, width: 6, channels: 1 },
    { symmetry: 'lattice' },
  );
  for (const [name, parameters] of Object.entries(schedules))
    for (const seed of seeds) excess.set(name, [...(excess.get(name) ?? []), await learn(parameters, seed)]);
}, 600_000);

const kl = (name: string) => {
  const all = excess.get(name)!.flat();
  return all.reduce((sum, value) => sum + value, 0) / all.length;
};
/** How much lower the KL of `first` is. */
const gain = (first: string, second: string) =>
  pairedDifference(
    excess.get(first)!.map((values) => blockMeans(values)),
    excess.get(second)!.map((values) => blockMeans(values)),
  )!;

it('gives every schedule a positive divergence from data that it has not seen', () => {
  for (const name of Object.keys(schedules)) {
    expect(kl(name)).toBeGreaterThan(0);
    expect(kl(name)).toBeLessThan(6.5);
  }
});

it('tells what the Gaussian score brings, and which order is the wrong one, by more than two standard errors', () => {
  for (const [better, worse] of [
    ['standard', 'standard-raw'],
    ['component-wise', 'reversed'],
  ] as const) {
    const { value, error, seeds: pairs } = gain(better, worse);
    expect(pairs).toBe(2);
    expect(value).toBeCloseTo(kl(worse) - kl(better), 9);
    expect(value / error).toBeGreaterThan(2);
  }
});

it('measures a difference in pairs better than the two alone', () => {
  const alone = (name: string) => {
    const own = excess.get(name)!.map((values) => blockMeans(values));
    return pairedDifference(
      own,
      own.map((blocks) => blocks.map(() => 0)),
    )!.error;
  };
  expect(gain('standard', 'component-wise').error).toBeLessThan(
    Math.hypot(alone('standard'), alone('component-wise')),
  );
});
