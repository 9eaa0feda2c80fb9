import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse as parseYaml } from 'yaml';
import { computeStatistics, decodeStatistics } from '../basis/statistics.js';
import type { DataStatistics } from '../basis/types.js';
import { generateConfigurations } from '../data/phi4/generate.js';
import { defaultHmcSettings } from '../data/phi4/hmc.js';
import { messageOf, RgsweepError } from '../errors.js';
import { CounterRandom } from '../random/philox.js';
import { noisePathKey, scheduleKey } from '../schedule/canonical.js';
import { createDiagonalProcess, tabulatedDynamics } from '../schedule/general.js';
import { gaussianBound, offDiagonalShare } from '../schedule/gaussian.js';
import { hierarchy } from '../schedule/hierarchy.js';
import { scheduleLabel } from '../schedule/label.js';
import { readScheduleParameters, scheduleParameterNames } from '../schedule/parameters.js';
import { presetDescriptions, presets } from '../schedule/presets.js';
import { basisWithVariances, createProcess } from '../schedule/process.js';
import { scheduleTable, type ScheduleRow } from '../schedule/table.js';
import type { DiffusionProcess } from '../schedule/types.js';
import {
  followData,
  spectraApart,
  spectrumChange,
  type FollowedData,
  type FollowedFlow,
} from '../schedule/universality.js';
import type { Parameters } from '../space/types.js';
import { checkTrialParameters } from '../sweep/parameters.js';

export interface ScheduleViewOptions {
  json?: boolean;
  every?: boolean;
  times: number[];
  size: number;
  mass2: number;
  coupling: number;
  samples: number;
  statistics?: string;
  pictures?: string;
  /** Parameters in place of the file's or the preset's. */
  set?: Parameters;
  /** A second coupling, followed through the same process. */
  against?: number;
}

/** Times at which spectra and kurtosis are followed. */
const followedTimes = Array.from({ length: 65 }, (_, j) => j / 64);

/** The verb `schedule`: reads the description, makes the process on the data, prints and draws it. */
export async function showSchedule(
  file: string | undefined,
  options: ScheduleViewOptions,
  write: (text: string) => void,
): Promise<void> {
  if (file === undefined) {
    write(options.json ? `${JSON.stringify(presetDescriptions)}\n` : presetList());
    return;
  }
  const described = await readDescription(file, options.set);
  const { statistics, samples, followed } = await dataOf(options);
  const { label, process } = makeProcess(described, statistics, file);
  const flow = followed && followData(process, followed, followedTimes);
  const other = flow && (await followOther(process, options));
  const apart = other && spectraApart(flow, other, followedTimes);
  const summary = {
    label,
    family: process.family,
    parameters: described.parameters ?? null,
    hierarchy: hierarchy(process, statistics),
    offDiagonalShare: offDiagonalShare(process, statistics),
    gaussian: gaussianBound(process),
    key: scheduleKey(process),
    noisePathKey: noisePathKey(process),
    dimension: process.dimension,
    ...(flow ? { spectrumChange: spectrumChange(flow) } : {}),
    ...(apart ? { against: { coupling: options.against, apart } } : {}),
  };
  const rows = scheduleTable(process, options.times, { every: options.every === true });
  const pictures: string[] = [];
  if (options.pictures !== undefined) {
    const { schedulePictures } = await import('../report/schedulePictures.js');
    const reference = createProcess(presets['standard']!, statistics);
    await mkdir(options.pictures, { recursive: true });
    const drawn = await schedulePictures({ label, process, reference, samples });
    if (flow) {
      const { kurtosisPicture, universalityPicture } = await import('../report/flowPictures.js');
      drawn.push(await kurtosisPicture(process, label, flow));
      if (other && apart) drawn.push(await universalityPicture(process, label, [flow, other], apart));
    }
    for (const picture of drawn) {
      const path = join(options.pictures, `${picture.name}.svg`);
      await writeFile(path, picture.svg);
      pictures.push(path);
    }
  }
  if (options.json) {
    write(`${JSON.stringify({ ...summary, rows, pictures })}\n`);
    return;
  }
  const score = summary.offDiagonalShare === 0 ? 'exact' : 'the diagonal approximation';
  write(
    `${label}\n` +
      `family ${summary.family} · hierarchy ${summary.hierarchy.toFixed(4)} (0 all at once, 1 one after the other)\n` +
      `on Gaussian data with these variances: bound ${summary.gaussian.vlb.toFixed(4)} nats, ` +
      `excess ${summary.gaussian.excess.toPrecision(3)}, prior mismatch ${summary.gaussian.priorMismatch.toPrecision(3)}\n` +
      `Gaussian score per component: ${score}${score === 'exact' ? '' : ` (${(100 * summary.offDiagonalShare).toFixed(1)} % of the covariance lies off the diagonal)`}\n` +
      (flow
        ? `the spectrum of the noised data moves by at most ${(100 * Math.expm1(spectrumChange(flow))).toPrecision(2)} %\n`
        : '') +
      (apart
        ? `spectra of the couplings ${options.coupling} and ${options.against}: log ratio ${apart[0]!.logRatio.toPrecision(3)} at t = 0, ${apart.at(-1)!.logRatio.toPrecision(3)} at t = 1\n`
        : '') +
      `noise path ${summary.noisePathKey.slice(0, 12)}, with its prior ${summary.key.slice(0, 12)}\n\n` +
      table(rows, process) +
      pictures.map((path) => `wrote ${path}\n`).join(''),
  );
}

function presetList(): string {
  const width = Math.max(...Object.keys(presets).map((name) => name.length));
  return Object.entries(presetDescriptions)
    .map(([name, description]) => `${name.padEnd(width)}  ${description}\n`)
    .join('');
}

interface Description {
  parameters?: Parameters;
  process?: Record<string, unknown>;
}

async function readDescription(file: string, more: Parameters = {}): Promise<Description> {
  const withMore = (parameters: Parameters, where: string): Description => {
    const all = { ...parameters, ...more };
    checkTrialParameters(all, where);
    return { parameters: all };
  };
  if (Object.hasOwn(presets, file)) return withMore(presets[file]!, file);
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new RgsweepError(
      'usage',
      `${file}: neither a preset nor a file that can be read (${messageOf(error)})`,
      {
        remedy: `presets: ${Object.keys(presets).join(', ')}`,
        cause: error,
      },
    );
  });
  let value: unknown;
  try {
    value = parseYaml(text);
  } catch (error) {
    throw new RgsweepError('bad-configuration', `${file}: ${messageOf(error)}`, { cause: error });
  }
  if (!isRecord(value)) throw new RgsweepError('bad-configuration', `${file}: holds no map of parameters`);
  if (isRecord(value['process'])) return { process: value['process'] };
  const parameters = isRecord(value['parameters']) ? value['parameters'] : value;
  return withMore(parameters as Parameters, file);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function makeProcess(
  described: Description,
  statistics: DataStatistics,
  file: string,
): { label: string; process: DiffusionProcess } {
  if (described.parameters)
    return {
      label: scheduleLabel(described.parameters),
      process: createProcess(described.parameters, statistics),
    };
  const { times, drift, diffusion, initialGamma = -8, ...rest } = described.process ?? {};
  const unknown = Object.keys(rest).find((name) => !scheduleParameterNames.includes(name));
  if (unknown !== undefined)
    throw new RgsweepError('bad-configuration', `${file}: process.${unknown} is not known`, {
      remedy: 'known: times, drift, diffusion, initialGamma, basis, colour and what belongs to the colour',
    });
  for (const [name, value] of Object.entries({ times, drift, diffusion }))
    if (!Array.isArray(value))
      throw new RgsweepError(
        'bad-configuration',
        `${file}: process.${name} is ${JSON.stringify(value)}; it must be a list`,
      );
  if (typeof initialGamma !== 'number' || !Number.isFinite(initialGamma))
    throw new RgsweepError(
      'bad-configuration',
      `${file}: process.initialGamma is ${JSON.stringify(initialGamma)}; it must be a number`,
    );
  const read = readScheduleParameters(rest as Parameters);
  const { basis, variances } = basisWithVariances(read.basis, statistics);
  const { scale } = createProcess({ ...(rest as Parameters), kernel: 'uniform' }, statistics);
  return {
    label: `${basis.name} · ${read.colour} · given A(t), B(t)`,
    process: createDiagonalProcess({
      basis,
      mean: statistics.mean,
      variances,
      scale,
      initialNoise: scale.map((s) => s * Math.exp(initialGamma / 2)),
      dynamics: tabulatedDynamics(
        times as number[],
        drift as (number | number[])[],
        diffusion as (number | number[])[],
        basis.dimension,
      ),
    }),
  };
}

interface Data {
  statistics: DataStatistics;
  /** Fields to draw, at least one. */
  samples: Float32Array | Float64Array;
  /** Data whose higher moments are known too. */
  followed?: FollowedData;
}

async function dataOf(options: ScheduleViewOptions): Promise<Data> {
  if (options.statistics !== undefined) {
    if (options.against !== undefined)
      throw new RgsweepError('usage', '--against compares couplings; statistics of a file have none', {
        remedy: 'leave out --statistics, or --against',
      });
    const bytes = await readFile(options.statistics).catch((error: unknown) => {
      throw new RgsweepError('usage', `${options.statistics} cannot be read: ${messageOf(error)}`, {
        cause: error,
      });
    });
    const statistics = decodeStatistics(bytes);
    return { statistics, samples: gaussianField(statistics) };
  }
  const followed = await latticeData(options, options.coupling);
  return { ...followed, followed };
}

/** φ⁴ configurations of one coupling, made for this view. */
async function latticeData(
  { size, mass2, samples: count }: ScheduleViewOptions,
  coupling: number,
): Promise<FollowedData> {
  const { samples } = await generateConfigurations({
    size,
    mass2,
    coupling,
    count,
    chains: 4,
    settings: defaultHmcSettings(size * size),
    seed: 1,
    stream: 'schedule view',
  });
  const shape = { height: size, width: size, channels: 1 };
  const statistics = computeStatistics(samples, count, shape, { symmetry: 'lattice' });
  return { name: `coupling ${coupling}`, statistics, samples };
}

/** The second coupling's data through the first one's process. */
async function followOther(
  process: DiffusionProcess,
  options: ScheduleViewOptions,
): Promise<FollowedFlow | undefined> {
  if (options.against === undefined) return undefined;
  return followData(process, await latticeData(options, options.against), followedTimes);
}

/** One Gaussian field with the Fourier variances and mean of the data: statistics hold no sample to draw. */
function gaussianField(statistics: DataStatistics): Float64Array {
  const { basis, variances } = basisWithVariances('fourier', statistics);
  const components = new Float64Array(basis.dimension);
  new CounterRandom(1, 'schedule view').fillNormal(components);
  return basis
    .decode(
      components.map((value, i) => value * Math.sqrt(variances[i]!)),
      1,
    )
    .map((value, i) => value + statistics.mean[i]!);
}

const columns: [string, (row: ScheduleRow) => string][] = [
  ['t', (row) => String(row.t)],
  ['component', (row) => String(row.component)],
  ['×', (row) => String(row.multiplicity)],
  ['|k̂|', (row) => row.momentum.toFixed(3)],
  ['level', (row) => String(row.level)],
  ['row', (row) => String(row.row)],
  ['column', (row) => String(row.column)],
  ['Var', (row) => row.variance.toPrecision(4)],
  ['s', (row) => row.scale.toPrecision(4)],
  ['γ', (row) => row.gamma.toFixed(4)],
  ['β', (row) => row.beta.toPrecision(4)],
  ['α', (row) => row.alpha.toPrecision(5)],
  ['σ', (row) => row.sigma.toPrecision(5)],
  ['n', (row) => row.noise.toPrecision(4)],
];

/** Aligned columns; labels that the basis does not have are left out. */
function table(rows: ScheduleRow[], process: DiffusionProcess): string {
  const wavelet = ['haar', 'daubechies4', 'block-spin'].includes(process.basis.name);
  const placed = wavelet || process.basis.name === 'pixel';
  const shown = columns.filter(
    ([name]) => (name !== 'level' || wavelet) && ((name !== 'row' && name !== 'column') || placed),
  );
  const cells = [shown.map(([name]) => name), ...rows.map((row) => shown.map(([, show]) => show(row)))];
  const length = (cell: string): number => [...cell.normalize('NFC').replace(/\u0302/g, '')].length;
  const widths = shown.map((_, j) => Math.max(...cells.map((line) => length(line[j]!))));
  return cells
    .map((line) => `${line.map((cell, j) => ' '.repeat(widths[j]! - length(cell)) + cell).join('  ')}\n`)
    .join('');
}
