/**
 * npm run bench -- results [SWEEP …] [--store URL] [--finals] [--check]
 *
 * Keeps sweeps of a store as docs/results/NAME.json, draws their pictures into docs/results/pictures, and writes the tables of
 * docs/results.md from all of those files, and from nothing else. Without a SWEEP only the tables are written. `--finals` writes the sweep
 * files of the finals of every data set whose two searches are complete (results/experiments.ts), and of whatever else its search is trained
 * on for: rungs, what it left behind, its winner taken apart, the winner of another data set. `--check` writes nothing: exit code 1 when
 * the page is not what the files say.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { loadPerConfiguration, loadStatistics } from '../src/report/load.js';
import { reportVersions } from '../src/report/report.js';
import { foldReplicates } from '../src/sweep/replicates.js';
import { openStore } from '../src/store/open.js';
import type { ObjectStore } from '../src/store/types.js';
import { readSnapshot } from '../src/store/records.js';
import { experiments } from './results/experiments.js';
import { effectsOf } from './results/effects.js';
import {
  ablationFile,
  finalsFile,
  othersFile,
  rungsFile,
  scalesFile,
  transferFile,
} from './results/finals.js';
import { encodeKept, keptFolder, readKept, type KeptSweep } from './results/kept.js';
import { fillPage } from './results/page.js';
import { partsOf } from './results/parts.js';
import { picturesOf } from './results/pictures.js';

const pictureFolder = join(keptFolder, 'pictures');
const pageFile = 'docs/results.md';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    store: { type: 'string', default: '.rgsweep/store' },
    finals: { type: 'boolean', default: false },
    check: { type: 'boolean', default: false },
  },
});

/** Names of the kept pictures, without their ending. */
const keptPictures = () =>
  new Set(readdirSync(pictureFolder).flatMap((file) => (file.endsWith('.svg') ? [file.slice(0, -4)] : [])));

/** Reads a sweep and the test likelihoods of its trials; the store is only read. */
async function read(store: ObjectStore, sweep: string): Promise<KeptSweep> {
  const snapshot = await readSnapshot(store, sweep);
  // Of the kind that `report` and `best` pair by.
  const likelihoods = await loadPerConfiguration(store, foldReplicates(snapshot), (message) =>
    console.error(message),
  );
  const statistics = await loadStatistics(store, snapshot);
  return { snapshot, likelihoods, ...(statistics ? { effects: effectsOf(snapshot, statistics) } : {}) };
}

mkdirSync(pictureFolder, { recursive: true });
for (const sweep of positionals) {
  const store = await openStore(values.store);
  const file = join(keptFolder, `${sweep}.json`);
  const text = encodeKept(await read(store, sweep), reportVersions()['rgsweep'] ?? 'unknown');
  writeFileSync(file, text);
  console.log(`${file}: ${text.length.toLocaleString('en-US')} characters`);
  const pictures = await picturesOf(store, sweep, (message) => console.error(message));
  for (const { name, svg } of pictures) writeFileSync(join(pictureFolder, `${name}.svg`), svg);
  if (pictures.length > 0) console.log(`${pictureFolder}: ${pictures.map(({ name }) => name).join(', ')}`);
}
const kept = readKept();
const page = readFileSync(pageFile, 'utf8');
const filled = fillPage(page, partsOf(kept, keptPictures()));
if (values.check) {
  if (filled !== page) {
    console.error(`${pageFile} is not what ${keptFolder}/*.json say: npm run bench -- results`);
    process.exitCode = 1;
  }
} else if (filled !== page) {
  writeFileSync(pageFile, filled);
  console.log(`${pageFile}: written`);
} else console.log(`${pageFile}: nothing new`);
if (values.finals) {
  const written: string[] = [];
  const write = (name: string, text: string) => {
    writeFileSync(`sweeps/${name}.yaml`, text);
    written.push(`sweeps/${name}.yaml`);
  };
  for (const experiment of experiments) {
    const [search, standard] = [experiment.search, experiment.standard].map((name) => kept.get(name));
    // Of a search that goes on the winner may still change.
    if (search?.snapshot.state !== 'complete') continue;
    if (experiment.rungs !== undefined) write(experiment.rungs, rungsFile(experiment, search));
    if (experiment.scales !== undefined) write(experiment.scales, scalesFile(experiment, search));
    if (experiment.ablation !== undefined) write(experiment.ablation, ablationFile(experiment, search));
    const from = experiment.transfer && kept.get(experiment.transfer.from);
    if (experiment.transfer && from?.snapshot.state === 'complete')
      write(experiment.transfer.sweep, transferFile(experiment, search, from));
    if (experiment.split) write(experiment.split.others, othersFile(experiment, search));
    if (standard?.snapshot.state === 'complete')
      write(experiment.finals, finalsFile(experiment, search, standard));
  }
  console.log(written.length > 0 ? `${written.join(', ')}: written` : 'no search is complete yet');
}
