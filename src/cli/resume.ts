import { existsSync } from 'node:fs';
import type { Client } from '@temporalio/client';
import { RgsweepError } from '../errors.js';
import { listTrials, readSpec, readSweepRecord } from '../store/records.js';
import type { ObjectStore } from '../store/types.js';
import type { SweepSpec } from '../sweep/types.js';
import { rebuildMachine } from '../sweep/rebuild.js';
import { chooseRetries, describeRetries, problemOfRetry, type RetryRequest } from '../sweep/retry.js';
import { nextAction } from '../sweep/state.js';
import { checkUnchanged } from '../tasks/module.js';
import { startSweepWorkflow } from './client.js';
import { refuseIfElsewhere } from './owner.js';

export interface ResumeFromStoreOptions {
  client: Client;
  store: ObjectStore;
  sweep: string;
  /** What `concurrency: auto` means. */
  slots: (spec: SweepSpec) => Promise<number>;
  retry?: RetryRequest;
  /** Go on with it though another server seems to be at work on it. */
  takeOver?: boolean;
}

/**
 * Goes on with a sweep that is not open: stopped, failed, finished with an amended budget, or vanished with its server.
 * A sweep that is complete and has nothing to try again is left as it is.
 *
 * @returns one sentence on what happened
 * @throws RgsweepError('not-found') when the store has no such sweep
 * @throws RgsweepError('usage') when a trial is named that the sweep does not have
 * @throws RgsweepError('conflict') when another server is at work on it
 * @throws RgsweepError('bad-configuration') when the task's module has changed since the launch
 */
export async function resumeFromStore(options: ResumeFromStoreOptions): Promise<string> {
  const { client, store, sweep, slots, retry } = options;
  const spec = await readSpec(store, sweep);
  if (!spec)
    throw new RgsweepError('not-found', `${store.url} has no sweep called "${sweep}"`, {
      remedy: '`rgsweep list` shows the sweeps of a store; --store names another one',
    });
  // Where it is: workers look for themselves.
  if (spec.task.name === 'module' && existsSync(spec.task.module)) checkUnchanged(spec.task);
  const concurrency = spec.budget.concurrency === 'auto' ? await slots(spec) : spec.budget.concurrency;
  const [records, record] = await Promise.all([listTrials(store, sweep), readSweepRecord(store, sweep)]);
  if (!options.takeOver) await refuseIfElsewhere(client, spec, record);
  const amendments = record?.amendments ?? [];
  const before = rebuildMachine(spec, concurrency, records, { amendments });
  if (retry) {
    const problem = problemOfRetry(before, retry);
    if (problem !== undefined)
      throw new RgsweepError('usage', `${sweep}: ${problem}`, {
        remedy: `\`rgsweep trials ${sweep}\` lists them`,
      });
  }
  const chosen = retry ? describeRetries(before, retry, chooseRetries(before, retry)) : undefined;
  const after = retry ? rebuildMachine(spec, concurrency, records, { amendments, retry }) : before;
  if (record?.state === 'complete' && nextAction(after, spec)?.kind === 'finish')
    return `${chosen === undefined ? '' : `${chosen}; `}the sweep is complete, nothing is left to do`;
  const started = await startSweepWorkflow(client, {
    spec,
    concurrency,
    rebuild: true,
    ...(retry === undefined ? {} : { retry }),
  });
  if (!started) return 'it is running already: attached, nothing was started twice';
  return `goes on from ${store.url}${chosen === undefined ? '' : `; ${chosen}`}`;
}
