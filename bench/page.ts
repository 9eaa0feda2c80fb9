/**
 * npm run bench -- page [--trials 2000] [--rounds 5] [--cold 3]
 *
 * The live page of a sweep of so many trials in a real Chromium: when a reader has the answer, the table's rows and the first chart, and
 * what each part costs; then the page in use: time between frames while its table and the page itself are scrolled through, and until it has
 * sorted and filtered. The server is `rgsweep ui`, a process of its own. `cold`: it has just printed its address and has read
 * nothing yet; otherwise somebody looked before. Every round is a browser context of its own, with nothing in its cache. Times depend on what
 * else the machine does, so CPU times stand beside them. Chromium chooses its own niceness; `chrt -r 1 npm run bench -- page` (Linux, root)
 * keeps it and the server ahead of other programs for the half minute that this takes. Runs on Linux.
 */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { chromium, type Browser } from 'playwright-core';
import { openStore } from '../src/store/open.js';
import { wholeNumber } from './arguments/wholeNumber.js';
import { cpuSeconds } from './orchestration/processes.js';
import { measureView, type ViewTimes } from './page/measure.js';
import { measureUse, type UseTimes } from './page/measureUse.js';
import { keepSweep } from './page/sweep.js';
import { quantile } from './search/statistics.js';

const { values } = parseArgs({
  args: process.argv.slice(2),
  options: {
    trials: { type: 'string', default: '2000' },
    rounds: { type: 'string', default: '5' },
    cold: { type: 'string', default: '3' },
  },
});
const trials = wholeNumber('trials', values.trials);
const rounds = wholeNumber('rounds', values.rounds);
const cold = wholeNumber('cold', values.cold);
const say = (line = '') => process.stdout.write(`${line}\n`);

const finder = fileURLToPath(new URL('../../scripts/install-chromium.mjs', import.meta.url));
const found = spawnSync(process.execPath, [finder, '--no-install'], { encoding: 'utf8' });
if (found.status !== 0) throw new Error(`this needs a Chromium: ${found.stderr.trim()}`);

const folder = mkdtempSync(join(tmpdir(), 'rgsweep-page-'));
const storeUrl = `file://${join(folder, 'store')}`;
const main = fileURLToPath(new URL('../src/cli/main.js', import.meta.url));

/** `rgsweep ui`, until `end`. */
async function startServer(): Promise<{ url: string; pid: number; end: () => Promise<void> }> {
  // No server is there to be asked: what is measured is the page.
  const args = [
    main,
    'ui',
    'large',
    '--json',
    '--port',
    '0',
    '--store',
    storeUrl,
    '--address',
    '127.0.0.1:9',
  ];
  const child = spawn(process.execPath, args, { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  for await (const line of createInterface({ input: child.stdout })) {
    const { url } = JSON.parse(line) as { url: string };
    return {
      url,
      pid: child.pid!,
      end: () => {
        child.kill('SIGTERM');
        return ended;
      },
    };
  }
  throw new Error('the page’s server ended before it served');
}

interface Round extends ViewTimes {
  serverCpu: number;
}

async function look(browser: Browser, url: string, pid: number): Promise<Round> {
  const before = cpuSeconds(pid);
  const times = await measureView(browser, url);
  return { ...times, serverCpu: 1000 * (cpuSeconds(pid) - before) };
}

function print(title: string, all: readonly Round[]): void {
  const middle = (read: (round: Round) => number) => Math.round(quantile(all.map(read), 0.5));
  const most = (read: (round: Round) => number) => Math.round(Math.max(...all.map(read)));
  const both = (read: (round: Round) => number) =>
    `${String(middle(read)).padStart(6)} ms  (at most ${most(read)})`;
  say(`${title}, median of ${all.length}:`);
  say(`  answer readable            ${both(({ answer }) => answer)}`);
  say(`  first view: answer, table  ${both(({ table }) => table)}`);
  say(`  first chart                ${both(({ chart }) => chart)}`);
  say(`  of the first view:`);
  say(`    page, script, style      ${both(({ shell }) => shell)}`);
  say(`    answer of the sweep      ${both(({ sweepAnswer }) => sweepAnswer)}`);
  say(`    answer with the rows     ${both(({ trialsAnswer }) => trialsAnswer)}`);
  say(
    `    bytes sent               ${String(Math.round(middle(({ bytes }) => bytes) / 1000)).padStart(6)} kB`,
  );
  say(`  CPU until the first chart is there:`);
  say(`    server                   ${both(({ serverCpu }) => serverCpu)}`);
  say(`    browser: script          ${both(({ script }) => script)}`);
  say(`    browser: style, layout   ${both(({ layout }) => layout)}`);
  say(`    browser: page's thread   ${both(({ thread }) => thread)}`);
}

function printUse(all: readonly UseTimes[]): void {
  const frames = (title: string, between: readonly number[]) => {
    const at = (q: number) => `${quantile(between, q).toFixed(0)} ms`;
    const late = between.filter((time) => time > 50).length;
    say(
      `  ${title} ${at(0.5)} between frames (95 % ${at(0.95)}, longest ${at(1)}); ${late} of ${between.length} above 50 ms`,
    );
  };
  const answer = (title: string, times: readonly number[]) =>
    say(`  ${title} ${quantile(times, 0.5).toFixed(0)} ms  (at most ${Math.max(...times).toFixed(0)})`);
  say(`in use, ${all.length} times:`);
  frames(
    'scrolling the table ',
    all.flatMap(({ scrollingTable }) => scrollingTable),
  );
  frames(
    'scrolling the page  ',
    all.flatMap(({ scrollingPage }) => scrollingPage),
  );
  frames(
    'scrolling it again  ',
    all.flatMap(({ scrollingAgain }) => scrollingAgain),
  );
  answer(
    'all rows filtered   ',
    all.map(({ filtered }) => filtered),
  );
  answer(
    'sorted              ',
    all.map(({ sorted }) => sorted),
  );
}

try {
  say(`${trials} trials; ${cpus().length} × ${cpus()[0]?.model ?? 'CPU'}, load ${loadavg()[0]!.toFixed(1)}`);
  await keepSweep(await openStore(storeUrl), 'large', trials);
  const browser = await chromium.launch({
    executablePath: found.stdout.trim(),
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update'],
  });
  try {
    const first: Round[] = [];
    const later: Round[] = [];
    const uses: UseTimes[] = [];
    for (let round = 0; round < cold; round++) {
      const { url, pid, end } = await startServer();
      try {
        first.push(await look(browser, url, pid));
        if (round === cold - 1) {
          for (let again = 0; again < rounds; again++) later.push(await look(browser, url, pid));
          for (let again = 0; again < rounds; again++) uses.push(await measureUse(browser, url));
        }
      } finally {
        await end();
      }
    }
    print('cold', first);
    print('warm', later);
    printUse(uses);
  } finally {
    await browser.close();
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
