import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { messageOf } from '../errors.js';

/** Backends that `npm ci` does not install. */
export const installableBackends = ['tensorflow', 'webgpu'] as const;
export type InstallableBackend = (typeof installableBackends)[number];

/**
 * Raised when what `rgsweep backend install` builds changes. 2: the binding lets signals wait. One of format 1 is used on, without oneDNN,
 * whose kernels signals harm most, and `rgsweep backend install` makes it anew.
 */
export const installationFormat = 2;

/** installed.json of a backend's folder: written last, so that a folder that has it is whole. */
export interface InstalledBackend {
  format: number;
  /** Of `tensorflow`: built for CUDA. */
  cuda: boolean;
  /** Names and versions of what it is made of. */
  versions: Record<string, string>;
}

/** `<home>/backends/<name>`, home being RGSWEEP_HOME or `.rgsweep`. */
export function backendFolder(
  name: InstallableBackend,
  home = path.resolve(process.env.RGSWEEP_HOME ?? '.rgsweep'),
): string {
  return path.join(home, 'backends', name);
}

/** What `rgsweep backend install` put there; undefined when nothing, or nothing whole. */
export function installedBackend(folder: string): InstalledBackend | undefined {
  try {
    const read = JSON.parse(readFileSync(path.join(folder, 'installed.json'), 'utf8')) as InstalledBackend;
    return read.format >= 1 && read.format <= installationFormat ? read : undefined;
  } catch {
    return undefined;
  }
}

const ownSource = 'installed by rgsweep';

export interface NativeModule {
  /** Path of the module to load. */
  file: string;
  /** `installed by rgsweep` or the package's name. */
  source: string;
}

/**
 * The TensorFlow binding that would be used: ours, else a stock `@tensorflow/tfjs-node-gpu` or `@tensorflow/tfjs-node` that
 * is installed where rgsweep or the working folder finds it; undefined when there is none.
 */
export function findTensorflow(): NativeModule | undefined {
  const folder = backendFolder('tensorflow');
  if (installedBackend(folder))
    return {
      file: createRequire(path.join(folder, 'package.json')).resolve('@tensorflow/tfjs-node'),
      source: ownSource,
    };
  for (const name of ['@tensorflow/tfjs-node-gpu', '@tensorflow/tfjs-node'])
    for (const base of [import.meta.url, path.resolve('package.json')])
      try {
        return { file: createRequire(base).resolve(name), source: name };
      } catch {
        // Not there.
      }
  return undefined;
}

/**
 * Loads the TensorFlow binding, which registers the backend `tensorflow` with tfjs. Its threads and its way with GPU memory
 * are set before, since TensorFlow reads them once.
 * @throws Error with the reason in a line when there is none or it does not load
 */
export function loadTensorflow(threads: number): void {
  const found = findTensorflow();
  if (!found) {
    const folder = backendFolder('tensorflow');
    throw new Error(
      existsSync(folder) ? `${folder} is not whole` : 'the native TensorFlow binding is not installed',
    );
  }
  // TensorFlow turns oneDNN on by itself on some processors only; with it a U-Net's step takes two thirds of the time. Bindings that do
  // not let signals wait (src/stack/signalGuard.ts) are left as they are.
  if (
    found.source === ownSource &&
    installedBackend(backendFolder('tensorflow'))?.format === installationFormat
  )
    process.env.TF_ENABLE_ONEDNN_OPTS ??= '1';
  process.env.TF_NUM_INTRAOP_THREADS ??= String(threads);
  process.env.TF_NUM_INTEROP_THREADS ??= '1';
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '2';
  process.env.TF_FORCE_GPU_ALLOW_GROWTH ??= 'true';
  const { warn } = console;
  try {
    // The binding brings its own copy of tfjs, which shares our engine and says of each kernel that it is there already.
    console.warn = () => undefined;
    createRequire(import.meta.url)(found.file);
  } catch (error) {
    throw new Error(`${found.file} (${found.source}) does not load: ${messageOf(error).split('\n')[0]}`, {
      cause: error,
    });
  } finally {
    console.warn = warn;
  }
}

/** Why WebGPU cannot start although its packages are there. */
export const noGpu = 'it finds no GPU with Vulkan, Metal or Direct3D 12';

/**
 * Loads npm `webgpu` (Dawn) and tfjs's WebGPU backend. The GPU object must be in place before the backend is loaded.
 * @throws Error with the reason in a line
 */
export async function loadWebgpu(): Promise<void> {
  const folder = backendFolder('webgpu');
  if (!installedBackend(folder)) throw new Error('no WebGPU binding is installed');
  const require = createRequire(path.join(folder, 'package.json'));
  const { create, globals } = require('webgpu') as {
    create: (options: string[]) => { requestAdapter(): Promise<unknown> };
    globals: Record<string, unknown>;
  };
  const gpu = create([]);
  // tfjs reads an adapter's features without asking whether there is one.
  if (!(await gpu.requestAdapter())) throw new Error(noGpu);
  Object.assign(globalThis, globals);
  Object.defineProperty(globalThis, 'navigator', { value: { gpu }, configurable: true });
  require('@tensorflow/tfjs-backend-webgpu');
}
