/**
 * npm run bench -- orchestration [--trials 40]
 *
 * What a trial costs beside its training: a sweep of trials whose trainer does nothing, on the embedded stack (file
 * database), and in the same run the same number of bare child-less trainer starts, since starting a process is part of
 * training. CPU of the stack's processes comes from /proc, so this runs on Linux.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Client, Connection } from '@temporalio/client';
import { launchSweep } from '../src/cli/client.js';
import { startStack } from '../src/stack/stack.js';
import { openStore } from '../src/store/open.js';
import { wholeNumber } from './arguments/wholeNumber.js';
import { listTrials, readSweepRecord } from '../src/store/records.js';
import { parseSweepFile } from '../src/sweep/spec.js';

const { values } = parseArgs({
  args: process.argv.slice(2),
  options: { trials: { type: 'string', default: '40' } },
});
const trials = wholeNumber('trials', values.trials);

const trainer = fileURLToPath(new URL('../../test/fixtures/trainer.mjs', import.meta.url));
process.env.RGSWEEP_TRAINER = JSON.stringify([process.execPath, trainer]);
const folder = mkdtempSync(join(tmpdir(), 'rgsweep-orchestration-'));
const storeUrl = `file://${join(folder, 'store')}`;
const stop = new AbortController();

/** CPU seconds of a process without its children (clock ticks are hundredths on Linux). */
function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  const ticks = fields.slice(11, 13).reduce((sum, field) => sum + Number(field), 0);
  return ticks / 100;
}

const stack = await startStack({
  folder,
  storeUrl,
  slots: 2,
  log: () => undefined,
  cancel: stop.signal,
  onGivenUp: (error) => {
    throw error;
  },
});
try {
  const store = await openStore(storeUrl);
  const connection = await Connection.connect({ address: stack.address });
  const client = new Client({ connection });
  const sweep = (name: string, count: number) =>
    parseSweepFile(
      `{ name: ${name}, task: { name: phi4, size: 2 }, space: { parameters: { cutoffWidth: { type: float, low: 0.1, high: 10, log: true }, kernel: sigmoid, ordering: log-variance } },
         pruner: { name: none, rungs: [1] }, sampler: { name: random }, budget: { trials: ${count}, concurrency: 2 } }`,
      'bench',
      () => '',
    );
  const run = async (name: string, count: number) => {
    await launchSweep({ client, store, spec: sweep(name, count), slots: 2 });
    while ((await readSweepRecord(store, name))?.state !== 'complete') await sleep(100);
  };
  // The data set and every first time of anything.
  await run('warm-up', 2);

  const pids = stack.processes.map((one) => one.pid()).filter((pid) => pid !== undefined);
  const cpuOfStack = () => pids.reduce((sum, pid) => sum + cpuSeconds(pid), 0);
  const cpuBefore = cpuOfStack();
  const started = performance.now();
  await run('measured', trials);
  const wall = (performance.now() - started) / 1000;
  const cpu = cpuOfStack() - cpuBefore;
  const finished = (await listTrials(store, 'measured')).filter((trial) => trial.state === 'complete').length;

  // Two programs a trial (train, evaluate), two at a time, as the stack runs them.
  const bareStarted = performance.now();
  const one = async () => {
    const child = spawn(process.execPath, ['-e', '0'], { stdio: 'ignore' });
    await once(child, 'exit');
  };
  for (let i = 0; i < trials; i++) await Promise.all([one(), one()]);
  const bare = (performance.now() - bareStarted) / 1000;

  const milliseconds = (seconds: number) => `${((1000 * seconds) / trials).toFixed(0)} ms`;
  process.stdout.write(
    [
      `${finished} of ${trials} trials complete, two at a time, file database`,
      `wall per trial              ${milliseconds(wall)}`,
      `  of it bare process starts ${milliseconds(bare)}`,
      `  ratio                     ${(wall / bare).toFixed(2)}`,
      `CPU per trial, server and workers without trainers  ${milliseconds(cpu)}`,
      '',
    ].join('\n'),
  );
  await connection.close();
} finally {
  await stack.stop();
  rmSync(folder, { recursive: true, force: true });
}
