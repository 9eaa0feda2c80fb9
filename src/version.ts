import { readFileSync } from 'node:fs';

/** Compiled, this file lies in dist/src; package.json is two folders above it, and one above src. */
function readVersion(): string {
  for (const path of ['../../package.json', '../package.json']) {
    try {
      const content = JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')) as {
        name?: string;
        version?: string;
      };
      if (content.name === 'rgsweep' && content.version) return content.version;
    } catch {
      // The other place has it.
    }
  }
  return 'unknown';
}

/** rgsweep's own version, as package.json has it. */
export const version = readVersion();
