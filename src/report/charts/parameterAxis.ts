import type { Axis } from '../axes.js';
import { displayWidth, fitLine } from '../text.js';
import { scaleOf, tickAxis, vegaScale, type Scale } from './scales.js';

/** Names that people use for the schedule's parameters, with units. */
const titles: Record<string, string> = {
  basis: 'basis',
  colour: 'noise colour',
  kernel: 'cutoff kernel',
  cutoffWidth: 'cutoff width w',
  trajectory: 'cutoff trajectory Λ(t)',
  trajectoryRate: 'rate c of the exponential trajectory',
  trajectoryPower: 'exponent q of the power trajectory',
  colourMass2: 'm² of the noise colour (lattice units)',
  colourExponent: 'exponent of the noise colour',
  colourRatio: 'mixing ratio of the noise colour',
  colourFrom: 'noise colour mixed from',
  colourTo: 'noise colour mixed with',
  ordering: 'ordering variable ℓ',
  reversed: 'order reversed',
  heatMass2: 'm² of the heat kernel',
  blurWidth: 'width of the blur (lattice units)',
  trajectoryKnot1: 'first knot of the spline',
  trajectoryKnot2: 'second knot of the spline',
  trajectoryKnot3: 'third knot of the spline',
  trajectoryKnot4: 'fourth knot of the spline',
  weighting: 'weighting of the loss',
  timeSampling: 'sampling of times',
  learningRate: 'learning rate',
  gammaLow: 'γ at the start',
  gammaHigh: 'γ at the end',
};

export function axisTitle(name: string): string {
  return Object.hasOwn(titles, name) ? titles[name]! : fitLine(name, 34);
}

/** The choices of a categorical axis as texts; none of a numeric one. */
export const choicesOf = (axis: Axis): string[] =>
  axis.kind === 'categorical' ? axis.choices.map(String) : [];

/**
 * The scale of a searched parameter: its range, or a column a choice at 0, 1, 2, ….
 * @param values further values to hold, of a numeric parameter
 */
export function parameterScale(
  axis: Axis,
  { values = [], air = 0.04, ticks = 4 }: { values?: readonly number[]; air?: number; ticks?: number } = {},
): Scale {
  if (axis.kind === 'numeric')
    return scaleOf([axis.low, axis.high, ...values], { log: axis.log, air, ticks });
  const { length } = axis.choices;
  return { type: 'linear', domain: [-0.5, length - 0.5], ticks: axis.choices.map((_, index) => index) };
}

/** The horizontal axis of a small chart over one parameter; the field is `x`. */
export function parameterEncoding(axis: Axis, scale: Scale) {
  const choices = choicesOf(axis);
  // Names that do not fit beside each other are written aslant.
  const aslant = choices.some((choice) => displayWidth(choice) > 33 / choices.length);
  return {
    field: 'x',
    type: 'quantitative' as const,
    title: axisTitle(axis.name),
    scale: vegaScale(scale),
    axis:
      axis.kind === 'numeric'
        ? tickAxis(scale.ticks)
        : {
            ...tickAxis(scale.ticks, (index) => fitLine(choices[index]!, aslant ? 14 : 33)),
            // Vega leaves every other tick out where there are more than it would make itself.
            tickCount: choices.length,
            tickSize: 0,
            domain: false,
            labelOverlap: false,
            ...(aslant
              ? { labelAngle: -32, labelAlign: 'right' as const, labelBaseline: 'middle' as const }
              : {}),
          },
  };
}
