import { CounterRandom } from '../random/philox.js';
import { valueFromUniform } from './axis.js';
import { compileTree, drawParameters } from './tree.js';
import type { Sampler } from './types.js';

/**
 * Independent uniform draws (log-uniform on logarithmic axes, every choice and every step alike). A parameter's draw
 * depends on (seed, trial, position) only, so a parent's value never shifts the numbers of what comes after it.
 */
export const sampleRandom: Sampler = ({ space, trial, seed }) => {
  const tree = compileTree(space);
  const random = new CounterRandom(seed, 'sampler/random', trial);
  const uniforms = tree.searched.map(() => random.uniform());
  return drawParameters(tree, (node) => valueFromUniform(node.axis, uniforms[node.dimension]!));
};
