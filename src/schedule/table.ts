import type { DiffusionProcess } from './types.js';

/** One component at one time. */
export interface ScheduleRow {
  t: number;
  component: number;
  momentum: number;
  level: number;
  row: number;
  column: number;
  channel: number;
  shell: number;
  /** Components of its shell. */
  multiplicity: number;
  /** Var(c_i). */
  variance: number;
  /** s_i. */
  scale: number;
  gamma: number;
  /** −γ. */
  logSnr: number;
  beta: number;
  alpha: number;
  sigma: number;
  /** n_i = s_i e^(γ_i/2): the absolute noise. */
  noise: number;
}

/**
 * The schedule as numbers: for every time and shell (`every`: for every component) its label and s, γ, β, α, σ, n.
 * A shell is represented by its first component; shells are separate schedules only where γ is equal inside.
 */
export function scheduleTable(
  process: DiffusionProcess,
  times: readonly number[],
  options: { every?: boolean } = {},
): ScheduleRow[] {
  const gamma = new Float64Array(process.dimension);
  const derivative = new Float64Array(process.dimension);
  const sizes = new Map<number, number>();
  for (const { shell } of process.basis.components) sizes.set(shell, (sizes.get(shell) ?? 0) + 1);
  const seen = new Set<number>();
  const chosen = process.basis.components.filter(({ shell }) => {
    const first = !seen.has(shell);
    seen.add(shell);
    return options.every === true || first;
  });
  return times.flatMap((t) => {
    process.gamma(t, gamma);
    process.gammaDerivative(t, derivative);
    return chosen.map((component) => {
      const i = component.index;
      const g = gamma[i]!;
      const noiseVariance = 1 / (1 + Math.exp(-g));
      return {
        t,
        component: i,
        momentum: component.momentum,
        level: component.level,
        row: component.row,
        column: component.column,
        channel: component.channel,
        shell: component.shell,
        multiplicity: sizes.get(component.shell)!,
        variance: process.dataVariance[i]! * process.scale[i]! ** 2,
        scale: process.scale[i]!,
        gamma: g,
        logSnr: -g,
        beta: noiseVariance * derivative[i]!,
        alpha: Math.sqrt(1 / (1 + Math.exp(g))),
        sigma: Math.sqrt(noiseVariance),
        noise: process.scale[i]! * Math.exp(g / 2),
      };
    });
  });
}
