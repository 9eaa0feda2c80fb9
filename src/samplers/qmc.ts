import { valueFromUniform } from './axis.js';
import { scrambledSobol } from './sobol.js';
import { compileTree, drawParameters } from './tree.js';
import type { Sampler } from './types.js';

/**
 * Scrambled Sobol' points: trial n takes point n, dimension d the d-th searched parameter. Any 2^k consecutive trials
 * from a multiple of 2^k fill the space evenly. The scrambling comes from the seed.
 */
export const sampleQmc: Sampler = ({ space, trial, seed }) => {
  const tree = compileTree(space);
  return drawParameters(tree, (node) =>
    valueFromUniform(node.axis, scrambledSobol(trial, node.dimension, seed, 'sampler/qmc')),
  );
};
