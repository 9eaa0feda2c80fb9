import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { PageServer } from '../../src/page/server.js';
import { galleryCharts } from '../../src/report/gallery.js';
import { renderReport } from '../../src/report/html.js';
import { bestSearched } from '../../src/report/ranking.js';
import { writeLog } from '../../src/store/logs.js';
import type { SweepSnapshot } from '../../src/sweep/types.js';
import { fixtureSnapshot, fixtureStatistics } from '../report/fixture.js';
import { findBrowser, openBrowser, openTab, visibleMarks } from './browser.js';
import { keepArtifacts, keepSweep, largeSnapshot, startTestPage, temporaryStore } from './store.js';

const browser = findBrowser();
if ('missing' in browser) console.log(`tests in a real browser: not run, ${browser.missing}`);
const inBrowser = test.skipIf('missing' in browser);

/** Names and messages that want to be more than text. */
const hostile = [
  '<img src=x onerror="window.pwned=1">',
  '"><script>window.pwned=1</script>',
  "'-alert(1)-'",
  '\u202emirrored\u2066',
  'שלום עולם مرحبا',
  'x'.repeat(10_000),
  '</svg><b id="broken">',
];

function hostileSnapshot(): SweepSnapshot {
  const snapshot = fixtureSnapshot();
  snapshot.spec = { ...snapshot.spec, name: 'hostile', baselines: [...snapshot.spec.baselines] };
  snapshot.trials = snapshot.trials.map((trial, index) => {
    const text = hostile[index % hostile.length]!;
    return {
      ...trial,
      label: `${text} ${trial.label}`,
      parameters: { ...trial.parameters, [text]: text, note: text },
      failures:
        index % 3 === 0
          ? [{ kind: 'crashed' as const, message: hostile.join(' '), step: 3, at: trial.updatedAt }]
          : trial.failures,
    };
  });
  return snapshot;
}

let folder: string;
let server: PageServer;
let context: BrowserContext | undefined;
let close: (() => Promise<void>) | undefined;
const quick = fixtureSnapshot();
const best = bestSearched(quick)!.trial;

beforeAll(async () => {
  const made = await temporaryStore();
  folder = made.folder;
  await keepSweep(made.store, quick);
  await keepArtifacts(made.store, quick, best);
  await writeLog(made.store, { sweep: quick.spec.name, trial: best, part: '20260301T090000Z-1' }, [
    { at: '2026-03-01T09:00:01.000Z', level: 'output', text: `wasm backend ${hostile[0]}` },
    { at: '2026-03-01T09:00:02.000Z', level: 'warning', text: 'the store did not answer' },
  ]);
  await keepSweep(made.store, largeSnapshot('middle', 60));
  await keepSweep(made.store, largeSnapshot('large', 2000));
  await keepSweep(made.store, hostileSnapshot());
  server = await startTestPage(made.store);
  if ('path' in browser) ({ context, close } = await openBrowser(browser.path));
}, 300_000);

afterAll(async () => {
  await close?.();
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

const tab = () => openTab(context!);
/** To the last of 2,000 rows and back: those that are seen are there, few others, and the focus stays. */
async function scrollThrough(page: Page): Promise<void> {
  const table = page.locator('.scroll.tall');
  await table.scrollIntoViewIfNeeded();
  const rows = page.locator('#all-trials tr[data-trial]');
  const first = (await rows.first().getAttribute('data-trial'))!;
  await rows.first().locator('a').focus();
  const wheel = (distance: number) =>
    page.evaluate(
      `document.querySelector('.scroll.tall').scrollBy({ top: ${distance}, behavior: 'instant' })`,
    );
  await wheel(20_000);
  const middle = page.locator('#all-trials tr[aria-rowindex="540"]');
  await middle.waitFor();
  const [row, room] = [(await middle.boundingBox())!, (await table.boundingBox())!];
  // Rows that are not there leave room of their own height: this one is where it would be with all of them.
  expect(Math.abs(row.y - (await place(page, 20_000, 538)))).toBeLessThan(2);
  expect(row.y).toBeLessThan(room.y + room.height);
  await wheel(200_000);
  await page.locator('#all-trials tr[aria-rowindex="2001"]').waitFor();
  expect(await rows.count()).toBeLessThan(90);
  expect(await page.locator('#all-trials').getAttribute('aria-rowcount')).toBe('2001');
  expect(await page.locator(`#all-trials tr[data-trial="${first}"] a:focus`).count()).toBe(1);
  await wheel(-400_000);
  await page.locator('#all-trials tr[aria-rowindex="2"]').waitFor();
  expect(await rows.first().getAttribute('data-trial')).toBe(first);
}

/** Where row `row` of the table is on the screen when it has been scrolled by `top` and all rows are as high as one. */
function place(page: Page, top: number, row: number): Promise<number> {
  return page.evaluate<number>(`(() => {
    const table = document.querySelector('.scroll.tall');
    const head = table.querySelector('thead').getBoundingClientRect().height;
    const height = table.querySelector('tr[data-trial]').getBoundingClientRect().height;
    return table.getBoundingClientRect().top + table.clientTop + head + ${row} * height - ${top};
  })()`);
}

const rowCount = (page: Page) => page.locator('#all-trials tbody tr:visible').count();
const cells = (page: Page, column: number) =>
  page.locator(`#all-trials tbody tr > :nth-child(${column})`).allTextContents();

describe('the page’s server', () => {
  test('answers with a strict policy, and to nobody who calls it by another name', async () => {
    const response = await fetch(server.url);
    const policy = response.headers.get('content-security-policy')!;
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toMatch(/unsafe|https?:|\*/);
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    expect(await response.text()).not.toMatch(/https?:|rgsweep-token/);
    const { status, headers } = await fetch(`${server.url}api/sweeps/phi4-quick`);
    expect(status).toBe(200);
    const again = await fetch(`${server.url}api/sweeps/phi4-quick`, {
      headers: { 'if-none-match': headers.get('etag')! },
    });
    expect(again.status).toBe(304);
  });

  test('sends one script, and rows that are packed for whoever takes them packed', async () => {
    const shell = await (await fetch(`${server.url}sweeps/large`)).text();
    expect(shell.match(/<script[^>]*>/g)).toHaveLength(1);
    const rows = `${server.url}api/sweeps/large/trials?since=0`;
    const size = async (encoding: string) => {
      const { headers } = await fetch(rows, { headers: { 'accept-encoding': encoding } });
      return { encoding: headers.get('content-encoding'), bytes: Number(headers.get('content-length')) };
    };
    const [packed, plain] = [await size('gzip'), await size('identity')];
    expect(packed.encoding).toBe('gzip');
    expect(plain.encoding).toBeNull();
    expect(packed.bytes).toBeLessThan(plain.bytes / 3);
  });

  test('refuses actions, other methods and what does not exist, in words', async () => {
    const post = await fetch(`${server.url}api/sweeps/phi4-quick/actions`, { method: 'POST', body: '{}' });
    expect(post.status).toBe(403);
    expect(await post.text()).toContain('--allow-actions');
    expect((await fetch(server.url, { method: 'PUT' })).status).toBe(405);
    for (const path of [
      'api/sweeps/none',
      'api/sweeps/%2e%2e',
      'assets/../main.ts',
      'api/sweeps/large/charts/none',
      'x',
    ]) {
      const { status } = await fetch(server.url + path);
      expect(status, path).toBeGreaterThanOrEqual(400);
      expect(status, path).toBeLessThan(500);
    }
  });
});

describe('the page in a browser', () => {
  inBrowser('shows every chart, none of them empty', async () => {
    const { page, trouble } = await tab();
    await page.goto(`${server.url}sweeps/phi4-quick`);
    for (const id of galleryCharts.keys()) {
      // A dozen trials say nothing about importance, and the page says so; more do.
      if (id === 'importance') {
        await page.locator('#chart-importance .empty', { hasText: '12' }).waitFor();
        await page.goto(`${server.url}sweeps/middle`);
      }
      const figure = page.locator(`#chart-${id}`);
      await figure.scrollIntoViewIfNeeded();
      await figure.locator('svg').first().waitFor();
      expect(await visibleMarks(page, `#chart-${id}`), id).toBeGreaterThan(1);
      if (id === 'importance') await page.goto(`${server.url}sweeps/phi4-quick`);
    }
    expect(await page.locator('.answer').textContent()).toMatch(/beats standard diffusion|tie/);
    expect(trouble).toEqual({ messages: [], foreign: [] });
    await page.close();
  });

  inBrowser('sorts and filters by keyboard, and links to trials', async () => {
    const { page, trouble } = await tab();
    await page.goto(`${server.url}sweeps/phi4-quick`);
    await page.locator('#all-trials tbody tr').first().waitFor();
    const all = await rowCount(page);
    expect(all).toBe(quick.trials.length);
    const head = page.locator('#all-trials thead th', { hasText: 'KL in nats' });
    await head.locator('button').focus();
    await page.keyboard.press('Enter');
    expect(await head.getAttribute('aria-sort')).toBe('ascending');
    const values = (await cells(page, 4)).filter(Boolean).map((text) => Number(text.split(' ')[0]));
    expect(values).toEqual([...values].sort((a, b) => a - b));
    await page.keyboard.press('Enter');
    expect(await head.getAttribute('aria-sort')).toBe('descending');
    await page.locator('input[type=search]').fill('fourier kl<0.1');
    const some = await rowCount(page);
    expect(some).toBeGreaterThan(0);
    expect(some).toBeLessThan(all);
    for (const text of await cells(page, 4)) expect(Number(text.split(' ')[0])).toBeLessThan(0.1);
    await page.locator('input[type=search]').fill('');
    await page.locator('.tools select').last().selectOption('failed');
    expect(await rowCount(page)).toBe(1);
    await page.goto(`${server.url}sweeps/phi4-quick/trials/${best}`);
    for (const id of ['trial-loss', 'trial-gamma', 'trial-noise', 'trial-cutoff']) {
      await page.locator(`#chart-${id}`).scrollIntoViewIfNeeded();
      await page.locator(`#chart-${id} svg`).waitFor();
      expect(await visibleMarks(page, `#chart-${id}`), id).toBeGreaterThan(0);
    }
    expect(await page.locator('#samples img').count()).toBe(1);
    expect(await page.locator('#log pre').textContent()).toBe(
      `09:00:01 wasm backend ${hostile[0]}\n09:00:02 warning: the store did not answer`,
    );
    expect(trouble).toEqual({ messages: [], foreign: [] });
    await page.close();
  });

  inBrowser('of 2,000 trials is there at once', async () => {
    const { page, trouble } = await tab();
    await page.goto(server.url);
    await page.locator('#sweeps tbody tr').first().waitFor();
    const begin = performance.now();
    await page.goto(`${server.url}sweeps/large`);
    await page.locator('#all-trials tbody tr').nth(20).waitFor();
    await page.locator('.answer:not([hidden])').waitFor();
    const milliseconds = performance.now() - begin;
    console.log(`page of 2,000 trials: first view after ${Math.round(milliseconds)} ms`);
    // Wide enough for a machine that runs other tests; what is printed is the figure.
    expect(milliseconds).toBeLessThan(20_000);
    await scrollThrough(page);
    await page.locator('input[type=search]').fill('kl<0.07');
    expect(await page.locator('.trials .tag').textContent()).toMatch(/^[\d,]+ of 2,000$/);
    expect(trouble).toEqual({ messages: [], foreign: [] });
    await page.close();
  });

  inBrowser('shows hostile names and runs none', async () => {
    const { page, trouble } = await tab();
    for (const path of [
      'sweeps/hostile',
      'sweeps/hostile/trials/0',
      'sweeps/hostile/trials/6',
      'sweeps/%3Cscript%3E',
    ]) {
      await page.goto(server.url + path);
      if (path === 'sweeps/%3Cscript%3E') {
        await page.locator('#problem p').first().waitFor();
        continue;
      }
      await page.locator('table tbody tr').first().waitFor();
      await page.locator('figure').first().scrollIntoViewIfNeeded();
      await page.locator('figure svg').first().waitFor();
      expect(await page.evaluate('document.body.textContent.includes("<img src=x onerror")'), path).toBe(
        true,
      );
      expect(
        await page.evaluate('document.querySelectorAll("img[src=x], #broken, body script").length'),
      ).toBe(0);
      expect(await page.evaluate('document.documentElement.scrollWidth <= window.innerWidth'), path).toBe(
        true,
      );
    }
    expect(await page.evaluate('window.pwned')).toBeUndefined();
    expect(trouble.foreign).toEqual([]);
    // A name that no sweep can have is an error of the browser's own console, and nothing else is.
    expect(trouble.messages.filter((text) => !/status of 400/.test(text))).toEqual([]);
    await page.close();
  });
});

describe('the report in a browser', () => {
  inBrowser.each([
    ['quick', fixtureSnapshot],
    ['hostile', hostileSnapshot],
  ] as const)('opens from disk: %s', async (name, make) => {
    const file = join(folder, `${name}.html`);
    writeFileSync(
      file,
      await renderReport({ snapshot: make(), statistics: fixtureStatistics(), versions: { rgsweep: '0' } }),
    );
    const { page, trouble } = await tab();
    await page.goto(pathToFileURL(file).href);
    expect(await page.locator('svg.chart').count()).toBeGreaterThan(6);
    expect(await visibleMarks(page, 'main')).toBeGreaterThan(100);
    const first = async () => (await cells(page, 1))[0];
    await page.locator('#all-trials thead button').first().click();
    expect(await first()).toBe('0');
    await page.locator('#all-trials thead button').first().click();
    expect(await first()).toBe(String(quick.trials.length - 1));
    await page.locator('input[type=search]').fill('matched');
    expect(await rowCount(page)).toBeLessThan(quick.trials.length);
    expect(await page.evaluate('window.pwned')).toBeUndefined();
    expect(await page.evaluate('document.querySelectorAll("img[src=x], #broken").length')).toBe(0);
    expect(trouble).toEqual({ messages: [], foreign: [] });
    await page.close();
  });
});
