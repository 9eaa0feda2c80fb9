import { totalmem } from 'node:os';
import { RgsweepError } from '../errors.js';
import type { BackendName, MemoryForecast } from './protocol.js';

/** `1536 MiB`, or in GiB from 10 GiB on. */
export function formatMemory(bytes: number): string {
  const mebibytes = bytes / 2 ** 20;
  if (mebibytes < 10) return `${mebibytes.toFixed(1)} MiB`;
  return mebibytes < 10 * 1024 ? `${Math.round(mebibytes)} MiB` : `${(mebibytes / 1024).toFixed(1)} GiB`;
}

/** Memory in bytes that this process may use: the machine's, or what its control group allows. */
export function usableMemory(): number {
  const limit = process.constrainedMemory();
  const whole = totalmem();
  // Without a limit the system gives none, or one beyond any memory.
  return limit !== undefined && limit > 0 && limit < whole ? limit : whole;
}

/** Name of the variable that says how much memory a trainer's device has for it, in MiB. */
export const deviceMemoryVariable = 'RGSWEEP_DEVICE_MEMORY_MIB';

/** What WebAssembly can address: tfjs-backend-wasm 4.22.0 asks for no more (`getHeapMax`). */
const wasmHeapBytes = 2 ** 32 - 2 ** 16;

/**
 * How much a backend has for tensors, in bytes: what the process may use, on wasm at most what that can address, or what
 * `RGSWEEP_DEVICE_MEMORY_MIB` says: workers set it where each trainer has a GPU for itself, people where trainers share one.
 * Undefined where nobody knows: GPUs do not tell webgpu.
 * @throws RgsweepError('bad-configuration') when the variable is no positive number
 */
export function deviceMemory(
  backend: BackendName,
  environment: Readonly<Record<string, string | undefined>>,
): number | undefined {
  const text = environment[deviceMemoryVariable];
  const set = text === undefined ? undefined : Number(text) * 2 ** 20;
  if (set !== undefined && !(Number.isFinite(set) && set > 0))
    throw new RgsweepError(
      'bad-configuration',
      `${deviceMemoryVariable} is "${text}"; it must be a positive number of MiB`,
    );
  switch (backend) {
    case 'wasm':
      return Math.min(wasmHeapBytes, usableMemory(), set ?? Infinity);
    case 'cpu':
      return Math.min(usableMemory(), set ?? Infinity);
    // A GPU's memory where it has one, which may be more than the machine's.
    case 'tensorflow':
      return set ?? usableMemory();
    case 'webgpu':
      return set;
  }
}

/** In words: what a training needs and what there is, both numbers first: `status` shows the beginning of a line. */
export function describeForecast(forecast: MemoryForecast): string {
  const { batchSize, weightBytes, optimizerBytes, constantBytes, batchBytes, neededBytes } = forecast;
  const { availableBytes, device } = forecast;
  const has =
    availableBytes === undefined ? 'does not say what it has' : `has ${formatMemory(availableBytes)}`;
  const parts = [
    `weights and their gradients ${formatMemory(2 * weightBytes)}`,
    `basis and other constants ${formatMemory(constantBytes)}`,
    `activations and batch ${formatMemory(batchBytes)}`,
    `and beside these tensors the optimizer ${formatMemory(optimizerBytes)}`,
  ];
  return `a step of ${batchSize} needs ${formatMemory(neededBytes)}, ${device} ${has}: ${parts.join(', ')}`;
}

/**
 * Refuses a training that cannot fit.
 * @throws RgsweepError('out-of-memory') with what it needs, what there is, and the batch that would fit
 */
export function requireMemory(forecast: MemoryForecast): void {
  const { availableBytes, neededBytes, batchBytes, batchSize } = forecast;
  if (availableBytes === undefined || neededBytes <= availableBytes) return;
  const row = batchBytes / batchSize;
  const rows = Math.floor((availableBytes - (neededBytes - batchBytes)) / row);
  throw new RgsweepError('out-of-memory', describeForecast(forecast), {
    remedy:
      rows >= 1
        ? `a batch of ${rows} would fit: lower batchSize, take a smaller network, or a device with more memory`
        : 'not even a batch of 1 would fit: take a smaller network, or a device with more memory',
  });
}
