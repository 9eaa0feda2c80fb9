import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { phi4Observables } from '../data/phi4/observables.js';
import { decodeImages } from '../data/images/pixels.js';
import { RgsweepError } from '../errors.js';
import { imageLimit } from '../eval/imageGrid.js';
import { isLatticeField } from '../report/fieldKind.js';
import { fieldsToComponents } from '../eval/likelihood.js';
import { interruptible } from '../model/residual.js';
import { fieldStrip } from '../report/fieldStrip.js';
import { formatFigure } from '../report/figures.js';
import { generateFields, type GeneratedFields, type SamplingMethod } from '../sample/generate.js';
import { eulerStabilityBound } from '../sample/reverseSde.js';
import { bandOfFields, bandsOf, componentsGiven, scalesOf } from '../sample/scales.js';
import type { DiffusionProcess } from '../schedule/types.js';
import { layout } from '../store/layout.js';
import type { ObjectStore } from '../store/types.js';
import type { SweepSnapshot } from '../sweep/types.js';
import { sweepDatasetKey } from '../data/sweepData.js';
import { dataTaskOf, type SweepTask } from '../train/protocol.js';
import { encodeSafetensors } from '../tensors/safetensors.js';
import { writePictures, type PictureFormat } from './pictureFiles.js';
import { findTrial, loadTrialModel } from './trialModel.js';

export interface SampleViewOptions {
  count: number;
  /** Default: rk4, or ancestral with `given`. */
  sampler?: SamplingMethod;
  steps: number;
  seed: number;
  /** `low:K`. */
  given?: string;
  /** Which configuration of the test data the given components are taken from. */
  field: number;
  /** Folder for samples.safetensors, sample.json and the pictures. */
  output: string;
  /** Of the pictures; default: SVG. */
  format?: PictureFormat[];
  json?: boolean;
}

/** Times of a strip: as many as noising strips have. */
const frames = 9;
const picturedSamples = 3;

export interface SampleSummary {
  sweep: string;
  trial: number;
  step: number;
  sampler: SamplingMethod;
  steps: number;
  functionEvaluations: number;
  count: number;
  seed: number;
  given?: { scales: string; components: number[]; field: number; effectiveShare: number };
  observables: Record<string, { value: number; error: number }>;
  files: string[];
  warnings: string[];
}

/** The verb `sample`: draws fields from a trial's checkpoint, keeps them, and draws the reverse process. */
export async function drawSamples(
  store: ObjectStore,
  snapshot: SweepSnapshot,
  word: string,
  options: SampleViewOptions,
  write: (text: string) => void,
): Promise<SampleSummary> {
  const method = options.sampler ?? (options.given === undefined ? 'rk4' : 'ancestral');
  const warnings: string[] = [];
  const trial = findTrial(snapshot, word);
  const { model, process, step } = await loadTrialModel(store, snapshot, trial, (line) =>
    warnings.push(line),
  );
  try {
    const { task } = snapshot.spec;
    const components = options.given === undefined ? undefined : componentsGiven(process, options.given);
    const given = components && {
      components,
      chi: fieldsToComponents(process, await testField(store, snapshot, process, options.field), 1),
    };
    const watched: { t: number; fields: Float64Array }[] = [];
    const keep = picturedSamples * process.dimension;
    const result = await generateFields({
      process,
      model: interruptible(model, () => nextTurn()),
      method,
      count: options.count,
      steps: options.steps,
      seed: options.seed,
      ...(given ? { given } : {}),
      onStep: (t, fields) => watched.push({ t, fields: fields.slice(0, keep) }),
    });
    warnings.push(...warningsOf(method, result));
    watched.at(-1)!.fields = result.fields.slice(0, keep);
    const summary: SampleSummary = {
      sweep: snapshot.spec.name,
      trial: trial.trial,
      step,
      sampler: method,
      steps: options.steps,
      functionEvaluations: result.functionEvaluations,
      count: options.count,
      seed: options.seed,
      ...(components
        ? {
            given: {
              scales: options.given!,
              components,
              field: options.field,
              effectiveShare: result.smallestEffectiveShare ?? 1,
            },
          }
        : {}),
      observables: observablesOf(task, Float32Array.from(result.fields), options.count),
      files: [],
      warnings,
    };
    const tones = tonesOf(task, process);
    const subtitle = `${snapshot.spec.name}, trial ${trial.trial}: ${trial.label}`;
    const files: Record<string, Uint8Array | string> = {
      'samples.safetensors': encodeSafetensors({
        samples: { shape: [options.count, process.dimension], data: Float32Array.from(result.fields) },
      }),
    };
    const pictures = [
      { name: 'reverse', svg: reverseStrip(process, watched, { subtitle, ...tones }, components) },
      { name: 'samples', svg: sampleGrid(process, result.fields, { subtitle, ...tones }) },
    ];
    await mkdir(options.output, { recursive: true });
    for (const [name, content] of Object.entries(files)) {
      await writeFile(join(options.output, name), content);
      summary.files.push(join(options.output, name));
    }
    summary.files.push(...(await writePictures(options.output, pictures, options.format ?? ['svg'])));
    const described = join(options.output, 'sample.json');
    summary.files.push(described);
    await writeFile(described, `${JSON.stringify(summary, null, 1)}\n`);
    write(options.json ? `${JSON.stringify(summary)}\n` : textOf(summary));
    return summary;
  } finally {
    model.dispose();
  }
}

/** What is quickly said of samples: nothing of images, which are looked at. */
function observablesOf(task: SweepTask, fields: Float32Array, count: number): SampleSummary['observables'] {
  if (task.name !== 'phi4') return {};
  const { absM, phi2, phi4, actionPerSite } = phi4Observables(fields, count, task.size, task);
  return { absM: absM!, phi2: phi2!, phi4: phi4!, actionPerSite: actionPerSite! };
}

function warningsOf(method: SamplingMethod, result: GeneratedFields): string[] {
  const out: string[] = [];
  const { largestStep = 0, smallestEffectiveShare = 1 } = result;
  if (method === 'euler' && largestStep >= eulerStabilityBound)
    out.push(
      `a step changes γ by ${largestStep.toFixed(2)}; Euler is stable below ${eulerStabilityBound}: take about ${Math.ceil(largestStep / eulerStabilityBound)} times the steps, or ancestral`,
    );
  if (smallestEffectiveShare < 0.1)
    out.push(
      `at one step only ${(100 * smallestEffectiveShare).toFixed(1)} % of the samples agreed with what is given: many are copies of each other; raise --count or --steps`,
    );
  return out;
}

/** One configuration of the test data, [D]. */
async function testField(
  store: ObjectStore,
  { spec }: SweepSnapshot,
  { dimension }: DiffusionProcess,
  field: number,
): Promise<Float64Array> {
  const key = `${layout.dataset(sweepDatasetKey(spec.task)!)}/test.safetensors`;
  const object = await store.get(key);
  if (!object) throw new RgsweepError('data-missing', `${store.url} has no ${key}`);
  const images = decodeImages(object.body);
  const count = images?.count ?? 0;
  if (!images || field >= count)
    throw new RgsweepError('usage', `--field is ${field}; the test data hold 0 to ${count - 1}`);
  const row = new Float32Array(dimension);
  images.write(field, row, 0);
  return Float64Array.from(row);
}

/** Rows: the first sample on its way, the same scale by scale, then two more samples. */
function reverseStrip(
  process: DiffusionProcess,
  watched: readonly { t: number; fields: Float64Array }[],
  shown: Shown,
  given: readonly number[] | undefined,
): string {
  const { basis, dimension, mean } = process;
  const times = Array.from(
    { length: frames },
    (_, j) => watched[Math.round((j * (watched.length - 1)) / (frames - 1))]!,
  );
  const count = times[0]!.fields.length / dimension;
  const sample = (fields: Float64Array, n: number) => fields.subarray(n * dimension, (n + 1) * dimension);
  const scales = scalesOf(process);
  const bands = bandsOf(scales, 4);
  const known = new Set(given);
  const name = ({ from, components }: (typeof bands)[number]): string => {
    const to = from + scales.slice(from).findIndex((scale) => scale.includes(components.at(-1)!));
    const range = to > from ? `scales ${from + 1}–${to + 1}` : `scale ${from + 1}`;
    const part = components.filter((i) => known.has(i)).length / components.length;
    return `${range}${part === 1 ? ', given' : part > 0 ? ', partly given' : ''}`;
  };
  return fieldStrip({
    title: 'From noise to data',
    ...shown,
    columns: times.map(({ t }) => `t = ${t.toFixed(3)}`),
    rows: [
      { title: 'sample 1', fields: times.map(({ fields }) => sample(fields, 0)) },
      ...bands.map((band) => ({
        title: name(band),
        fields: times.map(({ fields }) => bandOfFields(basis, mean, sample(fields, 0), band.components)),
      })),
      ...Array.from({ length: count - 1 }, (_, n) => ({
        title: `sample ${n + 2}`,
        fields: times.map(({ fields }) => sample(fields, n + 1)),
      })),
    ],
    shape: basis.shape,
  });
}

/** Up to 4 × 9 samples. */
function sampleGrid(process: DiffusionProcess, fields: Float64Array, shown: Shown): string {
  const { dimension, basis } = process;
  const count = Math.min(36, fields.length / dimension);
  const rows = Array.from({ length: Math.ceil(count / frames) }, (_, r) => ({
    title: `samples ${r * frames + 1}–${Math.min(count, (r + 1) * frames)}`,
    fields: Array.from({ length: Math.min(frames, count - r * frames) }, (_unused, j) =>
      fields.subarray((r * frames + j) * dimension, (r * frames + j + 1) * dimension),
    ),
  }));
  return fieldStrip({
    title: 'Samples',
    ...shown,
    columns: rows[0]!.fields.map(() => ''),
    rows,
    shape: basis.shape,
  });
}

/** Of both pictures: what they are of, and how their values become colours. */
interface Shown {
  subtitle: string;
  spread: number;
  grey: boolean;
}

/** Images in their own tones, from black to white; lattice fields around zero, to two and a half standard deviations. */
function tonesOf(task: SweepTask, process: DiffusionProcess): Omit<Shown, 'subtitle'> {
  const described = dataTaskOf(task);
  return described === undefined || isLatticeField(described)
    ? { spread: spreadOf(process), grey: false }
    : { spread: imageLimit(described), grey: true };
}

/** Two and a half standard deviations of a site. */
function spreadOf({ dataVariance, scale, dimension }: DiffusionProcess): number {
  const total = dataVariance.reduce((sum, value, i) => sum + value * scale[i]! ** 2, 0);
  return 2.5 * Math.sqrt(total / dimension);
}

function textOf(summary: SampleSummary): string {
  const { trial, step, sampler, steps, functionEvaluations, count, given, observables } = summary;
  const lines = [
    `${count} samples of trial ${trial} at step ${step}: ${sampler}, ${steps} steps, ${functionEvaluations} calls of the network each`,
  ];
  if (given)
    lines.push(
      `given ${given.scales}: ${given.components.length} components of test configuration ${given.field}; ` +
        `at the hardest step ${(100 * given.effectiveShare).toFixed(1)} % of the samples agreed`,
    );
  for (const [name, estimate] of Object.entries(observables))
    lines.push(`${name.padEnd(14)} ${formatFigure(estimate)}`);
  lines.push(...summary.warnings.map((line) => `warning: ${line}`));
  lines.push(...summary.files.map((path) => `wrote ${path}`));
  return `${lines.join('\n')}\n`;
}
