/** Objective vectors are minimized throughout. */
type Vector = readonly number[];

/** a is nowhere larger than b, and somewhere smaller. */
export function dominates(a: Vector, b: Vector): boolean {
  let smaller = false;
  for (let i = 0; i < a.length; i++) {
    if (a[i]! > b[i]!) return false;
    if (a[i]! < b[i]!) smaller = true;
  }
  return smaller;
}

/**
 * Indices of the vectors that no other one dominates, in lexicographic order of the vectors (equal vectors in order of
 * index, all of them kept). O(n log n) for two objectives, O(n × front) beyond.
 */
export function paretoFront(vectors: readonly Vector[]): number[] {
  const order = vectors.map((_, index) => index).sort((a, b) => compare(vectors[a]!, vectors[b]!) || a - b);
  const front: number[] = [];
  // In this order nothing is dominated by what comes after it.
  for (const index of order) {
    const vector = vectors[index]!;
    const last = front[front.length - 1];
    if (vector.length <= 2) {
      const least = last === undefined ? Infinity : vectors[last]![vector.length - 1]!;
      const own = vector[vector.length - 1]!;
      if (last === undefined || own < least || compare(vectors[last]!, vector) === 0) front.push(index);
    } else if (!front.some((other) => dominates(vectors[other]!, vector))) front.push(index);
  }
  return front;
}

function compare(a: Vector, b: Vector): number {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return a[i]! < b[i]! ? -1 : 1;
  return 0;
}

/**
 * Volume that the vectors dominate below a reference point: a sweep in two dimensions, slices by the last objective in
 * more. Vectors that are not below the reference in every objective add nothing.
 */
export function hypervolume(vectors: readonly Vector[], reference: Vector): number {
  const inside = vectors.filter((vector) => vector.every((value, i) => value < reference[i]!));
  if (inside.length === 0) return 0;
  const dimension = reference.length;
  if (dimension === 1) return reference[0]! - Math.min(...inside.map((vector) => vector[0]!));
  const front = paretoFront(inside).map((index) => inside[index]!);
  if (dimension === 2) {
    let volume = 0;
    let ceiling = reference[1]!;
    for (const [x, y] of front as [number, number][]) {
      if (y < ceiling) volume += (reference[0]! - x) * (ceiling - y);
      ceiling = Math.min(ceiling, y);
    }
    return volume;
  }
  const byLast = [...front].sort((a, b) => a[dimension - 1]! - b[dimension - 1]!);
  let volume = 0;
  byLast.forEach((vector, i) => {
    const next = i + 1 < byLast.length ? byLast[i + 1]![dimension - 1]! : reference[dimension - 1]!;
    const depth = next - vector[dimension - 1]!;
    if (depth > 0)
      volume +=
        depth *
        hypervolume(
          byLast.slice(0, i + 1).map((one) => one.slice(0, -1)),
          reference.slice(0, -1),
        );
  });
  return volume;
}

/**
 * Indices of the best vectors, best first, at least `count` of them where there are: fronts one after the other; within
 * the first `count`, a front is ordered greedily by the hypervolume that each adds (reference: a little beyond the
 * front's worst), so that what is chosen is spread along it.
 */
export function orderByDominance(vectors: readonly Vector[], count: number): number[] {
  const ordered: number[] = [];
  let rest = vectors.map((_, index) => index);
  while (rest.length > 0 && ordered.length < count) {
    const front = paretoFront(rest.map((index) => vectors[index]!)).map((place) => rest[place]!);
    ordered.push(...spreadOrder(front, vectors, count - ordered.length));
    const taken = new Set(front);
    rest = rest.filter((index) => !taken.has(index));
  }
  return [...ordered, ...rest];
}

function spreadOrder(front: readonly number[], vectors: readonly Vector[], count: number): number[] {
  const dimension = vectors[front[0]!]!.length;
  const reference = Array.from({ length: dimension }, (_, i) => {
    const values = front.map((index) => vectors[index]![i]!).filter(Number.isFinite);
    const [low, high] = [Math.min(...values), Math.max(...values)];
    return high + 0.1 * (high - low || Math.abs(high) || 1);
  });
  const chosen: number[] = [];
  const rest = new Set([...front].sort((a, b) => a - b));
  let volume = 0;
  for (let i = 0; i < Math.min(count, front.length); i++) {
    let best = -1;
    let bestVolume = -Infinity;
    for (const index of rest) {
      const total = hypervolume(
        [...chosen, index].map((one) => vectors[one]!),
        reference,
      );
      if (total > bestVolume) [best, bestVolume] = [index, total];
    }
    volume = bestVolume;
    chosen.push(best);
    rest.delete(best);
  }
  return volume >= 0 ? [...chosen, ...rest] : [...front];
}
