import type {
  CategoricalParameter,
  FloatParameter,
  IntegerParameter,
  ParameterValue,
} from '../space/types.js';
import { gridCount, gridValue, nearestIndex, stepOf } from '../space/values.js';
import { exp, log } from './elementary.js';

/**
 * A numeric parameter as a unit interval: u = (f(x) − f(low⁻)) / (f(high⁺) − f(low⁻)), f = log where the parameter is
 * logarithmic. A stepped parameter gets half a step at both ends, so that every value owns a bin of the interval.
 */
export interface NumericAxis {
  kind: 'numeric';
  parameter: FloatParameter | IntegerParameter;
  /** f at u = 0, and the length f(high⁺) − f(low⁻); 0 when there is only one value. */
  start: number;
  length: number;
  /** 0 for a continuous parameter. */
  step: number;
  /** Number of values; Infinity for a continuous parameter. */
  count: number;
}

export interface CategoricalAxis {
  kind: 'categorical';
  parameter: CategoricalParameter;
  count: number;
}
export type Axis = NumericAxis | CategoricalAxis;

export function makeAxis(parameter: FloatParameter | IntegerParameter | CategoricalParameter): Axis {
  if (parameter.type === 'categorical')
    return { kind: 'categorical', parameter, count: parameter.choices.length };
  const step = stepOf(parameter);
  const scale = (x: number): number => (parameter.log ? log(x) : x);
  const start = scale(parameter.low - step / 2);
  const length = scale(parameter.high + step / 2) - start;
  const count = step === 0 ? Infinity : (gridCount(parameter.low, parameter.high, step) ?? 1);
  return { kind: 'numeric', parameter, start, length, step, count };
}

/** Where a value lies on the unit interval. */
export function unitOf(axis: NumericAxis, value: number): number {
  if (axis.length === 0) return 0.5;
  const u = ((axis.parameter.log ? log(value) : value) - axis.start) / axis.length;
  return u < 0 ? 0 : u > 1 ? 1 : u;
}

/** The parameter's value at u: for a stepped one the value whose bin holds u. */
export function valueAt(axis: NumericAxis, u: number): number {
  const { parameter } = axis;
  const z = axis.start + u * axis.length;
  const x = parameter.log ? exp(z) : z;
  if (axis.step !== 0) return gridValue(parameter, nearestIndex(parameter, x));
  return x < parameter.low ? parameter.low : x > parameter.high ? parameter.high : x;
}

/** The bin of a stepped value on the unit interval. */
export function binOf(axis: NumericAxis, value: number): [number, number] {
  return [unitOf(axis, value - axis.step / 2), unitOf(axis, value + axis.step / 2)];
}

/** A value drawn by one number u in [0, 1): uniform on the axis, or among the choices. */
export function valueFromUniform(axis: Axis, u: number): ParameterValue {
  if (axis.kind === 'categorical')
    return axis.parameter.choices[Math.min(axis.count - 1, Math.floor(u * axis.count))]!;
  if (axis.step !== 0 && !axis.parameter.log)
    return gridValue(axis.parameter, Math.min(axis.count - 1, Math.floor(u * axis.count)));
  return valueAt(axis, u);
}
