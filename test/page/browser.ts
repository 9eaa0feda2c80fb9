import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium, type BrowserContext, type Page } from 'playwright-core';

const finder = fileURLToPath(new URL('../../scripts/install-chromium.mjs', import.meta.url));

/** Path of a Chromium on this machine, or why there is none. `npm test` installs it before the tests where it can. */
export function findBrowser(): { path: string } | { missing: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [finder, '--no-install'], {
    encoding: 'utf8',
  });
  return status === 0 ? { path: stdout.trim() } : { missing: stderr.trim() };
}

/** What a page did that it should not have. */
export interface Trouble {
  /** Errors and warnings on the console, errors that nobody caught, dialogs. */
  messages: string[];
  /** Requests to anything but this machine. */
  foreign: string[];
}

/** A headless Chromium with a profile of its own, that asks nothing of anybody on its own account. */
export async function openBrowser(
  path: string,
): Promise<{ context: BrowserContext; close: () => Promise<void> }> {
  const profile = mkdtempSync(join(tmpdir(), 'rgsweep-chromium-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: path,
    headless: true,
    timeout: 120_000,
    viewport: { width: 1280, height: 900 },
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
  context.setDefaultTimeout(60_000);
  return {
    context,
    close: async () => {
      await context.close();
      rmSync(profile, { recursive: true, force: true });
    },
  };
}

/** A new tab that writes down what goes wrong in it. */
export async function openTab(context: BrowserContext): Promise<{ page: Page; trouble: Trouble }> {
  const page = await context.newPage();
  const trouble: Trouble = { messages: [], foreign: [] };
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) trouble.messages.push(message.text());
  });
  page.on('pageerror', (error) => trouble.messages.push(error.message));
  page.on('dialog', (dialog) => {
    trouble.messages.push(`a dialog opened: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('request', (request) => {
    const url = new URL(request.url());
    const here =
      ['127.0.0.1', 'localhost'].includes(url.hostname) || ['data:', 'file:', 'blob:'].includes(url.protocol);
    if (!here) trouble.foreign.push(request.url());
  });
  return { page, trouble };
}

/** Marks of the charts within an element that take up room: what a reader sees of their data. */
export function visibleMarks(page: Page, selector: string): Promise<number> {
  // Text, because this file is compiled without a browser's types.
  return page.evaluate<number>(`[...document.querySelectorAll(${JSON.stringify(`${selector} svg .role-mark`)})]
    .flatMap((marks) => [...marks.querySelectorAll('path, rect, line, text')])
    .filter((mark) => { const { width, height } = mark.getBoundingClientRect(); return width + height > 0; }).length`);
}
