import { writeFileSync } from 'node:fs';
import { buildIfNeeded } from './lib/build.mjs';

// node scripts/build-dashboards.mjs: writes infra/grafana/*.json from infra/dashboards/*.ts.
await buildIfNeeded();
const { dashboards, dashboardText } = await import('../dist/infra/dashboards/index.js');
for (const [name, dashboard] of Object.entries(dashboards()))
  writeFileSync(new URL(`../infra/grafana/${name}.json`, import.meta.url), dashboardText(dashboard));
