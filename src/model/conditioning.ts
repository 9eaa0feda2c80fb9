import type { NoiseLevels } from './noiseLevels.js';

const frequencies = 8;

/** Number of features that tell a network how noisy each scale is. */
export const conditioningSize = 2 * frequencies + 4;

/**
 * Writes a network's conditioning at one time: sin and cos of πkτ, k = 1…8, of the mean noise angle τ = 2Θ/π, and
 * minimum, maximum and mean of sin θ_i and the mean of cos θ_i.
 *
 * Only noise levels enter, never t itself: two trajectories through the same levels give a network the same task, and a
 * schedule with component-wise levels shows how far apart its scales are.
 * @param offset where in `out` the features begin
 */
export function writeConditioning(levels: NoiseLevels, out: Float32Array, offset: number): void {
  const phase = 2 * levels.meanAngle;
  const twiceCosine = 2 * Math.cos(phase);
  let sine = Math.sin(phase);
  let cosine = Math.cos(phase);
  let sineBefore = 0;
  let cosineBefore = 1;
  for (let k = 0; k < frequencies; k++) {
    out[offset + 2 * k] = sine;
    out[offset + 2 * k + 1] = cosine;
    // sin (k+1)x = 2 cos x sin kx − sin (k−1)x, and the same for cos.
    [sine, sineBefore] = [twiceCosine * sine - sineBefore, sine];
    [cosine, cosineBefore] = [twiceCosine * cosine - cosineBefore, cosine];
  }
  let least = 1;
  let most = 0;
  let sineSum = 0;
  let cosineSum = 0;
  const dimension = levels.sine.length;
  for (let i = 0; i < dimension; i++) {
    const level = levels.sine[i]!;
    if (level < least) least = level;
    if (level > most) most = level;
    sineSum += level;
    cosineSum += levels.cosine[i]!;
  }
  out[offset + 2 * frequencies] = least;
  out[offset + 2 * frequencies + 1] = most;
  out[offset + 2 * frequencies + 2] = sineSum / dimension;
  out[offset + 2 * frequencies + 3] = cosineSum / dimension;
}
