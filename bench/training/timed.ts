/** Milliseconds of wall clock and of processor time. */
export async function timed(work: () => Promise<unknown>): Promise<{ wall: number; processor: number }> {
  const before = process.cpuUsage();
  const begun = performance.now();
  await work();
  const { user, system } = process.cpuUsage(before);
  return { wall: performance.now() - begun, processor: (user + system) / 1000 };
}
