import { InvalidArgumentError } from 'commander';

/** Parser of a whole number option of at least `minimum`. */
export function parseCount(option: string, minimum: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === '' || !Number.isInteger(value) || value < minimum)
      throw new InvalidArgumentError(`${option} takes a whole number of at least ${minimum}, not "${text}".`);
    return value;
  };
}

/** Parser of `3,7,12`. */
export function parseNumbers(text: string): number[] {
  const numbers = text.split(',').map((part) => Number(part.trim()));
  if (numbers.some((number) => !Number.isInteger(number) || number < 0))
    throw new InvalidArgumentError(`give trial numbers like 3,7, not "${text}".`);
  return numbers;
}
