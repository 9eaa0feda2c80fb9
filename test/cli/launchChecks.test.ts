import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { checkLaunch } from '../../src/cli/launchChecks.js';
import { openStore } from '../../src/store/open.js';
import { writeSpec } from '../../src/store/records.js';
import type { ObjectStore } from '../../src/store/types.js';
import type { SweepSpec } from '../../src/sweep/types.js';
import { fixtureSpec } from '../report/fixture.js';

const folder = mkdtempSync(join(tmpdir(), 'rgsweep-launch-checks-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const spec: SweepSpec = { ...fixtureSpec, name: 'known' };
let store: ObjectStore;
const open = async () => store;
beforeAll(async () => {
  store = await openStore(join(folder, 'store'));
  await writeSpec(store, spec);
});

it('a new sweep has nothing to be said of, and its store is not written to', async () => {
  const empty = join(folder, 'empty');
  expect(await checkLaunch(spec, () => openStore(empty))).toEqual([]);
  expect(readdirSync(folder)).not.toContain('empty');
});

it('a name that another file has is refused, as at the launch; --fresh takes another one', async () => {
  await expect(checkLaunch({ ...spec, retries: 7 }, open)).rejects.toMatchObject({ kind: 'conflict' });
  expect(await checkLaunch({ ...spec, retries: 7 }, open, { fresh: true })).toEqual([
    expect.stringContaining('next free name'),
  ]);
  expect(await checkLaunch(spec, open)).toEqual([expect.stringContaining('goes on with it')]);
});

it('a start from a sweep that is not there, or has nothing, is refused', async () => {
  const later = (...warmStart: string[]): SweepSpec => ({ ...spec, name: 'later', warmStart });
  await expect(checkLaunch(later('nobody'), open)).rejects.toThrow(
    /warmStart\.0: .*no sweep called "nobody"/,
  );
  await expect(checkLaunch(later('known'), open)).rejects.toThrow(
    /warmStart\.0: .*none of its trials has a result/,
  );
});

it('folders that trainers need are named where this machine has none', async () => {
  const command = { name: 'command' as const, command: ['train'], folder: join(folder, 'nowhere') };
  const of = (task: SweepSpec['task']) => checkLaunch({ ...spec, name: 'other', task }, open);
  expect(await of(command)).toEqual([
    expect.stringMatching(/task\.folder: .*nowhere is not on this machine/),
  ]);
  expect(await of({ ...command, folder })).toEqual([]);
  expect(await of({ name: 'cifar10', from: join(folder, 'cifar') })).toEqual([
    expect.stringMatching(/task\.from: .*cifar is not on this machine/),
  ]);
  expect(await of({ name: 'cifar10', from: 's3://bucket/cifar' })).toEqual([]);
  expect(await of({ name: 'cifar10' })).toEqual([expect.stringContaining('has no CIFAR-10')]);
});

it('without its store a file is checked all the same, and what was not looked at is said', async () => {
  writeFileSync(join(folder, 'a-file'), '');
  const notes = await checkLaunch({ ...spec, warmStart: ['x'] }, () => openStore(join(folder, 'a-file')));
  expect(notes).toEqual([expect.stringMatching(/store was not looked at, .*warmStart: .*a-file/)]);
});
