import type { TopLevelSpec } from 'vega-lite';
import type { FieldArtifacts } from '../artifacts.js';
import { palette, renderChart, type Chart } from './render.js';
import { scaleOf, vegaScale, tickAxis } from './scales.js';

/** A set of fields whose G(k) is drawn. */
export interface NamedObservables {
  name: string;
  role: 'best' | 'standard' | 'baseline' | 'reference';
  observables: NonNullable<FieldArtifacts['observables']>;
}

interface Shell {
  label: string;
  khat2: number;
  value: number;
  error: number;
}

/** Shells `G(k) a,b` of an L × L lattice by k̂² = 4 − 2cos(2πa/L) − 2cos(2πb/L). */
export function propagatorShells(observables: NamedObservables['observables'], size: number): Shell[] {
  return Object.entries(observables)
    .flatMap(([name, { value, error }]): Shell[] => {
      const found = /^G\(k\) (\d+),(\d+)$/.exec(name);
      if (!found || !Number.isFinite(value)) return [];
      const angle = (2 * Math.PI) / size;
      const khat2 = 4 - 2 * Math.cos(angle * Number(found[1])) - 2 * Math.cos(angle * Number(found[2]));
      return [{ label: `${found[1]},${found[2]}`, khat2, value, error: Number.isFinite(error) ? error : 0 }];
    })
    .sort((a, b) => a.khat2 - b.khat2);
}

/**
 * The propagator G(k) = ⟨|φ̃_k|²⟩/V of models and of the reference, and beside it each model's ratio to the reference with
 * ± 2 standard errors (the reference's own included). Undefined where the reference or all models have none.
 */
export async function propagatorChart(
  reference: NamedObservables,
  models: readonly NamedObservables[],
  size: number,
): Promise<Chart | undefined> {
  const truth = propagatorShells(reference.observables, size);
  const byLabel = new Map(truth.map((shell) => [shell.label, shell]));
  const points = models.flatMap((model, index) =>
    propagatorShells(model.observables, size).flatMap((shell) => {
      const exact = byLabel.get(shell.label);
      if (!exact || exact.value === 0) return [];
      const ratio = shell.value / exact.value;
      const error = Math.abs(ratio) * Math.hypot(shell.error / shell.value, exact.error / exact.value);
      return [
        {
          name: model.name,
          // Side by side where they share a momentum.
          x: shell.khat2 + (index - (models.length - 1) / 2) * 0.1,
          value: shell.value,
          ratio,
          low: ratio - 2 * error,
          high: ratio + 2 * error,
          color: palette[model.role],
        },
      ];
    }),
  );
  if (truth.length === 0 || points.length === 0) return undefined;
  const y = scaleOf([...truth.map((shell) => shell.value), ...points.map((point) => point.value)]);
  const ratioScale = scaleOf([1, ...points.flatMap((point) => [point.low, point.high])], { log: false });
  const color = { field: 'color', type: 'nominal' as const, scale: null, legend: null };
  const x = {
    field: 'x',
    type: 'quantitative' as const,
    title: 'lattice momentum k̂² (lattice units)',
    scale: { domain: [-0.4, 8.4], nice: false },
    axis: tickAxis([0, 2, 4, 6, 8]),
  };
  const key = [
    { name: 'HMC', color: palette.reference },
    ...models.map((model) => ({ name: model.name, color: palette[model.role] })),
  ];
  const axisOf = (title: string, values: number[]) => ({
    title,
    axis: { ...tickAxis(values), titleY: -10, titleX: -30 },
  });
  const spec: TopLevelSpec = {
    hconcat: [
      {
        width: 425,
        height: 230,
        layer: [
          {
            data: {
              values: truth.map((shell) => ({
                x: shell.khat2,
                value: shell.value,
                color: palette.reference,
              })),
            },
            mark: { type: 'line', strokeWidth: 1.5, point: { filled: false, size: 70, fill: 'none' } },
            encoding: {
              x,
              y: {
                field: 'value',
                type: 'quantitative',
                scale: vegaScale(y),
                ...axisOf('G(k), in units of φ²', y.ticks),
              },
              color,
            },
          },
          {
            data: { values: points },
            mark: { type: 'point', filled: true, size: 34, opacity: 0.9 },
            encoding: {
              x,
              y: {
                field: 'value',
                type: 'quantitative',
                scale: vegaScale(y),
              },
              color,
            },
          },
          {
            data: { values: key.map((entry, i) => ({ ...entry, label: `● ${entry.name}`, row: i })) },
            mark: { type: 'text', align: 'right', fontSize: 12, baseline: 'top', x: 420 },
            encoding: {
              y: { field: 'row', type: 'quantitative', scale: null, axis: null },
              text: { field: 'label' },
              color,
            },
            transform: [{ calculate: '4 + 17 * datum.row', as: 'row' }],
          },
        ],
        resolve: { scale: { y: 'shared' } },
      },
      {
        width: 425,
        height: 230,
        layer: [
          {
            data: { values: [{ one: 1 }] },
            mark: { type: 'rule', color: palette.reference, strokeWidth: 1.5 },
            encoding: { y: { field: 'one', type: 'quantitative' } },
          },
          {
            data: { values: points },
            mark: { type: 'rule', strokeWidth: 2, opacity: 0.6 },
            encoding: {
              x,
              y: {
                field: 'low',
                type: 'quantitative',
                scale: { domain: ratioScale.domain, nice: false, zero: false },
                ...axisOf('G(k) of the model / HMC', ratioScale.ticks),
              },
              y2: { field: 'high' },
              color,
            },
          },
          {
            data: { values: points },
            mark: { type: 'point', filled: true, size: 44, opacity: 1 },
            encoding: { x, y: { field: 'ratio', type: 'quantitative' }, color },
          },
        ],
      },
    ],
    spacing: 40,
  };
  return renderChart(
    spec,
    `Propagator G(k) against lattice momentum squared for HMC and ${models.map((model) => model.name).join(' and ')}, and the models’ ratio to HMC.`,
  );
}
