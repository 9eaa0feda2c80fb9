import { randomUUID } from 'node:crypto';
import { accessSync, constants, readdirSync, readFileSync, statSync } from 'node:fs';
import { delimiter, isAbsolute, join, resolve } from 'node:path';
import { RgsweepError } from '../src/errors.js';

/** In the environment of a trainer and of whatever it starts: how its descendants are found. */
const markerName = 'RGSWEEP_TRAINER_RUN';
/** Words by which a guard's own command line is known. */
const guardName = 'rgsweep-guard';

/**
 * Starts a program (`"$@"`) with a guard beside it in its process group: a shell that waits for the end of descriptor 3,
 * which comes when the worker ends in any way, kill -9 included, and then ends the group.
 */
const guardScript = `: ${guardName}; { read -r _ <&3; kill -KILL 0; } >/dev/null 2>&1 & exec "$@" 3<&-`;

/** How a program that rgsweep knows nothing of is started. */
export interface GuardedCommand {
  command: string[];
  environment: Record<string, string>;
  /** By `strayProcesses`. */
  marker: string;
}

/** A command with its guard; the child needs a pipe as its descriptor 3. */
export function guarded(command: readonly string[]): GuardedCommand {
  const marker = randomUUID();
  return {
    command: ['/bin/sh', '-c', guardScript, guardName, ...command],
    environment: { [markerName]: marker },
    marker,
  };
}

/** Processes that still carry a trainer's mark, its guard not counted; none where the system does not tell. */
export function strayProcesses(marker: string): number[] {
  let entries: string[];
  try {
    entries = readdirSync('/proc');
  } catch {
    return [];
  }
  return entries
    .filter((entry) => {
      if (!/^\d+$/.test(entry)) return false;
      try {
        return (
          readFileSync(`/proc/${entry}/environ`, 'utf8').includes(`${markerName}=${marker}`) &&
          !readFileSync(`/proc/${entry}/cmdline`, 'utf8').includes(guardName)
        );
      } catch {
        // Another user's, or one that ended while we looked.
        return false;
      }
    })
    .map(Number);
}

/**
 * Checks that a program can be started, before a shell is asked to.
 * @throws RgsweepError('bad-configuration') naming the program and where it was looked for
 */
export function requireProgram(program: string, folder: string, path = process.env.PATH ?? ''): void {
  const candidates = program.includes('/')
    ? [isAbsolute(program) ? program : resolve(folder, program)]
    : path.split(delimiter).map((part) => join(part, program));
  const found = candidates.some((file) => {
    try {
      accessSync(file, constants.X_OK);
      return statSync(file).isFile();
    } catch {
      return false;
    }
  });
  if (!found)
    throw new RgsweepError(
      'bad-configuration',
      `cannot start the trainer: ${program} is no program ${program.includes('/') ? `in ${folder}` : 'on the PATH'} of this worker`,
      { remedy: 'install it on every machine that trains, or name its path in task.command' },
    );
}
