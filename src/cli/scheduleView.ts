import { readFile } from 'node:fs/promises';
import { computeStatistics, decodeStatistics } from '../basis/statistics.js';
import type { DataStatistics } from '../basis/types.js';
import { generateConfigurations } from '../data/phi4/generate.js';
import { defaultHmcSettings } from '../data/phi4/hmc.js';
import { messageOf, RgsweepError } from '../errors.js';
import { CounterRandom } from '../random/philox.js';
import { noisePathKey, scheduleKey } from '../schedule/canonical.js';
import { gaussianBound, offDiagonalShare } from '../schedule/gaussian.js';
import { hierarchy } from '../schedule/hierarchy.js';
import { inEffect, inEffectWords } from '../schedule/inEffect.js';
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
import { phi4Defaults } from '../sweep/phi4Task.js';
import { isImagesTask, type ImagesTask } from '../train/protocol.js';
import type { StoreOption } from './connection.js';
import { generatedImages, storedCifar10 } from './imageData.js';
import { writePictures, type PictureFormat } from './pictureFiles.js';
import { checkScheduleOptions } from './scheduleOptions.js';
import { describedProcess, readDescription } from './scheduleDescription.js';

export interface ScheduleViewOptions extends StoreOption {
  json?: boolean;
  every?: boolean;
  times: number[];
  /** Default: phi4. */
  task?: 'phi4' | 'images' | 'cifar10';
  /** Sites or pixels a side; default 6, of images 16. */
  size?: number;
  /** Of images. */
  kind?: ImagesTask['kind'];
  channels?: number;
  exponent?: number;
  /** Of φ⁴; default −4. */
  mass2?: number;
  /** Of φ⁴; default 6.975. */
  coupling?: number;
  samples: number;
  statistics?: string;
  pictures?: string;
  /** Default: SVG. */
  format?: PictureFormat[];
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
  checkScheduleOptions(options);
  const described = await readDescription(file, options.set);
  const { statistics, samples, followed } = await dataOf(options);
  const { label, process } = describedProcess(described, statistics, file);
  const flow = followed && followData(process, followed, followedTimes);
  const other = flow && (await followOther(process, options));
  const apart = other && spectraApart(flow, other, followedTimes);
  const summary = {
    label,
    family: process.family,
    parameters: described.parameters ?? null,
    inEffect: inEffect(process) ?? null,
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
  let pictures: string[] = [];
  if (options.pictures !== undefined) {
    const { schedulePictures } = await import('../report/schedulePictures.js');
    const reference = createProcess(presets['standard']!, statistics);
    const drawn = await schedulePictures({
      label,
      process,
      reference,
      samples,
      images: isImagesTask({ name: options.task ?? 'phi4' }),
    });
    if (flow) {
      const { kurtosisPicture, universalityPicture } = await import('../report/flowPictures.js');
      drawn.push(await kurtosisPicture(process, label, flow));
      if (other && apart) drawn.push(await universalityPicture(process, label, [flow, other], apart));
    }
    pictures = await writePictures(options.pictures, drawn, options.format ?? ['svg']);
  }
  if (options.json) {
    write(`${JSON.stringify({ ...summary, rows, pictures })}\n`);
    return;
  }
  const effect = inEffectWords(process);
  const score = summary.offDiagonalShare === 0 ? 'exact' : 'the diagonal approximation';
  write(
    `${label}\n` +
      `family ${summary.family} · hierarchy ${summary.hierarchy.toFixed(4)} (0 all at once, 1 one after the other)\n` +
      (effect === undefined ? '' : `${effect}\n`) +
      `on Gaussian data with these variances: bound ${summary.gaussian.vlb.toFixed(4)} nats, ` +
      `excess ${summary.gaussian.excess.toPrecision(3)}, prior mismatch ${summary.gaussian.priorMismatch.toPrecision(3)}\n` +
      `Gaussian score per component: ${score}${score === 'exact' ? '' : ` (${(100 * summary.offDiagonalShare).toFixed(1)} % of the covariance lies off the diagonal)`}\n` +
      (flow
        ? `the spectrum of the noised data moves by at most ${(100 * Math.expm1(spectrumChange(flow))).toPrecision(2)} %\n`
        : '') +
      (apart
        ? `spectra of the couplings ${options.coupling ?? phi4Defaults.coupling} and ${options.against}: log ratio ${apart[0]!.logRatio.toPrecision(3)} at t = 0, ${apart.at(-1)!.logRatio.toPrecision(3)} at t = 1\n`
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
  const { task = 'phi4' } = options;
  if (task !== 'phi4' && options.against !== undefined)
    throw new RgsweepError('usage', `--against compares couplings; ${task} has none`);
  if (task === 'cifar10') return storedCifar10(options);
  if (task === 'images') {
    const { kind = 'dead-leaves', size = 16, channels = 1, exponent = 2, samples: count } = options;
    return generatedImages({ name: 'images', kind, size, channels, exponent, count });
  }
  const followed = await latticeData(options, options.coupling ?? phi4Defaults.coupling);
  return { ...followed, followed };
}

/** φ⁴ configurations of one coupling, made for this view. */
async function latticeData(
  { size = phi4Defaults.size, mass2 = phi4Defaults.mass2, samples: count }: ScheduleViewOptions,
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
