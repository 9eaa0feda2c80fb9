import type { Objective, SweepSpec } from '../sweep/types.js';
import { isImagesTask } from '../train/protocol.js';

/** A measured number with the standard error of its measurement, where one is known. */
export interface Figure {
  value: number;
  error?: number;
}

const minus = '−';

/** A number to so many digits after the point, with a real minus sign. */
function fixed(value: number, digits: number): string {
  const text = Math.abs(value).toFixed(digits);
  return value < 0 && Number(text) !== 0 ? `${minus}${text}` : text;
}

/** A number to about three significant digits: `0.0523`, `12.4`, `1,250`, `3.1e−9`. */
export function formatNumber(value: number): string {
  if (Number.isNaN(value)) return 'not a number';
  if (!Number.isFinite(value)) return value < 0 ? `${minus}∞` : '∞';
  const size = Math.abs(value);
  if (size === 0) return '0';
  if (size < 1e-4 || size >= 1e7) return value.toExponential(2).replace(/-/g, minus).replace('e+', 'e');
  if (size >= 1000) return formatCount(Math.round(value));
  return fixed(value, Math.min(6, Math.max(0, 2 - Math.floor(Math.log10(size)))));
}

/** A number that somebody chose: `9.8`, not `9.80`; to three significant digits. */
export function formatPlain(value: number): string {
  if (!Number.isFinite(value)) return formatNumber(value);
  const size = Math.abs(value);
  if (Number.isInteger(value) && size < 1e7) return size < 10_000 ? fixed(value, 0) : formatCount(value);
  if (size < 1e-4 || size >= 1e7) return formatNumber(value);
  return String(Number(value.toPrecision(Math.max(3, Math.ceil(Math.log10(size)))))).replace('-', minus);
}

// Made once: a number's own toLocaleString makes one each time, which tables of thousands of rows feel.
const groups = new Intl.NumberFormat('en-US');

/** A whole number in groups of three. */
export function formatCount(value: number): string {
  return groups.format(value).replace('-', minus);
}

/** `0.0523 ± 0.0041`: two digits of the error, and the value to the same place; the value alone without an error. */
export function formatFigure(figure: Figure): string {
  const { value, error } = figure;
  if (error === undefined || !Number.isFinite(error) || error <= 0 || !Number.isFinite(value))
    return formatNumber(value);
  const digits = 1 - Math.floor(Math.log10(error));
  if (digits > 7) return `${formatNumber(value)} ± ${formatNumber(error)}`;
  const places = Math.max(0, digits);
  return `${fixed(value, places)} ± ${fixed(error, places)}`;
}

/** `3 h 05 min`, `12 min`, `41 s`. */
export function formatDuration(seconds: number): string {
  if (!Number.isFinite(seconds) || seconds < 0) return '–';
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.round(whole / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h ${String(minutes % 60).padStart(2, '0')} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** `2026-03-01 14:05 UTC`; what is no date is shown as it is. */
export function formatTime(iso: string): string {
  const time = new Date(iso);
  return Number.isNaN(time.getTime()) ? iso : `${time.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

/** How a metric is called, and what it is measured in. */
export interface MetricWords {
  /** `KL`; for axis titles and table heads. */
  name: string;
  /** In a sentence, with what it means. */
  meaning: string;
  /** `nats`, or empty for a pure number. */
  unit: string;
}

const words: Record<string, MetricWords> = {
  functionEvaluations: {
    name: 'calls of the network',
    unit: '',
    meaning: 'how often the likelihood’s integration calls the network',
  },
  evaluationsForEss80: {
    name: 'calls for path ESS 0.8',
    unit: '',
    meaning: 'how many calls of the network a path of the ancestral sampler takes for an ESS of 0.8',
  },
  flowSteps: {
    name: 'steps of the flow',
    unit: '',
    meaning: 'in how many steps the probability flow is integrated to convergence',
  },
  flowChange: {
    name: 'change at twice the steps',
    unit: '',
    meaning: 'how much the likelihood changes when the probability flow takes twice the steps',
  },
  vlbExcess: {
    name: 'VLB − exact',
    unit: 'nats',
    meaning:
      'the variational bound less the exact negative log-likelihood ⟨S⟩ + log Z of the data; 0 is perfect',
  },
  logZEstimate: {
    name: 'log Z by the model',
    unit: '',
    meaning: 'log Z as the model’s own samples estimate it, log⟨e^{−S}/q⟩',
  },
  kl: {
    name: 'KL',
    unit: 'nats',
    meaning:
      'the forward Kullback–Leibler divergence ⟨−log q − S⟩ − log Z, data to model, by the probability-flow likelihood; 0 is perfect',
  },
  nll: {
    name: 'NLL',
    unit: 'nats',
    meaning: 'the negative log-likelihood ⟨−log q⟩ of held-out data, by the probability flow',
  },
  vlb: {
    name: 'VLB',
    unit: 'nats',
    meaning: 'the variational bound on the negative log-likelihood of held-out data',
  },
  bpd: {
    name: 'bits/dim',
    unit: '',
    meaning: 'the variational bound on held-out images in bits per dimension',
  },
  spectrumDistance: {
    name: 'spectrum',
    unit: '',
    meaning: 'the distance of the samples’ radial log-spectrum from the data’s; 0 is perfect',
  },
  slicedWasserstein: {
    name: 'sliced W₁',
    unit: '',
    meaning: 'the sliced Wasserstein distance of the samples from held-out images; 0 is perfect',
  },
  patchWasserstein: {
    name: 'patch W₁',
    unit: '',
    meaning:
      'the sliced Wasserstein distance of patches of the samples from those of held-out images; 0 is perfect',
  },
  randomFrechet: {
    name: 'random-feature Fréchet',
    unit: '',
    meaning:
      'the Fréchet distance of the samples from held-out images on features of a fixed random network; no FID; 0 is perfect',
  },
  fid: {
    name: 'FID',
    unit: '',
    meaning:
      'the Fréchet distance of the samples from held-out images on the features of RGSWEEP_INCEPTION; 0 is perfect',
  },
  kid: {
    name: 'KID',
    unit: '',
    meaning:
      'the kernel distance of the samples from held-out images on the features of RGSWEEP_INCEPTION; 0 is perfect',
  },
  reverseKl: {
    name: 'reverse KL',
    unit: 'nats',
    meaning:
      'the reverse Kullback–Leibler divergence ⟨log q + S⟩ + log Z over the model’s own samples; 0 is perfect',
  },
  ess: {
    name: 'ESS',
    unit: '',
    meaning:
      'the effective sample size (Σw)²/(N Σw²), w = e^{−S}/q, as a fraction of the model’s own samples; 1 is perfect',
  },
};

export function metricWords(metric: string): MetricWords {
  const calls = /^pathEss(\d+)$/.exec(metric)?.[1];
  if (calls !== undefined)
    return {
      name: `path ESS, ${calls} calls`,
      unit: '',
      meaning: `the effective sample size of whole paths of the ancestral sampler with ${calls} calls of the network; 1 is perfect`,
    };
  return Object.hasOwn(words, metric)
    ? words[metric]!
    : { name: metric, unit: '', meaning: 'a metric of the task' };
}

/**
 * The figure shown beside the objective: of images bits per dimension, of others the effective sample size; the bound or the
 * KL where that is the objective itself.
 */
export function companionMetric({
  task,
  objective: { metric },
}: Pick<SweepSpec, 'task' | 'objective'>): string {
  const [first, second] = isImagesTask(task) ? (['bpd', 'vlb'] as const) : (['ess', 'kl'] as const);
  return metric === first ? second : first;
}

/** `KL in nats` */
export function metricTitle(metric: string): string {
  const { name, unit } = metricWords(metric);
  return unit ? `${name} in ${unit}` : name;
}

/** `lower is better` */
export function directionWords(objective: Objective): string {
  return objective.direction === 'minimize' ? 'lower is better' : 'higher is better';
}

/** A metric and, when it is known as `<metric>Error`, its standard error; undefined where there is no finite number. */
export function metricFigure(metrics: Readonly<Record<string, number>>, metric: string): Figure | undefined {
  const value = Object.hasOwn(metrics, metric) ? metrics[metric] : undefined;
  if (value === undefined || !Number.isFinite(value)) return undefined;
  const error = metrics[`${metric}Error`];
  return error !== undefined && Number.isFinite(error) && error > 0 ? { value, error } : { value };
}

/** `12.3 MB`: bytes in powers of 1,000. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  const power = Math.min(units.length - 1, bytes < 1 ? 0 : Math.floor(Math.log10(bytes) / 3));
  return `${(bytes / 1000 ** power).toFixed(power === 0 ? 0 : 1)} ${units[power]}`;
}
