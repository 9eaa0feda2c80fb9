/** CPU seconds of the fastest of `repeats` runs: other work on the machine disturbs little. */
export function cpuSeconds(action: () => void, repeats = 3): number {
  let best = Infinity;
  for (let i = 0; i < repeats; i++) {
    const before = process.cpuUsage();
    action();
    const { user, system } = process.cpuUsage(before);
    best = Math.min(best, (user + system) / 1e6);
  }
  return best;
}
