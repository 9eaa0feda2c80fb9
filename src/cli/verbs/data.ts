import { InvalidArgumentError, type Command } from 'commander';
import type { Estimate } from '../../data/phi4/observables.js';
import type { DatasetManifest } from '../../data/dataset.js';
import type { Phi4Task } from '../../train/protocol.js';
import { parseCount } from '../options.js';

interface TaskOptions {
  size: number;
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

function withTask(command: Command): Command {
  return command
    .argument('<task>', 'phi4')
    .option('--size <n>', 'sites a side', parseCount('--size', 1), 6)
    .option('--mass2 <number>', 'm² of the action', parseNumber('--mass2'), -4)
    .option('--coupling <number>', 'factor of φ⁴', parseNumber('--coupling'), 6.975);
}

async function taskOf(name: string, { size, mass2, coupling }: TaskOptions): Promise<Phi4Task> {
  const { RgsweepError } = await import('../../errors.js');
  if (name !== 'phi4')
    throw new RgsweepError('usage', `"${name}" is no task that data can be made for; there is phi4`);
  return { name, size, mass2, coupling };
}

/** Runs long work with a bar on standard error, which goes away at the end; Ctrl-C cancels it. */
async function withProgress<T>(
  title: string,
  work: (show: (fraction: number, what?: string) => void, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { progressBar } = await import('../../report/progress.js');
  const { formatDuration } = await import('../../report/figures.js');
  const { stderr } = process;
  const started = performance.now();
  let drawnAt = -Infinity;
  const show = (fraction: number, what = ''): void => {
    const now = performance.now();
    // A terminal is redrawn in place; without one a line now and then is enough.
    if (now - drawnAt < (stderr.isTTY ? 200 : 5000)) return;
    drawnAt = now;
    const seconds = (now - started) / 1000;
    const left =
      fraction > 0.02 ? `  about ${formatDuration((seconds * (1 - fraction)) / fraction)} left` : '';
    const percent = `${Math.floor(100 * fraction)} %`.padStart(5);
    if (stderr.isTTY)
      stderr.write(`\r\x1b[2K${title} ${progressBar(fraction, 24)} ${percent}  ${what}${left}`);
    else stderr.write(`${title} ${percent}  ${what}${left}\n`);
  };
  const stop = new AbortController();
  const abort = (): void => stop.abort();
  process.once('SIGINT', abort);
  process.once('SIGTERM', abort);
  try {
    return await work(show, stop.signal);
  } finally {
    process.off('SIGINT', abort);
    process.off('SIGTERM', abort);
    if (stderr.isTTY) stderr.write('\r\x1b[2K');
  }
}

async function figure({ value, error }: Estimate): Promise<string> {
  const { formatFigure } = await import('../../report/figures.js');
  return formatFigure({ value, error });
}

async function describe(manifest: DatasetManifest, folder: string): Promise<string> {
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

interface PrepareOptions extends TaskOptions {
  folder?: string;
  seed: number;
  train: number;
  validation: number;
  test: number;
}

function registerPrepare(data: Command): void {
  withTask(data.command('prepare').description('make a data set of φ⁴ configurations in a folder'))
    .option('--folder <folder>', 'where to (default: data/<key of the data set>)')
    .option('--seed <n>', 'seed of the Markov chains', parseCount('--seed', 0), 20240617)
    .option('--train <n>', 'training configurations', parseCount('--train', 2), 100_000)
    .option('--validation <n>', 'validation configurations', parseCount('--validation', 2), 20_000)
    .option('--test <n>', 'test configurations', parseCount('--test', 2), 20_000)
    .option('--json', 'print dataset.json')
    .action(async (name: string, options: PrepareOptions) => {
      const { checkDataset, datasetKey, defaultRecipe, prepareDataset, readManifest } =
        await import('../../data/dataset.js');
      const { RgsweepError } = await import('../../errors.js');
      const task = await taskOf(name, options);
      const { seed, train, validation, test } = options;
      const recipe = { ...defaultRecipe, seed, counts: { train, validation, test } };
      const key = datasetKey(task, recipe);
      const folder = options.folder ?? `data/${key}`;
      const there = await readManifest(folder).catch(() => undefined);
      if (there && there.key !== key)
        throw new RgsweepError(
          'conflict',
          `${folder} holds another data set (${there.key}, asked for is ${key})`,
          {
            remedy: 'name another --folder, or delete this one first',
          },
        );
      const whole = there && (await checkDataset(folder).catch(() => undefined));
      const manifest =
        whole ??
        (await withProgress('data', (onProgress, signal) =>
          prepareDataset({ task, recipe, folder, onProgress, signal }),
        ));
      if (whole && !options.json)
        process.stdout.write('it is there already, and every file is as it was made\n');
      process.stdout.write(options.json ? `${JSON.stringify(manifest)}\n` : await describe(manifest, folder));
    });
}

function registerLogZ(data: Command): void {
  withTask(data.command('logz').description('estimate log Z of a lattice by thermodynamic integration'))
    .option(
      '--trajectories <n>',
      'trajectories at each of 30 points; the error falls as their square root',
      parseCount('--trajectories', 64),
      20_000,
    )
    .option('--seed <n>', 'seed of the Markov chains', parseCount('--seed', 0), 1)
    .option('--json', 'print one JSON object')
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
      const { straight, corner } = estimate.routes;
      process.stdout.write(`log Z = ${await figure(estimate)}\n`);
      process.stdout.write(
        `  routes: straight ${await figure(straight)}, corner ${await figure(corner)} (${estimate.deviation.toFixed(1)} standard errors apart)\n`,
      );
      if (known)
        process.stdout.write(
          `  known:  ${known.error > 0 ? await figure(known) : known.value.toFixed(6)} (${known.source})\n`,
        );
      if (estimate.deviation > 4)
        process.stderr.write(
          'rgsweep: the two routes disagree: do not rely on this; try more trajectories or another seed\n',
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
      const manifest = await readManifest(folder);
      process.stdout.write(options.json ? `${JSON.stringify(manifest)}\n` : await describe(manifest, folder));
    });
  registerLogZ(data);
}
