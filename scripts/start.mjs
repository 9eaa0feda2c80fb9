import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { buildIfNeeded } from './lib/build.mjs';
import { installIfNeeded, requireNode, root } from './lib/project.mjs';

// npm start [-- SWEEPFILE --fresh …]: everything from a fresh clone to a running sweep.
// The command line runs in this very process: npm, its shell and this script share the terminal's process group, so
// that a second process here would get every Ctrl-C twice.
requireNode();
await installIfNeeded();
await buildIfNeeded();
const entry = join(root, 'dist', 'src', 'cli', 'main.js');
if (!existsSync(entry)) throw new Error(`${entry} is missing after the build`);
process.argv = [process.argv[0], entry, 'up', ...process.argv.slice(2)];
await import(pathToFileURL(entry).href);
