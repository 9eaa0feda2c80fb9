/** A parameter's value. Everything is JSON. */
export type ParameterValue = number | string | boolean;
/** A parameter set: a parameter is present exactly when it is active. */
export type Parameters = Readonly<Record<string, ParameterValue>>;

/** Active only when the parent is active and has one of these values. */
export type Condition = Readonly<Record<string, readonly ParameterValue[]>>;

export interface FloatParameter {
  name: string;
  type: 'float';
  low: number;
  high: number;
  log?: boolean;
  step?: number;
  when?: Condition;
}
export interface IntegerParameter {
  name: string;
  type: 'int';
  low: number;
  high: number;
  log?: boolean;
  step?: number;
  when?: Condition;
}
export interface CategoricalParameter {
  name: string;
  type: 'categorical';
  choices: readonly ParameterValue[];
  when?: Condition;
}
/** A constant that every trial has; not searched. */
export interface FixedParameter {
  name: string;
  type: 'fixed';
  value: ParameterValue;
  when?: Condition;
}
export type Parameter = FloatParameter | IntegerParameter | CategoricalParameter | FixedParameter;

/** A validated search space: names unique, bounds in order, parents declared before their children (a tree). */
export interface SearchSpace {
  parameters: readonly Parameter[];
}
