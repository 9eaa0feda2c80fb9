import { InvalidArgumentError } from 'commander';
import type { Parameters } from '../space/types.js';

/** Parser of a repeatable `--set name=value`. */
export function parseSet(text: string, before: Parameters = {}): Parameters {
  const [, name, value] = /^([A-Za-z0-9_]+)=(.+)$/.exec(text) ?? [];
  if (name === undefined || value === undefined)
    throw new InvalidArgumentError(`--set takes name=value like cutoffWidth=0.5, not "${text}".`);
  const number = Number(value);
  const read = value === 'true' || value === 'false' ? value === 'true' : value;
  return { ...before, [name]: value.trim() !== '' && Number.isFinite(number) ? number : read };
}
