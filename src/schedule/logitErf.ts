/**
 * g(u) = log erfc(−u) − log erfc(u): the negative log-SNR of the cutoff K = ½ erfc(u). Odd, increasing; g(u) ≈ u² far out.
 *
 * Inner loops call it for every component, so it is tabulated once (value and two derivatives every 1/64) and interpolated
 * by quintics: within 1e-13 of the definition for |g| ≤ 30.
 */
export function logitErf(u: number): number {
  const x = Math.abs(u);
  if (x >= end) return Math.sign(u) * tail(x);
  return u < 0 ? -quintic(x, false) : quintic(x, false);
}

/** dg/du. */
export function logitErfDerivative(u: number): number {
  const x = Math.abs(u);
  return x >= end ? 2 * x + 1 / x : quintic(x, true);
}

/** The u with g(u) = value, for |value| ≤ 31. */
export function logitErfInverse(value: number): number {
  let low = 0;
  let high = end;
  const target = Math.abs(value);
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (quintic(middle, false) < target) low = middle;
    else high = middle;
  }
  return Math.sign(value) * 0.5 * (low + high);
}

const spacing = 1 / 64;
const end = 5.5;
const nodes = end / spacing + 1;
const table = makeTable();

/** Beyond the table |g| > 30, which every caller cuts. */
function tail(x: number): number {
  return Math.LN2 + x * x + Math.log(x * Math.sqrt(Math.PI));
}

function makeTable(): Float64Array {
  const out = new Float64Array(3 * nodes);
  for (let j = 0; j < nodes; j++) {
    const u = j * spacing;
    const scaled = scaledErfc(u);
    const falling = 2 / Math.sqrt(Math.PI) / scaled;
    const small = Math.exp(-u * u);
    const other = 2 - scaled * small;
    const rising = ((2 / Math.sqrt(Math.PI)) * small) / other;
    out[3 * j] = Math.log(other) - Math.log(scaled) + u * u;
    out[3 * j + 1] = falling + rising;
    out[3 * j + 2] = falling * (falling - 2 * u) - rising * (2 * u + rising);
  }
  return out;
}

/** e^(u²) erfc(u), u ≥ 0: Taylor series of erf below 1, Laplace's continued fraction above. */
function scaledErfc(u: number): number {
  if (u < 1) {
    let term = u;
    let sum = u;
    for (let n = 1; n < 40; n++) {
      term *= (2 * u * u) / (2 * n + 1);
      sum += term;
    }
    return Math.exp(u * u) - (2 / Math.sqrt(Math.PI)) * sum;
  }
  let fraction = u;
  for (let n = 1000; n >= 1; n--) fraction = u + n / 2 / fraction;
  return 1 / (Math.sqrt(Math.PI) * fraction);
}

/** The quintic through value, slope and curvature at both ends of an interval, or its derivative. */
function quintic(x: number, derivative: boolean): number {
  const j = Math.min(nodes - 2, Math.floor(x / spacing));
  const u = x / spacing - j;
  const at = 3 * j;
  const f = table[at]!;
  const d = table[at + 1]! * spacing;
  const c = 0.5 * table[at + 2]! * spacing * spacing;
  const df = table[at + 3]! - f - d - c;
  const dd = table[at + 4]! * spacing - d - 2 * c;
  const dc = 0.5 * table[at + 5]! * spacing * spacing - c;
  const a3 = 10 * df - 4 * dd + dc;
  const a4 = -15 * df + 7 * dd - 2 * dc;
  const a5 = 6 * df - 3 * dd + dc;
  return derivative
    ? (d + u * (2 * c + u * (3 * a3 + u * (4 * a4 + u * 5 * a5)))) / spacing
    : f + u * (d + u * (c + u * (a3 + u * (a4 + u * a5))));
}
