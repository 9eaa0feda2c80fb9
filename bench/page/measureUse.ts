import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser, Page } from 'playwright-core';

/** How smooth the page is in a reader's hands: milliseconds between the frames that were drawn, and until an answer was on the screen. */
export interface UseTimes {
  /** All rows of the table passed by, 150 pixels a frame. */
  scrollingTable: number[];
  /** The whole page passed by, 60 pixels a frame: charts are drawn as they come near. */
  scrollingPage: number[];
  /** The same when all of them have been drawn. */
  scrollingAgain: number[];
  /** From a press on a column's head to its rows in the new order. */
  sorted: number;
  /** From a filter's last letter to its rows, all rows drawn before. */
  filtered: number;
}

/** Runs in the page: scrolls `element` by `distance` a frame to its end and returns the time between frames. Text, since this file knows no browser. */
const scrolling = (element: string, distance: number) => `
  new Promise((resolve) => {
    const element = ${element};
    const between = [];
    let before;
    let still = 0;
    const move = (now) => {
      if (before !== undefined) between.push(now - before);
      before = now;
      element.scrollBy({ top: ${distance}, behavior: 'instant' });
      // Rows that follow come after the frame in which the end was near.
      still = element.scrollTop + element.clientHeight >= element.scrollHeight - 1 ? still + 1 : 0;
      if (still < 10) requestAnimationFrame(move);
      else resolve(between);
    };
    element.scrollTo({ top: 0, behavior: 'instant' });
    requestAnimationFrame(move);
  })`;

/** Runs in the page: from \`act\` to the frame after the one that shows what it did. */
const answering = (act: string) => `
  new Promise((resolve) => {
    const begin = performance.now();
    ${act};
    requestAnimationFrame(() => requestAnimationFrame(() => resolve(performance.now() - begin)));
  })`;

const patienceMilliseconds = 120_000;

async function until(page: Page, condition: string): Promise<void> {
  const deadline = Date.now() + patienceMilliseconds;
  while (!(await page.evaluate<boolean>(condition))) {
    if (Date.now() > deadline) throw new Error(`the page did not come to: ${condition}`);
    await sleep(100);
  }
}

/** Opens a sweep's page, waits for its rows and first chart, and uses it. */
export async function measureUse(browser: Browser, url: string): Promise<UseTimes> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  try {
    const page = await context.newPage();
    await page.goto(url, { waitUntil: 'commit' });
    await until(page, `document.querySelectorAll('#all-trials tbody tr').length > 20`);
    await until(page, `document.querySelector('figure .picture > :not(.empty)') !== null`);
    await sleep(1000);
    const table = `document.querySelector('#all-trials').parentElement`;
    // Off the screen it adds no rows.
    for (let at = 0; at < 3; at++) {
      await page.evaluate(`${table}.scrollIntoView({ behavior: 'instant' })`);
      await sleep(500);
    }
    const scrollingTable = await page.evaluate<number[]>(scrolling(table, 150));
    const filter = `document.querySelector('input[aria-describedby="filter-help"]')`;
    const filtered = await page.evaluate<number>(
      answering(
        `${filter}.value = 'basis=fourier'; ${filter}.dispatchEvent(new Event('input', { bubbles: true }))`,
      ),
    );
    const sorted = await page.evaluate<number>(
      answering(`document.querySelectorAll('#all-trials th button')[3].click()`),
    );
    const scrollingPage = await page.evaluate<number[]>(scrolling('document.scrollingElement', 60));
    await sleep(3000);
    await page.evaluate(scrolling('document.scrollingElement', 20));
    await sleep(3000);
    const scrollingAgain = await page.evaluate<number[]>(scrolling('document.scrollingElement', 60));
    return { scrollingTable, scrollingPage, scrollingAgain, filtered, sorted };
  } finally {
    await context.close();
  }
}
