// exp and log in plain double arithmetic, operation for operation as in ../exponential.ts, so that every host has the same bits.

export const LOG2_E: f64 = Math.LOG2E;
export const LN2_HIGH: f64 = 0.6931471803691238;
export const LN2_LOW: f64 = 1.9082149292705877e-10;
export const SQRT_2: f64 = Math.SQRT2;

/** e^x for x <= 0; 0 below -708. */
export function exponential(x: f64): f64 {
  if (x < -708) return 0;
  const k = nearest(x * LOG2_E);
  const r = x - k * LN2_HIGH - k * LN2_LOW;
  const r2 = r * r;
  const r4 = r2 * r2;
  const a = 1 + r + r2 * (0.5 + r * 0.16666666666666666);
  const b = 0.041666666666666664 + r * 0.008333333333333333 + r2 * (0.001388888888888889 + r * 0.0001984126984126984);
  const c = 0.0000248015873015873 + r * 0.0000027557319223985893 + r2 * (2.755731922398589e-7 + r * 2.505210838544172e-8);
  const d = 2.08767569878681e-9 + r * 1.6059043836821613e-10;
  const p = a + r4 * (b + r4 * (c + r4 * d));
  return p * reinterpret<f64>((<i64>k + 1023) << 52);
}

/** ln(1 + e) for e in [0, 1]. */
export function logOnePlus(e: f64): f64 {
  if (1 + e > SQRT_2) {
    const f = (e - 1) * 0.5;
    return Math.LN2 + logRatio(f);
  }
  return logRatio(e);
}

/** ln(u) for u >= 1. */
export function logarithm(u: f64): f64 {
  let k: f64 = 0;
  while (u > SQRT_2) {
    u *= 0.5;
    k += 1;
  }
  return k * Math.LN2 + logRatio(u - 1);
}

/** ln(1 + f) for 1 + f in [1/sqrt 2, sqrt 2], as 2 artanh(f / (2 + f)). */
function logRatio(f: f64): f64 {
  const s = f / (2 + f);
  const z = s * s;
  const z2 = z * z;
  const z4 = z2 * z2;
  const a = 0.3333333333333333 + z * 0.2;
  const b = 0.14285714285714285 + z * 0.1111111111111111;
  const c = 0.09090909090909091 + z * 0.07692307692307693;
  const d = 0.06666666666666667 + z * 0.058823529411764705;
  const e = 0.05263157894736842 + z * 0.047619047619047616;
  return 2 * s + 2 * s * z * (a + z2 * b + z4 * (c + z2 * d + z4 * e));
}
