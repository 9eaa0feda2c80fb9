import { writeFileSync } from 'node:fs';
import { buildIfNeeded } from './lib/build.mjs';

// node scripts/document-parameters.mjs: writes docs/parameters.md from the parameters' rules and descriptions.
await buildIfNeeded();
const { parametersDocument } = await import('../dist/src/sweep/parametersDocument.js');
writeFileSync(new URL('../docs/parameters.md', import.meta.url), parametersDocument());
