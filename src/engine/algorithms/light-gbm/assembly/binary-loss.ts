// Log-loss of two classes with two rows per instruction; lane for lane the operations of math.ts.
import { exponential, LN2_HIGH, LN2_LOW, LOG2_E, logOnePlus, SQRT_2 } from "./math";
import { weightOf } from "./state";

/** Adding and subtracting it rounds to the nearest integer, halves to even. */
const ROUND: f64 = 6755399441055744;

/** Log-loss summed over rows, two at a time; leaves the probability of class 1 in `links`. */
export function sumBinary(rows: i32, scores: usize, target: usize, weights: usize, links: usize): f64 {
  const one = f64x2.splat(1);
  let sum: f64 = 0;
  let i = 0;
  for (; i + 1 < rows; i += 2) {
    const at = (<usize>i) << 3;
    const score = v128.load(scores + at);
    const isNegative = f64x2.lt(score, f64x2.splat(0));
    const e = exponentials(f64x2.neg(f64x2.abs(score)));
    const likely = f64x2.div(one, f64x2.add(one, e));
    v128.store(links + at, v128.bitselect(f64x2.mul(e, likely), likely, isNegative));
    const isPositive = f64x2.gt(v128.load(target + at), f64x2.splat(0.5));
    const margin = v128.bitselect(f64x2.neg(score), score, isPositive);
    const loss = f64x2.add(logsOnePlus(e), f64x2.max(margin, f64x2.splat(0)));
    sum += weightOf(weights, i) * f64x2.extract_lane(loss, 0);
    sum += weightOf(weights, i + 1) * f64x2.extract_lane(loss, 1);
  }
  if (i < rows) {
    const at = (<usize>i) << 3;
    const score = load<f64>(scores + at);
    const e = exponential(-abs(score));
    const likely = 1 / (1 + e);
    store<f64>(links + at, score < 0 ? e * likely : likely);
    const margin = load<f64>(target + at) > 0.5 ? -score : score;
    sum += weightOf(weights, i) * (logOnePlus(e) + max<f64>(margin, 0));
  }
  return sum;
}

/** `exponential` of two numbers at once, the same bits. */
function exponentials(x: v128): v128 {
  const shifted = f64x2.add(f64x2.mul(x, f64x2.splat(LOG2_E)), f64x2.splat(ROUND));
  const k = f64x2.sub(shifted, f64x2.splat(ROUND));
  const r = f64x2.sub(f64x2.sub(x, f64x2.mul(k, f64x2.splat(LN2_HIGH))), f64x2.mul(k, f64x2.splat(LN2_LOW)));
  const r2 = f64x2.mul(r, r);
  const r4 = f64x2.mul(r2, r2);
  const one = f64x2.add(f64x2.splat(1), r);
  const a = f64x2.add(one, f64x2.mul(r2, line(0.5, 0.16666666666666666, r)));
  const b = quadruple(0.041666666666666664, 0.008333333333333333, 0.001388888888888889, 0.0001984126984126984, r, r2);
  const c = quadruple(0.0000248015873015873, 0.0000027557319223985893, 2.755731922398589e-7, 2.505210838544172e-8, r, r2);
  const d = line(2.08767569878681e-9, 1.6059043836821613e-10, r);
  const p = f64x2.add(a, f64x2.mul(r4, f64x2.add(b, f64x2.mul(r4, f64x2.add(c, f64x2.mul(r4, d))))));
  // The low bits of `shifted` are k in two's complement.
  const power = i64x2.shl(i64x2.add(shifted, i64x2.splat(1023)), 52);
  return v128.andnot(f64x2.mul(p, power), f64x2.lt(x, f64x2.splat(-708)));
}

/** `logOnePlus` of two numbers at once, the same bits. */
function logsOnePlus(e: v128): v128 {
  const isHigh = f64x2.gt(f64x2.add(f64x2.splat(1), e), f64x2.splat(SQRT_2));
  const f = v128.bitselect(f64x2.mul(f64x2.sub(e, f64x2.splat(1)), f64x2.splat(0.5)), e, isHigh);
  const s = f64x2.div(f, f64x2.add(f64x2.splat(2), f));
  const z = f64x2.mul(s, s);
  const z2 = f64x2.mul(z, z);
  const z4 = f64x2.mul(z2, z2);
  const a = line(0.3333333333333333, 0.2, z);
  const b = line(0.14285714285714285, 0.1111111111111111, z);
  const c = line(0.09090909090909091, 0.07692307692307693, z);
  const d = line(0.06666666666666667, 0.058823529411764705, z);
  const h = line(0.05263157894736842, 0.047619047619047616, z);
  const inner = f64x2.add(f64x2.add(c, f64x2.mul(z2, d)), f64x2.mul(z4, h));
  const sum = f64x2.add(f64x2.add(a, f64x2.mul(z2, b)), f64x2.mul(z4, inner));
  const twice = f64x2.mul(f64x2.splat(2), s);
  const ratio = f64x2.add(twice, f64x2.mul(f64x2.mul(twice, z), sum));
  return f64x2.add(v128.and(isHigh, f64x2.splat(Math.LN2)), ratio);
}

function line(constant: f64, slope: f64, x: v128): v128 {
  return f64x2.add(f64x2.splat(constant), f64x2.mul(x, f64x2.splat(slope)));
}

function quadruple(a: f64, b: f64, c: f64, d: f64, x: v128, x2: v128): v128 {
  return f64x2.add(line(a, b, x), f64x2.mul(x2, line(c, d, x)));
}
