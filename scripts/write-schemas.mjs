import { mkdirSync, writeFileSync } from 'node:fs';
import { buildIfNeeded } from './lib/build.mjs';

// node scripts/write-schemas.mjs: writes docs/schema/*.schema.json from the code that reads the files.
await buildIfNeeded();
const { allSchemas } = await import('../dist/src/sweep/schemas.js');
const { trainerSchemas } = await import('../dist/src/train/trainerSchemas.js');
const folder = new URL('../docs/schema/', import.meta.url);
mkdirSync(folder, { recursive: true });
for (const [name, schema] of Object.entries({ ...allSchemas(), ...trainerSchemas() }))
  writeFileSync(new URL(name, folder), `${JSON.stringify(schema, null, 1)}\n`);
