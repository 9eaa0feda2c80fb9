import { exp, log, log1p } from './elementary.js';

/**
 * The normal distribution with its tails kept in log space, and its truncation to an interval. Everything is in
 * units of the standard deviation: Φ is the distribution function, Q = 1 − Φ, φ the density.
 */

const sqrtHalf = Math.SQRT1_2;
export const logSqrt2Pi = 0.9189385332046728;

/**
 * Chebyshev coefficients on t ∈ [0, 1] of erfcx(x)/t with t = 3/(3 + x), x ≥ 0, from 60 nodes at 40 digits
 * (mpmath); the terms left out are below 2e-17.
 */
const chebyshev = [
  0.4711460746602906, 0.37715894969156577, 0.11803603344749546, 0.028362346699695153, 0.004871757757605546,
  0.00045985238787654427, -2.143022238105315e-5, -1.301447369924135e-5, -8.809283582853514e-7,
  2.7464800479702846e-7, 4.415991899223785e-8, -6.398408385575483e-9, -1.6768357212484645e-9,
  1.9473354700890025e-10, 6.247441303469389e-11, -8.124557552244496e-12, -2.330314613222566e-12,
  4.1910385392253333e-13, 8.193335268813027e-14, -2.3352472107929247e-14, -2.2442585649165363e-15,
  1.2811435298050347e-15, 1.1054582965713124e-18, -6.445795135653768e-17,
];

/** Scaled complementary error function e^{x²} erfc(x), x ≥ 0. */
export function erfcx(x: number): number {
  const t = 3 / (3 + x);
  const twice = 4 * t - 2;
  let next = 0;
  let afterNext = 0;
  for (let i = chebyshev.length - 1; i > 0; i--) {
    const current = twice * next - afterNext + chebyshev[i]!;
    afterNext = next;
    next = current;
  }
  return t * (0.5 * twice * next - afterNext + chebyshev[0]!);
}

/** log Q(x), the upper tail; right to hundreds of standard deviations. */
export function logUpperTail(x: number): number {
  if (x >= 0) return log(0.5 * erfcx(x * sqrtHalf)) - 0.5 * x * x;
  return log1p(-0.5 * exp(-0.5 * x * x) * erfcx(-x * sqrtHalf));
}

/** log Φ(x). */
export function logNormalCdf(x: number): number {
  return logUpperTail(-x);
}

/** Φ(x) − ½ = ½ erf(x/√2), with full relative accuracy near 0; x ≥ 0. */
function centralMass(x: number): number {
  if (x > 0.7) return 0.5 - 0.5 * exp(-0.5 * x * x) * erfcx(x * sqrtHalf);
  // φ(0) Σ (−x²/2)ⁿ x / (n! (2n + 1)).
  const z = -0.5 * x * x;
  let term = 1;
  let sum = 1;
  for (let n = 1; n < 14; n++) {
    term *= z / n;
    sum += term / (2 * n + 1);
  }
  return 0.3989422804014327 * x * sum;
}

/**
 * log(Φ(b) − Φ(a)) for a ≤ b: −Infinity where they are equal. Narrow intervals use φ's Taylor expansion about the
 * middle, so no difference of two nearly equal numbers is ever taken.
 */
export function logMass(a: number, b: number): number {
  if (!(b > a)) return -Infinity;
  if (b <= 0) return logMass(-b, -a);
  const width = b - a;
  const middle = 0.5 * (a + b);
  const size = middle < 0 ? -middle : middle;
  if (width * (size > 1 ? size : 1) < 0.1) {
    const m = middle * middle;
    const w = width * width;
    const series =
      w * ((m - 1) / 24 + w * (((m - 6) * m + 3) / 1920 + (w * (((m - 15) * m + 45) * m - 15)) / 322560));
    return log(width) - logSqrt2Pi - 0.5 * m + log1p(series);
  }
  if (a >= 0) {
    const near = erfcx(a * sqrtHalf);
    const far = b === Infinity ? 0 : exp(-width * middle) * erfcx(b * sqrtHalf);
    return log(0.5 * (near - far)) - 0.5 * a * a;
  }
  return log(centralMass(-a) + centralMass(b));
}

/** log density at x of the standard normal truncated to [a, b]; −Infinity outside. */
export function logTruncatedDensity(x: number, a: number, b: number): number {
  if (x < a || x > b) return -Infinity;
  return -0.5 * x * x - logSqrt2Pi - logMass(a, b);
}

/** The x ≥ 0 with log Q(x) = logTail (logTail ≤ log ½), by Newton's method on the concave log Q. */
function upperTailQuantile(logTail: number): number {
  // log Q ≤ log ½ − x²/2, so this start is never below the root, from where Newton's steps only shrink.
  let x = Math.sqrt(Math.max(0, 2 * (-0.6931471805599453 - logTail)));
  for (let i = 0; i < 60; i++) {
    const scaled = erfcx(x * sqrtHalf);
    const error = log(0.5 * scaled) - 0.5 * x * x - logTail;
    const next = Math.max(0, x + error * scaled * 1.2533141373155001);
    const moved = next > x ? next - x : x - next;
    x = next;
    // Convergence is quadratic: after a step this small the next one is below the last bit.
    if (moved <= 3e-9 * (1 + x)) break;
  }
  return x;
}

/**
 * The u-quantile (0 ≤ u ≤ 1) of the standard normal truncated to [a, b]; within the interval, and right where it
 * lies 40 and more standard deviations out.
 */
export function truncatedQuantile(u: number, a: number, b: number): number {
  const clip = (x: number): number => (x < a ? a : x > b ? b : x);
  if (u <= 0 || !(b > a)) return a;
  if (u >= 1) return b;
  if (a > 0 || (a === 0 && b > 0)) {
    // log Q(x) = log Q(a) + log(1 − u (1 − Q(b)/Q(a))).
    const logA = logUpperTail(a);
    const ratio = b === Infinity ? 0 : exp(logUpperTail(b) - logA);
    const logTail = logA + log1p(-u * (1 - ratio));
    const x = clip(upperTailQuantile(logTail));
    return b - a < 1e-3 * (1 + a) ? clip(narrowQuantile(u, a, b)) : x;
  }
  if (b <= 0) return -truncatedQuantile(1 - u, -b, -a);
  const below = 0.5 - centralMass(-a);
  const mass = centralMass(-a) + centralMass(b);
  const p = below + u * mass;
  if (p < 0.5) return clip(-upperTailQuantile(log(p)));
  const upper = 0.5 - centralMass(b) + (1 - u) * mass;
  return clip(upperTailQuantile(log(upper)));
}

/** On an interval much narrower than its distance from 0 the density is e^{−mx} to first order in x. */
function narrowQuantile(u: number, a: number, b: number): number {
  const rate = 0.5 * (a + b);
  const width = b - a;
  const decay = rate * width;
  if (decay < 1e-9) return a + u * width;
  return a - log1p(-u * (1 - exp(-decay))) / rate;
}

/** Cells a unit of the table below, and where Q has reached the last bit of 1. */
const cells = 256;
const tableEnd = 8.3;
let tailTable: Float64Array | undefined;

/** Q(x) for 0 ≤ x ≤ 8.3 by cubic Hermite interpolation (its slope is −φ): error below 5e-13. */
function tableTail(x: number): number {
  const size = Math.ceil(tableEnd * cells) + 2;
  if (!tailTable) {
    tailTable = new Float64Array(2 * size);
    for (let i = 0; i < size; i++) {
      tailTable[2 * i] = exp(logUpperTail(i / cells));
      tailTable[2 * i + 1] = -exp(-0.5 * (i / cells) * (i / cells) - logSqrt2Pi) / cells;
    }
  }
  const position = x * cells;
  const i = Math.floor(position);
  const t = position - i;
  const q0 = tailTable[2 * i]!;
  const s0 = tailTable[2 * i + 1]!;
  const q1 = tailTable[2 * i + 2]!;
  const s1 = tailTable[2 * i + 3]!;
  return q0 + t * (s0 + t * (3 * (q1 - q0) - 2 * s0 - s1 + t * (2 * (q0 - q1) + s0 + s1)));
}

/**
 * log of the mass in [0, 1] of a normal with its centre there and σ ≤ 1, to 2e-12; quick, for the thousands of kernels
 * of a mixture. (The mass is at least 0.34, so nothing cancels.)
 */
export function logUnitMass(centre: number, sigma: number): number {
  const below = centre / sigma;
  const above = (1 - centre) / sigma;
  let outside = 0;
  if (below < tableEnd) outside += tableTail(below);
  if (above < tableEnd) outside += tableTail(above);
  return outside === 0 ? 0 : log1p(-outside);
}
