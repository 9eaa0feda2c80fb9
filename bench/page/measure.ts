import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser } from 'playwright-core';

/** What one look at a sweep's page took: milliseconds since the address was asked for, and CPU milliseconds of the browser. */
export interface ViewTimes {
  /** The sweep's answer in one sentence is on the screen. */
  answer: number;
  /** So are the first rows of the table. */
  table: number;
  /** So is the first chart, which a window of this size shows a part of only after scrolling. */
  chart: number;
  /** The page itself, its script and its style have arrived. */
  shell: number;
  /** Answers of the server, each from its question to its last byte. */
  sweepAnswer: number;
  trialsAnswer: number;
  /** Sent over the connection until then. */
  bytes: number;
  script: number;
  layout: number;
  thread: number;
}

/** Runs in the page before its own script: notes when a frame with each part has been drawn. Text, since this file knows no browser. */
const watcher = `
  window.seen = {};
  const there = {
    answer: () => (document.querySelector('.answer')?.textContent ?? '') !== '',
    table: () => document.querySelectorAll('#all-trials tbody tr').length > 20,
    chart: () => document.querySelector('figure .picture > :not(.empty)') !== null,
  };
  const look = () => {
    const waiting = Object.keys(there).filter((name) => !(name in window.seen));
    for (const name of waiting) {
      if (!document.body || !there[name]()) continue;
      // What is there in this frame's callback is on the screen at the next.
      window.seen[name] = 0;
      requestAnimationFrame(() => { window.seen[name] = performance.now(); });
    }
    if (waiting.length > 0) requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
`;

interface Resource {
  name: string;
  startTime: number;
  responseEnd: number;
  transferSize: number;
}

const patienceMilliseconds = 120_000;

/** Opens the page with an empty cache and looks until the first chart is drawn. */
export async function measureView(browser: Browser, url: string): Promise<ViewTimes> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  try {
    const page = await context.newPage();
    const session = await context.newCDPSession(page);
    await session.send('Performance.enable');
    await page.addInitScript(watcher);
    await page.goto(url, { waitUntil: 'commit' });
    const deadline = Date.now() + patienceMilliseconds;
    // Its own policy forbids the page to compile text, which waiting for a condition in it would do.
    while (!(await page.evaluate<boolean>('Object.values(window.seen ?? {}).filter(Boolean).length === 3'))) {
      if (Date.now() > deadline) throw new Error(`${url} was not drawn within ${patienceMilliseconds} ms`);
      await sleep(100);
    }
    const { metrics } = await session.send('Performance.getMetrics');
    const milliseconds = (...names: string[]) =>
      1000 * metrics.filter(({ name }) => names.includes(name)).reduce((sum, { value }) => sum + value, 0);
    const seen = await page.evaluate<Record<'answer' | 'table' | 'chart', number>>('window.seen');
    const resources = await page.evaluate<Resource[]>(
      `[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')].map(
        ({ name, startTime, responseEnd, transferSize }) => ({ name, startTime, responseEnd, transferSize }))`,
    );
    const took = (pattern: RegExp) => {
      const one = resources.find(({ name }) => pattern.test(name));
      return one ? one.responseEnd - one.startTime : 0;
    };
    // Its icon is no part of what is seen, and asked for when there is nothing else to do.
    const shell = resources.filter(({ name }) => !/\/api\/|icon\.svg$/.test(name));
    return {
      ...seen,
      shell: Math.max(...shell.map(({ responseEnd }) => responseEnd)),
      sweepAnswer: took(/\/api\/sweeps\/[^/]+$/),
      trialsAnswer: took(/\/api\/sweeps\/[^/]+\/trials/),
      bytes: resources.reduce((sum, { transferSize }) => sum + transferSize, 0),
      script: milliseconds('ScriptDuration'),
      layout: milliseconds('LayoutDuration', 'RecalcStyleDuration'),
      thread: milliseconds('TaskDuration'),
    };
  } finally {
    await context.close();
  }
}
