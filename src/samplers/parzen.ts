import type { CounterRandom } from '../random/philox.js';
import type { ParameterValue } from '../space/types.js';
import { type Axis, binOf, type NumericAxis, unitOf, valueAt } from './axis.js';
import type { Arena } from './arena.js';
import { log, log1p, logSumExp } from './elementary.js';
import { logMass, logSqrt2Pi, logUnitMass, truncatedQuantile } from './normal.js';
import type { Tree, TreeNode } from './tree.js';

/**
 * A mixture over the whole tree of a search space, p(x) = Σ_k w_k Π_d k_{d,k}(x_d), d over the active parameters of x.
 *
 * Numeric kernels are normals truncated to the unit interval of their axis (their mass over a value's bin where the
 * axis is stepped); categorical rows are ∝ 1[c = c_k] + share. A kernel whose trial did not have a parameter is
 * uniform in it: that trial says nothing of it. So every kernel is a density over the tree and the mixture sums to 1.
 */
export interface Mixture {
  tree: Tree;
  /** Number of kernels, the prior's included. */
  count: number;
  /** w_k, summing to 1, and their logarithms. */
  weights: Float64Array;
  logWeights: Float64Array;
  dimensions: readonly DimensionKernels[];
}

export type DimensionKernels = NumericKernels | CategoricalKernels;

export interface NumericKernels {
  kind: 'numeric';
  axis: NumericAxis;
  /** Centre and width on the unit interval; width 0 marks a uniform kernel. */
  centre: Float64Array;
  width: Float64Array;
  /** −log(σ √2π) − log Z, Z the normal's mass in the interval; 0 for a uniform kernel. */
  logNorm: Float64Array;
  /** 1/(2σ²); 0 for a uniform kernel. */
  precision: Float64Array;
}

export interface CategoricalKernels {
  kind: 'categorical';
  axis: Axis & { kind: 'categorical' };
  /** The kernel's own choice, or −1 for a uniform row. */
  choice: Float64Array;
  /** Added to every choice before normalizing. */
  share: number;
  logOwn: number;
  logOther: number;
  logUniform: number;
}

/** A candidate: the coordinate of every searched parameter (unit interval, or index of a choice), NaN where inactive. */
export type Point = Float64Array;

/** The coordinate of a parameter's value. */
export function coordinateOf(axis: Axis, value: ParameterValue): number {
  return axis.kind === 'categorical' ? axis.parameter.choices.indexOf(value) : unitOf(axis, value as number);
}

/**
 * The kernels of one numeric dimension from centres (NaN where the trial had none) and widths; both arrays are kept.
 * @param arena where the derived numbers live
 */
export function numericKernels(
  axis: NumericAxis,
  centre: Float64Array,
  width: Float64Array,
  arena: Arena,
): NumericKernels {
  const count = centre.length;
  const logNorm = arena.take(count);
  const precision = arena.take(count);
  let lastSigma = NaN;
  let lastLogSigma = NaN;
  for (let k = 0; k < count; k++) {
    if (centre[k] !== centre[k] || axis.length === 0) {
      centre[k] = 0.5;
      width[k] = 0;
      continue;
    }
    const sigma = width[k]!;
    // Most kernels have the least width there is: its logarithm is taken once.
    if (sigma !== lastSigma) {
      lastSigma = sigma;
      lastLogSigma = log(sigma);
    }
    logNorm[k] = -lastLogSigma - logSqrt2Pi - logUnitMass(centre[k]!, sigma);
    precision[k] = 0.5 / (sigma * sigma);
  }
  return { kind: 'numeric', axis, centre, width, logNorm, precision };
}

/** The kernels of one categorical dimension; `share` is what every choice gets beside the trial's own. */
export function categoricalKernels(
  axis: Axis & { kind: 'categorical' },
  choice: Float64Array,
  share: number,
): CategoricalKernels {
  const total = 1 + share * axis.count;
  return {
    kind: 'categorical',
    axis,
    choice,
    share,
    logOwn: log((1 + share) / total),
    logOther: log(share / total),
    logUniform: -log(axis.count),
  };
}

/** log p at a candidate; `scratch` holds at least `count` numbers. Probability of a value on stepped axes, density else. */
export function logDensity(mixture: Mixture, point: Point, scratch: Float64Array): number {
  const { count, dimensions } = mixture;
  for (let k = 0; k < count; k++) scratch[k] = mixture.logWeights[k]!;
  for (let d = 0; d < dimensions.length; d++) {
    const x = point[d]!;
    if (x === x) addLogKernels(dimensions[d]!, x, scratch, count);
  }
  return logSumExp(scratch, count);
}

/** Adds log k_{d,k}(x) of every kernel k of one dimension. */
export function addLogKernels(kernels: DimensionKernels, x: number, out: Float64Array, count: number): void {
  if (kernels.kind === 'categorical') {
    const { choice, logOwn, logOther, logUniform } = kernels;
    for (let k = 0; k < count; k++) {
      const own = choice[k]!;
      out[k]! += own < 0 ? logUniform : own === x ? logOwn : logOther;
    }
    return;
  }
  const { centre, logNorm, precision, axis } = kernels;
  if (axis.step === 0) {
    for (let k = 0; k < count; k++) {
      const difference = x - centre[k]!;
      out[k]! += logNorm[k]! - precision[k]! * difference * difference;
    }
    return;
  }
  if (axis.length === 0) return;
  const [left, right] = binOf(axis, valueAt(axis, x));
  const middle = 0.5 * (left + right);
  const logWidth = log(right - left);
  for (let k = 0; k < count; k++) {
    const sigma = kernels.width[k]!;
    if (sigma === 0) {
      out[k]! += logWidth;
      continue;
    }
    const w = (right - left) / sigma;
    const m = (middle - centre[k]!) / sigma;
    const square = m * m;
    const v = w * w;
    // A bin much narrower than the kernel: density times width, corrected by the density's curvature.
    if (v * (square > 1 ? square : 1) < 0.01)
      out[k]! +=
        logWidth +
        logNorm[k]! -
        0.5 * square +
        log1p(v * ((square - 1) / 24 + (v * ((square - 6) * square + 3)) / 1920));
    else
      out[k]! +=
        logMass((left - centre[k]!) / sigma, (right - centre[k]!) / sigma) +
        logNorm[k]! +
        log(sigma) +
        logSqrt2Pi;
  }
}

/** Index of the kernel that a uniform number falls on. */
export function pickKernel(weights: Float64Array, u: number): number {
  let rest = u;
  for (let k = 0; k < weights.length - 1; k++) {
    rest -= weights[k]!;
    if (rest < 0) return k;
  }
  return weights.length - 1;
}

/** A draw of one dimension from kernel k, as a coordinate of a value that the parameter can take. */
export function drawCoordinate(kernels: DimensionKernels, k: number, u: number): number {
  if (kernels.kind === 'categorical') {
    const own = kernels.choice[k]!;
    const { count } = kernels.axis;
    if (own < 0) return Math.min(count - 1, Math.floor(u * count));
    const total = 1 + kernels.share * count;
    const rest = u * total - 1;
    // The kernel's own extra weight comes first, then equal shares.
    return rest < 0 ? own : Math.min(count - 1, Math.floor(rest / kernels.share));
  }
  const sigma = kernels.width[k]!;
  const centre = kernels.centre[k]!;
  const t = sigma === 0 ? u : centre + sigma * truncatedQuantile(u, -centre / sigma, (1 - centre) / sigma);
  const { axis } = kernels;
  return unitOf(axis, valueAt(axis, t < 0 ? 0 : t > 1 ? 1 : t));
}

/** Fills `point` with a draw from the mixture: a kernel, then every active parameter from it, parents first. */
export function drawPoint(mixture: Mixture, random: CounterRandom, point: Point): Point {
  const kernel = pickKernel(mixture.weights, random.uniform());
  const { tree, dimensions } = mixture;
  for (const node of tree.nodes) {
    if (node.dimension < 0) continue;
    point[node.dimension] = NaN;
    // One number a dimension, active or not: a parent's draw never shifts its siblings'.
    const u = random.uniform();
    if (isActivePoint(tree, node, point))
      point[node.dimension] = drawCoordinate(dimensions[node.dimension]!, kernel, u);
  }
  return point;
}

/** Whether a node is active at a point whose earlier coordinates are set. */
export function isActivePoint(tree: Tree, node: TreeNode, point: Point): boolean {
  for (const parent of node.parents) {
    const value = valueOf(tree, tree.nodes[parent.node]!, point);
    if (value === undefined || !parent.values.includes(value)) return false;
  }
  return true;
}

/** The value of a node at a point, or undefined where it is inactive. */
export function valueOf(tree: Tree, node: TreeNode, point: Point): ParameterValue | undefined {
  if (node.parameter.type === 'fixed')
    return isActivePoint(tree, node, point) ? node.parameter.value : undefined;
  const x = point[node.dimension]!;
  if (Number.isNaN(x)) return undefined;
  const axis = node.axis!;
  return axis.kind === 'categorical' ? axis.parameter.choices[x] : valueAt(axis, x);
}
