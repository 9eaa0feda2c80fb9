const secondsOf: Record<string, number> = { d: 86_400, h: 3600, m: 60, s: 1 };

/** `4h`, `90m`, `1h30m`, `2d`, `45s` → seconds; undefined for anything else, and for nothing at all. */
export function parseDuration(text: string): number | undefined {
  const compact = text.replace(/\s+/g, '');
  if (!/^(\d+(\.\d+)?[dhms])+$/.test(compact)) return undefined;
  let seconds = 0;
  for (const [, amount, unit] of compact.matchAll(/(\d+(?:\.\d+)?)([dhms])/g))
    seconds += Number(amount) * secondsOf[unit!]!;
  return seconds > 0 && Number.isFinite(seconds) ? seconds : undefined;
}

/** 5400 → `1h30m`; the inverse of `parseDuration` for whole seconds. */
export function formatDuration(seconds: number): string {
  let rest = seconds;
  let text = '';
  for (const [unit, size] of Object.entries(secondsOf)) {
    const count = unit === 's' ? Number(rest.toFixed(3)) : Math.floor(rest / size);
    if (count > 0) text += `${count}${unit}`;
    rest -= count * size;
  }
  return text || '0s';
}
