/** The finite figures; warns of the others. */
export function finiteOf(
  metrics: Readonly<Record<string, number>>,
  warnings: string[],
): { metrics: Record<string, number>; warnings: string[] } {
  const finite = Object.entries(metrics).filter(([, value]) => Number.isFinite(value));
  const lost = Object.keys(metrics).filter((name) => !Number.isFinite(metrics[name]));
  if (lost.length > 0) warnings.push(`not finite, left out: ${lost.join(', ')}`);
  return { metrics: Object.fromEntries(finite), warnings };
}
