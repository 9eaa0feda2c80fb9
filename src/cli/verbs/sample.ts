import { Option, type Command } from 'commander';
import type { StoreOption } from '../connection.js';
import { withStoreOption } from '../connectionOptions.js';
import { parseCount } from '../options.js';
import { parsePictureFormats } from '../pictureFiles.js';
import type { SampleViewOptions } from '../sampleView.js';

/** As in src/sample/generate.ts, which is loaded only when samples are drawn. */
const methods = ['rk4', 'heun', 'exponential', 'ancestral', 'euler'];

export function register(program: Command): void {
  withStoreOption(
    program
      .command('sample')
      .description('draw fields from a trained trial, from the store alone, and the way they are made')
      .argument('<sweep>')
      .argument('[trial]', 'a number, best, or a baseline’s name', 'best'),
  )
    .option('--count <n>', 'how many', parseCount('--count', 1), 64)
    .addOption(
      new Option(
        '--sampler <name>',
        'probability flow: rk4 (4 calls of the network a step), heun (2), exponential (1); reverse SDE: ancestral (1), euler (1) (default: rk4; with --given ancestral)',
      ).choices(methods),
    )
    .option('--steps <n>', 'steps, at equal distances of the mean noise angle', parseCount('--steps', 1), 32)
    .option('--seed <n>', 'seed of prior and noise', parseCount('--seed', 0), 1)
    .option('--given <scales>', 'low:K fixes the K coarsest scales and generates the rest')
    .option('--field <n>', 'test configuration that what is given comes from', parseCount('--field', 0), 0)
    .option('--output <folder>', 'where samples.safetensors, sample.json and pictures go', 'samples')
    .addOption(
      new Option('--format <list>', 'format of the pictures: svg, png, or both')
        .argParser(parsePictureFormats)
        .default(['svg'], 'svg'),
    )
    .option('--json', 'print one JSON object')
    .action(async (sweep: string, trial: string, options: StoreOption & SampleViewOptions) => {
      const { loadSnapshot } = await import('../snapshot.js');
      const { store, snapshot } = await loadSnapshot(options, sweep);
      // Libraries greet on standard output, which belongs to the answer.
      console.log = console.info = (...all: unknown[]) => console.error(...all);
      const { drawSamples } = await import('../sampleView.js');
      await drawSamples(store, snapshot, trial, options, (text) => process.stdout.write(text));
    });
}
