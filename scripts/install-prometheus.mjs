// Finds or fetches Prometheus and promtool, which the tests of metrics, rules and dashboards run. Prints their folder.
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Debian 12's. Older ones lack what the tests ask of the query interface. */
const oldest = [2, 42];
const programs = ['prometheus', 'promtool'];
const cache = resolve(fileURLToPath(import.meta.url), '..', '..', '.rgsweep', 'bin', 'prometheus-debian');

/** @param {string} folder */
function isUsable(folder) {
  return programs.every((program) => {
    const file = join(folder, program);
    if (!existsSync(file)) return false;
    const { status, stdout, stderr } = spawnSync(file, ['--version'], { encoding: 'utf8', timeout: 60_000 });
    const version = /version (\d+)\.(\d+)/.exec(stdout + stderr);
    if (status !== 0 || !version) return false;
    const [major, minor] = [Number(version[1]), Number(version[2])];
    return major > oldest[0] || (major === oldest[0] && minor >= oldest[1]);
  });
}

/**
 * Debian's package, unpacked into the project's cache: nothing is installed, and no administrator is needed. The lists of
 * packages are fetched into a folder of our own; apt checks them and the package by their signatures.
 *
 * @param {string} work an empty folder
 * @returns {string | undefined} why it could not be had
 */
function unpackDebian(work) {
  const options = [
    ...['-o', `Dir::State=${join(work, 'state')}`, '-o', `Dir::Cache=${join(work, 'cache')}`],
    ...['-o', 'APT::Sandbox::User=', '-o', 'Debug::NoLocking=1'],
  ];
  for (const folder of ['state/lists/partial', 'cache/archives/partial'])
    mkdirSync(join(work, folder), { recursive: true });
  /** @param {string} program @param {string[]} arguments_ */
  const run = (program, arguments_) => {
    const { status, stderr, error } = spawnSync(program, arguments_, {
      cwd: work,
      encoding: 'utf8',
      timeout: 300_000,
    });
    if (status === 0) return undefined;
    const said = (stderr || error?.message || 'no reason given').trim().split('\n').slice(-2).join(' | ');
    return `${program} ${arguments_.find((word) => /^[a-z]/.test(word) && !word.includes('=')) ?? ''}: ${said}`;
  };
  const fetching =
    run('apt-get', [...options, 'update', '-qq']) ??
    run('apt-get', [...options, 'download', '-qq', 'prometheus']);
  if (fetching) return fetching;
  const file = readdirSync(work).find((name) => name.endsWith('.deb'));
  if (!file) return 'apt-get download left no package';
  const unpacking = run('dpkg-deb', ['-x', file, 'unpacked']);
  if (unpacking) return unpacking;
  mkdirSync(cache, { recursive: true });
  for (const program of programs) {
    // Another process may be doing the same: each program appears whole.
    const own = join(cache, `${program}.${process.pid}`);
    copyFileSync(join(work, 'unpacked', 'usr', 'bin', program), own);
    renameSync(own, join(cache, program));
  }
  return undefined;
}

/**
 * Folder with a Prometheus and a promtool of at least version 2.42: on PATH, in the project's cache, or from Debian's package.
 *
 * @param {(line: string) => void} [tell] told before the slow part
 * @returns {{ folder: string } | { missing: string }} or why there is none
 */
export function findPrometheus(tell = () => {}) {
  for (const folder of [...(process.env.PATH ?? '').split(delimiter), cache])
    if (folder !== '' && isUsable(folder)) return { folder };
  tell(`fetching Debian's prometheus into ${cache} (20 MB, once)`);
  const work = mkdtempSync(join(tmpdir(), 'rgsweep-prometheus-'));
  try {
    const why = unpackDebian(work);
    if (why === undefined && isUsable(cache)) return { folder: cache };
    return {
      missing: `no prometheus and promtool ${oldest.join('.')} or newer on PATH, and Debian's package could not be had (${why ?? 'it does not run here'})`,
    };
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const found = findPrometheus((line) => console.error(line));
  if ('folder' in found) console.log(found.folder);
  else {
    console.error(found.missing);
    process.exitCode = 1;
  }
}
