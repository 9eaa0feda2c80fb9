import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { findLaunched } from '../../src/cli/client.js';
import { openStore } from '../../src/store/open.js';
import { writeSpec } from '../../src/store/records.js';
import type { ObjectStore } from '../../src/store/types.js';
import type { SweepSpec } from '../../src/sweep/types.js';
import type { ModuleTask } from '../../src/train/protocol.js';
import { fixtureSpec } from '../report/fixture.js';

const folder = mkdtempSync(join(tmpdir(), 'rgsweep-launched-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const task: ModuleTask = {
  name: 'module',
  module: '/tasks/wells.mjs',
  settings: { size: 4 },
  title: 'wells',
  sha256: 'a'.repeat(64),
  shape: { height: 1, width: 4, channels: 1 },
  metrics: ['kl'],
  source: 'b'.repeat(64),
};
const spec: SweepSpec = { ...fixtureSpec, task };
let store: ObjectStore;
beforeAll(async () => {
  store = await openStore(`file://${folder}`);
  await writeSpec(store, spec);
});

it('the same file attaches to its sweep', async () => {
  expect(await findLaunched(store, spec)).toEqual({ known: spec, finished: false });
});

it.each<[what: string, spec: SweepSpec, said: string]>([
  ['another file', { ...spec, retries: 7 }, 'launched from another file'],
  [
    'another module',
    { ...spec, task: { ...task, sha256: 'c'.repeat(64) } },
    'before its task module changed',
  ],
  [
    'other data of a module',
    { ...spec, task: { ...task, source: 'd'.repeat(64) } },
    'before the files of its data changed',
  ],
  [
    'another module and file',
    { ...spec, retries: 7, task: { ...task, sha256: 'c'.repeat(64) } },
    'launched from another file',
  ],
])('%s under its name is refused, and said to be that', async (_what, other, said) => {
  await expect(findLaunched(store, other)).rejects.toMatchObject({
    kind: 'conflict',
    message: expect.stringContaining(said) as string,
  });
});
