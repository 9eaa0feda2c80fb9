import type { Arena } from './arena.js';
import type { Columns } from './columns.js';
import { fitMixture } from './fit.js';
import { logDensity, type Point } from './parzen.js';
import type { Tree } from './tree.js';

/** Results of this search that an earlier one is tested on at most, evenly taken from its ranking. */
const mostCompared = 40;
/** An earlier search begins as if it had agreed on so many results. */
const believed = 4;

/**
 * How far an earlier search agrees with this one, from 0 (no better than chance, or against it) to 1: 2C − 1 of the
 * concordance C, the share of pairs of this search's results of which the better one is also the likelier under the earlier search's
 * l/g. Drawn towards 1 while there are few results.
 * @param good indices of the earlier search's good trials, `bad` of its others
 * @param ranked indices of this search's results, best first
 */
export function agreementOf(
  { tree, columns, minWidth, arena }: { tree: Tree; columns: Columns; minWidth: number; arena: Arena },
  good: readonly number[],
  bad: readonly number[],
  ranked: readonly number[],
): number {
  const fit = (members: readonly number[]) =>
    fitMixture(tree, columns, members, arena.take(members.length).fill(1), minWidth, arena);
  const [below, above] = [fit(good), fit(bad)];
  const scratch = arena.take(Math.max(below.count, above.count));
  const stride = Math.max(1, ranked.length / mostCompared);
  const compared: number[] = [];
  for (let place = 0; place < ranked.length; place += stride) compared.push(ranked[Math.floor(place)]!);
  const scores = compared.map((index) => {
    const point: Point = arena.take(columns.length);
    for (let d = 0; d < columns.length; d++) point[d] = columns[d]![index]!;
    return logDensity(below, point, scratch) - logDensity(above, point, scratch);
  });
  let pairs = 0;
  let concordant = 0;
  for (let i = 0; i < scores.length; i++)
    for (let j = i + 1; j < scores.length; j++) {
      pairs++;
      concordant += scores[i]! > scores[j]! ? 1 : scores[i] === scores[j] ? 0.5 : 0;
    }
  const share = pairs === 0 ? 1 : concordant / pairs;
  const { length } = compared;
  return Math.max(0, (2 * (length * share + believed)) / (length + believed) - 1);
}
