import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import { SweepFeed } from '../../src/page/feed.js';
import { openStore } from '../../src/store/open.js';
import { fixtureSnapshot } from '../report/fixture.js';
import { keepSweep } from './store.js';

const folder = mkdtempSync(join(tmpdir(), 'rgsweep-feed-'));
afterEach(() => {
  vi.useRealTimers();
  rmSync(folder, { recursive: true, force: true });
});

it('keeps the last picture of a sweep whose store is taken away, and says so', async () => {
  const store = await openStore(`file://${join(folder, 'store')}`);
  const snapshot = fixtureSnapshot();
  await keepSweep(store, snapshot);
  const feed = new SweepFeed(store, snapshot.spec, () => Promise.resolve(undefined));
  const before = await feed.current();
  expect(before.problem).toBeUndefined();
  expect(before.view.records).toHaveLength(snapshot.trials.length);

  rmSync(join(folder, 'store'), { recursive: true });
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 60_000 });
  const after = await feed.current();
  expect(after.problem).toMatch(/no longer has the sweep/);
  expect(after.view).toBe(before.view);
});
