import { createNoiseLevels, emptyNoiseLevels } from '../model/noiseLevels.js';
import type { ResidualModel } from '../model/residual.js';
import { createTimeImportance } from '../model/timeImportance.js';
import { fillNormals } from '../random/normals.js';
import { CounterRandom } from '../random/philox.js';
import { gaussianBoundPerSample, gaussianBoundTerms } from '../schedule/gaussian.js';
import type { DiffusionProcess } from '../schedule/types.js';
import { fieldsToComponents } from './likelihood.js';

/**
 * The variational bound on −log p(φ) in nats of each field, an unbiased estimate with `draws` noise draws a field.
 *
 * It is the bound of the Gaussian score, known exactly for each field, plus what the network changes on the same draws:
 * with ε − ε̂ = r − g, r = ε − sin θ u the Gaussian score's error and g the residual,
 * ½ ∫ Σ_i γ_i′ [(r_i − g_i)² − r_i²] dt = ½ ∫ Σ_i γ_i′ (g_i² − 2 r_i g_i) dt.
 * Draw j of a field takes its time from the j-th of `draws` equal parts of the importance density (src/model).
 */
export async function variationalBound(
  process: DiffusionProcess,
  model: ResidualModel,
  fields: Float32Array | Float64Array,
  draws: number,
  seed: number,
): Promise<Float64Array> {
  return (await componentBounds(process, model, fields, draws, seed)).bound;
}

/**
 * The same, and what each component adds to its mean over the fields (`components`), and what it adds to that of the Gaussian
 * score alone (`gaussian`): by scales, they say where a network earns its nats.
 */
export async function componentBounds(
  process: DiffusionProcess,
  model: ResidualModel,
  fields: Float32Array | Float64Array,
  draws: number,
  seed: number,
): Promise<{ bound: Float64Array; components: Float64Array; gaussian: Float64Array }> {
  const { dimension } = process;
  const count = fields.length / dimension;
  const chi = fieldsToComponents(process, fields, count);
  const bound = gaussianBoundPerSample(process, chi, count);
  const { constants, slopes } = gaussianBoundTerms(process);
  const gaussian = constants.slice();
  chi.forEach((value, n) => (gaussian[n % dimension]! += (slopes[n % dimension]! * value ** 2) / count));
  const components = gaussian.slice();
  const levelsAt = createNoiseLevels(process);
  const levels = emptyNoiseLevels(dimension);
  const importance = createTimeImportance(levelsAt, dimension);

  for (let draw = 0; draw < draws; draw++) {
    const random = new CounterRandom(seed, 'bound-time', draw);
    const noise = new Float32Array(count * dimension);
    fillNormals(noise, seed, 'bound-noise', draw);
    const times = new Float64Array(count);
    const u = new Float64Array(count * dimension);
    const errors = new Float64Array(count * dimension);
    const weights = new Float64Array(count * dimension);
    for (let n = 0; n < count; n++) {
      const [time, factor] = importance((draw + random.uniform()) / draws);
      times[n] = time;
      levelsAt(time, levels);
      for (let i = 0; i < dimension; i++) {
        const at = n * dimension + i;
        const data = chi[at]! / Math.sqrt(process.dataVariance[i]!);
        u[at] = levels.cosine[i]! * data + levels.sine[i]! * noise[at]!;
        errors[at] = noise[at]! - levels.sine[i]! * u[at];
        weights[at] = (0.5 * levels.gammaDerivative[i]! * factor) / draws;
      }
    }
    const residual = await model.residual(u, times);
    for (let at = 0; at < residual.length; at++) {
      const change = weights[at]! * (residual[at]! ** 2 - 2 * errors[at]! * residual[at]!);
      bound[Math.floor(at / dimension)]! += change;
      components[at % dimension]! += change / count;
    }
  }
  return { bound, components, gaussian };
}
