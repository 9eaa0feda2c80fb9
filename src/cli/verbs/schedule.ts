import { InvalidArgumentError, Option, type Command } from 'commander';
import type { Parameters } from '../../space/types.js';
import { parseCount } from '../options.js';
import { parsePictureFormats, type PictureFormat } from '../pictureFiles.js';
import { parseSet } from '../parameterOption.js';

interface ScheduleVerbOptions {
  json?: boolean;
  every?: boolean;
  times: number[];
  task: 'phi4' | 'images' | 'cifar10';
  size?: number;
  kind?: 'gaussian-field' | 'dead-leaves';
  channels?: number;
  exponent?: number;
  store?: string;
  mass2?: number;
  coupling?: number;
  samples: number;
  statistics?: string;
  pictures?: string;
  format: PictureFormat[];
  set?: Parameters;
  against?: number;
}

export function register(program: Command): void {
  program
    .command('schedule')
    .description('show a noise schedule: its numbers by component and its pictures')
    .argument(
      '[file]',
      'a preset’s name, or a YAML or JSON file of parameters (a trial.json too); without it, lists the presets',
    )
    .option('--times <list>', 'times to tabulate, from 0 to 1', parseTimes, [0, 0.25, 0.5, 0.75, 1])
    .option('--every', 'every component instead of one a shell')
    .option('--pictures <folder>', 'write γ, K, n, SNR, spectra, kurtosis and noising strips there')
    .addOption(
      new Option('--format <list>', 'format of the pictures: svg, png, or both')
        .argParser(parsePictureFormats)
        .default(['svg'], 'svg'),
    )
    .addOption(
      new Option('--task <name>', 'the data; cifar10 is read from the store')
        .choices(['phi4', 'images', 'cifar10'])
        .default('phi4'),
    )
    .option(
      '--size <n>',
      'sites (2 to 64) or pixels (4 to 64) a side (default: 6; images 16)',
      parseCount('--size', 1),
    )
    .addOption(
      new Option('--kind <kind>', 'of images: what is drawn').choices(['gaussian-field', 'dead-leaves']),
    )
    .option('--channels <n>', 'of images: 1 or 3', parseCount('--channels', 1))
    .option('--exponent <value>', 'of Gaussian fields: α of their spectrum 1/k^α', parseReal('--exponent'))
    .option('--store <url>', 'of cifar10: where it is (default: as for other verbs)')
    .option('--mass2 <value>', 'of phi4: m² of the action (default: -4)', parseReal('--mass2'))
    .option('--coupling <value>', 'of phi4: coupling of the action (default: 6.975)', parseReal('--coupling'))
    .option(
      '--samples <n>',
      'configurations or images that the spectrum is estimated from',
      parseCount('--samples', 10),
      2000,
    )
    .option('--statistics <file>', 'statistics.safetensors of a data set, in place of --task')
    .option('--set <name=value>', 'a parameter in place of the file’s; may be repeated', parseSet)
    .option(
      '--against <coupling>',
      'of phi4: follow data of a second coupling through the same process (picture universality.svg)',
      parseReal('--against'),
    )
    .option('--json', 'one JSON object')
    .addHelpText(
      'after',
      `
A file of parameters:          colour: matched
                               kernel: sigmoid
                               cutoffWidth: 0.5
Any diagonal process dφ = UAUᵀφ dt + UBUᵀ dw, linear between times:
                               process: { basis: fourier, times: [0, 1], drift: [-1, -1], diffusion: [2, 2] }
docs/science.md has the formulas.`,
    )
    .action(async (file: string | undefined, options: ScheduleVerbOptions) => {
      const { showSchedule } = await import('../scheduleView.js');
      const { cleanText } = await import('../../report/text.js');
      await showSchedule(file, options, (text) =>
        process.stdout.write(options.json ? text : cleanText(text)),
      );
    });
}

function parseTimes(text: string): number[] {
  const times = text.split(',').map((part) => (part.trim() === '' ? NaN : Number(part)));
  if (times.some((t) => !(t >= 0 && t <= 1)))
    throw new InvalidArgumentError(`--times takes numbers from 0 to 1 like 0,0.25,1, not "${text}".`);
  return times;
}

function parseReal(option: string): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === '' || !Number.isFinite(value))
      throw new InvalidArgumentError(`${option} takes a number, not "${text}".`);
    return value;
  };
}
