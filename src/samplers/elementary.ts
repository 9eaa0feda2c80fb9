/**
 * exp, log and friends from additions, multiplications and divisions only. IEEE arithmetic is the same on every
 * machine; `Math.exp` and `Math.log` may differ in the last bit between engines and platforms, which would give two
 * workers two different suggestions from the same trials.
 */

const bits = new DataView(new ArrayBuffer(8));
/** log 2 in two parts: the first has 32 trailing zero bits, so k × ln2High is exact for |k| < 2³². */
const ln2High = 0.6931471803691238;
const ln2Low = 1.9082149292705877e-10;

/** 2^k for integers k from −1074 to 1023. */
function powerOfTwo(k: number): number {
  if (k < -1022) return powerOfTwo(k + 60) / 1152921504606846976;
  bits.setUint32(0, (k + 1023) << 20);
  bits.setUint32(4, 0);
  return bits.getFloat64(0);
}

/** e^x to about one unit in the last place; 0 below −745.2, Infinity above 709.8. */
export function exp(x: number): number {
  if (x !== x) return x;
  if (x > 709.782712893384) return Infinity;
  if (x < -745.1332191019412) return 0;
  const k = Math.floor(x * 1.4426950408889634 + 0.5);
  const r = x - k * ln2High - k * ln2Low;
  // Taylor's series of e^r, |r| ≤ ½ log 2: the first term left out is below 4e-18.
  let sum = 1 / 6227020800;
  sum = sum * r + 1 / 479001600;
  sum = sum * r + 1 / 39916800;
  sum = sum * r + 1 / 3628800;
  sum = sum * r + 1 / 362880;
  sum = sum * r + 1 / 40320;
  sum = sum * r + 1 / 5040;
  sum = sum * r + 1 / 720;
  sum = sum * r + 1 / 120;
  sum = sum * r + 1 / 24;
  sum = sum * r + 1 / 6;
  sum = sum * r + 0.5;
  sum = r + r * r * sum;
  if (k === 0) return 1 + sum;
  return k === 1024 ? (1 + sum) * powerOfTwo(1023) * 2 : (1 + sum) * powerOfTwo(k);
}

/** Natural logarithm to about one unit in the last place; −Infinity at 0, NaN below. */
export function log(x: number): number {
  if (!(x > 0)) return x === 0 ? -Infinity : NaN;
  if (x === Infinity) return x;
  let scale = 0;
  if (x < 2.2250738585072014e-308) {
    x *= 18014398509481984;
    scale = -54;
  }
  bits.setFloat64(0, x);
  let high = bits.getUint32(0);
  let exponent = scale + (high >>> 20) - 1023;
  high = (high & 0xfffff) | 0x3ff00000;
  bits.setUint32(0, high);
  let mantissa = bits.getFloat64(0);
  if (mantissa > 1.4142135623730951) {
    mantissa *= 0.5;
    exponent += 1;
  }
  return exponent * ln2High + (logNearOne(mantissa - 1) + exponent * ln2Low);
}

/** log(1 + f) for 1 + f between √½ and √2: 2 artanh(s), s = f/(2 + f), |s| ≤ 0.172. */
function logNearOne(f: number): number {
  const s = f / (2 + f);
  const z = s * s;
  let sum = 1 / 25;
  sum = sum * z + 1 / 23;
  sum = sum * z + 1 / 21;
  sum = sum * z + 1 / 19;
  sum = sum * z + 1 / 17;
  sum = sum * z + 1 / 15;
  sum = sum * z + 1 / 13;
  sum = sum * z + 1 / 11;
  sum = sum * z + 1 / 9;
  sum = sum * z + 1 / 7;
  sum = sum * z + 1 / 5;
  sum = sum * z + 1 / 3;
  // f − s·f = 2s exactly in real numbers; written so, the leading term f carries no rounding of s.
  const half = 0.5 * f * f;
  return f - (half - s * (half + 2 * z * sum));
}

/** log(1 + x), right where x is small. */
export function log1p(x: number): number {
  if (x > -0.29 && x < 0.41) return logNearOne(x);
  return log(1 + x);
}

/** log Σ exp(values[i]) over the first `count` values; −Infinity for none. */
export function logSumExp(values: Float64Array, count = values.length): number {
  let largest = -Infinity;
  for (let i = 0; i < count; i++) if (values[i]! > largest) largest = values[i]!;
  if (largest === -Infinity) return -Infinity;
  let sum = 0;
  for (let i = 0; i < count; i++) {
    const difference = values[i]! - largest;
    // e^−40 is below the sum's last bit.
    if (difference > -40) sum += exp(difference);
  }
  return largest + log(sum);
}

/** log(e^a + e^b). */
export function logAddExp(a: number, b: number): number {
  const larger = a > b ? a : b;
  const smaller = a > b ? b : a;
  return smaller === -Infinity ? larger : larger + log1p(exp(smaller - larger));
}
