// node scripts/picture-pages.mjs SWEEP [--store URL] [--only page|report]: makes docs/images/page.png and docs/images/report.png again, the first screens of a
// sweep's live page and report, in the Chromium that the tests use.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright-core';
import { buildIfNeeded } from './lib/build.mjs';
import { root, say } from './lib/project.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    only: { type: 'string' },
    store: { type: 'string', default: pathToFileURL(join(root, '.rgsweep', 'store')).href },
  },
});
const [sweep] = positionals;
const wanted = values.only === undefined ? ['report', 'page'] : [values.only];
if (
  sweep === undefined ||
  positionals.length > 1 ||
  !wanted.every((one) => ['report', 'page'].includes(one))
) {
  say('usage: node scripts/picture-pages.mjs SWEEP [--store URL] [--only page|report]');
  process.exit(2);
}
await buildIfNeeded();

const rgsweep = [join(root, 'dist', 'src', 'cli', 'main.js')];
const finder = spawnSync(process.execPath, [join(root, 'scripts', 'install-chromium.mjs'), '--no-install'], {
  encoding: 'utf8',
});
if (finder.status !== 0) throw new Error(finder.stderr.trim());

/** Address of the live page, and its end. */
async function servePage() {
  const args = [...rgsweep, 'ui', sweep, '--json', '--port', '0', '--store', values.store];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  for await (const line of createInterface({ input: child.stdout }))
    return { url: JSON.parse(line).url, end: () => child.kill('SIGTERM') };
  throw new Error('the live page ended before it served');
}

/** Where the file of the report is written, then shown. @param {import('playwright-core').Page} tab */
async function showReport(tab) {
  const file = join(folder, 'report.html');
  const args = [...rgsweep, 'report', sweep, '--store', values.store, '--out', file];
  const written = spawnSync(process.execPath, args, { encoding: 'utf8' });
  if (written.status !== 0) throw new Error(written.stderr.trim());
  await tab.goto(pathToFileURL(file).href);
}

/** The live page from its first charts on: what stands above them is in the report's picture. @param {import('playwright-core').Page} tab */
async function showPage(tab) {
  await tab.goto(served.url);
  await tab.locator('#all-trials tbody tr').first().waitFor();
  await tab.locator('#search').evaluate((section) => section.scrollIntoView({ behavior: 'instant' }));
  for (const chart of await tab.locator('figure').all()) {
    const box = await chart.boundingBox();
    if (box && box.y < height && box.y + box.height > 0)
      await chart.locator('.picture > *').first().waitFor();
  }
}

const height = 760;
const folder = mkdtempSync(join(tmpdir(), 'rgsweep-pictures-'));
const served = await servePage();
const browser = await chromium.launch({
  executablePath: finder.stdout.trim(),
  args: ['--no-sandbox', '--disable-gpu'],
});
try {
  const context = await browser.newContext({ viewport: { width: 1100, height }, colorScheme: 'light' });
  const tab = await context.newPage();
  for (const what of wanted) {
    await (what === 'page' ? showPage : showReport)(tab);
    await tab.screenshot({ path: join(root, 'docs', 'images', `${what}.png`) });
    say(`docs/images/${what}.png`);
  }
} finally {
  await browser.close();
  served.end();
  rmSync(folder, { recursive: true, force: true });
}
