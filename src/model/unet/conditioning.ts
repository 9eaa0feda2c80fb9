import { conditioningSize, writeConditioning } from '../conditioning.js';
import type { NoiseLevels } from '../noiseLevels.js';

const frequencies = 8;
/** |log tan²θ| beyond this is as good as no noise, or as no data. */
const widest = 16;

/** Number of features that tell the U-Net how noisy each scale is. */
export const unetConditioningSize = conditioningSize + 2 * frequencies;

/**
 * Those of every network (src/model/conditioning.ts), and sin and cos of πkτ, k = 1…8, of τ = ½ + ⟨log tan²θ_i⟩/32. A bound on
 * 256 grey levels spends half of its nats where the noise is below a hundredth of the data: there angles are all nearly 0,
 * and their logarithms tell the levels apart.
 * @param offset where in `out` the features begin
 */
export function writeUnetConditioning(levels: NoiseLevels, out: Float32Array, offset: number): void {
  writeConditioning(levels, out, offset);
  const dimension = levels.sine.length;
  let sum = 0;
  for (let i = 0; i < dimension; i++) {
    const logarithm = 2 * Math.log(levels.sine[i]! / levels.cosine[i]!);
    sum += Math.min(widest, Math.max(-widest, logarithm));
  }
  const phase = Math.PI * (0.5 + sum / dimension / (2 * widest));
  for (let k = 1; k <= frequencies; k++) {
    out[offset + conditioningSize + 2 * k - 2] = Math.sin(k * phase);
    out[offset + conditioningSize + 2 * k - 1] = Math.cos(k * phase);
  }
}
