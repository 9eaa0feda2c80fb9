import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

interface Locked {
  version: string;
  license?: string;
  dev?: boolean;
  resolved?: string;
  integrity?: string;
  /** Comes inside another package's file. */
  inBundle?: boolean;
  optional?: boolean;
}
const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
  packages: Record<string, Locked>;
};
const installed = Object.entries(packages).filter(([path]) => path !== '');
/** What a user of rgsweep gets, on any platform. */
const delivered = installed.filter(([, { dev }]) => !dev);

/** Licences that ask for no more than their text to be kept; MPL-2.0 asks for changes to its own files. */
const allowed = new Set([
  ...['MIT', 'ISC', '0BSD', 'BSD-2-Clause', 'BSD-3-Clause', 'Apache-2.0', 'Unlicense', 'BlueOak-1.0.0'],
  ...['MPL-2.0', 'CC-BY-4.0', 'Apache-2.0 AND MIT', 'Python-2.0', 'CC0-1.0'],
]);
/** Packages that name no licence, and the words of their licence file that settle it. */
const byFile: Record<string, RegExp> = {
  'node_modules/unionfs': /free and unencumbered software released into the public domain/,
  'node_modules/dejavu-fonts-ttf': /Bitstream Vera Fonts Copyright/,
};

describe('dependencies', () => {
  it('are under licences that allow delivery', () => {
    const others = delivered
      .filter(([path, { license }]) => !(path in byFile) && !allowed.has(license ?? ''))
      .map(([path, { license }]) => `${path}: ${license}`);
    expect(others).toEqual([]);
    for (const [path, words] of Object.entries(byFile)) {
      if (!(path in packages)) continue;
      const file = ['LICENSE', 'LICENSE.md'].map((name) => join(path, name)).find(existsSync);
      expect(readFileSync(file!, 'utf8'), path).toMatch(words);
    }
  });

  it('are held to a checksum, direct ones at exact versions', () => {
    for (const [path, { resolved, integrity, inBundle, optional }] of installed) {
      // Of other systems' packages the registry here may tell no checksum (docs/decisions/lock-file.md).
      if (inBundle || (optional && integrity === undefined)) continue;
      // Without an address it is the configured registry's.
      if (resolved !== undefined) expect(resolved, path).toMatch(/^https:\/\/registry\.npmjs\.org\//);
      expect(integrity, path).toMatch(/^sha512-/);
    }
    const { dependencies, devDependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as Record<
      string,
      Record<string, string>
    >;
    for (const [name, wanted] of Object.entries({ ...dependencies, ...devDependencies }))
      expect(wanted, name).toMatch(/^\d+\.\d+\.\d+$/);
  });
});
