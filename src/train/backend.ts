import { createRequire } from 'node:module';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { messageOf, RgsweepError } from '../errors.js';
import { findTensorflow, loadTensorflow, loadWebgpu, noGpu } from './nativeBackend.js';
import type { BackendName, BackendRequest } from './protocol.js';

export type { BackendName, BackendRequest } from './protocol.js';

/** What training runs on, as metrics and messages name it. */
export interface Backend {
  name: BackendName;
  threads: number;
}

const starters: Record<BackendName, (threads: number) => Promise<Backend>> = {
  wasm: startWasm,
  cpu: startPlainCpu,
  tensorflow: startTensorflow,
  webgpu: startWebgpu,
};

/**
 * Starts the numerical backend of this process, once, and checks that it is the one that was asked for: tfjs itself
 * falls back to its plain `cpu` backend in silence when another cannot start, a hundred times slower.
 * `auto` is `tensorflow` where a binding is installed, else `wasm`; a binding that is installed and does not start is an
 * error all the same. `threads` beyond 1 is only of use to `tensorflow`: the threaded wasm build does not run in Node.
 * @throws RgsweepError('backend-unavailable') saying what is missing
 */
export async function startBackend(request: BackendRequest, threads: number): Promise<Backend> {
  return starters[request === 'auto' ? (findTensorflow() ? 'tensorflow' : 'wasm') : request](threads);
}

async function startWasm(): Promise<Backend> {
  try {
    const wasm = await import('@tensorflow/tfjs-backend-wasm');
    const main = createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm');
    wasm.setWasmPaths(path.dirname(main) + path.sep);
    wasm.setThreadsCount(1);
    await tf.setBackend('wasm');
  } catch (error) {
    return unavailable('wasm', messageOf(error));
  }
  return checked('wasm');
}

async function startTensorflow(threads: number): Promise<Backend> {
  try {
    loadTensorflow(threads);
    await tf.setBackend('tensorflow');
  } catch (error) {
    return unavailable('tensorflow', messageOf(error));
  }
  return { ...(await checked('tensorflow')), threads };
}

async function startWebgpu(): Promise<Backend> {
  try {
    await loadWebgpu();
    if (!(await tf.setBackend('webgpu'))) return await unavailable('webgpu', 'tfjs could not start it');
  } catch (error) {
    if (error instanceof RgsweepError) throw error;
    return unavailable('webgpu', messageOf(error));
  }
  return checked('webgpu');
}

async function startPlainCpu(): Promise<Backend> {
  await tf.setBackend('cpu');
  return checked('cpu');
}

async function checked(name: BackendName): Promise<Backend> {
  await tf.ready();
  const got = tf.getBackend();
  if (got !== name) return unavailable(name, `tfjs started its "${got}" backend instead`);
  if (name === 'wasm' && !(await tf.env().getAsync('WASM_HAS_SIMD_SUPPORT')))
    return unavailable(name, 'this processor or Node build has no WebAssembly SIMD');
  return { name, threads: 1 };
}

function unavailable(name: BackendName, why: string): Promise<never> {
  return Promise.reject(
    new RgsweepError('backend-unavailable', `the backend "${name}" cannot be used: ${why}`, {
      remedy:
        name === 'wasm' || name === 'cpu'
          ? 'run npm ci'
          : why === noGpu
            ? 'install the driver of the GPU (on Linux also libvulkan.so.1: Debian, Ubuntu: apt-get install libvulkan1), or use the backend "wasm"'
            : `install it with \`rgsweep backend install ${name}\`, or use the backend "wasm", which npm ci installs`,
    }),
  );
}
