import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { PageServer } from '../../src/page/server.js';
import { renderReport } from '../../src/report/html.js';
import { bestSearched } from '../../src/report/ranking.js';
import { writeLog } from '../../src/store/logs.js';
import { fixtureSnapshot, fixtureStatistics } from '../report/fixture.js';
import { findBrowser, openBrowser, openTab } from './browser.js';
import { keepArtifacts, keepSweep, startTestPage, temporaryStore } from './store.js';

/**
 * The page and the report by keyboard and for screen readers, in a real Chromium: axe-core's rules for WCAG 2.2, levels A and AA, and its
 * best practices (contrast of rendered text, names, roles, tables, landmarks, headings), light and dark; and the order of the tab key.
 */
const browser = findBrowser();
const inBrowser = test.skipIf('missing' in browser);
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

const snapshot = fixtureSnapshot();
const sweep = snapshot.spec.name;
const best = bestSearched(snapshot)!.trial;
const failed = snapshot.trials.find(({ state }) => state === 'failed')!.trial;

let folder: string;
let server: PageServer;
let context: BrowserContext;
let close: (() => Promise<void>) | undefined;
let report: string;

beforeAll(async () => {
  const made = await temporaryStore();
  folder = made.folder;
  await keepSweep(made.store, snapshot);
  await keepArtifacts(made.store, snapshot, best);
  await writeLog(made.store, { sweep, trial: best, part: '20260301T090000Z-1' }, [
    { at: '2026-03-01T09:00:01.000Z', level: 'output', text: 'step 100' },
  ]);
  server = await startTestPage(made.store);
  report = join(folder, 'report.html');
  writeFileSync(
    report,
    await renderReport({ snapshot, statistics: fixtureStatistics(), versions: { rgsweep: '0' } }),
  );
  if ('path' in browser) ({ context, close } = await openBrowser(browser.path));
}, 120_000);

afterAll(async () => {
  await close?.();
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

interface AxeResult {
  passes: { id: string }[];
  violations: { id: string; help: string; nodes: { html: string; failureSummary: string }[] }[];
}

/** What axe-core finds: a line for each element that breaks a rule; and the rules that applied. */
async function inspect(page: Page): Promise<{ broken: string[]; applied: string[] }> {
  await page.evaluate(axe);
  const { violations, passes } = await page.evaluate<AxeResult>(
    "axe.run(document, { resultTypes: ['violations', 'passes'] })",
  );
  return {
    broken: violations.flatMap(({ id, help, nodes }) =>
      nodes
        .slice(0, 5)
        .map(({ html, failureSummary }) => `${id}: ${help}: ${html.slice(0, 200)} ${failureSummary}`),
    ),
    applied: passes.map(({ id }) => id),
  };
}

/** Scrolls through the page until every chart is drawn. */
async function drawAll(page: Page): Promise<void> {
  for (const figure of await page.locator('figure[id^=chart-]').all()) {
    await figure.scrollIntoViewIfNeeded();
    await figure.locator('svg, .empty').first().waitFor();
  }
}

const places: [string, () => string, string][] = [
  ['list of sweeps', () => server.url, '#sweeps tbody tr'],
  ['page of a sweep', () => `${server.url}sweeps/${sweep}`, '#all-trials tbody tr'],
  ['page of a trial', () => `${server.url}sweeps/${sweep}/trials/${best}`, '#log pre'],
  ['page of a failed trial', () => `${server.url}sweeps/${sweep}/trials/${failed}`, '#failures td'],
  ['page of no sweep', () => `${server.url}sweeps/none`, '#problem p'],
  ['report', () => pathToFileURL(report).href, '#all-trials tbody tr'],
];

describe('everybody can use', () => {
  inBrowser.each(places)('the %s', async (name, url, ready) => {
    const { page } = await openTab(context);
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      if (colorScheme === 'light') {
        await page.goto(url());
        await page.locator(ready).first().waitFor();
        await drawAll(page);
        for (const summary of await page.locator('summary').all()) await summary.click();
      }
      const { broken, applied } = await inspect(page);
      expect(broken, `${name}, ${colorScheme}`).toEqual([]);
      // Rules that found nothing to look at would pass as well.
      expect(applied).toContain('color-contrast');
      if (name.endsWith('of a sweep') || name === 'report')
        for (const rule of ['svg-img-alt', 'th-has-data-cells', 'label', 'scrollable-region-focusable'])
          expect(applied, name).toContain(rule);
    }
    const charts = await page.locator('svg[role=img]').all();
    for (const chart of charts)
      expect((await chart.getAttribute('aria-label'))!.split(' ').length).toBeGreaterThan(3);
    await page.close();
  });

  inBrowser('charts by pointer: a mark leads to its trial', async () => {
    const { page } = await openTab(context);
    for (const [url, place] of [
      [`${server.url}sweeps/${sweep}`, /\/trials\/\d+$/],
      [pathToFileURL(report).href, /#trial-\d+$/],
    ] as const) {
      await page.goto(url);
      await page.locator('#all-trials tbody tr').first().waitFor();
      const mark = page.locator('svg .mark-symbol [data-trial]').first();
      await page.locator('figure').first().scrollIntoViewIfNeeded();
      await mark.click({ force: true });
      await page.waitForURL(place);
    }
    await page.close();
  });
});

/** What has focus now, in the words of who listens, and whether one sees it. */
const focused = `(() => {
  const at = document.activeElement;
  const style = getComputedStyle(at);
  return {
    what: at.id || at.getAttribute('aria-label') || at.textContent.trim().slice(0, 60),
    tag: at.tagName.toLowerCase(),
    within: at.closest('[id]')?.id ?? '',
    seen: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 1,
  };
})()`;
interface Stop {
  what: string;
  tag: string;
  within: string;
  seen: boolean;
}

describe('the tab key', () => {
  inBrowser.each([
    ['page', () => `${server.url}sweeps/${sweep}`],
    ['report', () => pathToFileURL(report).href],
  ])('reaches everything of the %s in the order one reads, and one sees where it is', async (name, url) => {
    const { page } = await openTab(context);
    await page.goto(url());
    await page.locator('#all-trials tbody tr').first().waitFor();
    expect(await page.locator('[tabindex]:not([tabindex="0"]):not([tabindex="-1"])').count()).toBe(0);
    const stops: Stop[] = [];
    for (let press = 0; press < 300; press++) {
      await page.keyboard.press('Tab');
      const stop = await page.evaluate<Stop>(focused);
      if (stop.tag === 'body') break;
      stops.push(stop);
    }
    expect(stops.filter(({ seen }) => !seen)).toEqual([]);
    const place = (test: (stop: Stop) => boolean) => stops.findIndex(test);
    const order = [
      ...(name === 'page' ? [place(({ what }) => what === 'Skip to the content')] : []),
      place(({ what }) => what === 'All trials'),
      place(({ tag, within }) => tag === 'input' && within === 'trials'),
      place(({ tag, what }) => tag === 'button' && what === 'KL in nats'),
    ];
    expect(order, JSON.stringify(stops)).not.toContain(-1);
    expect(order).toEqual([...order].sort((a, b) => a - b));
    if (name === 'page')
      expect(
        place(({ tag, what, within }) => tag === 'a' && what === String(best) && within === 'all-trials'),
      ).toBeGreaterThan(order.at(-1)!);
    await page.close();
  });
});
