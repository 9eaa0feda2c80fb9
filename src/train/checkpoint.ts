import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { messageOf, RgsweepError } from '../errors.js';
import type { ParameterArray, ParameterArrays } from '../model/arrays.js';
import { decodeSafetensors, encodeSafetensors } from '../tensors/safetensors.js';
import type { OptimizerState } from './optimizer.js';

/** All that the next step depends on, and the smoothed loss. */
export interface Checkpoint {
  step: number;
  /** Exponential average of the loss over about 100 steps. */
  loss: number;
  state: OptimizerState;
  /** The backends it was trained on so far, each where it took over. */
  backends?: readonly string[];
}

const format = 1;

function encodeArrays(arrays: ParameterArrays): Uint8Array {
  return encodeSafetensors(
    Object.fromEntries(
      Object.entries(arrays).map(([name, { shape, data }]) => [name, { shape: [...shape], data }]),
    ),
  );
}

function prefixed(prefix: string, arrays: ParameterArrays): ParameterArrays {
  return Object.fromEntries(Object.entries(arrays).map(([name, array]) => [prefix + name, array]));
}

/**
 * Writes a checkpoint folder `step-<n>` below `parent`: model.safetensors and ema.safetensors (tensors by parameter name),
 * optimizer.safetensors (Adam's moments as first.NAME and second.NAME) and state.json. The folder appears whole.
 * @returns its path
 */
export function writeCheckpoint(parent: string, { step, loss, state, backends = [] }: Checkpoint): string {
  const folder = path.join(parent, `step-${step}`);
  const partial = `${folder}.partial`;
  mkdirSync(partial, { recursive: true });
  const moments = { ...prefixed('first.', state.first), ...prefixed('second.', state.second) };
  writeFileSync(path.join(partial, 'model.safetensors'), encodeArrays(state.parameters));
  writeFileSync(path.join(partial, 'ema.safetensors'), encodeArrays(state.ema));
  writeFileSync(path.join(partial, 'optimizer.safetensors'), encodeArrays(moments));
  writeFileSync(path.join(partial, 'state.json'), JSON.stringify({ format, step, loss, backends }));
  renameSync(partial, folder);
  return folder;
}

/**
 * Reads a checkpoint folder for a network of the shapes of `like`.
 * @throws RgsweepError('bad-configuration') when it belongs to another network or another step than `step`,
 *   RgsweepError('data-missing') when a file is missing or damaged
 */
export function readCheckpoint(folder: string, step: number, like: ParameterArrays): Checkpoint {
  let saved: { format?: number; step?: number; loss?: number; backends?: string[] };
  try {
    saved = JSON.parse(readFileSync(path.join(folder, 'state.json'), 'utf8')) as typeof saved;
  } catch (error) {
    throw new RgsweepError('data-missing', `${path.join(folder, 'state.json')}: ${messageOf(error)}`);
  }
  if (saved.format !== format || saved.step !== step)
    throw new RgsweepError(
      'bad-configuration',
      `${folder} is a checkpoint of step ${saved.step} in format ${saved.format}; step ${step} in format ${format} was expected`,
    );
  const moments = (prefix: string) => readArrays(path.join(folder, 'optimizer.safetensors'), like, prefix);
  return {
    step,
    loss: saved.loss ?? NaN,
    backends: saved.backends ?? [],
    state: {
      parameters: readArrays(path.join(folder, 'model.safetensors'), like),
      ema: readArrays(path.join(folder, 'ema.safetensors'), like),
      first: moments('first.'),
      second: moments('second.'),
    },
  };
}

function readArrays(file: string, like: ParameterArrays, prefix = ''): ParameterArrays {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    throw new RgsweepError('data-missing', `${file}: ${messageOf(error)}`);
  }
  const { tensors } = decodeSafetensors(bytes);
  return Object.fromEntries(
    Object.entries(like).map(([name, { shape }]): [string, ParameterArray] => {
      const found = tensors[prefix + name];
      if (!found || !(found.data instanceof Float32Array) || found.shape.join() !== shape.join())
        throw new RgsweepError(
          'bad-configuration',
          `${file}: tensor "${prefix + name}" is ${found ? `[${found.shape.join(', ')}]` : 'missing'}; this network has float32 [${shape.join(', ')}]`,
        );
      return [name, { shape, data: found.data }];
    }),
  );
}
