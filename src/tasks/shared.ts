import type { ModelInput, TaskModel } from './types.js';

/**
 * The network of the φ⁴ task for a task of one's own: fields of one channel on a periodic lattice of at most 256 sites, odd under
 * φ → −φ, commuting with translations as far as the noise does. Loads the numerical backend when it is called.
 */
export async function latticeModel(input: ModelInput<unknown>): Promise<TaskModel> {
  const { createLatticeModel } = await import('./latticeModel.js');
  return createLatticeModel(input);
}
