import { existsSync } from 'node:fs';
import { whereToGetIt } from '../data/cifar10/read.js';
import { taskDatasetKey } from '../data/taskDataset.js';
import { messageOf, RgsweepError } from '../errors.js';
import { collectPrior } from '../store/collectPrior.js';
import { layout } from '../store/layout.js';
import type { ObjectStore } from '../store/types.js';
import type { SweepSpec } from '../sweep/types.js';
import { findLaunched } from './client.js';

/**
 * What a sweep names outside of its file, looked at without a server and without writing: its name and `warmStart` in the
 * store, and files that trainers will want.
 * @param open opens the store; where it cannot be reached, that is a note and no error: a file can be checked without
 * @returns what `launch` would not refuse and one may want to know, a sentence each
 * @throws RgsweepError('conflict', 'bad-configuration') for what `launch` would refuse
 */
export async function checkLaunch(
  spec: SweepSpec,
  open: () => Promise<ObjectStore>,
  { fresh = false }: { fresh?: boolean } = {},
): Promise<string[]> {
  let inStore: string[];
  try {
    inStore = await checkStore(spec, await open(), fresh);
  } catch (error) {
    if (!(error instanceof RgsweepError) || error.kind !== 'store-unavailable') throw error;
    inStore = [
      `the store was not looked at, so neither was the name${spec.warmStart ? ', nor warmStart' : ''}: ${messageOf(error)}`,
    ];
  }
  return [...inStore, ...missingFolders(spec)];
}

async function checkStore(spec: SweepSpec, store: ObjectStore, fresh: boolean): Promise<string[]> {
  const launched = await findLaunched(store, spec).catch((error: unknown) => {
    // Under another name nothing of that sweep matters.
    if (fresh && error instanceof RgsweepError && error.kind === 'conflict') return undefined;
    throw error;
  });
  if (!launched || (launched.known && fresh))
    return [
      `${store.url} has a sweep of this name already: --fresh launches this one under the next free name`,
    ];
  if (launched.known)
    return [
      `${store.url} has this sweep already, from the same file: ` +
        (launched.finished
          ? 'it has finished, and nothing would be started'
          : 'launching it again goes on with it'),
    ];
  await collectPrior(store, spec);
  if (spec.task.name !== 'cifar10' || spec.task.from !== undefined) return [];
  if (await store.get(`${layout.dataset(taskDatasetKey(spec.task))}/dataset.json`)) return [];
  return [`${store.url} has no CIFAR-10, and the task no \`from\`: ${whereToGetIt}`];
}

/** Folders and files of trainers' machines that are not on this one; those may be others. */
function missingFolders({ task }: SweepSpec): string[] {
  const named: [field: string, path: string | undefined][] =
    task.name === 'command'
      ? [['task.folder', task.folder]]
      : task.name === 'cifar10'
        ? [['task.from', task.from]]
        : [];
  return named.flatMap(([field, path]) =>
    path === undefined || /^[a-z][a-z0-9+.-]*:\/\//i.test(path) || existsSync(path)
      ? []
      : [`${field}: ${path} is not on this machine; every machine that trains needs it there`],
  );
}
