/**
 * Working memory of one suggestion. Engines keep every typed array of more than a few bytes outside their own heap, and
 * allocating and collecting the thousands that a suggestion needs costs more than the arithmetic; views of one buffer do
 * not. Nothing taken from it may outlive the suggestion.
 */
export interface Arena {
  /** A view of `length` numbers, zeroed. */
  take(length: number): Float64Array;
}

let buffer = new ArrayBuffer(1 << 20);
const longestKept = 1 << 26;

/** Begins a suggestion: what was taken before is free again. */
export function openArena(): Arena {
  let used = 0;
  return {
    take(length) {
      const bytes = length * 8;
      if (used + bytes > buffer.byteLength) {
        const larger = Math.max(bytes, 2 * buffer.byteLength);
        if (larger > longestKept) return new Float64Array(length);
        // Views of the old buffer stay valid; it goes with them.
        buffer = new ArrayBuffer(larger);
        used = 0;
      }
      const view = new Float64Array(buffer, used, length);
      used += bytes;
      return view.fill(0);
    },
  };
}
