/** A value with its standard error and the number of pairs of trainings behind it. */
export interface PairedFigure {
  value: number;
  error: number;
  seeds: number;
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** Variance of the mean of independent values, s²/n; undefined for fewer than two. */
function varianceOfMean(values: readonly number[]): number | undefined {
  if (values.length < 2) return undefined;
  const centre = mean(values);
  return values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (values.length - 1) / values.length;
}

/**
 * Mean of second − first over pairs of trainings, and its standard error e² = s²/n + ē²: s² the variance of the n pairs' means,
 * and ē² that of the mean over the test data, by block, which all pairs share. The n pairs are those of equal seeds, so that batches,
 * times and noise are the same on both sides, and cancel as far as they can. With one pair only ē² is known: how another
 * seed would have gone is not in the error.
 * @param first for each training the means of −log q over consecutive blocks of the test data
 */
export function pairedDifference(
  first: readonly (readonly number[])[],
  second: readonly (readonly number[])[],
): PairedFigure | undefined {
  const seeds = Math.min(first.length, second.length);
  const blocks = first[0]?.length ?? 0;
  if (seeds === 0 || blocks < 2) return undefined;
  const differences = Array.from({ length: seeds }, (_, pair) =>
    first[pair]!.map((value, block) => second[pair]![block]! - value),
  );
  const byBlock = Array.from({ length: blocks }, (_, block) => mean(differences.map((one) => one[block]!)));
  const bySeed = differences.map(mean);
  const variance = (varianceOfMean(bySeed) ?? 0) + varianceOfMean(byBlock)!;
  return { value: mean(bySeed), error: Math.sqrt(variance), seeds };
}

/** Mean of paired values second − first by seed, with s²/n alone; undefined for fewer than two. */
export function pairedMeans(first: readonly number[], second: readonly number[]): PairedFigure | undefined {
  const differences = first.map((value, pair) => second[pair]! - value);
  const variance = varianceOfMean(differences);
  return variance === undefined
    ? undefined
    : { value: mean(differences), error: Math.sqrt(variance), seeds: differences.length };
}

/** Ranks from 1, equal values sharing their mean rank. */
function ranks(values: readonly number[]): number[] {
  const order = values.map((_, index) => index).sort((a, b) => values[a]! - values[b]!);
  const out = new Array<number>(values.length);
  for (let start = 0; start < order.length;) {
    let end = start + 1;
    while (end < order.length && values[order[end]!] === values[order[start]!]) end++;
    for (let i = start; i < end; i++) out[order[i]!] = (start + end + 1) / 2;
    start = end;
  }
  return out;
}

/** Spearman's rank correlation, with the standard error of its Fisher transform, 1.03/√(n − 3). */
export function spearman(
  first: readonly number[],
  second: readonly number[],
): { value: number; low: number; high: number; count: number } | undefined {
  const count = first.length;
  if (count < 5) return undefined;
  const [a, b] = [ranks(first), ranks(second)];
  const centre = (count + 1) / 2;
  const sum = (term: (i: number) => number) => a.reduce((total, _, i) => total + term(i), 0);
  const spread = Math.sqrt(sum((i) => (a[i]! - centre) ** 2) * sum((i) => (b[i]! - centre) ** 2));
  if (spread === 0) return undefined;
  const value = sum((i) => (a[i]! - centre) * (b[i]! - centre)) / spread;
  const z = Math.atanh(Math.max(-0.999999, Math.min(0.999999, value)));
  const width = (2 * 1.03) / Math.sqrt(count - 3);
  return { value, low: Math.tanh(z - width), high: Math.tanh(z + width), count };
}
