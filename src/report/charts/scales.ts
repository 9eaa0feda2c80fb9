/** A quantitative axis: its scale, its ends, and ticks at round numbers. */
export interface Scale {
  type: 'linear' | 'log';
  domain: [number, number];
  ticks: number[];
}

/** A scale as vega-lite takes it. It may not widen the domain; `zero` is unknown to logarithms. */
export function vegaScale({ type, domain }: Scale) {
  return type === 'log' ? { type, domain, nice: false } : { type, domain, nice: false, zero: false };
}

/** `0.05`, `1,000`, `−10`, `2e−5`: a tick's label. */
export function tickLabel(value: number): string {
  const size = Math.abs(value);
  const plain =
    size !== 0 && (size < 1e-4 || size >= 1e7)
      ? value.toExponential().replace('e+', 'e')
      : size >= 1000
        ? value.toLocaleString('en-US')
        : String(Number(value.toPrecision(6)));
  return plain.replace(/-/g, '−');
}

/** Ticks of a vega-lite axis with our own labels: d3 shortens `10` to `1e+1` where ticks are given by hand. */
export function tickAxis(values: readonly number[], label: (value: number) => string = tickLabel) {
  const labels = JSON.stringify(values.map(label));
  return { values: [...values], labelExpr: `${labels}[indexof(${JSON.stringify(values)}, datum.value)]` };
}

function roundTicks(low: number, high: number, wanted: number): number[] {
  const rough = (high - low) / Math.max(1, wanted);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].find((factor) => factor * power >= rough)! * power;
  const ticks: number[] = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high * (1 + 1e-12) + step * 1e-9; i++)
    ticks.push(Number((i * step).toPrecision(15)));
  return ticks;
}

function logTicks(low: number, high: number): number[] {
  const decades = Math.log10(high / low);
  const factors =
    decades > 4 ? [1] : decades > 1.6 ? [1, 3] : decades > 0.9 ? [1, 2, 5] : [1, 1.5, 2, 3, 4, 5, 7];
  const every = Math.max(1, Math.ceil(decades / 8));
  const ticks: number[] = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power++)
    for (const factor of factors) {
      const tick = Number((factor * 10 ** power).toPrecision(12));
      if (tick >= low * (1 - 1e-9) && tick <= high * (1 + 1e-9) && power % every === 0) ticks.push(tick);
    }
  return ticks;
}

/**
 * The scale for a set of values: logarithmic where all are positive and span more than a factor of three, with some air
 * at both ends. Values that are not finite are ignored; without any the domain is [0, 1].
 * @param log forces the kind of scale, where the values allow it
 */
export function scaleOf(
  values: Iterable<number>,
  { log, air = 0.06, ticks = 5 }: { log?: boolean; air?: number; ticks?: number } = {},
): Scale {
  let low = Infinity;
  let high = -Infinity;
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  if (low > high) return { type: 'linear', domain: [0, 1], ticks: [0, 1] };
  if (low > 0 && low > 1e-250 && (log ?? high / low > 3)) {
    const factor = (high / low) ** air * (high / low < 1.1 ? 1.1 : 1);
    const domain: [number, number] = [low / factor, high * factor];
    return { type: 'log', domain, ticks: logTicks(...domain) };
  }
  // Below a billionth of the values a span is rounding: no tick could be told from the next. So it is where its powers of ten would
  // leave the range of numbers.
  const size = Math.max(Math.abs(low), Math.abs(high));
  const least = Math.max(1e-250, 1e-9 * size);
  const span = [high - low, size].find((one) => one > least) ?? 1;
  const domain: [number, number] = [low - air * span, high + air * span];
  // A positive quantity that comes near zero is shown from zero.
  if (low >= 0 && domain[0] < 0.15 * span) domain[0] = low === 0 ? -0.02 * span : Math.max(0, domain[0]);
  return { type: 'linear', domain, ticks: roundTicks(...domain, ticks) };
}

/** Where a value lies on a scale: 0 at the low end, 1 at the high end. */
export function place(scale: Scale, value: number): number {
  const at = scale.type === 'log' ? Math.log : (x: number) => x;
  const [low, high] = scale.domain;
  return (at(value) - at(low)) / (at(high) - at(low));
}

/** The value at a place of a scale; inverse of `place`. */
export function valueAt(scale: Scale, position: number): number {
  const [low, high] = scale.domain;
  return scale.type === 'log' ? low * (high / low) ** position : low + position * (high - low);
}

/**
 * Moves labels apart that would lie on each other: returns for each value where its label goes, in the scale's units, in
 * the order of the values. Labels keep their order and, where there is room, stay within the scale, so that none lies on its axes; together
 * they move as little as such a sweep allows.
 * @param gap least distance as a part of the scale's length
 */
export function spreadLabels(scale: Scale, values: readonly number[], gap: number): number[] {
  const sorted = values
    .map((value, index) => ({ index, at: place(scale, value) }))
    .sort((a, b) => a.at - b.at || values[a.index]! - values[b.index]!);
  // Blocks of labels that touch; each lies centred on the mean of the places that its labels want.
  const blocks: { members: number[]; centre: number }[] = [];
  for (const { index, at } of sorted) {
    let block = { members: [index], centre: at };
    for (;;) {
      const last = blocks.at(-1);
      if (!last) break;
      const room = (gap * (last.members.length + block.members.length)) / 2;
      if (block.centre - last.centre >= room) break;
      blocks.pop();
      const count = last.members.length + block.members.length;
      block = {
        members: [...last.members, ...block.members],
        centre: (last.centre * last.members.length + block.centre * block.members.length) / count,
      };
    }
    blocks.push(block);
  }
  const room = 1 - gap * values.length;
  const [low, high] = room > 0 ? [gap / 2, gap / 2 + room] : [(gap + room) / 2, (gap + room) / 2];
  const out = new Array<number>(values.length);
  let below = 0;
  for (const { members, centre } of blocks)
    members.forEach((index, i) => {
      // The place of the lowest label, were all those below as close as they may be.
      const lowest = centre + gap * (i - (members.length - 1) / 2) - gap * below;
      out[index] = valueAt(scale, Math.min(high, Math.max(low, lowest)) + gap * below);
      below++;
    });
  return out;
}

/** At most `count` of the items, evenly spread, first and last among them. */
export function thin<T>(items: readonly T[], count: number): T[] {
  if (items.length <= count) return [...items];
  return Array.from({ length: count }, (_, i) => items[Math.round((i * (items.length - 1)) / (count - 1))]!);
}
