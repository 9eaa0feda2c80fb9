import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { findTemporalCli, type TemporalCli } from '../../src/stack/temporalCli.js';

/** A folder that is removed after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'rgsweep-stack-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A folder for several tests, and what removes it. */
export function temporaryFolderOf(name: string): { path: string; remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), `rgsweep-${name}-`));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** The CLI that `npm start` would use, kept where `npm start` keeps it. */
export function realTemporalCli(): Promise<TemporalCli> {
  return findTemporalCli({ cacheFolder: fileURLToPath(new URL('../../.rgsweep/bin', import.meta.url)) });
}

/** Waits until something holds. */
export async function eventually<T>(
  what: string,
  probe: () => T | undefined | false | Promise<T | undefined | false>,
  milliseconds = 20_000,
): Promise<T> {
  const deadline = Date.now() + milliseconds;
  for (;;) {
    const value = await probe();
    if (value !== undefined && value !== false) return value;
    if (Date.now() > deadline) throw new Error(`${what}: not within ${milliseconds} ms`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

/** Lines of a file that may not exist yet. */
export function linesOf(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split('\n').filter(Boolean);
  } catch {
    return [];
  }
}
