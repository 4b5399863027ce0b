// e^x in plain double arithmetic, operation for operation as in exponential.ts of boosting, so that every host has the same bits.

const LOG2_E: f64 = Math.LOG2E;
const LN2_HIGH: f64 = 0.6931471803691238;
const LN2_LOW: f64 = 1.9082149292705877e-10;

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
