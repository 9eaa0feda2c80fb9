import { RgsweepError } from '../errors.js';
import { listTrials, readSpec, readTrial } from '../store/records.js';
import type { ObjectStore } from '../store/types.js';
import type { SweepSpec, TrialRecord } from '../sweep/types.js';
import { connectStore, type StoreOption } from './connection.js';

export interface TrialReference {
  sweep: string;
  trial: number;
  /** Of a checkpoint, when one is named. */
  step?: number;
}

/**
 * Reads `SWEEP TRIAL`, `SWEEP/TRIAL` or `SWEEP/TRIAL/STEP`; a trial is a number, or `trial-0007` as Temporal's own UI
 * shows it, and a step a number or `step-2000` as in the store.
 * @throws RgsweepError('usage') for anything else
 */
export function parseTrialReference(text: string, trial?: string): TrialReference {
  const [sweep = '', trialPart, stepPart, ...rest] = [
    ...text.split('/'),
    ...(trial === undefined ? [] : [trial]),
  ];
  const trialDigits = /^(?:trial-)?(\d{1,9})$/.exec(trialPart ?? '')?.[1];
  const stepDigits = stepPart === undefined ? undefined : /^(?:step-)?(\d{1,15})$/.exec(stepPart)?.[1];
  if (
    sweep === '' ||
    trialDigits === undefined ||
    rest.length > 0 ||
    (stepPart !== undefined && stepDigits === undefined)
  )
    throw new RgsweepError('usage', `"${[text, trial].filter(Boolean).join(' ')}" names no trial`, {
      remedy: 'write SWEEP TRIAL or SWEEP/TRIAL, e.g. `phi4-quick 7`; a checkpoint is SWEEP/TRIAL/STEP',
    });
  return {
    sweep,
    trial: Number(trialDigits),
    ...(stepDigits === undefined ? {} : { step: Number(stepDigits) }),
  };
}

/**
 * The trial that is meant, from the store.
 * @throws RgsweepError('usage') when the reference cannot be read
 * @throws RgsweepError('not-found') when there is no such sweep or trial, saying which there are
 */
export async function openTrial(
  options: StoreOption,
  text: string,
  trialText?: string,
): Promise<{ store: ObjectStore; spec: SweepSpec; trial: TrialRecord; step?: number }> {
  const { sweep, trial, step } = parseTrialReference(text, trialText);
  const store = await connectStore(options);
  const spec = await readSpec(store, sweep);
  if (!spec)
    throw new RgsweepError('not-found', `${store.url} has no sweep called "${sweep}"`, {
      remedy: '`rgsweep list` shows the sweeps of a store; --store names another one',
    });
  const record = await readTrial(store, sweep, trial);
  if (!record) {
    const numbers = (await listTrials(store, sweep)).map((one) => one.trial);
    throw new RgsweepError('not-found', `${sweep} has no trial ${trial}`, {
      remedy:
        numbers.length === 0
          ? 'it has no trial yet'
          : `it has ${numbers.length} trials, from ${numbers[0]} to ${numbers.at(-1)}: \`rgsweep trials ${sweep}\``,
    });
  }
  return { store, spec, trial: record, ...(step === undefined ? {} : { step }) };
}
