import type { Client } from '@temporalio/client';
import { WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError } from '@temporalio/client';
import type { sweep as sweepWorkflow } from '../../workflows/sweep.js';
import type { SweepInput } from '../../workflows/messages.js';
import { RgsweepError } from '../errors.js';
import { collectPrior } from '../store/collectPrior.js';
import { writePrior } from '../store/prior.js';
import { readSpec, readSweepRecord, writeSpec } from '../store/records.js';
import type { ObjectStore } from '../store/types.js';
import { refuseIfElsewhere } from './owner.js';
import { controlQueue } from '../sweep/names.js';
import type { SweepSpec } from '../sweep/types.js';

/** Starts a sweep's workflow; false when one of that name is open already, as after two launches at once. */
export async function startSweepWorkflow(client: Client, input: SweepInput): Promise<boolean> {
  // Segments and activities inherit it.
  const priorityKey = input.spec.resources?.priority;
  try {
    await client.workflow.start<typeof sweepWorkflow>('sweep', {
      workflowId: input.spec.name,
      taskQueue: controlQueue,
      args: [input],
      ...(priorityKey === undefined ? {} : { priority: { priorityKey } }),
    });
    return true;
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return false;
    throw error;
  }
}

/** Is the sweep's workflow open? */
export async function sweepIsOpen(client: Client, sweep: string): Promise<boolean> {
  try {
    const { status } = await client.workflow.getHandle(sweep).describe();
    return status.name === 'RUNNING';
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}

/** A name that no sweep in the store has yet: `name`, `name-2`, `name-3` … */
async function freshName(store: ObjectStore, name: string): Promise<string> {
  for (let number = 2; ; number++) {
    const candidate = `${name}-${number}`;
    if (!(await readSpec(store, candidate))) return candidate;
  }
}

export interface LaunchOptions {
  client: Client;
  store: ObjectStore;
  spec: SweepSpec;
  /** Trainer slots: what `concurrency: auto` means; asked for only when something is started. */
  slots: number | (() => Promise<number>);
  /** Start another sweep under the next free name when this one exists. */
  fresh?: boolean;
  /** Go on with it though another server seems to be at work on it. */
  takeOver?: boolean;
}

export interface Launched {
  name: string;
  /** A sweep of this name was there already: it was attached to, nothing was started twice. */
  existing: boolean;
  /** It had finished: there is nothing to wait for. */
  finished: boolean;
}

function sameSpec(a: SweepSpec, b: SweepSpec): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** What is another one than it was at the launch: the task's module or its data, where two specs differ in nothing else. */
function whatChanged(known: SweepSpec, spec: SweepSpec): string | undefined {
  if (known.task.name !== 'module' || spec.task.name !== 'module') return undefined;
  const { sha256, shape, metrics, title, source } = spec.task;
  const task = { ...known.task, sha256, shape, metrics, title, ...(source && { source }) };
  if (!sameSpec({ ...known, task }, spec)) return undefined;
  return known.task.sha256 === sha256 ? 'the files of its data' : 'its task module';
}

/**
 * What the store knows of a sweep of this name.
 * @throws RgsweepError('conflict') when that was launched from another file
 */
export async function findLaunched(
  store: ObjectStore,
  spec: SweepSpec,
): Promise<{ known?: SweepSpec; finished: boolean }> {
  const known = await readSpec(store, spec.name);
  if (!known) return { finished: false };
  if (!sameSpec(known, spec)) {
    const changed = whatChanged(known, spec);
    throw new RgsweepError(
      'conflict',
      `a sweep called "${spec.name}" is in ${store.url} already and was launched ${
        changed === undefined ? 'from another file' : `before ${changed} changed`
      }`,
      { remedy: 'choose another name, or launch with --fresh to take the next free one' },
    );
  }
  const record = await readSweepRecord(store, spec.name);
  return { known, finished: record?.state === 'complete' };
}

/**
 * Launches a sweep once. A sweep of the same name and the same file is attached to, whether running or finished, and one
 * that was stopped, or whose server is gone, goes on from the store; of the same name but another file is refused.
 *
 * @throws RgsweepError('conflict') for another file, and for a sweep that another server is at work on
 */
export async function launchSweep(options: LaunchOptions): Promise<Launched> {
  const { client, store, slots } = options;
  let { spec } = options;
  if (options.fresh && (await readSpec(store, spec.name)))
    spec = { ...spec, name: await freshName(store, spec.name) };
  const { known, finished } = await findLaunched(store, spec);
  const concurrency = async () => {
    if (spec.budget.concurrency !== 'auto') return spec.budget.concurrency;
    return typeof slots === 'number' ? slots : slots();
  };
  if (known) {
    if (finished) return { name: spec.name, existing: true, finished: true };
    if (await sweepIsOpen(client, spec.name)) return { name: spec.name, existing: true, finished: false };
    if (!options.takeOver) await refuseIfElsewhere(client, known, await readSweepRecord(store, spec.name));
    await startSweepWorkflow(client, { spec: known, concurrency: await concurrency(), rebuild: true });
    return { name: spec.name, existing: true, finished: false };
  }
  if (await sweepIsOpen(client, spec.name))
    throw new RgsweepError(
      'conflict',
      `a sweep called "${spec.name}" is open on the server, but ${store.url} does not know it`,
      { remedy: 'name the store that it was launched with, or choose another name' },
    );
  const input = { spec, concurrency: await concurrency() };
  if (spec.warmStart) await writePrior(store, spec.name, await collectPrior(store, spec));
  await writeSpec(store, spec);
  const started = await startSweepWorkflow(client, input);
  return { name: spec.name, existing: !started, finished: false };
}
