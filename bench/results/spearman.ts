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
