/** A mark of a chart, in pixels of its plot, from the top left. */
export interface LabelledPoint {
  x: number;
  y: number;
  /** Of its label; a mark without one is only in the way of others'. */
  width?: number;
}

interface Box {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

const lineHeight = 13;
/** Half of what a mark takes up. */
const markSize = 5;
/** Between a mark and its label. */
const air = 3;

const boxAt = (x: number, y: number, width: number, height: number): Box => ({
  left: x - width / 2,
  right: x + width / 2,
  top: y - height / 2,
  bottom: y + height / 2,
});

const shared = (a: Box, b: Box): number =>
  Math.max(0, Math.min(a.right, b.right) - Math.max(a.left, b.left)) *
  Math.max(0, Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top));

/**
 * The middle of each point's label, in the order of the points (undefined where it has none): above its mark, or wherever near it the label
 * covers the least of other labels and marks and stays in the plot. Earlier points choose first.
 */
export function placeLabels(
  points: readonly LabelledPoint[],
  plot: { width: number; height: number },
): ({ x: number; y: number } | undefined)[] {
  const taken = points.map(({ x, y }) => boxAt(x, y, 2 * markSize, 2 * markSize));
  return points.map(({ x, y, width }) => {
    if (width === undefined) return undefined;
    const beside = markSize + air + width / 2;
    const over = markSize + air + lineHeight / 2;
    const places = [
      [0, -over],
      [0, over],
      [beside, 0],
      [-beside, 0],
      [beside, -over],
      [-beside, -over],
      [beside, over],
      [-beside, over],
      [0, -over - lineHeight],
      [0, over + lineHeight],
      [0, -over - 2 * lineHeight],
      [0, over + 2 * lineHeight],
    ].map(([dx, dy]) => {
      const box = boxAt(x + dx!, y + dy!, width, lineHeight);
      const inside = shared(box, { left: 0, right: plot.width, top: 0, bottom: plot.height });
      const outside = width * lineHeight - inside;
      return { box, cost: taken.reduce((sum, other) => sum + shared(box, other), 3 * outside) };
    });
    const { box } = places.reduce((best, one) => (one.cost < best.cost - 1e-9 ? one : best));
    taken.push(box);
    return { x: (box.left + box.right) / 2, y: (box.top + box.bottom) / 2 };
  });
}
