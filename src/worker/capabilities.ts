import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { RgsweepError } from '../errors.js';
import type { BackendRequest } from '../train/protocol.js';
import type { Gpu } from './gpus.js';

/** What a training worker was asked to be. */
export interface CapabilityRequest {
  /** `auto`: those that are there; a number: at least so many, or it is refused. */
  gpus: 'auto' | 'none' | number;
  /** Memory that each of them must have. */
  gpuMemoryMiB?: number;
  slots: 'auto' | number;
  /** Named backend, which must start; undefined: the sweep's, found out by its trainers. */
  backend: BackendRequest | undefined;
  /** Program and arguments of the trainer; empty: none is started. */
  trainerCommand: readonly string[];
}

/** How the machine is looked at. */
export interface Machine {
  findGpus: () => Promise<Gpu[]>;
  /** Trainers that cores and memory allow. */
  trainerSlots: () => number;
  /** Starts a backend in a process of its own, or throws the reason why not. */
  startBackend: (backend: BackendRequest) => Promise<unknown>;
  environment: NodeJS.ProcessEnv;
}

export interface Capabilities {
  /** One a slot. */
  gpus: Gpu[];
  slots: number;
}

/** CUDA 12 runs on Linux drivers from here on (NVIDIA, "CUDA Compatibility", minor version compatibility). */
const cuda12Driver = '525.60.13';

/** Is a dotted version at least another one? */
export function isAtLeast(version: string, minimum: string): boolean {
  const [a, b] = [version, minimum].map((one) => one.split('.').map(Number)) as [number[], number[]];
  for (let at = 0; at < Math.max(a.length, b.length); at++) {
    const difference = (a[at] ?? 0) - (b[at] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return true;
}

const refuse = (message: string, remedy: string): RgsweepError =>
  new RgsweepError('backend-unavailable', `this machine cannot serve as asked: ${message}`, { remedy });

/** Can this program be started? A path, or a name on PATH. */
function isProgram(program: string, environment: NodeJS.ProcessEnv): boolean {
  const folders = program.includes('/') ? [''] : (environment.PATH ?? '').split(delimiter);
  return folders.some((folder) => {
    const path = folder === '' ? program : join(folder, program);
    try {
      accessSync(path, constants.X_OK);
      return statSync(path).isFile();
    } catch {
      return false;
    }
  });
}

/**
 * Checks that a training worker can do what it is about to offer, before it takes a single task: a trial that fails because of the
 * machine would otherwise be held against its configuration.
 *
 * @throws RgsweepError('backend-unavailable') saying what is missing and what to do
 */
export async function checkCapabilities(request: CapabilityRequest, machine: Machine): Promise<Capabilities> {
  const { gpus: asked, gpuMemoryMiB = 0, backend, trainerCommand } = request;
  const [program] = trainerCommand;
  if (program !== undefined && !isProgram(program, machine.environment))
    throw refuse(
      `the trainer ${program} is no program on this machine`,
      'install it, or correct RGSWEEP_TRAINER',
    );
  const found = asked === 'none' ? [] : await machine.findGpus();
  if (typeof asked === 'number' && found.length < asked)
    throw refuse(
      `${asked} GPUs are asked for and ${found.length === 0 ? 'nvidia-smi shows none' : `nvidia-smi shows ${found.length}`}`,
      'look at the driver, at CUDA_VISIBLE_DEVICES and at the container’s share (nvidia.com/gpu), or ask for fewer with --gpus',
    );
  const gpus = typeof asked === 'number' ? found.slice(0, asked) : found;
  for (const { uuid, name, memoryMiB, driver } of gpus) {
    if (memoryMiB < gpuMemoryMiB)
      throw refuse(
        `${name} (${uuid}) has ${memoryMiB} MiB of memory, asked are ${gpuMemoryMiB}`,
        'start the worker on a larger GPU, or on the queue of a smaller class',
      );
    if (backend === 'tensorflow' && !isAtLeast(driver, cuda12Driver))
      throw refuse(
        `the driver ${driver} of ${name} is older than ${cuda12Driver}, which CUDA 12 needs`,
        'update the driver of the node',
      );
  }
  const { slots: wanted } = request;
  if (wanted !== 'auto' && gpus.length > 0 && wanted > gpus.length)
    throw refuse(
      `${wanted} slots and ${gpus.length} GPUs: each trainer has one for itself`,
      'name at most as many with --slots, or say auto; --gpus none lets trainers share',
    );
  if (backend !== undefined && backend !== 'auto' && program === process.execPath)
    await machine.startBackend(backend).catch((error: unknown) => {
      throw refuse(
        `the backend ${backend} does not start: ${error instanceof Error ? error.message : String(error)}`,
        'see `rgsweep backend list` and docs/backends.md',
      );
    });
  const slots = wanted === 'auto' ? gpus.length || machine.trainerSlots() : wanted;
  return { gpus: gpus.slice(0, slots), slots };
}
