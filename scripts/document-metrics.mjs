import { writeFileSync } from 'node:fs';
import { buildIfNeeded } from './lib/build.mjs';

// node scripts/document-metrics.mjs: writes docs/metrics.md from the table of metrics.
await buildIfNeeded();
const { metricsDocument } = await import('../dist/src/metrics/document.js');
writeFileSync(new URL('../docs/metrics.md', import.meta.url), metricsDocument());
