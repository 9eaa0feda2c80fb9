/** Reads the whole number that a benchmark's argument gives. @throws Error naming argument, value and bound */
export function wholeNumber(name: string, text: string | undefined, least = 1): number {
  const value = Number(text);
  if (text !== undefined && text !== '' && Number.isInteger(value) && value >= least) return value;
  throw new Error(`--${name} takes a whole number of at least ${least}, not ${text}`);
}
