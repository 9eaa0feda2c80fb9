import { basename, join } from 'node:path';
import { buildIfNeeded } from './lib/build.mjs';
import { filesBelow, installIfNeeded, requireNode, root, runHere, say } from './lib/project.mjs';

// npm run bench -- NAME [ARGUMENTS]: builds, then runs bench/NAME.ts. Files in bench/'s subfolders are parts of others.
requireNode();
const names = filesBelow('bench')
  .filter((file) => /^bench\/[^/]+\.ts$/.test(file) && !file.endsWith('.d.ts'))
  .map((file) => basename(file, '.ts'));
const [name, ...rest] = process.argv.slice(2);
if (name === undefined || !names.includes(name)) {
  if (name !== undefined) say(`rgsweep: there is no benchmark called "${name}"`);
  say(`usage: npm run bench -- NAME [ARGUMENTS]\nbenchmarks: ${names.join(', ') || '(none yet)'}`);
  process.exit(2);
}
await installIfNeeded();
await buildIfNeeded();
process.exitCode = await runHere(process.execPath, [join(root, 'dist', 'bench', `${name}.js`), ...rest]);
