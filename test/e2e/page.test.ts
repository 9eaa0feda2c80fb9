import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Pages } from '../../src/page/pages.js';
import { startPageServer, type PageServer } from '../../src/page/server.js';
import { openStore } from '../../src/store/open.js';
import { readSnapshot } from '../../src/store/records.js';
import type { ObjectStore } from '../../src/store/types.js';
import { findBrowser, openBrowser, openTab } from '../page/browser.js';
import { fixtureTrainer, TestStack, until } from './harness.js';

const browser = findBrowser();
if ('missing' in browser) console.log(`the page beside a running sweep: not run, ${browser.missing}`);

/** `standard` is white noise with one γ(t) for all: what is enqueued below is the same noise path. */
const sweepFile = `
name: watched
task: { name: phi4, size: 2, mass2: -4, coupling: 6.975 }
space:
  parameters:
    basis: { type: categorical, choices: [fourier, pixel] }
    kernel: { type: categorical, choices: [uniform, sigmoid] }
    cutoffWidth: { type: float, low: 0.3, high: 10, log: true, when: { kernel: [sigmoid] } }
    colour: { type: categorical, choices: [white, matched] }
pruner: { name: none, rungs: [40] }
sampler: { name: random, seed: 3 }
budget: { trials: 40, concurrency: 2 }
baselines: [standard]
train: { checkpointEverySteps: 5 }
`;

describe.skipIf('missing' in browser)('the page of a running sweep, with actions allowed', () => {
  const folder = mkdtempSync(join(tmpdir(), 'rgsweep-page-e2e-'));
  const stack = new TestStack(join(folder, 'store'));
  let store: ObjectStore;
  let server: PageServer;
  let context: BrowserContext;
  let close: (() => Promise<void>) | undefined;
  let page: Page;
  let trouble: { messages: string[]; foreign: string[] };

  beforeAll(async () => {
    await stack.start({
      environment: {
        RGSWEEP_TRAINER: JSON.stringify([process.execPath, fixtureTrainer]),
        RGSWEEP_TEST_STEP_MILLISECONDS: '40',
      },
    });
    store = await openStore(stack.storeUrl);
    server = await startPageServer({
      pages: new Pages(store, async () => stack.client, true),
      port: 0,
      host: '127.0.0.1',
      allowedHosts: [],
      allowActions: true,
    });
    ({ context, close } = await openBrowser((browser as { path: string }).path));
    ({ page, trouble } = await openTab(context));
    const launched = await stack.run('launch', stack.writeSweep('watched', sweepFile), '--json');
    expect(launched.stderr).toBe('');
    await until('the baseline to be trained', async () => {
      const { trials } = await readSnapshot(store, 'watched');
      return trials.some((trial) => trial.baseline === 'standard' && trial.rungs.length === 1);
    });
    await page.goto(`${server.url}sweeps/watched`);
    await page.locator('#all-trials tbody tr').first().waitFor();
  }, 300_000);
  afterAll(async () => {
    await close?.();
    await server?.close();
    await stack.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const state = (text: string) =>
    page.locator('.heading .badge', { hasText: text }).waitFor({ timeout: 90_000 });
  const said = (text: RegExp) => page.locator('.said', { hasText: text }).waitFor();
  /** Presses a button, and answers its dialog where it has one. */
  async function press(title: string, text?: string): Promise<void> {
    await page
      .locator('.buttons button', { hasText: new RegExp(`^${title}$`) })
      .first()
      .click();
    const dialog = page.locator('dialog[open]');
    if (text !== undefined) await dialog.locator('textarea').fill(text);
    if (title !== 'Resume' && title !== 'Pause') await dialog.locator('button.strong').click();
  }

  it('shows what runs, and takes trials up by itself', async () => {
    await state('running');
    await page.locator('.running li').first().waitFor();
    const before = await page.locator('#all-trials tbody tr').count();
    await until('a new row', async () => (await page.locator('#all-trials tbody tr').count()) > before, 120);
  }, 200_000);

  it('pauses: the trainers end, and the sweep says so', async () => {
    await press('Pause now');
    await state('paused');
    expect((await readSnapshot(store, 'watched')).state).toBe('paused');
  }, 200_000);

  it('enqueues parameters; what does not belong to the space is refused in words', async () => {
    await press('Enqueue', 'colour: green\nkernel: uniform\nbasis: pixel');
    await said(/colour.*green/);
    await press('Enqueue', 'not a map');
    await said(/name: value/);
    await press('Enqueue', 'basis: fourier\nkernel: uniform\ncolour: white');
    await said(/is enqueued; 1 waiting/);
    await press('Resume');
    await state('running');
  }, 200_000);

  it('a duplicate is never trained, and says which trial it equals', async () => {
    const twin = await until('the enqueued trial', async () =>
      (await readSnapshot(store, 'watched')).trials.find((trial) => trial.origin === 'enqueued'),
    );
    const { trials } = await readSnapshot(store, 'watched');
    const standard = trials.find((trial) => trial.baseline === 'standard')!;
    expect(twin).toMatchObject({ equals: standard.trial, stepsPaid: 0, state: 'complete', rungs: [] });
    // Nothing of a training is in the store: no checkpoint, no curve, no lease.
    const keys: string[] = [];
    for await (const { key } of store.list(`sweeps/watched/trials/${String(twin.trial).padStart(4, '0')}/`))
      keys.push(key.split('/').at(-1)!);
    expect(keys).toEqual(['trial.json']);
    await page.locator(`#all-trials tr[data-trial="${twin.trial}"]`).scrollIntoViewIfNeeded();
    const row = await page.locator(`#all-trials tr[data-trial="${twin.trial}"]`).textContent();
    expect(row).toContain(`same as trial ${standard.trial}`);
    const listed = await stack.run('trials', 'watched');
    expect(listed.stdout).toContain(`same as trial ${standard.trial}`);
  }, 200_000);

  it('stops after asking, and nothing went wrong on the page', async () => {
    await press('Stop');
    await state('stopped');
    await until('the sweep to end', async () => (await readSnapshot(store, 'watched')).finishedAt);
    // Refused actions are errors of the browser's own console, and nothing else is.
    expect(trouble.messages.filter((text) => !/status of 400/.test(text))).toEqual([]);
    expect(trouble.foreign).toEqual([]);
  }, 200_000);
});
