import { readFileSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import { dirname, join } from 'node:path';

/** What a machine, or the container around this process, gives. */
export interface MachineSize {
  /** Cores' worth of computing time; may be a fraction in a container. */
  cores: number;
  /** Bytes of memory that new processes may take. */
  memoryBytes: number;
}

const mebibyte = 2 ** 20;
/** One trainer: a Node process with its tensors and a data set. */
export const trainerBytes = 600 * mebibyte;
/** Temporal's server, the control worker, the training worker and the command itself. */
export const stackBytes = 800 * mebibyte;

function readNumber(file: string): number | undefined {
  try {
    const value = Number(readFileSync(file, 'utf8').trim().split(/\s+/)[0]);
    return Number.isFinite(value) && value >= 0 ? value : undefined;
  } catch {
    return undefined;
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

/** A folder and its parents up to, and with, `top`. */
function upwards(top: string, path: string): string[] {
  const folders: string[] = [];
  for (let at = path; at !== '/' && at !== '.'; at = dirname(at)) folders.push(join(top, at));
  return [...folders, top];
}

/**
 * Limits of the control groups around this process, both versions, every level: the tightest one counts.
 * @param root of the file system to read, for tests
 * @returns Infinity where nothing limits
 */
export function cgroupLimits(root = '/'): MachineSize {
  let cores = Infinity;
  let memoryBytes = Infinity;
  const mount = join(root, 'sys/fs/cgroup');
  for (const line of readText(join(root, 'proc/self/cgroup')).split('\n')) {
    const match = /^\d+:([^:]*):(.*)$/.exec(line);
    if (!match) continue;
    const [, controllers = '', path = '/'] = match;
    const names = controllers.split(',');
    if (controllers === '')
      for (const folder of upwards(mount, path)) {
        memoryBytes = Math.min(memoryBytes, readNumber(join(folder, 'memory.max')) ?? Infinity);
        const [quota = '', period = ''] = readText(join(folder, 'cpu.max')).trim().split(/\s+/);
        if (Number(quota) > 0 && Number(period) > 0) cores = Math.min(cores, Number(quota) / Number(period));
      }
    if (names.includes('memory'))
      for (const folder of upwards(join(mount, 'memory'), path))
        memoryBytes = Math.min(memoryBytes, readNumber(join(folder, 'memory.limit_in_bytes')) ?? Infinity);
    if (names.includes('cpu'))
      for (const folder of upwards(join(mount, 'cpu'), path)) {
        const quota = readNumber(join(folder, 'cpu.cfs_quota_us'));
        const period = readNumber(join(folder, 'cpu.cfs_period_us'));
        if (quota && period) cores = Math.min(cores, quota / period);
      }
  }
  return { cores, memoryBytes };
}

/** Linux's own estimate of memory without swapping; elsewhere all of the machine's. */
function availableBytes(): number {
  const match = /^MemAvailable:\s+(\d+) kB/m.exec(readText('/proc/meminfo'));
  return match ? Number(match[1]) * 1024 : totalmem();
}

/** Cores by affinity and container, memory by what is available and the container's limit. */
export function machineSize(): MachineSize {
  const limits = cgroupLimits();
  return {
    cores: Math.min(availableParallelism(), limits.cores),
    memoryBytes: Math.min(availableBytes(), limits.memoryBytes),
  };
}

/**
 * How many trainers may run at a time: one a core, as many as fit into memory beside the stack, and at least one
 * (a machine that is too small still makes progress).
 */
export function trainerSlots(machine: MachineSize = machineSize()): number {
  const byMemory = Math.floor((machine.memoryBytes - stackBytes) / trainerBytes);
  return Math.max(1, Math.min(Math.floor(machine.cores), byMemory));
}
