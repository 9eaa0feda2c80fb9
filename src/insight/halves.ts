import { CounterRandom } from '../random/philox.js';

/**
 * Random halves of n trials and what is left: two independent experiments of half the size. Where θ₁ and θ₂ are an estimate on
 * each, √(mean (θ₁ − θ₂)²/4) over such splits is the standard error of the estimate on all (balanced half-samples; Politis,
 * Romano, Wolf, "Subsampling", 1999, §2).
 */
export function halvesOf(count: number, splits: number, seed: number): [number[], number[]][] {
  return Array.from({ length: splits }, (_, split) => {
    const random = new CounterRandom(seed, 'insight/halves', split);
    const order = Array.from({ length: count }, (_, index) => index);
    for (let i = count - 1; i > 0; i--) {
      const j = random.integer(i + 1);
      [order[i], order[j]] = [order[j]!, order[i]!];
    }
    const half = count >> 1;
    return [order.slice(0, half), order.slice(half)];
  });
}

/**
 * Standard errors of several estimates at once, from what each half of each split gave.
 * @param whole the estimates θ on all: what halves say on average apart from them, (⟨θ₁ + θ₂⟩/2 − θ)², is then part of e². Halves that see nothing
 * at all of a weak influence agree on nothing, which is no proof of how strong it is
 */
export function errorsOfHalves(
  pairs: readonly (readonly [ArrayLike<number>, ArrayLike<number>])[],
  whole?: ArrayLike<number>,
): number[] {
  const length = pairs[0]?.[0].length ?? 0;
  return Array.from({ length }, (_, i) => {
    let spread = 0;
    let mean = 0;
    for (const [first, second] of pairs) {
      spread += (first[i]! - second[i]!) ** 2 / 4 / pairs.length;
      mean += (first[i]! + second[i]!) / 2 / pairs.length;
    }
    return Math.sqrt(spread + (whole ? (mean - whole[i]!) ** 2 : 0));
  });
}
