import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { reliability } from './reliability.js';
import { schedulePerformance } from './schedulePerformance.js';
import { sweep } from './sweep.js';
import { workers } from './workers.js';

const builders = {
  'schedule-performance': schedulePerformance,
  sweep,
  'workers-and-gpus': workers,
  reliability,
};

/** Every dashboard by the name of its file, `infra/grafana/NAME.json`. */
export function dashboards(): Record<keyof typeof builders, Dashboard> {
  return Object.fromEntries(
    Object.entries(builders).map(([name, build]) => [name, build().build()]),
  ) as Record<keyof typeof builders, Dashboard>;
}

/** A dashboard as its file holds it. The SDK hides every link in a menu (`placement`); ours are to be seen. */
export function dashboardText(dashboard: Dashboard): string {
  const visible = (_: string, value: unknown) => (value === 'inControlsMenu' ? undefined : value);
  return `${JSON.stringify(dashboard, visible, 2)}\n`;
}
