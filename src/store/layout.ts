import { RgsweepError } from '../errors.js';

/** The form of a sweep's name; it is a workflow id and a folder at once. */
const sweepName = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;

function folderOfSweep(sweep: string): string {
  if (!sweepName.test(sweep))
    throw new RgsweepError('usage', `${JSON.stringify(sweep)} is no name of a sweep`, {
      remedy: 'use letters, digits, dot, dash and underscore, at most 100',
    });
  return `sweeps/${sweep}`;
}

function checkNumber(what: string, value: number): void {
  if (!Number.isSafeInteger(value) || value < 0)
    throw new RgsweepError('internal', `a ${what} is a whole number from 0, not ${value}`);
}

/** `7` → `0007`; numbers past 9999 simply grow. */
export function trialFolderName(trial: number): string {
  checkNumber('trial number', trial);
  return String(trial).padStart(4, '0');
}

/** The inverse of `trialFolderName`; undefined for any other text. */
export function parseTrialFolderName(name: string): number | undefined {
  if (!/^\d{4,15}$/.test(name)) return undefined;
  const trial = Number(name);
  return trialFolderName(trial) === name ? trial : undefined;
}

/** What a key below a trial's folder belongs to. */
export type TrialKeyPart =
  | { kind: 'record' }
  | { kind: 'lease' }
  | { kind: 'curve'; step: number }
  | { kind: 'manifest'; step: number }
  | { kind: 'checkpointFile'; step: number; attempt: string; name: string }
  | { kind: 'log' }
  | { kind: 'samples' }
  | { kind: 'other' };

function parseTrialPath(path: string): TrialKeyPart {
  if (path === 'trial.json') return { kind: 'record' };
  if (path === 'lease.json') return { kind: 'lease' };
  const curve = /^curve\/(\d{1,15})\.jsonl$/.exec(path);
  if (curve) return { kind: 'curve', step: Number(curve[1]) };
  if (/^log\/[0-9A-Za-z-]{1,60}\.jsonl$/.test(path)) return { kind: 'log' };
  if (/^samples\/step-\d{1,15}-[a-z]+\/.+$/.test(path)) return { kind: 'samples' };
  const checkpoint = /^step-(\d{1,15})\/(.+)$/.exec(path);
  if (!checkpoint) return { kind: 'other' };
  const step = Number(checkpoint[1]);
  const rest = checkpoint[2]!;
  if (rest === 'manifest.json') return { kind: 'manifest', step };
  const slash = rest.indexOf('/');
  if (slash < 0) return { kind: 'other' };
  return { kind: 'checkpointFile', step, attempt: rest.slice(0, slash), name: rest.slice(slash + 1) };
}

/** Every key that rgsweep writes. Folders come without a slash at their end, prefixes for listing with one. */
export const layout = {
  /** Folder of a data set: made once, shared by all trials; `key` is its content hash. */
  dataset: (key: string) => `datasets/${key}`,
  /** Prefix of all sweeps; its folders are the sweeps' names. */
  sweeps: 'sweeps/',
  sweep: folderOfSweep,
  /** The sweep as launched; immutable. */
  spec: (sweep: string) => `${folderOfSweep(sweep)}/spec.json`,
  /** State, times and amendments of the sweep. */
  sweepRecord: (sweep: string) => `${folderOfSweep(sweep)}/sweep.json`,
  /** Prefix of the snapshots of all trials' results that suggestions read; only the newest are of use. */
  rowSnapshots: (sweep: string) => `${folderOfSweep(sweep)}/rows/`,
  rowSnapshot: (sweep: string, id: string) => `${layout.rowSnapshots(sweep)}${id}.json`,
  /** What the sweep was started from, where it has `warmStart`; immutable. */
  prior: (sweep: string) => `${folderOfSweep(sweep)}/prior.json`,
  /** Prefix of a sweep's trials; its folders are trial numbers, at least four digits. */
  trials: (sweep: string) => `${folderOfSweep(sweep)}/trials/`,
  trial: (sweep: string, trial: number) => `${folderOfSweep(sweep)}/trials/${trialFolderName(trial)}`,
  trialRecord: (sweep: string, trial: number) => `${layout.trial(sweep, trial)}/trial.json`,
  /** Prefix of a trial's learning curve. */
  curves: (sweep: string, trial: number) => `${layout.trial(sweep, trial)}/curve/`,
  /** One part of the learning curve; `step` is its last point's. */
  curve: (sweep: string, trial: number, step: number) => {
    checkNumber('step', step);
    return `${layout.curves(sweep, trial)}${step}.jsonl`;
  },
  /** Folder of the checkpoint of one step. */
  checkpoint: (sweep: string, trial: number, step: number) => {
    checkNumber('step', step);
    return `${layout.trial(sweep, trial)}/step-${step}`;
  },
  /** Folder of one attempt's files of that checkpoint. */
  checkpointAttempt: (sweep: string, trial: number, step: number, attempt: string) =>
    `${layout.checkpoint(sweep, trial, step)}/${attempt}`,
  /** Written last: a checkpoint without it does not exist. */
  manifest: (sweep: string, trial: number, step: number) =>
    `${layout.checkpoint(sweep, trial, step)}/manifest.json`,
  /** Prefix of what a trial's attempts said. */
  logs: (sweep: string, trial: number) => `${layout.trial(sweep, trial)}/log/`,
  /** What one attempt said; names sort by time. */
  log: (sweep: string, trial: number, part: string) => `${layout.logs(sweep, trial)}${part}.jsonl`,
  /** Which attempt may write the trial's checkpoints. */
  lease: (sweep: string, trial: number) => `${layout.trial(sweep, trial)}/lease.json`,
  /** Folder of the samples and observables of one evaluation. */
  samples: (sweep: string, trial: number, step: number, split: string) => {
    checkNumber('step', step);
    return `${layout.trial(sweep, trial)}/samples/step-${step}-${split}`;
  },
  /** What a key below `layout.trials(sweep)` is; undefined when it belongs to no trial. */
  parseTrialKey: (sweep: string, key: string): ({ trial: number } & TrialKeyPart) | undefined => {
    const prefix = layout.trials(sweep);
    if (!key.startsWith(prefix)) return undefined;
    const slash = key.indexOf('/', prefix.length);
    if (slash < 0) return undefined;
    const trial = parseTrialFolderName(key.slice(prefix.length, slash));
    if (trial === undefined) return undefined;
    return { trial, ...parseTrialPath(key.slice(slash + 1)) };
  },
} as const;
