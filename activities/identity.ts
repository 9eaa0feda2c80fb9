import { createHash } from 'node:crypto';
import { familyInEffect } from '../src/schedule/inEffect.js';
import { scheduleLabel } from '../src/schedule/label.js';
import { readScheduleParameters, scheduleParameterNames } from '../src/schedule/parameters.js';
import { createProcess } from '../src/schedule/process.js';
import type { Parameters } from '../src/space/types.js';
import type { ObjectStore } from '../src/store/types.js';
import { trialKey } from '../src/sweep/trialKey.js';
import type { SweepSpec, TrialRecord } from '../src/sweep/types.js';
import { dataTaskOf } from '../src/train/protocol.js';
import { datasetStatistics } from './dataset.js';

type TrialIdentity = Pick<TrialRecord, 'key' | 'label' | 'family'>;

/** Parameters that a label of a trial without a schedule names. */
const namedParameters = 4;

/**
 * What tells a trial from others: its canonical key, its name and its schedule's family.
 *
 * What a program or a task of one's own makes of a schedule nobody knows, so there only equal parameters are one trial.
 * @throws RgsweepError('bad-configuration') when the trial's schedule cannot be made
 */
export async function identityOf(
  store: ObjectStore,
  spec: SweepSpec,
  parameters: Parameters,
  seed: number,
): Promise<TrialIdentity> {
  const data = dataTaskOf(spec.task);
  const statistics = data && (await datasetStatistics(store, data));
  const process = statistics && createProcess(parameters, statistics);
  if (statistics && process && spec.task.name !== 'command' && spec.task.name !== 'module')
    return {
      key: trialKey(process, statistics, parameters, seed),
      label: scheduleLabel(parameters),
      family: familyInEffect(process),
    };
  const schedule = new Set(process ? scheduleParameterNames : []);
  const others = Object.entries(parameters)
    .filter(([name]) => !schedule.has(name))
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const key = createHash('sha256')
    .update(JSON.stringify([process ? readScheduleParameters(parameters) : null, others, seed]))
    .digest('hex')
    .slice(0, 32);
  if (process) return { key, label: scheduleLabel(parameters), family: familyInEffect(process) };
  const words = others.slice(0, namedParameters).map(([name, value]) => `${name} ${shortValue(value)}`);
  return { key, label: words.join(' · ') || 'no parameters', family: 'other' };
}

function shortValue(value: Parameters[string]): string {
  return typeof value === 'number' ? String(Number(value.toPrecision(3))) : String(value);
}
