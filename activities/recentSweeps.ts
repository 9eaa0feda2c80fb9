/**
 * What a process remembers of each of the sweeps that it was last asked about: whoever runs for months does not keep all that
 * it ever had. What is forgotten is made anew, so it must be a copy of what the store has.
 *
 * @param make what to begin with for a sweep that is not remembered
 * @param most sweeps remembered
 */
export function recentSweeps<T>(make: () => T, most = 32): (sweep: string) => T {
  // A map keeps its keys in the order of insertion.
  const bySweep = new Map<string, T>();
  return (sweep) => {
    const memory = bySweep.get(sweep) ?? make();
    bySweep.delete(sweep);
    bySweep.set(sweep, memory);
    if (bySweep.size > most) bySweep.delete(bySweep.keys().next().value!);
    return memory;
  };
}
