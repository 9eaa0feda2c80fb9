import { rmSync } from 'node:fs';
import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { PageServer } from '../../src/page/server.js';
import { writeTrial } from '../../src/store/records.js';
import type { ObjectStore } from '../../src/store/types.js';
import type { SweepSnapshot } from '../../src/sweep/types.js';
import { fixtureSnapshot } from '../report/fixture.js';
import { findBrowser, openBrowser, openTab } from './browser.js';
import { keepSweep, startTestPage, temporaryStore } from './store.js';

/** The page of a sweep that goes on, used by keyboard: its own updates never take focus from whoever reads it, and one can go and come back. */
const browser = findBrowser();
const inBrowser = test.skipIf('missing' in browser);

const { finishedAt: _, ...fixture } = fixtureSnapshot();
const snapshot: SweepSnapshot = {
  ...fixture,
  state: 'running',
  trials: fixture.trials.map(({ test: _measured, ...trial }) => trial),
};
const sweep = snapshot.spec.name;

let folder: string;
let store: ObjectStore;
let server: PageServer;
let context: BrowserContext;
let close: (() => Promise<void>) | undefined;

beforeAll(async () => {
  ({ store, folder } = await temporaryStore());
  await keepSweep(store, snapshot);
  server = await startTestPage(store);
  if ('path' in browser) ({ context, close } = await openBrowser(browser.path));
}, 120_000);

afterAll(async () => {
  await close?.();
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

/** What has focus, and whether one sees that it has. */
const focused = `(() => {
  const at = document.activeElement;
  const style = getComputedStyle(at);
  return {
    tag: at.localName,
    text: at.getAttribute('href') ?? at.getAttribute('aria-label') ?? at.textContent.trim(),
    within: at.closest('[id]')?.id ?? '',
    seen: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 1,
  };
})()`;
interface Focus {
  tag: string;
  text: string;
  within: string;
  seen: boolean;
}
const focusOf = (page: Page) => page.evaluate<Focus>(focused);

/** Presses the tab key until the focus is as wanted. */
async function tabTo(page: Page, wanted: (focus: Focus) => boolean): Promise<Focus> {
  for (let press = 0; press < 200; press++) {
    await page.keyboard.press('Tab');
    const focus = await focusOf(page);
    if (wanted(focus)) return focus;
  }
  throw new Error('the tab key does not lead there');
}

/** Gives a trial another result at all its rungs, and waits until its row shows it: with its error, as an ESS may be the same number. */
async function change(page: Page, trial: number, kl: number): Promise<void> {
  const record = snapshot.trials.find((one) => one.trial === trial)!;
  await writeTrial(store, sweep, {
    ...record,
    updatedAt: new Date().toISOString(),
    rungs: record.rungs.map((rung) => ({ ...rung, metrics: { ...rung.metrics, kl, klError: kl / 10 } })),
  });
  await page.locator(`tr[data-trial="${trial}"]`, { hasText: `${kl.toPrecision(3)} ± ` }).waitFor();
}

/** The trial that a link or a tick names at its end. */
const numberIn = (text: string) => Number(/\d+$/.exec(text)?.[0]);

const rowOf = (page: Page, trial: number) =>
  page.evaluate<number>(
    `[...document.querySelectorAll('#all-trials tbody tr')].findIndex((row) => row.dataset.trial === '${trial}')`,
  );

describe('the page by keyboard while it brings itself up to date', () => {
  inBrowser(
    'keeps focus where it is, on rows that move and parts that are made anew',
    async () => {
      const { page, trouble } = await openTab(context);
      await page.goto(`${server.url}sweeps/${sweep}`);
      await page.locator('#all-trials tbody tr').first().waitFor();

      // A baseline in the comparison above, which is made anew with its figure.
      const isBaseline = (trial: number) => snapshot.trials[trial]?.baseline !== undefined;
      const baseline = await tabTo(
        page,
        ({ within, tag, text }) => within === 'baselines' && tag === 'a' && isBaseline(numberIn(text)),
      );
      const standing = numberIn(baseline.text);
      await change(page, standing, 0.912);
      await page.locator('#baselines', { hasText: '0.912 ± ' }).waitFor();
      expect(await focusOf(page)).toEqual({ ...baseline, seen: true });

      // A column is sorted, and stays so.
      const head = await tabTo(page, ({ tag, text }) => tag === 'button' && text === 'KL in nats');
      await page.keyboard.press('Enter');
      await page.locator('th[aria-sort=ascending]', { hasText: 'KL in nats' }).waitFor();

      // The first row's tick, then its link; the row moves to the end and back.
      const tick = await tabTo(page, ({ tag, within }) => tag === 'input' && within === 'all-trials');
      await page.keyboard.press('Space');
      const trial = numberIn(tick.text);
      expect(await rowOf(page, trial)).toBe(0);
      await change(page, trial, 0.955);
      expect(await rowOf(page, trial)).toBeGreaterThan(3);
      expect(await focusOf(page)).toEqual({ ...tick, seen: true });
      expect(await page.locator(`tr[data-trial="${trial}"] input`).isChecked()).toBe(true);
      await page.keyboard.press('Tab');
      const link = await focusOf(page);
      expect(link).toEqual({
        tag: 'a',
        text: `/sweeps/${sweep}/trials/${trial}`,
        within: 'all-trials',
        seen: true,
      });
      await change(page, trial, 0.00111);
      expect(await rowOf(page, trial)).toBe(0);
      expect(await focusOf(page)).toEqual(link);
      expect(head.seen).toBe(true);
      expect(await page.locator('th[aria-sort=ascending]').textContent()).toContain('KL in nats');

      // There: the trial's title is read out. Back: where one was.
      await page.keyboard.press('Enter');
      await page.waitForURL(new RegExp(`/trials/${trial}$`));
      await page.locator('#rungs table').waitFor();
      const title = await focusOf(page);
      expect(title.tag).toBe('h1');
      expect(title.text).toContain(`Trial ${trial}`);
      await page.goBack();
      await page.locator('#all-trials tbody tr').first().waitFor();
      await page.locator('#all-trials a:focus').waitFor();
      expect(await focusOf(page)).toEqual(link);
      expect(await page.locator('#all-trials a:focus').isVisible()).toBe(true);
      expect(await page.locator('th[aria-sort=ascending]').textContent()).toContain('KL in nats');
      expect(trouble).toEqual({ messages: [], foreign: [] });
      await page.close();
    },
    120_000,
  );

  inBrowser(
    'leaves open what was opened',
    async () => {
      const { page } = await openTab(context);
      await page.goto(`${server.url}sweeps/${sweep}`);
      await page.locator('#all-trials tbody tr').first().waitFor();
      const [first, second] = snapshot.trials
        .filter(({ baseline, rungs }) => baseline === undefined && rungs.length === 2)
        .map(({ trial }) => trial);
      await change(page, first!, 0.000211);
      const summary = await tabTo(page, ({ tag }) => tag === 'summary');
      await page.keyboard.press('Enter');
      const open = page.locator('#unsettled details[open]');
      await open.waitFor();
      expect(await open.textContent()).not.toContain(`told from trial ${second}`);
      // One more that cannot be told from the best.
      await change(page, second!, 0.000212);
      await page.locator('#unsettled', { hasText: `told from trial ${second}` }).waitFor();
      expect(await open.count()).toBe(1);
      expect((await focusOf(page)).tag).toBe(summary.tag);
      await page.close();
    },
    120_000,
  );
});
