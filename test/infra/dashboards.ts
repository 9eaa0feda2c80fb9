import { dashboards } from '../../infra/dashboards/index.js';

export interface Target {
  expr: string;
  refId: string;
  legendFormat?: string;
  instant?: boolean;
  datasource?: { type?: string; uid?: string };
}

export interface Panel {
  id: number;
  type: string;
  title?: string;
  description?: string;
  datasource?: { type?: string; uid?: string };
  links?: { url?: string }[];
  targets?: Target[];
  panels?: Panel[];
  fieldConfig?: { defaults: { unit?: string; thresholds?: { steps: { value: number | null }[] } } };
  gridPos: { x: number; y: number; w: number; h: number };
}

export interface Variable {
  name: string;
  type: string;
  label?: string;
  query?: string;
  multi?: boolean;
  includeAll?: boolean;
  allValue?: string;
  refresh?: number;
  datasource?: { type?: string; uid?: string };
}

export interface Board {
  title: string;
  uid: string;
  editable: boolean;
  panels: Panel[];
  links: { type: string; url?: string; tags: string[] }[];
  templating: { list: Variable[] };
}

/** Every dashboard by the name of its file, as JSON has it. */
export function boards(): [string, Board][] {
  return Object.entries(JSON.parse(JSON.stringify(dashboards())) as Record<string, Board>);
}

/** A dashboard's panels without rows, those inside of collapsed rows included. */
export function panelsOf(board: Board): Panel[] {
  return board.panels.flatMap((panel) => (panel.type === 'row' ? (panel.panels ?? []) : [panel]));
}

/** Every query of every panel. */
export function queries(): { name: string; panel: Panel; target: Target }[] {
  return boards().flatMap(([file, board]) =>
    panelsOf(board).flatMap((panel) =>
      (panel.targets ?? []).map((target) => ({
        name: `${file} · ${panel.title} · ${target.refId}`,
        panel,
        target,
      })),
    ),
  );
}
