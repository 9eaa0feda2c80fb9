/**
 * npm run bench -- scale [--trials 10000] [--concurrency 64] [--sampler random] [--from 0] [--segments] [--folder DIR]
 *
 * One sweep of many trials with a trainer that costs nothing; workflows, activities, signals, server (file database) and
 * store (a folder) are the real ones. Printed: what a trial costs in CPU as the sweep grows, memory of the workers, the
 * longest history of any run. With `--from 8000` the sweep goes on from a store with so many finished trials, which shows in
 * minutes what the last ones cost. `--segments` looks at every segment's history too, not at those of the sweep alone. With
 * `--folder` everything is kept there, and the same command goes on where it was broken off (Ctrl-C, or killed).
 * CPU rather than time is compared, since it does not depend on what else the machine does. Runs on Linux.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Client, Connection } from '@temporalio/client';
import { launchSweep } from '../src/cli/client.js';
import { startStack } from '../src/stack/stack.js';
import { layout } from '../src/store/layout.js';
import { openStore } from '../src/store/open.js';
import { listTrials, readSpec, readSweepRecord } from '../src/store/records.js';
import { wholeNumber } from './arguments/wholeNumber.js';
import { costAt, keepInterval, keptIntervals, type Interval } from './orchestration/intervals.js';
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
    folder: { type: 'string' },
  },
});
const trials = wholeNumber('trials', values.trials);
const concurrency = wholeNumber('concurrency', values.concurrency);
const from = wholeNumber('from', values.from, 0);
if (from >= trials) throw new Error(`--from is ${from}: it must be below --trials (${trials})`);

process.env.RGSWEEP_TRAINER = 'simulated';
const folder =
  values.folder === undefined ? mkdtempSync(join(tmpdir(), 'rgsweep-scale-')) : resolve(values.folder);
mkdirSync(folder, { recursive: true });
const storeUrl = `file://${join(folder, 'store')}`;
const say = (line = '') => process.stdout.write(`${line}\n`);
const stop = new AbortController();
process.once('SIGINT', () => stop.abort());
process.once('SIGTERM', () => stop.abort());

interface Sample {
  created: number;
  seconds: number;
  cpu: { server: number; control: number; train: number };
  memory: { server: number; control: number; train: number };
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
  cancel: stop.signal,
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
  const spec = trivialSweep('scale', trials, concurrency, values.sampler);
  if (from > 0 && !(await readSpec(store, 'scale'))) await keepFinishedTrials(store, spec, from);
  let before = 0;
  for await (const _trial of store.listFolders(layout.trials('scale'))) before++;
  before -= await createdTrials(metricsUrl);
  await launchSweep({ client, store, spec, slots: concurrency });

  const begun = performance.now();
  const take = async (): Promise<Sample> => ({
    created: before + (await createdTrials(metricsUrl)),
    seconds: (performance.now() - begun) / 1000,
    cpu: { server: cpuSeconds(server), control: cpuSeconds(control), train: cpuSeconds(train) },
    memory: {
      server: residentMebibytes(server),
      control: residentMebibytes(control),
      train: residentMebibytes(train),
    },
  });
  const show = ({ to, from: start, seconds, cpu, memory }: Interval) => {
    const ms = (value: number) => ((1000 * value) / (to - start)).toFixed(1).padStart(8);
    const parts = [cpu.server, cpu.control, cpu.train, cpu.server + cpu.control + cpu.train];
    const sizes = [memory.server, memory.control, memory.train].map((size) => size.toFixed(0).padStart(5));
    say(`${String(to).padStart(7)}  ${ms(seconds)}  ${parts.map(ms).join(' ')}   ${sizes.join(' / ')}`);
  };

  const intervals = keptIntervals(folder);
  say(
    `${trials} trials, ${concurrency} at a time, sampler ${values.sampler}; a trial's wall time and CPU in ms, memory in MiB`,
  );
  say('  trial      wall    server  control    train      sum   server / control / train');
  for (const interval of intervals) show(interval);
  const every = Math.max(50, Math.round((trials - from) / 40));
  let last = await take();
  const keep = async (least: number) => {
    const now = await take();
    if (now.created - last.created < least) return;
    const interval: Interval = {
      from: last.created,
      to: now.created,
      seconds: now.seconds - last.seconds,
      cpu: {
        server: now.cpu.server - last.cpu.server,
        control: now.cpu.control - last.cpu.control,
        train: now.cpu.train - last.cpu.train,
      },
      memory: now.memory,
    };
    keepInterval(folder, interval);
    intervals.push(interval);
    show(interval);
    last = now;
  };
  const complete = async () => (await readSweepRecord(store, 'scale'))?.state === 'complete';
  let ended = await complete();
  while (!ended && !stop.signal.aborted) {
    await sleep(1000, undefined, { signal: stop.signal }).catch(() => undefined);
    await keep(every);
    ended = await complete();
  }
  await keep(1);

  if (ended) {
    const records = await listTrials(store, 'scale');
    const finished = records.filter(({ state }) => state === 'complete').length;
    let longest = { events: 0, bytes: 0, workflow: '' };
    let sweepRuns = 0;
    let segments = 0;
    const query = values.segments ? "WorkflowType IN ('sweep', 'trialSegment')" : "WorkflowType = 'sweep'";
    for await (const { workflowId, type, historyLength, historySize } of client.workflow.list({ query })) {
      if (type === 'sweep') sweepRuns++;
      else segments++;
      if (historyLength > longest.events)
        longest = { events: historyLength, bytes: historySize ?? 0, workflow: workflowId };
    }
    const [early, late] = [from + 0.05 * (trials - from), from + 0.9 * (trials - from)];
    const [costEarly, costLate] = [costAt(intervals, early), costAt(intervals, late)];
    const steady = intervals.filter(({ to }) => to >= from + 0.2 * (trials - from));
    const growth = (name: 'control' | 'train') => {
      const sizes = steady.map(({ memory }) => memory[name]);
      return `${sizes[0]?.toFixed(0)} → ${sizes.at(-1)?.toFixed(0)} MiB, at most ${Math.max(...sizes).toFixed(0)}`;
    };
    say();
    say(`complete                        ${finished} of ${trials}`);
    say(
      `CPU a trial at ${early.toFixed(0)} and ${late.toFixed(0)}      ${(1000 * costEarly).toFixed(1)} and ${(1000 * costLate).toFixed(1)} ms, ratio ${(costLate / costEarly).toFixed(2)} (at most 1.5 wanted)`,
    );
    say(
      `longest history                 ${longest.events} events, ${(longest.bytes / 2 ** 20).toFixed(2)} MiB (${longest.workflow}); ${sweepRuns} runs of the sweep${segments > 0 ? `, ${segments} segments` : ''} (at most 5,000 events wanted)`,
    );
    say(`memory of the control worker    ${growth('control')}, from a fifth of the trials to the end`);
    say(`memory of the training worker   ${growth('train')}`);
  } else say(`broken off at trial ${last.created}; the same command goes on`);
  await connection.close();
} finally {
  await stack.stop();
  if (values.folder === undefined) rmSync(folder, { recursive: true, force: true });
}
