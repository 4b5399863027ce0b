// Losses, their gradients, and the quantisation of gradients to integers.
import { sumBinary } from "./binary-loss";
import { exponential, logarithm } from "./math";
import { State, weightOf } from "./state";

export const BINARY: i32 = 0;
export const MULTICLASS: i32 = 1;
export const REGRESSION: i32 = 2;

/** Weighted loss summed over rows (log-loss, or squared error); leaves in `links` what the gradients need. */
export function sumLoss(task: i32, rows: i32, scores: usize, target: usize, weights: usize, links: usize): f64 {
  if (task === BINARY) return sumBinary(rows, scores, target, weights, links);
  if (task === MULTICLASS) return sumMulticlass(rows, scores, target, weights, links);
  let sum: f64 = 0;
  for (let i = 0; i < rows; i++) {
    const at = (<usize>i) << 3;
    const residual = load<f64>(target + at) - load<f64>(scores + at);
    sum += weightOf(weights, i) * (residual * residual);
  }
  return sum;
}

function sumMulticlass(rows: i32, scores: usize, target: usize, weights: usize, links: usize): f64 {
  const outputs = State.outputs;
  const stride = (<usize>rows) << 3;
  let sum: f64 = 0;
  for (let i = 0; i < rows; i++) {
    const at = (<usize>i) << 3;
    let highest = load<f64>(scores + at);
    for (let k = 1; k < outputs; k++) highest = max<f64>(highest, load<f64>(scores + at + <usize>k * stride));
    let total: f64 = 0;
    for (let k = 0; k < outputs; k++) total += exponential(load<f64>(scores + at + <usize>k * stride) - highest);
    const link = highest + logarithm(total);
    store<f64>(links + at, link);
    const own = load<f64>(scores + at + <usize>(<i32>load<f64>(target + at)) * stride);
    sum += weightOf(weights, i) * (link - own);
  }
  return sum;
}

/**
 * Gradient pairs of output `output` for every training row, as integers: (gradient, hessian << countBits | 1). Scales are the
 * largest powers of two for which no sum can leave 52 bits (or the bits that the count leaves), so sums are exact in any order.
 */
export function computePairs(task: i32, output: i32): void {
  const rows = State.rows;
  const pairs = State.pairs;
  const scores = State.scores + <usize>output * ((<usize>rows) << 3);
  const factor = <f64>State.outputs / <f64>max(1, State.outputs - 1);
  let gradients: f64 = 0;
  let hessians: f64 = 0;
  for (let i = 0; i < rows; i++) {
    const at = (<usize>i) << 3;
    const w = weightOf(State.weights, i);
    const y = load<f64>(State.target + at);
    let g: f64, h: f64;
    if (task === REGRESSION) {
      g = w * (load<f64>(scores + at) - y);
      h = w;
    } else {
      let p: f64, hit: f64;
      if (task === BINARY) {
        p = load<f64>(State.links + at);
        hit = y;
        h = w * p * (1 - p);
      } else {
        p = exponential(min<f64>(load<f64>(scores + at) - load<f64>(State.links + at), 0));
        hit = <i32>y === output ? 1 : 0;
        h = w * factor * p * (1 - p);
      }
      g = w * (p - hit);
    }
    gradients += abs(g);
    hessians += h;
    store<f64>(pairs + (at << 1), g);
    store<f64>(pairs + (at << 1), h, 8);
  }
  quantise(rows, pairs, gradients, hessians);
}

function quantise(rows: i32, pairs: usize, gradients: f64, hessians: f64): void {
  const countBits = State.countBits;
  const gradientScale = powerOfTwoScale(gradients, 4503599627370496 - <f64>rows);
  const hessianLimit: f64 = countBits < 11 ? 4503599627370496 : <f64>((<i64>1) << (63 - countBits));
  const hessianScale = powerOfTwoScale(hessians, hessianLimit - <f64>rows);
  for (let i = 0; i < rows; i++) {
    const at = pairs + ((<usize>i) << 4);
    const g = <i64>nearest(load<f64>(at) * gradientScale);
    const h = <i64>nearest(load<f64>(at, 8) * hessianScale);
    store<i64>(at, g);
    store<i64>(at, (h << countBits) | 1, 8);
  }
  State.gradientUnit = 1 / gradientScale;
  State.hessianUnit = 1 / hessianScale;
}

/** The largest power of two s in 2^-900 … 2^900 with sum · s < limit. */
function powerOfTwoScale(sum: f64, limit: f64): f64 {
  let scale: f64 = 1;
  while (sum * scale >= limit && scale > 1e-270) scale *= 0.5;
  while (sum * scale * 2 < limit && scale < 1e270) scale *= 2;
  return scale;
}
