import type { FloatParameter, IntegerParameter } from './types.js';

/** Relative slack for steps that are no exact doubles, such as 0.1. */
const slack = 1e-9;

/**
 * The number of values low, low + step, …, high; undefined when the step does not divide the range (to within
 * 10⁻⁹ of a step, since 0.1 is no exact double).
 */
export function gridCount(low: number, high: number, step: number): number | undefined {
  const intervals = (high - low) / step;
  const whole = Math.round(intervals);
  if (!Number.isFinite(intervals) || Math.abs(intervals - whole) > slack * Math.max(1, whole))
    return undefined;
  return whole + 1;
}

/** The step of a numeric parameter: 1 where an integer declares none, 0 for a continuous float. */
export function stepOf(parameter: FloatParameter | IntegerParameter): number {
  return parameter.step ?? (parameter.type === 'int' ? 1 : 0);
}

/** The k-th value of a stepped parameter, never beyond `high`. */
export function gridValue(parameter: FloatParameter | IntegerParameter, index: number): number {
  const step = stepOf(parameter);
  const last = (gridCount(parameter.low, parameter.high, step) ?? 1) - 1;
  if (index >= last) return parameter.high;
  return parameter.type === 'int' ? parameter.low + index * step : tidy(parameter.low + index * step, step);
}

/** 0.1 + 2 × 0.1 as 0.3: a stepped value without the noise of its last bits, for people to read. */
function tidy(value: number, step: number): number {
  const short = Number(value.toPrecision(12));
  return Math.abs(short - value) <= slack * step ? short : value;
}

/** The index of the stepped value nearest to `value`, clipped to the range. */
export function nearestIndex(parameter: FloatParameter | IntegerParameter, value: number): number {
  const step = stepOf(parameter);
  const last = (gridCount(parameter.low, parameter.high, step) ?? 1) - 1;
  return Math.min(last, Math.max(0, Math.round((value - parameter.low) / step)));
}

/** True when `value` lies in the range and, for a stepped parameter, on its grid. */
export function isGridValue(parameter: FloatParameter | IntegerParameter, value: number): boolean {
  if (!(value >= parameter.low && value <= parameter.high)) return false;
  if (parameter.type === 'int' && !Number.isInteger(value)) return false;
  const step = stepOf(parameter);
  if (step === 0) return true;
  const index = (value - parameter.low) / step;
  return Math.abs(index - Math.round(index)) <= slack * Math.max(1, index);
}
