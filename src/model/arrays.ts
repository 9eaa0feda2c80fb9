import * as tf from '@tensorflow/tfjs';

/** One named parameter tensor on the host, row-major. */
export interface ParameterArray {
  shape: readonly number[];
  data: Float32Array;
}

/** A network's parameters by name; the order of the names is the network's own and stays fixed. */
export type ParameterArrays = Readonly<Record<string, ParameterArray>>;

/** The same parameters on the backend. */
export type ParameterTensors = Readonly<Record<string, tf.Tensor>>;

/** Number of single parameters. */
export function countParameters(parameters: ParameterArrays): number {
  return Object.values(parameters).reduce((sum, { data }) => sum + data.length, 0);
}

/** Copies of all arrays, filled with zeros where `zero` is set. */
export function copyParameters(
  parameters: ParameterArrays,
  options: { zero?: boolean } = {},
): ParameterArrays {
  return Object.fromEntries(
    Object.entries(parameters).map(([name, { shape, data }]) => [
      name,
      { shape, data: options.zero ? new Float32Array(data.length) : data.slice() },
    ]),
  );
}

/** Uploads parameters; the caller disposes of the tensors (or calls inside `tf.tidy`). */
export function uploadParameters(parameters: ParameterArrays): Record<string, tf.Tensor> {
  return Object.fromEntries(
    Object.entries(parameters).map(([name, { shape, data }]) => [
      name,
      tf.tensor(data, [...shape], 'float32'),
    ]),
  );
}
