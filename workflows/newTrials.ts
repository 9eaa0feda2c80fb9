import { TemporalFailure } from '@temporalio/common';
import { isCancellation, log } from '@temporalio/workflow';
import type { SweepAction, SweepEvent, SweepMachine } from '../src/sweep/state.js';
import type { SweepSpec } from '../src/sweep/types.js';
import { causeOf } from '../src/temporal/sweepFailure.js';
import type { Notifier } from './notify.js';
import { createRowPin } from './rowPin.js';
import type { Versions } from './versions.js';

type Creation = Extract<SweepAction, { kind: 'create' }>;

/**
 * Makes trials, by the sampler's word or as they were asked for.
 *
 * @returns of one trial: does its record say already that it is running?
 */
export function createNewTrials(
  spec: SweepSpec,
  machine: () => SweepMachine,
  apply: (event: SweepEvent) => void,
  notifier: Notifier,
  versions: Pick<Versions, 'askedOnce' | 'records' | 'mostRowChanges'>,
): (action: Creation) => Promise<boolean> {
  const pinRows = createRowPin(spec.name, () => machine().trials, versions);
  return async ({ trial, source, firstRung, visible }) => {
    const replicate = source.from === 'replicate' ? source : undefined;
    const baseline = source.from === 'baseline' ? source.name : replicate?.baseline;
    const origin = {
      ...(baseline === undefined ? {} : { baseline }),
      ...(replicate ? { replicateOf: replicate.of } : {}),
      ...(replicate?.confirms ? ({ confirms: true } as const) : {}),
      ...(firstRung === undefined ? {} : { firstRung }),
      ...(source.from === 'enqueued' ? { enqueued: true } : {}),
    };
    try {
      const created = await versions.records.suggest({
        spec,
        trial,
        source,
        rows: await pinRows(),
        ...(firstRung === undefined ? {} : { firstRung }),
        ...(visible === undefined ? {} : { visible, job: machine().jobs }),
        start: true,
      });
      const equals = created.equals === undefined ? {} : { equals: created.equals };
      apply({ type: 'created', trial, family: created.family, ...origin, ...equals });
      return created.running === true;
    } catch (error) {
      // No trial's fault: the sweep is being cancelled.
      if (versions.askedOnce && isCancellation(error)) throw error;
      log.error('a trial could not be created', { trial, error });
      const message = error instanceof TemporalFailure ? causeOf(error).message : 'it could not be made';
      notifier.failed({ trial, kind: 'bad-configuration', message });
      apply({ type: 'creationFailed', trial, ...origin });
      return false;
    }
  };
}
