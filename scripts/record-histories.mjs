import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { buildIfNeeded } from './lib/build.mjs';
import { installIfNeeded, requireNode, root, say } from './lib/project.mjs';

// node scripts/record-histories.mjs VERSION: runs small sweeps on the embedded stack, with a trainer that costs next to nothing, and
// keeps the histories of their workflows as test/histories/VERSION-NAME.json. See docs/decisions/workflow-versions.md.
requireNode();
const [version] = process.argv.slice(2);
if (!/^[0-9A-Za-z.-]+$/.test(version ?? '')) {
  say('usage: node scripts/record-histories.mjs VERSION, for example 0.1.0');
  process.exit(2);
}
await installIfNeeded();
await buildIfNeeded();
const built = (file) => import(join(root, 'dist', 'src', file));
const [
  { startStack },
  { launchSweep },
  { resumeFromStore },
  { openStore },
  { readSweepRecord, readTrial },
  { parseSweepFile },
] = await Promise.all(
  [
    'stack/stack.js',
    'cli/client.js',
    'cli/resume.js',
    'store/open.js',
    'store/records.js',
    'sweep/spec.js',
  ].map(built),
);
const { Client, Connection } = await import('@temporalio/client');
const { temporal } = await import('@temporalio/proto').then((module) => module.default ?? module);

/** The server suggests to continue as new after so many events instead of 4,096. */
const eventsOfRun = 250;

const folder = mkdtempSync(join(tmpdir(), 'rgsweep-histories-'));
const storeUrl = `file://${join(folder, 'store')}`;
const faults = join(folder, 'faults');
mkdirSync(faults);
const webhook = createServer((request, response) => request.resume().on('end', () => response.end()));
await new Promise((resolve) => webhook.listen(0, '127.0.0.1', resolve));
process.env.RGSWEEP_TRAINER = JSON.stringify([process.execPath, join(root, 'test/fixtures/trainer.mjs')]);
process.env.RGSWEEP_TEST_FAULTS = faults;
process.env.RGSWEEP_WEBHOOK = `http://127.0.0.1:${webhook.address().port}`;
const fail = (error) => {
  throw error;
};
const stack = await startStack({
  folder,
  storeUrl,
  slots: 2,
  serverArguments: ['--dynamic-config-value', `limit.historyCount.suggestContinueAsNew=${eventsOfRun}`],
  log: () => undefined,
  cancel: new globalThis.AbortController().signal,
  onGivenUp: fail,
});

/** A copy without names of the machine that recorded it. */
function scrubbed(value) {
  if (value === null || typeof value !== 'object' || ArrayBuffer.isView(value) || '__isLong__' in value)
    return value;
  if (Array.isArray(value)) return value.map(scrubbed);
  const entries = Object.entries(value).map(([key, one]) => [
    key,
    key === 'identity' ? 'recorded' : scrubbed(one),
  ]);
  return Object.fromEntries(entries);
}

/** Keeps a history in Temporal's own binary form: its JSON form cannot be read back where protobufjs is installed twice. */
async function keep(handle, name) {
  const history = await handle.fetchHistory();
  const { History } = temporal.api.history.v1;
  const bytes = History.encode(History.fromObject(scrubbed(history))).finish();
  const file = join('test', 'histories', `${version}-${name}.json`);
  const { workflowId } = handle;
  const content = { workflowId, events: history.events.length, history: gzipSync(bytes).toString('base64') };
  writeFileSync(join(root, file), `${JSON.stringify(content)}\n`);
  say(`${file}: ${history.events.length} events`);
}

const specOf = (name, trials) =>
  parseSweepFile(
    `{ name: ${name}, task: { name: phi4, size: 2 }, sampler: { name: random, seed: 3 }, notify: {}, train: { retries: 0 },
    pruner: { name: asha, reduction: 2, rungs: [1, 2] }, baselines: [standard], budget: { trials: ${trials}, concurrency: 2 },
    space: { parameters: { cutoffWidth: { type: float, low: 0.1, high: 10, log: true }, kernel: sigmoid, ordering: log-variance } } }`,
    name,
    () => '',
  );

try {
  const store = await openStore(storeUrl);
  const connection = await Connection.connect({ address: stack.address });
  const client = new Client({ connection });
  const handleOf = (...id) => client.workflow.getHandle(...id);
  const launch = (name, trials) => launchSweep({ client, store, spec: specOf(name, trials), slots: 2 });
  /** All runs of a workflow, the first one first. */
  const runsOf = async (workflowId) => {
    const runs = [];
    for await (const { runId, startTime } of client.workflow.list({ query: `WorkflowId = "${workflowId}"` }))
      runs.push({ runId, startTime });
    runs.sort((one, other) => one.startTime - other.startTime);
    return runs.map(({ runId }) => handleOf(workflowId, runId));
  };
  const ended = async (name, state) => {
    while ((await readSweepRecord(store, name))?.state !== state) await sleep(100);
    await handleOf(name).result();
  };

  await launch('recorded', 4);
  const handle = handleOf('recorded');
  await handle.executeUpdate('pause', { args: [{ now: false }] });
  await handle.executeUpdate('resume');
  await handle.executeUpdate('extend', { args: [{ trials: 1 }] });
  await ended('recorded', 'complete');
  await keep(handle, 'sweep');
  const measured = await runsOf('recorded/trial-0001');
  await keep(measured[0], 'segment-trained');
  await keep(measured.at(-1), 'segment');

  await launch('continued', 12);
  await ended('continued', 'complete');
  const runs = await runsOf('continued');
  if (runs.length < 2) throw new Error('the sweep did not continue as new');
  await keep(runs[0], 'sweep-continues');
  await keep(runs.at(-1), 'sweep-continued');

  // A trial fails for good and is told, the sweep is stopped, and goes on from the store with that trial tried again.
  const fault = join(faults, '1.json');
  writeFileSync(fault, JSON.stringify({ kind: 'bad-configuration', message: 'for the record', step: 1 }));
  await launch('stopped', 6);
  while ((await readTrial(store, 'stopped', 1))?.state !== 'failed') await sleep(50);
  await handleOf('stopped').executeUpdate('stop');
  await ended('stopped', 'stopped');
  await keep(handleOf('stopped'), 'sweep-stopped');
  rmSync(fault);
  const retry = { trials: 'all' };
  await resumeFromStore({ client, store, sweep: 'stopped', slots: async () => 2, retry });
  await ended('stopped', 'complete');
  await keep(handleOf('stopped'), 'sweep-resumed');
  for await (const { workflowId } of client.workflow.list({ query: 'WorkflowType = "notification"' })) {
    await handleOf(workflowId).result();
    await keep(handleOf(workflowId), 'notice');
    break;
  }
  await connection.close();
} finally {
  await stack.stop();
  webhook.close();
  rmSync(folder, { recursive: true, force: true });
}
// Open handles of native libraries must not keep an ended program alive.
process.exit(0);
