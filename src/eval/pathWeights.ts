import type { ResidualModel } from '../model/residual.js';
import { fillNormals } from '../random/normals.js';
import { marginalsAt, type Marginals } from '../sample/marginals.js';
import { reverseNoise, reverseSde } from '../sample/reverseSde.js';
import type { DiffusionProcess } from '../schedule/types.js';
import { componentsToFields } from './likelihood.js';
import { effectiveSampleSize } from './statistics.js';

/**
 * log w of whole paths of the ancestral sampler with `steps` calls of the network, for a density e^{−S(φ)}/Z:
 *
 *   w = e^{−S(φ)} |dφ/dχ(0)| Π q(χ_t | χ_s) / [ N(χ(1)) Π p(χ_s | χ_t) ],  s < t neighbouring times, φ = μ + US χ(0)/α(0),
 *
 * q the process's own transitions N(r χ_s, σ²_{t|s}), p those of the sampler. ⟨w⟩ = Z in any number of steps and for any network, as
 * nothing is integrated: what few steps lose shows in the spread of w.
 */
export async function pathWeights(input: {
  process: DiffusionProcess;
  model: ResidualModel;
  /** S of each row of fields [N, D]. */
  actions: (fields: Float64Array) => Float64Array;
  count: number;
  steps: number;
  seed: number;
}): Promise<Float64Array> {
  const { process, model, count, steps, seed } = input;
  const { dimension, scale } = process;
  const prior = new Float32Array(count * dimension);
  fillNormals(prior, seed, 'prior', 0);
  const draw = reverseNoise(seed);
  let normals: Float32Array | undefined;
  let last: { chi: Float64Array; at: Marginals } | undefined;
  const logWeights = new Float64Array(count);
  const { chi } = await reverseSde({
    process,
    model,
    start: Float64Array.from(prior),
    steps,
    method: 'ancestral',
    noise: (step, out) => {
      draw(step, out);
      normals = out;
    },
    onStep: (t, here) => {
      const at = marginalsAt(process, t);
      if (last && normals) addTransition(logWeights, last, { chi: here, at }, normals);
      last = { chi: here.slice(), at };
    },
  });
  const { alpha } = marginalsAt(process, 0);
  const fields = componentsToFields(
    process,
    chi.map((value, n) => value / alpha[n % dimension]!),
    count,
  );
  let logVolume = 0;
  for (let i = 0; i < dimension; i++)
    logVolume += Math.log(scale[i]! / alpha[i]!) + 0.5 * Math.log(2 * Math.PI);
  const actions = input.actions(fields);
  for (let row = 0; row < count; row++) {
    let square = 0;
    for (let i = 0; i < dimension; i++) square += prior[row * dimension + i]! ** 2;
    logWeights[row]! += 0.5 * square + logVolume - actions[row]!;
  }
  return logWeights;
}

/** Adds log q(χ_t | χ_s) − log p(χ_s | χ_t) of one step from t (`from`) to s (`to`); a component without new noise adds nothing. */
function addTransition(
  logWeights: Float64Array,
  from: { chi: Float64Array; at: Marginals },
  to: { chi: Float64Array; at: Marginals },
  normals: Float32Array,
): void {
  const dimension = from.at.gamma.length;
  for (let i = 0; i < dimension; i++) {
    const variance = -(from.at.sigma[i]! ** 2) * Math.expm1(to.at.gamma[i]! - from.at.gamma[i]!);
    if (!(variance > 0)) continue;
    const ratio = from.at.alpha[i]! / to.at.alpha[i]!;
    // The sampler's deviation is √(v_s σ²_{t|s}/v_t): of both normalizations √(v_s/v_t) is left.
    const normalization = Math.log(to.at.deviation[i]! / from.at.deviation[i]!);
    for (let row = 0, n = i; row < logWeights.length; row++, n += dimension) {
      const distance = from.chi[n]! - ratio * to.chi[n]!;
      logWeights[row]! += normalization + 0.5 * (normals[n]! ** 2 - distance ** 2 / variance);
    }
  }
}

/** ESS of whole paths by calls of the network. */
export interface PathEss {
  evaluations: number;
  ess: number;
}

const always = [8, 16, 32, 64];
const further = [128, 256];

/**
 * ESS of paths with 8, 16, 32 and 64 calls of the network, and with 128 and 256 while it stays below `enough`. It is below the ESS of
 * samples with their density: a path has to be right as a whole.
 */
export async function pathEss(
  input: Omit<Parameters<typeof pathWeights>[0], 'steps'>,
  enough: number,
): Promise<PathEss[]> {
  const out: PathEss[] = [];
  for (const steps of [...always, ...further]) {
    if (further.includes(steps) && out.some(({ ess }) => ess >= enough)) break;
    const { ess } = effectiveSampleSize(await pathWeights({ ...input, steps }));
    out.push({ evaluations: steps, ess });
  }
  return out;
}

/** Calls of the network at which the ESS reaches `enough`, between two numbers by their logarithms; undefined when it does not. */
export function evaluationsNeeded(found: readonly PathEss[], enough: number): number | undefined {
  const index = found.findIndex(({ ess }) => ess >= enough);
  if (index < 0) return undefined;
  const [before, after] = [found[index - 1], found[index]!];
  if (!before) return after.evaluations;
  const part = (enough - before.ess) / (after.ess - before.ess);
  return before.evaluations * (after.evaluations / before.evaluations) ** part;
}
