/**
 * npm run bench -- experiment [--only TEXT] [--slots N] [--backend NAME] [--store URL] [--plan]
 *
 * The experiment of docs/results.md in one command: runs every sweep of it that docs/results does not keep as complete, one after the other,
 * each as `rgsweep up` does, and keeps it with its tables and pictures as soon as it has ended (`bench -- results --finals`). Ctrl-C stops the sweep that
 * runs; the same command goes on. `--only` takes the data sets whose title or sweeps contain the text, `--plan` says what would be run.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { experiments } from './results/experiments.js';
import { readKept } from './results/kept.js';
import { pendingSweeps, sweepsOf } from './results/pending.js';

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    slots: { type: 'string' },
    backend: { type: 'string' },
    store: { type: 'string', default: '.rgsweep/store' },
    plan: { type: 'boolean', default: false },
  },
});
const rgsweep = fileURLToPath(new URL('../src/cli/main.js', import.meta.url));
const results = fileURLToPath(new URL('./results.js', import.meta.url));
const chosen = experiments.filter((one) =>
  [one.title, ...sweepsOf(one)].some((name) => name.includes(values.only)),
);
const fileOf = (sweep: string) => `sweeps/${sweep}.yaml`;

/** Exit code of one of the project's programs; 1 when a signal has ended it. */
function run(program: string, args: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, ...args], { stdio: 'inherit' });
    const forward = () => child.kill('SIGTERM');
    process.on('SIGTERM', forward);
    child.on('error', reject);
    child.on('close', (code) => {
      process.off('SIGTERM', forward);
      resolve(code ?? 1);
    });
  });
}

async function runAll(): Promise<number> {
  // The terminal sends Ctrl-C to the sweep as well, which stops in order; this process ends when it has.
  process.on('SIGINT', () => undefined);
  for (;;) {
    const [sweep] = pendingSweeps(chosen, readKept());
    if (sweep === undefined) return 0;
    if (!existsSync(fileOf(sweep))) await run(results, ['--finals']);
    if (!existsSync(fileOf(sweep))) {
      console.error(
        `${fileOf(sweep)} is not there, and docs/results has no complete searches to make it from`,
      );
      return 1;
    }
    const options = [
      ...['--store', values.store],
      ...(values.slots === undefined ? [] : ['--slots', values.slots]),
      ...(values.backend === undefined ? [] : ['--backend', values.backend]),
    ];
    const ended = await run(rgsweep, ['up', fileOf(sweep), ...options]);
    if (ended !== 0) return ended;
    const keeping = await run(results, [sweep, '--finals', '--store', values.store]);
    if (keeping !== 0) return keeping;
    if (pendingSweeps(chosen, readKept())[0] === sweep) {
      console.error(`${sweep} has ended, and is not complete: \`rgsweep status ${sweep}\` says why`);
      return 1;
    }
  }
}

if (chosen.length === 0) {
  console.error(`no data set has "${values.only}" in its title or in a sweep's name`);
  process.exitCode = 2;
} else if (values.plan) {
  const pending = pendingSweeps(chosen, readKept());
  for (const sweep of pending) console.log(fileOf(sweep));
  if (pending.length === 0) console.log('everything is kept');
} else process.exitCode = await runAll();
