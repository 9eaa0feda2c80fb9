/** The time in [0, 1] at which a function that never decreases has this value, by bisection to the last bit; an end beyond the ends. */
export function timeOf(increasing: (t: number) => number, value: number): number {
  let low = 0;
  let high = 1;
  if (increasing(low) >= value) return low;
  if (increasing(high) <= value) return high;
  for (;;) {
    const middle = (low + high) / 2;
    if (middle === low || middle === high) return middle;
    if (increasing(middle) < value) low = middle;
    else high = middle;
  }
}
