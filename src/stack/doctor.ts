import { execFile, type ExecFileException } from 'node:child_process';
import { existsSync, statfsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { messageOf, RgsweepError } from '../errors.js';
import { machineSize, stackBytes, trainerBytes, trainerSlots } from './slots.js';
import { findTemporalCli } from './temporalCli.js';
import type { BackendRequest } from '../train/backend.js';
import { findTensorflow } from '../train/nativeBackend.js';

export interface Finding {
  /** What was looked at. */
  what: string;
  /** `fail`: rgsweep cannot do its work here. `warn`: something is missing that not everybody needs. */
  state: 'ok' | 'warn' | 'fail';
  found: string;
  remedy?: string;
}

/** One check; what it throws becomes a finding of its `onError` state. */
export interface Check {
  what: string;
  onError: 'warn' | 'fail';
  remedy: string;
  run: () => Promise<string | Omit<Finding, 'what'>> | string | Omit<Finding, 'what'>;
}

/** Runs checks one after the other, so that each has the machine for itself. */
export async function* examine(checks: readonly Check[]): AsyncGenerator<Finding> {
  for (const { what, onError, remedy, run } of checks) {
    try {
      const result = await run();
      yield typeof result === 'string' ? { what, state: 'ok', found: result } : { what, ...result };
    } catch (error) {
      const better = error instanceof RgsweepError ? error.remedy : undefined;
      yield { what, state: onError, found: messageOf(error), remedy: better ?? remedy };
    }
  }
}

/**
 * The first line that a program says, within a time limit.
 * @throws Error that says in one line why there is none
 */
export function firstLineOf(command: string, args: string[], seconds = 10): Promise<string> {
  return new Promise((resolve, reject) =>
    execFile(command, args, { timeout: seconds * 1000, encoding: 'utf8' }, (error, stdout, stderr) =>
      error
        ? reject(new Error(whyNoLine(error, [command, ...args].join(' '), seconds)))
        : resolve((stdout || stderr).trim().split('\n')[0] ?? ''),
    ),
  );
}

function whyNoLine(error: ExecFileException, line: string, seconds: number): string {
  if (error.code === 'ENOENT') return `no ${line.split(' ')[0]} on PATH`;
  // Node's own message of one that it ended says only that it failed.
  if (error.killed) return `\`${line}\` did not answer within ${seconds} s; a busy machine may take longer`;
  return messageOf(error).split('\n')[0]!;
}

function gibibytes(bytes: number): string {
  return `${(bytes / 2 ** 30).toFixed(1)} GiB`;
}

/** Free bytes where a folder is, or will be made. */
export function freeBytes(folder: string): number {
  let existing = folder;
  while (!existsSync(existing) && dirname(existing) !== existing) existing = dirname(existing);
  const { bavail, bsize } = statfsSync(existing);
  return bavail * bsize;
}

/** `20.19` against `20.19.1`, `22.0.0` …: is the version at least that? */
export function nodeIsAtLeast(version: string, minimum: readonly [number, number]): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > minimum[0] || (major === minimum[0] && minor >= minimum[1]);
}

const minimumNode = [20, 19] as const;
/** A quick sweep's data set, checkpoints and database stay below 1 GiB; the CLI is 0.15. */
const neededBytes = 1 * 2 ** 30;
const comfortableBytes = 5 * 2 ** 30;

/**
 * Starts a numerical backend in a process of its own: starting it is for good.
 * @param module compiled src/train/backend.js
 * @returns `NAME starts`
 */
export function backendStarts(module: string, request: BackendRequest = 'auto'): Promise<string> {
  const script = `
    const { startBackend } = await import(${JSON.stringify(pathToFileURL(module).href)});
    try {
      const { name } = await startBackend(${JSON.stringify(request)}, 1);
      console.log(name);
      process.exit(0);
    } catch ({ message, remedy }) {
      console.log(JSON.stringify({ message, remedy }));
      process.exit(1);
    }`;
  return new Promise((resolve, reject) =>
    execFile(
      process.execPath,
      ['--input-type=module', '-e', script],
      { timeout: 60_000, encoding: 'utf8', env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: '2' } },
      (error, stdout, stderr) => {
        const last = stdout.trim().split('\n').at(-1);
        if (!error) return resolve(`${last} starts`);
        if (last?.startsWith('{')) {
          const { message, remedy } = JSON.parse(last) as { message: string; remedy?: string };
          return reject(
            new RgsweepError('backend-unavailable', message, remedy === undefined ? {} : { remedy }),
          );
        }
        const line = stderr.split('\n').find((one) => /Error/.test(one)) ?? messageOf(error).split('\n')[0];
        reject(new Error(line?.trim()));
      },
    ),
  );
}

export interface DoctorOptions {
  /** `.rgsweep`. */
  folder: string;
  storeUrl: string;
  /** Writes and removes a small object. */
  tryStore: () => Promise<void>;
  /** Address of the server in use, or undefined when none answers. */
  findServer: () => Promise<string | undefined>;
  /** Compiled src/train/backend.js. */
  backendModule: string;
}

/** Everything that `rgsweep up`, the tests and a store need of this machine. */
export function machineChecks(options: DoctorOptions): Check[] {
  const { folder } = options;
  return [
    {
      what: 'Node',
      onError: 'fail',
      remedy: `install Node ${minimumNode.join('.')} or newer`,
      run: () => {
        if (!nodeIsAtLeast(process.versions.node, minimumNode))
          throw new Error(`${process.versions.node}, needed is ${minimumNode.join('.')} or newer`);
        return process.versions.node;
      },
    },
    {
      what: 'Temporal CLI',
      onError: 'fail',
      remedy: 'install the Temporal CLI and put it on PATH',
      run: async () => {
        try {
          const { path, version } = await findTemporalCli({
            cacheFolder: join(folder, 'bin'),
            offline: true,
          });
          return `${version} at ${path}`;
        } catch (error) {
          if (await options.findServer()) return { state: 'ok', found: 'none, and a server answers already' };
          if ((await firstLineOf('python3', ['-m', 'pip', '--version']).catch(() => '')) !== '')
            return {
              state: 'warn',
              found: 'not here yet',
              remedy: '`rgsweep up` fetches it at its first start',
            };
          throw error;
        }
      },
    },
    {
      what: 'Temporal server',
      onError: 'warn',
      remedy: 'start one with `npx rgsweep up`, or name yours with --address or TEMPORAL_ADDRESS',
      run: async () => {
        const address = await options.findServer();
        if (address === undefined) throw new Error('none answers');
        return `answers at ${address}`;
      },
    },
    {
      what: 'store',
      onError: 'fail',
      remedy: 'make it writable, or name another store with --store',
      run: async () => {
        await options.tryStore();
        return `${options.storeUrl} can be written`;
      },
    },
    {
      what: 'backend',
      onError: 'fail',
      remedy: 'run npm ci again; its message names what is missing',
      run: () => backendStarts(options.backendModule),
    },
    {
      what: 'native backend',
      onError: 'fail',
      remedy: 'install it again with `rgsweep backend install tensorflow --force`, or uninstall it',
      run: async () => {
        const found = findTensorflow();
        if (!found)
          return {
            state: 'ok',
            found: 'none; `rgsweep backend install tensorflow` trains faster (needs g++ and pip)',
          };
        return `${await backendStarts(options.backendModule, 'tensorflow')} (${found.source})`;
      },
    },
    {
      what: 'disk',
      onError: 'warn',
      remedy: `make room, or name a folder on another disk with RGSWEEP_HOME`,
      run: () => {
        const free = freeBytes(folder);
        const found = `${gibibytes(free)} free for ${folder}`;
        const remedy = 'make room, or name a folder on another disk with RGSWEEP_HOME';
        if (free < neededBytes) return { state: 'fail', found, remedy };
        return free < comfortableBytes ? { state: 'warn', found, remedy } : found;
      },
    },
    {
      what: 'cores, memory',
      onError: 'warn',
      remedy: 'name the number of trainers with --slots',
      run: () => {
        const size = machineSize();
        const found = `${size.cores} cores, ${gibibytes(size.memoryBytes)} available: ${trainerSlots(size)} trainers at a time`;
        return size.memoryBytes < stackBytes + trainerBytes
          ? {
              state: 'warn',
              found,
              remedy: `give it ${gibibytes(stackBytes + trainerBytes)}, or expect swapping`,
            }
          : found;
      },
    },
    {
      what: 'Python',
      onError: 'warn',
      remedy:
        "only needed where Temporal's own download cannot be reached and no CLI is on PATH: install Python 3 with pip",
      run: () =>
        firstLineOf('python3', ['-m', 'pip', '--version']).then((line) => line.replace(/ from .* \(/, ' (')),
    },
    {
      what: 'Go',
      onError: 'warn',
      remedy: 'only needed for the S3 tests of this project: install Go',
      run: () => firstLineOf('go', ['version']),
    },
  ];
}
