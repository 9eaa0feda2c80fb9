import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';

/** Specifiers of static imports, re-exports and imports of constant strings that begin with a dot. */
const localImport = /(?:\bfrom|\bimport)\s*\(?\s*(['"])(\.{1,2}\/[^'"\n]+)\1/g;

/**
 * SHA-256 of a module and of every file that it imports by a relative path, directly or through one of these. Packages and files
 * that it opens by itself are not in it.
 * @throws as readFileSync when the module is not there
 */
export function hashOfModule(file: string): string {
  const contents = new Map<string, Buffer>();
  const visit = (path: string) => {
    if (contents.has(path)) return;
    const content = readFileSync(path);
    contents.set(path, content);
    for (const [, , specifier] of content.toString('utf8').matchAll(localImport)) {
      const imported = resolve(dirname(path), specifier!.replace(/[?#].*$/, ''));
      // One that is missing is told of by the import itself.
      if (existsSync(imported) && statSync(imported).isFile()) visit(imported);
    }
  };
  visit(file);
  const hash = createHash('sha256');
  for (const [path, content] of [...contents].sort(([a], [b]) => (a < b ? -1 : 1)))
    hash.update(`${relative(dirname(file), path)} ${content.length}\n`).update(content);
  return hash.digest('hex');
}
