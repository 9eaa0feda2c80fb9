import { execFile } from 'node:child_process';
import { messageOf, RgsweepError } from '../errors.js';

/** A GPU, or a part of one (MIG), that a trainer can have for itself. */
export interface Gpu {
  /** What CUDA_VISIBLE_DEVICES takes: `GPU-…` or `MIG-…`. */
  uuid: string;
  index: number;
  name: string;
  memoryMiB: number;
  /** `550.54.15`. */
  driver: string;
}

/** Runs `nvidia-smi` with these arguments. @returns undefined where there is no such program */
export type NvidiaSmi = (args: readonly string[]) => Promise<string | undefined>;

const timeoutMilliseconds = 20_000;
const fields = ['index', 'uuid', 'name', 'memory.total', 'driver_version', 'mig.mode.current'];

/** The machine's own program, found on PATH. */
export const nvidiaSmi: NvidiaSmi = (args) =>
  new Promise((resolve, reject) =>
    execFile(
      'nvidia-smi',
      [...args],
      { timeout: timeoutMilliseconds, encoding: 'utf8' },
      (error, stdout, stderr) => {
        if (!error) return resolve(stdout);
        if (error.code === 'ENOENT') return resolve(undefined);
        const said = (stdout + stderr).trim().split('\n')[0] || messageOf(error);
        reject(
          new RgsweepError('backend-unavailable', `nvidia-smi: ${said}`, {
            remedy: 'mend the driver, or start the worker with --gpus none',
            cause: error,
          }),
        );
      },
    ),
  );

function parseGpu(line: string): Gpu & { mig: boolean } {
  const [index, uuid, name, memory, driver, mig] = line.split(',').map((field) => field.trim());
  const gpu = {
    index: Number(index),
    uuid: uuid ?? '',
    name: name ?? '',
    memoryMiB: Number(memory),
    driver: driver ?? '',
    mig: mig === 'Enabled',
  };
  if (!Number.isInteger(gpu.index) || !gpu.uuid.startsWith('GPU-') || !Number.isFinite(gpu.memoryMiB))
    throw new RgsweepError('backend-unavailable', `nvidia-smi printed ${JSON.stringify(line)}`, {
      remedy: `expected are ${fields.join(', ')}; start the worker with --gpus none to do without`,
    });
  return gpu;
}

/** The MIG parts of each GPU, from `nvidia-smi -L`: `  MIG 1g.10gb  Device  0: (UUID: MIG-…)`. */
function parseParts(listing: string, gpus: readonly Gpu[]): Map<string, Gpu[]> {
  const parts = new Map<string, Gpu[]>();
  let whole: Gpu | undefined;
  for (const line of listing.split('\n')) {
    const card = /^GPU \d+: .*\(UUID: (GPU-[^)]+)\)/.exec(line);
    if (card) whole = gpus.find(({ uuid }) => uuid === card[1]);
    const part = /^\s+MIG (\S+)\s+Device\s+\d+: \(UUID: (MIG-[^)]+)\)/.exec(line);
    if (!part || !whole) continue;
    const [, profile = '', uuid = ''] = part;
    const gigabytes = Number(/(\d+)gb/.exec(profile)?.[1] ?? 0);
    const one = { ...whole, uuid, name: `${whole.name} MIG ${profile}`, memoryMiB: gigabytes * 1024 };
    parts.set(whole.uuid, [...(parts.get(whole.uuid) ?? []), one]);
  }
  return parts;
}

/**
 * What CUDA itself would show: the entries of CUDA_VISIBLE_DEVICES in their order, by number or by the beginning of an id, up to the
 * first that names nothing (CUDA C++ Programming Guide, "CUDA Environment Variables").
 */
function visible(gpus: readonly Gpu[], setting: string | undefined): Gpu[] {
  if (setting === undefined) return [...gpus];
  const found: Gpu[] = [];
  for (const entry of setting.split(',').map((one) => one.trim())) {
    const gpu = /^\d+$/.test(entry)
      ? gpus.find(({ index, uuid }) => index === Number(entry) && uuid.startsWith('GPU-'))
      : entry.length > 4
        ? gpus.find(({ uuid }) => uuid.startsWith(entry))
        : undefined;
    if (!gpu) break;
    found.push(gpu);
  }
  return found;
}

/**
 * The GPUs of this machine that this process may use; a GPU that is divided (MIG) is its parts.
 * @returns none where there is no `nvidia-smi`
 * @throws RgsweepError('backend-unavailable') when it is there and fails, with what it said
 */
export async function findGpus(
  environment: NodeJS.ProcessEnv = process.env,
  run: NvidiaSmi = nvidiaSmi,
): Promise<Gpu[]> {
  const output = await run([`--query-gpu=${fields.join(',')}`, '--format=csv,noheader,nounits']);
  if (output === undefined) return [];
  const cards = output
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map(parseGpu);
  const whole = cards.map(({ mig: _, ...gpu }) => gpu);
  const parts = cards.some(({ mig }) => mig) ? parseParts((await run(['-L'])) ?? '', whole) : new Map();
  const gpus = cards.flatMap(({ mig }, at) =>
    mig ? ((parts.get(whole[at]!.uuid) as Gpu[] | undefined) ?? []) : [whole[at]!],
  );
  return visible(gpus, environment.CUDA_VISIBLE_DEVICES);
}
