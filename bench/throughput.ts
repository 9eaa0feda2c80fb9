/**
 * npm run bench -- throughput [--trials 100] [--concurrency 8] [--rounds 2]
 *
 * What rgsweep's orchestration costs beside what Temporal itself takes: a sweep of trials whose trainer costs nothing, and on the same
 * server a parent workflow with as many bare children, each with the same number of activities that do nothing: all of them `plain`
 * activities in task queues, and with the short ones `local`, which is the least that can be done (a segment's are, a sweep's are not). By turns, on a
 * database in memory and on one in a file, with as many worker processes for each. Printed: wall time and CPU a trial, and the
 * ratios. Runs on Linux.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Client, Connection } from '@temporalio/client';
import { launchSweep } from '../src/cli/client.js';
import { startStack } from '../src/stack/stack.js';
import { openStore } from '../src/store/open.js';
import { listTrials } from '../src/store/records.js';
import { wholeNumber } from './arguments/wholeNumber.js';
import { bareControlQueue } from './orchestration/bareActivities.js';
import type { BareKind, bareSweep } from './orchestration/bareWorkflows.js';
import { cpuSeconds } from './orchestration/processes.js';
import { trivialSweep } from './orchestration/sweeps.js';

const { values } = parseArgs({
  args: process.argv.slice(2),
  options: {
    trials: { type: 'string', default: '100' },
    concurrency: { type: 'string', default: '8' },
    rounds: { type: 'string', default: '2' },
  },
});
const trials = wholeNumber('trials', values.trials);
const concurrency = wholeNumber('concurrency', values.concurrency);
const rounds = wholeNumber('rounds', values.rounds);
const say = (line = '') => process.stdout.write(`${line}\n`);
const bareProgram = fileURLToPath(new URL('./orchestration/bareWorker.js', import.meta.url));

const kinds: readonly BareKind[] = ['plain', 'local'];

async function startBareWorker(role: 'control' | 'train', address: string): Promise<ChildProcess> {
  const child = spawn(process.execPath, [bareProgram, role, address, String(concurrency)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await once(createInterface({ input: child.stdout }), 'line');
  return child;
}

interface Cost {
  wall: number;
  server: number;
  workers: number;
}

/** Runs something and says what a trial of it cost, in milliseconds. */
async function measure(server: number, workers: readonly number[], run: () => Promise<void>): Promise<Cost> {
  const cpu = (pids: readonly number[]) => pids.reduce((sum, pid) => sum + cpuSeconds(pid), 0);
  const before = { wall: performance.now(), server: cpu([server]), workers: cpu(workers) };
  await run();
  const each = (seconds: number) => (1000 * seconds) / trials;
  return {
    wall: (performance.now() - before.wall) / trials,
    server: each(cpu([server]) - before.server),
    workers: each(cpu(workers) - before.workers),
  };
}

async function compare(database: 'memory' | 'file'): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'rgsweep-throughput-'));
  const storeUrl = `file://${join(folder, 'store')}`;
  process.env.RGSWEEP_TRAINER = 'simulated';
  const stack = await startStack({
    folder,
    storeUrl,
    slots: concurrency,
    database,
    log: () => undefined,
    cancel: new AbortController().signal,
    onGivenUp: (error) => {
      throw error;
    },
  });
  const bareWorkers: ChildProcess[] = [];
  try {
    bareWorkers.push(await startBareWorker('control', stack.address));
    bareWorkers.push(await startBareWorker('train', stack.address));
    const store = await openStore(storeUrl);
    const connection = await Connection.connect({ address: stack.address });
    const client = new Client({ connection });
    const [control, train, server] = stack.processes.map((one) => one.pid()!) as [number, number, number];
    const bare = bareWorkers.map((one) => one.pid!);

    const sweep = async (name: string, number: number) => {
      await launchSweep({ client, store, spec: trivialSweep(name, number, concurrency), slots: concurrency });
      await client.workflow.getHandle(name).result();
      const finished = (await listTrials(store, name)).filter(({ state }) => state === 'complete').length;
      if (finished !== number) throw new Error(`${finished} of ${number} trials of ${name} are complete`);
    };
    const bareRun = async (name: string, number: number, kind: BareKind) => {
      await client.workflow.execute<typeof bareSweep>('bareSweep', {
        workflowId: name,
        taskQueue: bareControlQueue,
        args: [number, concurrency, kind],
      });
    };
    // The data set and every first time of anything.
    await sweep('warm-up', concurrency);
    for (const kind of kinds) await bareRun(`${kind}-warm-up`, concurrency, kind);
    await sleep(1000);

    const costs: Record<'ours' | BareKind, Cost[]> = { ours: [], plain: [], local: [] };
    for (let round = 1; round <= rounds; round++) {
      costs.ours.push(await measure(server, [control, train], () => sweep(`round-${round}`, trials)));
      for (const kind of kinds)
        costs[kind].push(await measure(server, bare, () => bareRun(`${kind}-${round}`, trials, kind)));
    }
    const mean = (some: readonly Cost[], of: (cost: Cost) => number) =>
      some.reduce((sum, one) => sum + of(one), 0) / some.length;
    const cpuOf = ({ server: own, workers }: Cost) => own + workers;
    const line = (what: string, of: (cost: Cost) => number) => {
      const ours = mean(costs.ours, of);
      const beside = kinds.map((kind) => {
        const bare = mean(costs[kind], of);
        return `${bare.toFixed(1).padStart(8)} (× ${(ours / bare).toFixed(2)})`;
      });
      say(`  ${what.padEnd(20)} ${ours.toFixed(1).padStart(8)} ${beside.join(' ')}`);
    };
    say(`database in ${database === 'file' ? 'a file' : 'memory'}`);
    line('wall', ({ wall }) => wall);
    line('CPU', cpuOf);
    line('  of the server', (cost) => cost.server);
    line('  of the workers', (cost) => cost.workers);
    await connection.close();
  } finally {
    for (const one of bareWorkers) one.stdin?.end();
    for (const one of bareWorkers) if (one.exitCode === null) await once(one, 'exit');
    await stack.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

say(
  `${rounds} × ${trials} trials by turns, ${concurrency} at a time; ms a trial: a sweep, bare children with as many plain activities (at most × 1.5 wanted), with the short ones local`,
);
for (const database of ['memory', 'file'] as const) await compare(database);
