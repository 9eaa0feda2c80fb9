import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const page = readFileSync('docs/environment.md', 'utf8');

/** Not names but how some begin, in patterns and comments. */
const beginnings = ['RGSWEEP_CODEC', 'TEMPORAL_TLS'];

/** Names in a text that are read as variables: ours, Temporal's and AWS's wherever they stand, others where they are read. */
function variablesIn(text: string): string[] {
  const ours = text.match(/\b(?:RGSWEEP|TEMPORAL|AWS)_[A-Z0-9_]*[A-Z0-9]\b/g) ?? [];
  const read = text.matchAll(/\b(?:environment|env)(?:\.|\[['"`])([A-Z][A-Z0-9_]*)\b/g);
  // The beginning of a composed name is none.
  return [...ours, ...[...read].map(([, name]) => name!).filter((name) => !name.endsWith('_'))];
}

describe('docs/environment.md', () => {
  const files = ['src', 'activities', 'workflows'].flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => `${folder}/${name}`),
  );
  const known = new Set(page.match(/\b[A-Z][A-Z0-9_]+\b/g));

  it.each(
    files
      .map((file) => [file, variablesIn(readFileSync(file, 'utf8'))] as const)
      .filter(([, read]) => read.length > 0),
  )('names every variable of %s', (_file, read) => {
    expect(read.filter((name) => !known.has(name) && !beginnings.includes(name))).toEqual([]);
  });

  it('finds variables however they are read', () => {
    expect(
      variablesIn("process.env.PATH; env['HOME_OF_IT']; const { RGSWEEP_NEW: one } = environment"),
    ).toEqual(expect.arrayContaining(['PATH', 'HOME_OF_IT', 'RGSWEEP_NEW']));
  });

  it('names no variable of ours that nothing reads', () => {
    const read = new Set(files.flatMap((file) => variablesIn(readFileSync(file, 'utf8'))));
    for (const name of known)
      if (name.startsWith('RGSWEEP_') && !name.endsWith('_')) expect(read).toContain(name);
  });

  it('is linked from the README', () => {
    expect(readFileSync('README.md', 'utf8')).toContain('docs/environment.md');
  });
});
