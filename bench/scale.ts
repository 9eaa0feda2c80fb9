/**
 * npm run bench -- scale [--trials 10000] [--concurrency 64] [--sampler random] [--from 0] [--segments]
 *
 * One sweep of many trials with a trainer that costs nothing; workflows, activities, signals, server (file database) and
 * store (a folder) are the real ones. Printed: what a trial costs in CPU as the sweep grows, memory of the workers, the
 * longest history of any run. With `--from 8000` the sweep goes on from a store with so many finished trials, which shows in
 * minutes what the last ones cost. `--segments` looks at every segment's history too, not at those of the sweep alone.
 * CPU rather than time is compared, since it does not depend on what else the machine does. Runs on Linux.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Client, Connection } from '@temporalio/client';
import { launchSweep } from '../src/cli/client.js';
import { startStack } from '../src/stack/stack.js';
import { openStore } from '../src/store/open.js';
import { listTrials, readSweepRecord } from '../src/store/records.js';
import { cpuSeconds, residentMebibytes } from './orchestration/processes.js';
import { keepFinishedTrials, trivialSweep } from './orchestration/sweeps.js';

const { values } = parseArgs({
  args: process.argv.slice(2),
  options: {
    trials: { type: 'string', default: '10000' },
    concurrency: { type: 'string', default: '64' },
    sampler: { type: 'string', default: 'random' },
    from: { type: 'string', default: '0' },
    segments: { type: 'boolean', default: false },
  },
});
function count(name: 'trials' | 'concurrency' | 'from', least = 1): number {
  const value = Number(values[name]);
  if (Number.isInteger(value) && value >= least) return value;
  throw new Error(`--${name} takes a whole number of at least ${least}, not ${values[name]}`);
}
const trials = count('trials');
const concurrency = count('concurrency');
const from = count('from', 0);
if (from >= trials) throw new Error(`--from is ${from}: it must be below --trials (${trials})`);

process.env.RGSWEEP_TRAINER = 'simulated';
const folder = mkdtempSync(join(tmpdir(), 'rgsweep-scale-'));
const storeUrl = `file://${join(folder, 'store')}`;
const say = (line = '') => process.stdout.write(`${line}\n`);

interface Sample {
  created: number;
  seconds: number;
  cpu: { server: number; control: number; train: number };
  memory: { control: number; train: number };
}

/** How many trials the control worker has made, by its own counter: asking costs the same at any size. */
async function createdTrials(metricsUrl: string): Promise<number> {
  const text = await (await fetch(metricsUrl)).text();
  const match = /^rgsweep_suggest_duration_seconds_count(?:\{[^}]*\})? (\d+)/m.exec(text);
  return match ? Number(match[1]) : 0;
}

const stack = await startStack({
  folder,
  storeUrl,
  slots: concurrency,
  log: () => undefined,
  cancel: new AbortController().signal,
  onGivenUp: (error) => {
    throw error;
  },
});
try {
  const store = await openStore(storeUrl);
  const connection = await Connection.connect({ address: stack.address });
  const client = new Client({ connection });
  const [control, train, server] = stack.processes.map((one) => one.pid()!) as [number, number, number];
  const { metricsUrl } = stack.workers.find(({ role }) => role === 'control')!;
  const begun = performance.now();
  const take = async (): Promise<Sample> => ({
    created: from + (await createdTrials(metricsUrl)),
    seconds: (performance.now() - begun) / 1000,
    cpu: { server: cpuSeconds(server), control: cpuSeconds(control), train: cpuSeconds(train) },
    memory: { control: residentMebibytes(control), train: residentMebibytes(train) },
  });
  const spec = trivialSweep('scale', trials, concurrency, values.sampler);
  if (from > 0) await keepFinishedTrials(store, spec, from);
  await launchSweep({ client, store, spec, slots: concurrency });

  const samples = [await take()];
  say(
    `${trials} trials, ${concurrency} at a time, sampler ${values.sampler}; CPU in ms a trial, memory in MiB`,
  );
  say('  trial   wall s   a trial   server  control    train      sum   memory control / train');
  const every = Math.max(50, Math.round((trials - from) / 20));
  const show = (from: Sample, to: Sample) => {
    const a = to.created - from.created;
    const ms = (value: number) => ((1000 * value) / a).toFixed(1).padStart(8);
    const parts = (['server', 'control', 'train'] as const).map((name) => to.cpu[name] - from.cpu[name]);
    const sum = parts.reduce((total, part) => total + part, 0);
    const numbers = [...parts, sum].map(ms).join(' ');
    const wall = `${to.seconds.toFixed(0).padStart(8)} ${ms(to.seconds - from.seconds)}`;
    say(
      `${String(to.created).padStart(7)} ${wall}  ${numbers}   ${to.memory.control.toFixed(0).padStart(6)} / ${to.memory.train.toFixed(0)}`,
    );
    return sum / a;
  };
  while ((await readSweepRecord(store, 'scale'))?.state !== 'complete') {
    await sleep(500);
    const now = await take();
    const before = samples.at(-1)!;
    if (now.created - before.created < every) continue;
    show(before, now);
    samples.push(now);
  }

  samples.push(await take());

  /** CPU per trial over a twentieth of the sweep around a trial. */
  const costAt = (trial: number): number => {
    const before = samples.findLast(({ created }) => created <= trial - every / 2) ?? samples[0]!;
    const after = samples.find(({ created }) => created >= trial + every / 2) ?? samples.at(-1)!;
    const cpu = (one: Sample) => one.cpu.server + one.cpu.control + one.cpu.train;
    return (cpu(after) - cpu(before)) / (after.created - before.created);
  };
  const early = costAt(from + 0.05 * (trials - from) + every / 2);
  const late = costAt(from + 0.9 * (trials - from));
  const records = await listTrials(store, 'scale');
  const complete = records.filter(({ state }) => state === 'complete').length;

  let longest = { events: 0, bytes: 0, workflow: '' };
  let sweepRuns = 0;
  const query = values.segments ? "WorkflowType IN ('sweep', 'trialSegment')" : "WorkflowType = 'sweep'";
  for await (const { workflowId, runId, type } of client.workflow.list({ query })) {
    if (type === 'sweep') sweepRuns++;
    const { historyLength, historySize = 0 } = await client.workflow.getHandle(workflowId, runId).describe();
    if (historyLength > longest.events)
      longest = { events: historyLength, bytes: historySize, workflow: workflowId };
  }
  const steady = samples.filter(({ created }) => created >= from + 0.2 * (trials - from));
  const growth = steady.length > 1 ? steady.at(-1)!.memory.control / steady[0]!.memory.control : NaN;
  say();
  say(`complete                        ${complete} of ${trials}`);
  say(
    `CPU a trial at ${(from + 0.05 * (trials - from)).toFixed(0)} and ${(from + 0.9 * (trials - from)).toFixed(0)}      ${(1000 * early).toFixed(1)} and ${(1000 * late).toFixed(1)} ms, ratio ${(late / early).toFixed(2)} (at most 1.5 wanted)`,
  );
  say(
    `longest history                 ${longest.events} events, ${(longest.bytes / 2 ** 20).toFixed(2)} MiB (${longest.workflow}); ${sweepRuns} runs of the sweep (at most 5,000 events wanted)`,
  );
  say(`memory of the control worker    × ${growth.toFixed(2)} from a fifth of the trials to the end`);
  await connection.close();
} finally {
  await stack.stop();
  rmSync(folder, { recursive: true, force: true });
}
