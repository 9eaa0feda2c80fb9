/** The TypeScript API: searching with ask and tell, and understanding what was found (docs/search.md). Values are minimized. */
export { RgsweepError } from './errors.js';
export type { Point } from './insight/cells.js';
export { fanova, type Fanova, type PartialDependence } from './insight/fanova.js';
export { pedAnova, type PedAnova } from './insight/pedAnova.js';
export { createSampler } from './samplers/index.js';
export { hypervolume, paretoFront } from './samplers/pareto.js';
export type { Observation, Sampler, SamplerName, SuggestInput } from './samplers/types.js';
export {
  createSearch,
  type Fidelity,
  type Report,
  type Search,
  type SearchOptions,
  type Segment,
  type Suggestion,
} from './search/engine.js';
export { parseSpace } from './space/parse.js';
export type { Parameters, SearchSpace } from './space/types.js';
