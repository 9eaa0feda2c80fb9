/** Objective vectors are minimized throughout. */
type Vector = readonly number[];

/**
 * All indices, best first: by non-domination (the front, then the front of the rest, …), within a front by crowding
 * distance, larger first, so that what is kept is spread along it (Deb et al., "NSGA-II", 2002); equals keep their order.
 * Vectors with a NaN come last. O(n log n) for two objectives, O(n²) at most beyond.
 */
export function dominanceOrder(vectors: readonly Vector[]): number[] {
  const indices = vectors.map((_, index) => index);
  const known = indices.filter((index) => vectors[index]!.every((value) => value === value));
  const ordered = frontsOf(vectors, known).flatMap((front) => byCrowding(vectors, front));
  return [...ordered, ...indices.filter((index) => !vectors[index]!.every((value) => value === value))];
}

/** Indices of the vectors that no other one dominates, most spread first; vectors with a NaN take no part. */
export function paretoFrontOrder(vectors: readonly Vector[]): number[] {
  const known = vectors.flatMap((vector, index) => (vector.every((value) => value === value) ? [index] : []));
  const [front] = frontsOf(vectors, known);
  return front ? byCrowding(vectors, front) : [];
}

/** Fronts of mutually non-dominated vectors, best first (efficient non-dominated sort of Zhang et al. 2015). */
function frontsOf(vectors: readonly Vector[], indices: readonly number[]): number[][] {
  const sorted = [...indices].sort((a, b) => compare(vectors[a]!, vectors[b]!) || a - b);
  const fronts: number[][] = [];
  // In this order nothing is dominated by what comes after it, so a front is settled as soon as one has joined it.
  for (const index of sorted) {
    let low = 0;
    let high = fronts.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (isDominated(vectors, fronts[middle]!, index)) low = middle + 1;
      else high = middle;
    }
    (fronts[low] ??= []).push(index);
  }
  return fronts;
}

function isDominated(vectors: readonly Vector[], front: readonly number[], index: number): boolean {
  const vector = vectors[index]!;
  // With two objectives the last one that joined has the least second value of its front.
  if (vector.length <= 2) return dominates(vectors[front[front.length - 1]!]!, vector);
  for (let i = front.length - 1; i >= 0; i--) if (dominates(vectors[front[i]!]!, vector)) return true;
  return false;
}

function dominates(a: Vector, b: Vector): boolean {
  let smaller = false;
  for (let i = 0; i < a.length; i++) {
    if (a[i]! > b[i]!) return false;
    if (a[i]! < b[i]!) smaller = true;
  }
  return smaller;
}

function compare(a: Vector, b: Vector): number {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return a[i]! < b[i]! ? -1 : 1;
  return 0;
}

function byCrowding(vectors: readonly Vector[], front: readonly number[]): number[] {
  const distance = new Map<number, number>(front.map((index) => [index, 0]));
  const dimension = vectors[front[0]!]!.length;
  for (let d = 0; d < dimension; d++) {
    const along = [...front].sort((a, b) => vectors[a]![d]! - vectors[b]![d]! || a - b);
    const span = vectors[along[along.length - 1]!]![d]! - vectors[along[0]!]![d]!;
    along.forEach((index, place) => {
      const before = along[place - 1];
      const after = along[place + 1];
      if (before === undefined || after === undefined) distance.set(index, Infinity);
      else if (span > 0 && span < Infinity)
        distance.set(index, distance.get(index)! + (vectors[after]![d]! - vectors[before]![d]!) / span);
    });
  }
  return [...front].sort((a, b) => {
    const [left, right] = [distance.get(a)!, distance.get(b)!];
    return left === right ? a - b : right - left;
  });
}
