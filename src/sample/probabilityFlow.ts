import { RgsweepError } from '../errors.js';
import {
  createNoiseLevels,
  emptyNoiseLevels,
  marginalDeviation,
  timeAtAngle,
  type NoiseLevels,
  type NoiseLevelsAt,
} from '../model/noiseLevels.js';
import type { DiffusionProcess } from '../schedule/types.js';
import type { ResidualModel } from '../model/residual.js';

/** Where a probability flow begins and ends, and what it gathers. */
export interface FlowResult {
  /** χ at the end, [N, D]. */
  chi: Float64Array;
  /** log q(χ(0)) of every row in components: log N(χ(1); 0, 1) + ∫₀¹ div dt. */
  logDensity: Float64Array;
  /** Calls of the network, each on all rows. */
  functionEvaluations: number;
}

/** Runge–Kutta methods of the flow: the classical one of order 4 with four calls of the network a step, Heun's of order 2 with two. */
export const flowMethods = ['rk4', 'heun'] as const;
export type FlowMethod = (typeof flowMethods)[number];

export interface FlowOptions {
  /** Default `rk4`. */
  method?: FlowMethod;
  /**
   * Default false: every step is as long as the others. True: where the path has kinks no step reaches across one, and each piece
   * between two has an eighth of `steps` at least, so that twice the steps are twice as many everywhere. A step across a kink loses the
   * order of the method, and hard windows have two kinks a component.
   */
  alignToKinks?: boolean;
  /** Called at every time with χ, the first and the last included. */
  onStep?: (t: number, chi: Float64Array) => void;
}

/**
 * Integrates the probability flow χ̇_i = −½ γ_i′ σ_i (σ_i χ_i − ε̂_i) by a Runge–Kutta method with `steps` equal steps of the
 * mean noise angle Θ, whatever the schedule's own time: one rule for all schedules. With `alignToKinks` more, where there are kinks.
 *
 * It runs in u = χ/√v, where the flow of the Gaussian score stands still, so that only the residual is integrated:
 * du_i/dΘ = ½ γ_i′ sin θ_i g_i / Θ̇, and log q_χ(χ) = log q_u(u) − ½ Σ_i log v_i.
 * @param direction `noise`: from data χ(0) to χ(1), a likelihood; `data`: from prior draws χ(1) to samples χ(0)
 */
export async function probabilityFlow(
  process: DiffusionProcess,
  model: ResidualModel,
  start: Float64Array,
  steps: number,
  direction: 'noise' | 'data',
  { method = 'rk4', alignToKinks = false, onStep }: FlowOptions = {},
): Promise<FlowResult> {
  const { dimension } = process;
  const levelsAt = createNoiseLevels(process);
  const levels = emptyNoiseLevels(dimension);
  const count = start.length / dimension;
  const deviations = (t: number) => {
    levelsAt(t, levels);
    return levels.sine.map((sine, i) => marginalDeviation(sine, levels.cosine[i]!, process.dataVariance[i]!));
  };
  const [begin, end] = direction === 'noise' ? [0, 1] : [1, 0];
  const beginDeviation = deviations(begin);
  const endDeviation = deviations(end);
  const grid = flowGrid(levelsAt, levels, [begin, end], steps, (alignToKinks && process.kinks) || []);

  const velocity = async (u: Float64Array, t: number) => {
    levelsAt(t, levels);
    const weights = slopeWeights(levelsAt, t, levels);
    const { residual, divergence } = await model.residualAndDivergence(u, t, weights);
    for (let n = 0; n < residual.length; n++) residual[n]! *= weights[n % dimension]!;
    return { slope: residual, divergence };
  };

  let u: Float64Array = start.map((chi, n) => chi / beginDeviation[n % dimension]!);
  const divergenceIntegral = new Float64Array(count);
  onStep?.(begin, start);
  for (const { step, from, middle, to } of grid) {
    const first = await velocity(u, from);
    const stages = [first];
    if (method === 'heun') stages.push(await velocity(shifted(u, first.slope, step), to));
    else {
      const second = await velocity(shifted(u, first.slope, step / 2), middle);
      const third = await velocity(shifted(u, second.slope, step / 2), middle);
      stages.push(second, third, await velocity(shifted(u, third.slope, step), to));
    }
    const weights = quadrature[method];
    const moved = u.slice();
    stages.forEach(({ slope, divergence }, j) => {
      for (let m = 0; m < moved.length; m++) moved[m]! += step * weights[j]! * slope[m]!;
      for (let b = 0; b < count; b++) divergenceIntegral[b]! += step * weights[j]! * divergence[b]!;
    });
    u = moved;
    if (onStep) {
      const here = deviations(to);
      onStep(
        to,
        u.map((value, m) => value * here[m % dimension]!),
      );
    }
  }

  const chi = u.map((value, n) => value * endDeviation[n % dimension]!);
  const noisy = direction === 'noise' ? chi : start;
  const [dataDeviation, noiseDeviation] =
    direction === 'noise' ? [beginDeviation, endDeviation] : [endDeviation, beginDeviation];
  let logVolume = 0;
  for (let i = 0; i < dimension; i++) logVolume += Math.log(noiseDeviation[i]! / dataDeviation[i]!);
  const sign = direction === 'noise' ? 1 : -1;
  const logDensity = new Float64Array(count);
  for (let b = 0; b < count; b++) {
    let square = 0;
    for (let i = 0; i < dimension; i++) square += noisy[b * dimension + i]! ** 2;
    logDensity[b] =
      -0.5 * (square + dimension * Math.log(2 * Math.PI)) + logVolume + sign * divergenceIntegral[b]!;
  }
  return { chi, logDensity, functionEvaluations: quadrature[method].length * grid.length };
}

/** A step of the mean noise angle, and the times where it begins, is half done and ends. */
interface FlowStep {
  step: number;
  from: number;
  middle: number;
  to: number;
}

/** With more pieces than this between kinks (images in hard windows) they are stepped over: aligned steps would cost more than short ones. */
const mostPieces = 256;
/** Part of a piece by which its ends are looked at from inside, where γ′ is the piece's own. */
const inside = 1e-9;

/** Equal steps of Θ from one end of the path to the other, or in each piece between kinks. */
function flowGrid(
  levelsAt: NoiseLevelsAt,
  scratch: NoiseLevels,
  [begin, end]: readonly [number, number],
  steps: number,
  kinks: readonly number[],
): FlowStep[] {
  const angleAt = (t: number) => {
    levelsAt(t, scratch);
    return scratch.meanAngle;
  };
  const timeAt = (angle: number) => timeAtAngle(levelsAt, angle, scratch);
  const first = angleAt(begin);
  const last = angleAt(end);
  const whole = last - first;
  let bounds = [first];
  for (const kink of begin < end ? kinks : kinks.toReversed()) {
    const angle = angleAt(kink);
    const apart = (from: number) => Math.abs(angle - from) > 1e-6 * Math.abs(whole);
    if (apart(bounds.at(-1)!) && apart(last)) bounds.push(angle);
  }
  if (bounds.length > mostPieces) bounds = [first];
  bounds.push(last);

  const pieces = bounds.length - 1;
  return bounds.slice(1).flatMap((high, piece) => {
    const low = bounds[piece]!;
    const length = high - low;
    const count = pieces === 1 ? steps : Math.ceil(steps * Math.max(1 / 8, length / whole) - 1e-9);
    const step = length / count;
    return Array.from({ length: count }, (_, n) => ({
      step,
      from: n > 0 ? timeAt(low + n * step) : piece > 0 ? timeAt(low + inside * length) : begin,
      middle: timeAt(low + (n + 0.5) * step),
      to:
        n + 1 < count
          ? timeAt(low + (n + 1) * step)
          : piece + 1 < pieces
            ? timeAt(high - inside * length)
            : end,
    }));
  });
}

/**
 * ½ γ_i′ sin θ_i / Θ̇ at time t. It is a property of the path, not of how fast it is run through: where a trajectory stands still
 * (cosine and steep powers at an end, a variance-preserving schedule before its first noise, components that are noise altogether) or
 * starts at infinite speed, it is that of the nearest time where the angle moves.
 */
function slopeWeights(levelsAt: NoiseLevelsAt, t: number, levels: NoiseLevels): Float64Array {
  const dimension = levels.sine.length;
  const weightsOf = ({ gammaDerivative, sine, cosine }: NoiseLevels) => {
    let rate = 0;
    for (let i = 0; i < dimension; i++)
      rate += (0.5 * gammaDerivative[i]! * sine[i]! * cosine[i]!) / dimension;
    return rate > 0 && rate < Infinity
      ? sine.map((value, i) => (0.5 * gammaDerivative[i]! * value) / rate)
      : undefined;
  };
  const here = weightsOf(levels);
  if (here) return here;
  const { meanAngle } = levels;
  const nearby = emptyNoiseLevels(dimension);
  for (const distance of [1e-9, 1e-6, 1e-3]) {
    const angle = meanAngle < Math.PI / 4 ? meanAngle + distance : meanAngle - distance;
    levelsAt(timeAtAngle(levelsAt, angle, nearby), nearby);
    const weights = weightsOf(nearby);
    if (weights) return weights;
  }
  throw new RgsweepError('bad-configuration', `no noise level changes near time ${t}`);
}

const quadrature: Record<FlowMethod, readonly number[]> = {
  rk4: [1 / 6, 1 / 3, 1 / 3, 1 / 6],
  heun: [1 / 2, 1 / 2],
};

function shifted(u: Float64Array, slope: Float64Array, step: number): Float64Array {
  return u.map((value, n) => value + step * slope[n]!);
}
