/** A difference with its standard error and the number of pairs of trainings behind it. */
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
 * Means over up to `blocks` consecutive blocks, each of `least` values at least. Evaluation data are consecutive configurations of Markov
 * chains, so that errors come from blocks, not from single configurations.
 */
export function blockMeans(
  values: ArrayLike<number>,
  { blocks = 100, least = 1 }: { blocks?: number; least?: number } = {},
): number[] {
  const count = Math.min(blocks, Math.floor(values.length / least));
  return Array.from({ length: count }, (_, block) => {
    const first = Math.floor((block * values.length) / count);
    const end = Math.floor(((block + 1) * values.length) / count);
    let sum = 0;
    for (let n = first; n < end; n++) sum += values[n]!;
    return sum / (end - first);
  });
}

type Trainings = readonly (readonly number[])[];

/** All trainings have the same number of blocks, two at least. */
function haveBlocks(first: Trainings, second: Trainings): boolean {
  const blocks = first[0]?.length ?? 0;
  return (
    second.length > 0 && blocks >= 2 && [...first, ...second].every((values) => values.length === blocks)
  );
}

const meanByBlock = (trainings: Trainings): number[] =>
  trainings[0]!.map((_, block) => mean(trainings.map((values) => values[block]!)));

/**
 * Mean of second − first over pairs of trainings, and its standard error e² = s²/n + ē²: s² the variance of the n pairs' means,
 * and ē² that of the mean over the test data, by block, which all pairs share. The n pairs are those of equal seeds, so that batches,
 * times and noise are the same on both sides, and cancel as far as they can. With one pair only ē² is known: how another
 * seed would have gone is not in the error. Undefined without a pair, with fewer than two blocks or with others on one side than on the other.
 * @param first for each training the means over consecutive blocks of the test data
 */
export function pairedDifference(first: Trainings, second: Trainings): PairedFigure | undefined {
  if (first.length !== second.length || !haveBlocks(first, second)) return undefined;
  const differences = first.map((values, pair) =>
    values.map((value, block) => second[pair]![block]! - value),
  );
  const bySeed = differences.map(mean);
  return figure(bySeed, [varianceOfMean(bySeed) ?? 0, varianceOfMean(meanByBlock(differences))!]);
}

/**
 * The same for trainings of other seeds on either side, on the same test data: e² = s₁²/n₁ + s₂²/n₂ + ē², the variances between the seeds of
 * each side, and that of the difference of both means by block.
 */
export function differenceOfMeans(first: Trainings, second: Trainings): PairedFigure | undefined {
  if (!haveBlocks(first, second)) return undefined;
  const [one, other] = [meanByBlock(first), meanByBlock(second)];
  const byBlock = one.map((value, block) => other[block]! - value);
  const between = [first, second].map((trainings) => varianceOfMean(trainings.map(mean)) ?? 0);
  const { value, error } = figure(byBlock, [...between, varianceOfMean(byBlock)!]) ?? {};
  return value === undefined || error === undefined
    ? undefined
    : { value, error, seeds: Math.min(first.length, second.length) };
}

function figure(values: readonly number[], variances: readonly number[]): PairedFigure | undefined {
  const variance = variances.reduce((sum, one) => sum + one, 0);
  return Number.isFinite(variance)
    ? { value: mean(values), error: Math.sqrt(variance), seeds: values.length }
    : undefined;
}
