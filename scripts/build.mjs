import { buildIfNeeded } from './lib/build.mjs';
import { installIfNeeded, requireNode } from './lib/project.mjs';

// npm run build [-- --force]: dist/ and dist/workflow-bundle.js from the sources; nothing when they are current.
requireNode();
await installIfNeeded();
await buildIfNeeded({ force: process.argv.includes('--force') });
