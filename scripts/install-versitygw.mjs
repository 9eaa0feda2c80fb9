// Finds or installs versitygw, the S3 server that the store's tests run against. Prints its path.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, statSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Its conditional writes hold in races and its objects survive kill -9; older ones were not tried. */
export const versitygwVersion = '1.8.0';
const buildMilliseconds = 15 * 60_000;
const program = process.platform === 'win32' ? 'versitygw.exe' : 'versitygw';
const cache = resolve(fileURLToPath(import.meta.url), '..', '..', '.rgsweep', 'bin');

/** @param {string[]} arguments_ @param {Record<string, string>} [environment] */
function go(arguments_, environment) {
  return spawnSync('go', arguments_, {
    encoding: 'utf8',
    env: { ...process.env, ...environment },
    timeout: buildMilliseconds,
  });
}

/** @param {string} text */
function isRecent(text) {
  const version = /v?(\d+)\.(\d+)\.\d+/.exec(text);
  if (!version) return false;
  const [major, minor] = [Number(version[1]), Number(version[2])];
  return major > 1 || (major === 1 && minor >= 8);
}

/** @param {string} file */
function isUsable(file) {
  if (!existsSync(file)) return false;
  const { status, stdout } = spawnSync(file, ['--version'], { encoding: 'utf8', timeout: 20_000 });
  if (status !== 0) return false;
  if (isRecent(/^Version\s*:\s*(\S+)/m.exec(stdout)?.[1] ?? '')) return true;
  // One built by `go install` does not know its version, its build information does.
  const { stdout: built } = go(['version', '-m', file]);
  return isRecent(/^\s*mod\s+github\.com\/versity\/versitygw\s+(\S+)/m.exec(built ?? '')?.[1] ?? '');
}

/**
 * Runs a build while no other process runs it: test files that need the same program start together.
 *
 * @template T
 * @param {() => T} build
 * @returns {T}
 */
function alone(build) {
  const lock = join(cache, 'versitygw.lock');
  for (;;) {
    try {
      mkdirSync(lock);
      break;
    } catch (error) {
      if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'EEXIST') throw error;
    }
    const since = statSync(lock, { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
    if (Date.now() - since > buildMilliseconds) rmSync(lock, { recursive: true, force: true });
    else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);
  }
  try {
    return build();
  } finally {
    rmSync(lock, { recursive: true, force: true });
  }
}

/**
 * Path of a versitygw of at least version 1.8: on PATH, in Go's folder of programs, in the project's cache, or built by
 * `go install` into that cache (two minutes, once).
 *
 * @param {(line: string) => void} [tell] told before the slow part
 * @returns {{ path: string } | { missing: string }} or why there is none
 */
export function findVersitygw(tell = () => {}) {
  const goPath = go(['env', 'GOPATH']);
  const hasGo = goPath.status === 0;
  const folders = [
    ...(process.env.PATH ?? '').split(delimiter),
    ...(hasGo
      ? goPath.stdout
          .trim()
          .split(delimiter)
          .map((folder) => join(folder, 'bin'))
      : []),
    cache,
  ];
  for (const folder of folders) {
    const path = join(folder, program);
    if (folder !== '' && isUsable(path)) return { path };
  }
  if (!hasGo)
    return {
      missing: `neither versitygw ${versitygwVersion} nor Go to build it is on PATH; install Go 1.24 or newer from https://go.dev/dl`,
    };
  mkdirSync(cache, { recursive: true });
  const built = alone(() => {
    // Another process may have built it meanwhile.
    if (isUsable(join(cache, program))) return { status: 0, stderr: '', error: undefined };
    tell(`building versitygw ${versitygwVersion} into ${cache} (two minutes, once)`);
    return go(['install', `github.com/versity/versitygw/cmd/versitygw@v${versitygwVersion}`], {
      GOBIN: cache,
    });
  });
  const path = join(cache, program);
  if (built.status === 0 && isUsable(path)) return { path };
  const reason = (built.stderr || built.error?.message || 'no reason given').trim().split('\n').slice(-3);
  return { missing: `go install could not build versitygw ${versitygwVersion}: ${reason.join(' | ')}` };
}

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const found = findVersitygw((line) => console.error(line));
  if ('path' in found) console.log(found.path);
  else {
    console.error(found.missing);
    process.exitCode = 1;
  }
}
