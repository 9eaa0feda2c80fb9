/** A trial on two axes, 0 to 1 each, and its part of the ranking: 0 the best, 1 the worst. */
export interface RankedPoint {
  u: number;
  v: number;
  part: number;
}

/** How one axis is divided: `cells` equal ones, among which what is near counts too, or only what lies in the same one. */
export interface Division {
  cells: number;
  smooth: boolean;
}

/** A rectangle of the unit square in which the smoothed ranking lies in one band. */
export interface BandCell {
  u: [number, number];
  v: [number, number];
  /** From 0, the worst, to `bands` − 1, the best. */
  band: number;
}

export const bands = 5;
/** Of a single trial this near, a little more than one width of the kernel away, a cell still knows. */
const leastWeight = 0.5;

/**
 * Filled contours: in each cell the mean part of the ranking of the trials around it, weighted by a Gaussian of width
 * h = 0.25 n^(−1/6) (Nadaraya and Watson; the exponent of two dimensions), in equal bands. Cells far from every trial are left out, and
 * neighbours in a row that lie in one band are one.
 */
export function rankingBands(points: readonly RankedPoint[], across: Division, up: Division): BandCell[] {
  const width = 0.25 * points.length ** (-1 / 6);
  const kernel = (from: number, to: number, { cells, smooth }: Division) =>
    smooth
      ? Math.exp(-(((from - to) / width) ** 2) / 2)
      : Number(Math.floor(from * cells) === Math.floor(to * cells));
  const out: BandCell[] = [];
  for (let row = 0; row < up.cells; row++) {
    let open: BandCell | undefined;
    for (let column = 0; column < across.cells; column++) {
      const [u, v] = [(column + 0.5) / across.cells, (row + 0.5) / up.cells];
      let [weights, sum] = [0, 0];
      for (const point of points) {
        const weight = kernel(point.u, u, across) * kernel(point.v, v, up);
        weights += weight;
        sum += weight * point.part;
      }
      if (weights < leastWeight) {
        open = undefined;
        continue;
      }
      const band = Math.min(bands - 1, Math.floor((1 - sum / weights) * bands));
      const end = (column + 1) / across.cells;
      if (open?.band === band) open.u[1] = end;
      else {
        open = { u: [column / across.cells, end], v: [row / up.cells, (row + 1) / up.cells], band };
        out.push(open);
      }
    }
  }
  return out;
}
