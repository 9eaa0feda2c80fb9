import { foldReplicates } from '../sweep/replicates.js';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, resolve } from 'node:path';
import { messageOf, RgsweepError } from '../errors.js';
import { readSnapshot } from '../store/records.js';
import type { ObjectStore } from '../store/types.js';
import type { ReportInput } from './artifacts.js';
import { renderReport } from './html.js';
import { loadArtifacts, loadStatistics, type Warn } from './load.js';
import { renderMarkdown } from './markdown.js';

export const reportFormats = ['html', 'md'] as const;
export type ReportFormat = (typeof reportFormats)[number];

const require = createRequire(import.meta.url);

/** Versions that a report states: rgsweep, Node and what trains. */
export function reportVersions(): Record<string, string> {
  const versions: Record<string, string> = {};
  const read = (name: string, path: string) => {
    try {
      versions[name] = (require(path) as { version: string }).version;
    } catch {
      // Not installed here: a report can be made where nothing is trained.
    }
  };
  // Compiled, this file lies one folder deeper than in the source tree.
  for (const path of ['../../package.json', '../../../package.json'])
    if (!versions['rgsweep']) read('rgsweep', path);
  versions['node'] = process.versions.node;
  read('@tensorflow/tfjs', '@tensorflow/tfjs/package.json');
  return versions;
}

/** Reads everything a report shows of one sweep from the store alone. */
export async function loadReport(
  store: ObjectStore,
  sweep: string,
  { versions = reportVersions(), onWarning }: { versions?: Record<string, string>; onWarning?: Warn } = {},
): Promise<ReportInput> {
  const snapshot = foldReplicates(await readSnapshot(store, sweep));
  const statistics = await loadStatistics(store, snapshot, onWarning);
  const artifacts = await loadArtifacts(store, snapshot, onWarning);
  return { snapshot, ...(statistics ? { statistics } : {}), artifacts, versions };
}

/** Writes a file whole or not at all, with its folders. */
export async function writeWhole(file: string, content: string): Promise<void> {
  const path = resolve(file);
  const temporary = `${path}.${process.pid}.part`;
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(temporary, content);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw new RgsweepError('usage', `${file} cannot be written: ${messageOf(error)}`, {
      remedy: 'choose another file with --out',
      cause: error,
    });
  }
}

/**
 * Makes the report of a sweep from the store alone and writes it into `file`.
 *
 * @returns the text that was written
 * @throws RgsweepError('not-found') when the store does not know the sweep, 'usage' when the file cannot be written
 */
export async function writeReport(
  store: ObjectStore,
  sweep: string,
  file: string,
  options: { format?: ReportFormat; versions?: Record<string, string>; onWarning?: Warn } = {},
): Promise<string> {
  const input = await loadReport(store, sweep, options);
  const text = options.format === 'md' ? renderMarkdown(input) : await renderReport(input);
  await writeWhole(file, text);
  return text;
}
