/**
 * Vargha–Delaney A of "a is smaller than b": P(a < b) + ½ P(a = b) over all pairs; above ½ means a is the better
 * minimizer (Vargha and Delaney, J. Educ. Behav. Stat. 25 (2000) 101).
 */
export function varghaDelaney(a: readonly number[], b: readonly number[]): number {
  let wins = 0;
  for (const x of a) for (const y of b) wins += x < y ? 1 : x === y ? 0.5 : 0;
  return wins / (a.length * b.length);
}

/** One-sided p-value of the Mann–Whitney test for a being larger (worse) than b: small when it is. */
export function worseProbability(a: readonly number[], b: readonly number[]): number {
  const n = a.length * b.length;
  const deviation = Math.sqrt((n * (a.length + b.length + 1)) / 12) / n;
  return normalCdf((varghaDelaney(a, b) - 0.5) / deviation);
}

function normalCdf(z: number): number {
  // Abramowitz and Stegun 7.1.26: error below 1.5e-7.
  const t = 1 / (1 + 0.3275911 * Math.abs(z / Math.SQRT2));
  const tail =
    0.5 *
    t *
    (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429)))) *
    Math.exp((-z * z) / 2);
  return z < 0 ? tail : 1 - tail;
}

/** The q-quantile by linear interpolation. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const position = q * (sorted.length - 1);
  const low = Math.floor(position);
  const high = Math.ceil(position);
  return sorted[low]! + (position - low) * (sorted[high]! - sorted[low]!);
}
