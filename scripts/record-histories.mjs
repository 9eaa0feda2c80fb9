import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { buildIfNeeded } from './lib/build.mjs';
import { installIfNeeded, requireNode, root, say } from './lib/project.mjs';

// node scripts/record-histories.mjs VERSION: runs small sweeps on the embedded stack, with a trainer that costs nothing, and keeps
// the histories of their workflows as test/histories/VERSION-NAME.json. See docs/decisions/workflow-versions.md.
requireNode();
const [version] = process.argv.slice(2);
if (!/^[0-9A-Za-z.-]+$/.test(version ?? '')) {
  say('usage: node scripts/record-histories.mjs VERSION, for example 0.1.0');
  process.exit(2);
}
await installIfNeeded();
await buildIfNeeded();
const built = (file) => import(join(root, 'dist', 'src', file));
const [{ startStack }, { launchSweep }, { openStore }, { readSweepRecord }, { parseSweepFile }] =
  await Promise.all(
    ['stack/stack.js', 'cli/client.js', 'store/open.js', 'store/records.js', 'sweep/spec.js'].map(built),
  );
const { Client, Connection } = await import('@temporalio/client');
const { temporal } = await import('@temporalio/proto').then((module) => module.default ?? module);

process.env.RGSWEEP_TRAINER = 'simulated';
const folder = mkdtempSync(join(tmpdir(), 'rgsweep-histories-'));
const storeUrl = `file://${join(folder, 'store')}`;
const fail = (error) => {
  throw error;
};
const stack = await startStack({
  folder,
  storeUrl,
  slots: 2,
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
async function keep(client, workflowId, name) {
  const history = await client.workflow.getHandle(workflowId).fetchHistory();
  const { History } = temporal.api.history.v1;
  const bytes = History.encode(History.fromObject(scrubbed(history))).finish();
  const file = join('test', 'histories', `${version}-${name}.json`);
  const content = { workflowId, events: history.events.length, history: gzipSync(bytes).toString('base64') };
  writeFileSync(join(root, file), `${JSON.stringify(content)}\n`);
  say(`${file}: ${history.events.length} events`);
}

try {
  const store = await openStore(storeUrl);
  const connection = await Connection.connect({ address: stack.address });
  const client = new Client({ connection });
  const text = `{ name: recorded, task: { name: phi4, size: 2 }, sampler: { name: random, seed: 3 },
    pruner: { name: asha, reduction: 2, rungs: [1, 2] }, baselines: [standard], budget: { trials: 4, concurrency: 2 },
    space: { parameters: { cutoffWidth: { type: float, low: 0.1, high: 10, log: true }, kernel: sigmoid, ordering: log-variance } } }`;
  const spec = parseSweepFile(text, 'recorded', () => '');
  await launchSweep({ client, store, spec, slots: 2 });
  const handle = client.workflow.getHandle(spec.name);
  await handle.executeUpdate('pause', { args: [{ now: false }] });
  await handle.executeUpdate('resume');
  await handle.executeUpdate('extend', { args: [{ trials: 1 }] });
  while ((await readSweepRecord(store, spec.name))?.state !== 'complete') await sleep(100);
  await handle.result();
  await keep(client, 'recorded', 'sweep');
  await keep(client, 'recorded/trial-0001', 'segment');
  await connection.close();
} finally {
  await stack.stop();
  rmSync(folder, { recursive: true, force: true });
}
// Open handles of native libraries must not keep an ended program alive.
process.exit(0);
