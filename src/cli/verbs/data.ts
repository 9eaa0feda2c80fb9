import { InvalidArgumentError, Option, type Command } from 'commander';
import type { Estimate } from '../../data/phi4/observables.js';
import type { DatasetManifest } from '../../data/dataset.js';
import type { ImageManifest } from '../../data/images/dataset.js';
import type { Phi4Task } from '../../train/protocol.js';
import { withStoreOption } from '../connectionOptions.js';
import { withProgress } from '../longWork.js';
import { parseCount } from '../options.js';
import type { PrepareOptions } from '../prepareData.js';

interface TaskOptions {
  size?: number;
  mass2: number;
  coupling: number;
  json?: boolean;
}

function parseNumber(option: string): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === '' || !Number.isFinite(value))
      throw new InvalidArgumentError(`${option} takes a number, not "${text}".`);
    return value;
  };
}

function withTask(command: Command, tasks = 'phi4'): Command {
  return command
    .argument('<task>', tasks)
    .option('--size <n>', 'sites or pixels a side (default: 6; images 16)', parseCount('--size', 1))
    .option('--mass2 <number>', 'm² of the action', parseNumber('--mass2'), -4)
    .option('--coupling <number>', 'factor of φ⁴', parseNumber('--coupling'), 6.975);
}

async function taskOf(name: string, { size = 6, mass2, coupling }: TaskOptions): Promise<Phi4Task> {
  const { RgsweepError } = await import('../../errors.js');
  if (name !== 'phi4') throw new RgsweepError('usage', `"${name}" has no log Z; there is phi4`);
  return { name, size, mass2, coupling };
}

async function figure({ value, error }: Estimate): Promise<string> {
  const { formatFigure } = await import('../../report/figures.js');
  return formatFigure({ value, error });
}

async function describeImages(
  { key, content, counts, task, files }: ImageManifest,
  place: string,
): Promise<string> {
  const { formatBytes, formatCount } = await import('../../report/figures.js');
  const { taskShape } = await import('../../data/taskDataset.js');
  const { height, width, channels } = taskShape(task);
  const bytes = Object.values(files).reduce((sum, file) => sum + file.bytes, 0);
  return [
    `${place}: ${content}`,
    `${height} × ${width} pixels, channels ${channels}; ${formatBytes(bytes)} (${key})`,
    ...Object.entries(counts).map(([split, count]) => `${split.padEnd(10)} ${formatCount(count)} images`),
    '',
  ].join('\n');
}

async function describe(manifest: DatasetManifest | ImageManifest, folder: string): Promise<string> {
  if ('counts' in manifest) return describeImages(manifest, folder);
  const { splits } = await import('../../data/dataset.js');
  const { formatCount } = await import('../../report/figures.js');
  const { size, mass2, coupling } = manifest.task;
  const { hmc, seed } = manifest.recipe;
  const lines = [
    `${folder}: φ⁴ on ${size} × ${size} sites, m² = ${mass2}, coupling ${coupling} (${manifest.key})`,
    `hybrid Monte Carlo, seed ${seed}: ${hmc.leapfrogSteps} leapfrog steps of ${hmc.stepSize} ± ${100 * hmc.stepJitter} %, ${hmc.spacing} trajectories apart`,
  ];
  for (const split of splits) {
    const summary = manifest.splits[split];
    lines.push(
      `${split.padEnd(10)} ${formatCount(summary.count)} configurations of ${summary.chains} ${summary.chains === 1 ? 'chain' : 'chains'}, ` +
        `${(100 * summary.acceptance).toFixed(1)} % accepted, ⟨exp(−ΔH)⟩ = ${await figure(summary.expMinusEnergyChange)}, ` +
        `τ_int(|M|) = ${summary.autocorrelation.absM?.toFixed(2) ?? '–'}`,
    );
  }
  const names = Object.keys(manifest.splits.test.observables).filter((name) => !/^G\([kx]\)/.test(name));
  const width = Math.max(...names.map((name) => name.length));
  lines.push('', `${''.padEnd(width)}  ${splits.map((split) => split.padEnd(22)).join('')}`.trimEnd());
  for (const name of names) {
    const cells = await Promise.all(splits.map((split) => figure(manifest.splits[split].observables[name]!)));
    lines.push(`${name.padEnd(width)}  ${cells.map((cell) => cell.padEnd(22)).join('')}`.trimEnd());
  }
  for (const warning of manifest.warnings) lines.push(`warning: ${warning}`);
  return `${lines.join('\n')}\n`;
}

function registerPrepare(data: Command): void {
  const command = withTask(
    data
      .command('prepare')
      .description(
        'make a data set: φ⁴ configurations in a folder; images, or CIFAR-10 from its files, in a store',
      ),
    'phi4, images or cifar10',
  )
    .option('--folder <folder>', 'where to (default: data/<key of the data set> for phi4, else the store)')
    .option('--seed <n>', 'phi4: seed of the Markov chains', parseCount('--seed', 0), 20240617)
    .option('--train <n>', 'phi4: training configurations', parseCount('--train', 2), 100_000)
    .option('--validation <n>', 'phi4: validation configurations', parseCount('--validation', 2), 20_000)
    .option('--test <n>', 'phi4: test configurations', parseCount('--test', 2), 20_000)
    .addOption(
      new Option('--kind <kind>', 'images: what is drawn')
        .choices(['gaussian-field', 'dead-leaves'])
        .default('dead-leaves'),
    )
    .option('--channels <n>', 'images: 1 or 3', parseCount('--channels', 1), 1)
    .option(
      '--exponent <number>',
      'images: α of the spectrum 1/k^α of Gaussian fields',
      parseNumber('--exponent'),
      2,
    )
    .option('--count <n>', 'images: how many for training', parseCount('--count', 10), 10_000)
    .option('--from <source>', 'cifar10: a folder, cifar-10-binary.tar.gz, or a store’s URL');
  withStoreOption(command)
    .option('--json', 'print dataset.json')
    .addHelpText(
      'after',
      `
Generated images are stand-ins with known statistics; they are not CIFAR-10 and are never called so.
CIFAR-10 is read from its binary version, every file compared with its published hash.`,
    )
    .action(async (name: string, options: PrepareOptions & { json?: boolean }) => {
      const { prepareAnywhere } = await import('../prepareData.js');
      const { manifest, place, made } = await prepareAnywhere(name, options);
      if (!made && !options.json)
        process.stdout.write('it is there already, and every file is as it was made\n');
      process.stdout.write(options.json ? `${JSON.stringify(manifest)}\n` : await describe(manifest, place));
    });
}

function registerLogZ(data: Command): void {
  withTask(data.command('logz').description('estimate log Z of a lattice by independent routes'))
    .option(
      '--trajectories <n>',
      'trajectories at each point of the routes; the error falls as their square root',
      parseCount('--trajectories', 64),
      20_000,
    )
    .option('--seed <n>', 'seed of the Markov chains', parseCount('--seed', 0), 1)
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      `
Three routes: thermodynamic integration from a free field, straight and around a corner, and reweighting from sites without
neighbours. The answer is their mean by inverse variances; they share no random number.`,
    )
    .action(async (name: string, options: TaskOptions & { trajectories: number; seed: number }) => {
      const { estimateLogZ } = await import('../../data/phi4/estimateLogZ.js');
      const { knownLogZ } = await import('../../data/phi4/logZ.js');
      const task = await taskOf(name, options);
      const known = knownLogZ(task);
      const { trajectories, seed } = options;
      const estimate = await withProgress('log Z', (onProgress, signal) =>
        estimateLogZ({ task, trajectories, seed, onProgress, signal }),
      );
      if (options.json) {
        process.stdout.write(`${JSON.stringify({ task, ...estimate, known })}\n`);
        return;
      }
      const { straight, corner, sites } = estimate.routes;
      process.stdout.write(`log Z = ${await figure(estimate)}\n`);
      process.stdout.write(
        `  routes: straight ${await figure(straight)}, corner ${await figure(corner)}, sites ${await figure(sites)} (at most ${estimate.deviation.toFixed(1)} standard errors apart)\n`,
      );
      if (known)
        process.stdout.write(
          `  known:  ${known.error > 0 ? await figure(known) : known.value.toFixed(6)} (${known.source})\n`,
        );
      if (estimate.deviation > 4)
        process.stderr.write(
          'rgsweep: the routes disagree: do not rely on this; try more trajectories or another seed\n',
        );
    });
}

export function register(program: Command): void {
  const data = program.command('data').description('make, check and look at data sets');
  registerPrepare(data);
  data
    .command('check')
    .description('compare every file of a data set with its hash')
    .argument('<folder>')
    .option('--json', 'print one JSON object')
    .action(async (folder: string, options: { json?: boolean }) => {
      const { checkDataset } = await import('../../data/dataset.js');
      const { key, files, warnings } = await checkDataset(folder);
      const bytes = Object.values(files).reduce((sum, file) => sum + file.bytes, 0);
      if (options.json) process.stdout.write(`${JSON.stringify({ ok: true, key, bytes, warnings })}\n`);
      else {
        const { formatCount } = await import('../../report/figures.js');
        process.stdout.write(
          `${folder} is whole: ${Object.keys(files).length} files, ${formatCount(bytes)} bytes (${key})\n`,
        );
        for (const warning of warnings) process.stdout.write(`warning: ${warning}\n`);
      }
    });
  data
    .command('show')
    .description('what a data set is made of, how well its chains did, and its observables')
    .argument('<folder>')
    .option('--json', 'print dataset.json')
    .action(async (folder: string, options: { json?: boolean }) => {
      const { readManifest } = await import('../../data/dataset.js');
      const manifest = await readManifest<DatasetManifest | ImageManifest>(folder);
      process.stdout.write(options.json ? `${JSON.stringify(manifest)}\n` : await describe(manifest, folder));
    });
  registerLogZ(data);
}
