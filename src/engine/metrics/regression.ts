import type { Metrics } from "../train/result.ts";
import { assertLength, type Evaluator, evaluateOnce, hasNaN } from "./evaluator.ts";
import { descendingOrder } from "./order.ts";

export const REGRESSION_METRICS = ["mae", "mse", "rmse", "rsq", "r", "median_ae", "mape"] as const;

/**
 * Metrics of predicted numbers: `mae`, `mse`, `rmse`, `rsq` (1 − residual / total sum of squares; below 0 when worse than
 * the mean), `r` (Pearson correlation), `median_ae` (weighted median of absolute errors), `mape` (a proportion: 0.1 is 10 %).
 *
 * @param actual    shape [n], the target's unit; rows with NaN count nowhere.
 * @param predicted shape [n]. A NaN in a row that counts makes every metric undefined.
 * @param weights   shape [n], non-negative, or null for equal ones.
 * @returns null for what is undefined: `rsq` and `r` of constant values or one row, `mape` when an actual value is 0.
 * @throws {InvalidArgumentError} when the lengths differ.
 * Cost: O(n log n). The inputs are not modified. Deterministic.
 */
export function regressionMetrics(actual: Float64Array, predicted: Float64Array, weights: Float64Array | null = null): Metrics {
  return evaluateOnce(regressionEvaluator(actual, predicted), actual.length, weights);
}

/** As `regressionMetrics`, prepared for many evaluations of O(n) each. */
export function regressionEvaluator(actual: Float64Array, predicted: Float64Array): Evaluator {
  assertLength("predicted", predicted.length, actual.length);
  // Sorted by absolute error, so that one pass also meets the median. Errors that are no number go last, to be found below.
  const negativeError = Float64Array.from(actual, (y, i) => -Math.abs(y - predicted[i]!));
  const sortable = negativeError.map((error) => (Number.isNaN(error) ? Number.NEGATIVE_INFINITY : error));
  const row = descendingOrder(sortable).filter((i) => !Number.isNaN(actual[i]!));
  const y = Float64Array.from(row, (i) => actual[i]!);
  const f = Float64Array.from(row, (i) => predicted[i]!);
  if (hasNaN(f)) return { names: REGRESSION_METRICS, evaluate: (_, out) => void out.fill(Number.NaN) };
  const weight = new Float64Array(row.length);
  return {
    names: REGRESSION_METRICS,
    evaluate(weights, out) {
      for (let i = 0; i < row.length; i++) weight[i] = weights[row[i]!]!;
      const errors = errorSums(y, f, weight);
      const moments = centredSums(y, f, weight, errors);
      const { total } = errors;
      out[0] = errors.absolute / total;
      out[1] = errors.squared / total;
      out[2] = Math.sqrt(errors.squared / total);
      out[3] = moments.yy > 0 ? 1 - errors.squared / moments.yy : Number.NaN;
      out[4] = moments.yy > 0 && moments.ff > 0 ? clampCorrelation(moments.yf / Math.sqrt(moments.yy * moments.ff)) : Number.NaN;
      out[5] = medianError(y, f, weight, total);
      out[6] = errors.relative / total;
    },
  };
}

function errorSums(y: Float64Array, f: Float64Array, weight: Float64Array) {
  let total = 0;
  let ySum = 0;
  let fSum = 0;
  let absolute = 0;
  let squared = 0;
  let relative = 0;
  for (let i = 0; i < y.length; i++) {
    const w = weight[i]!;
    if (w === 0) continue;
    const error = Math.abs(y[i]! - f[i]!);
    total += w;
    ySum += w * y[i]!;
    fSum += w * f[i]!;
    absolute += w * error;
    squared += w * error * error;
    relative += y[i] === 0 ? Number.NaN : (w * error) / Math.abs(y[i]!);
  }
  return { total, yMean: ySum / total, fMean: fSum / total, absolute, squared, relative };
}

/** Sums of squares and products around the means; a second pass, because one pass cancels for targets far from 0. */
function centredSums(y: Float64Array, f: Float64Array, weight: Float64Array, means: { total: number; yMean: number; fMean: number }) {
  let yy = 0;
  let ff = 0;
  let yf = 0;
  let first = -1;
  let isFlat = true; // the same prediction for every row that counts: its mean may be off by rounding, so sums cannot tell
  let isLevel = true;
  for (let i = 0; i < y.length; i++) {
    const w = weight[i]!;
    if (w === 0) continue;
    if (first < 0) first = i;
    if (f[i] !== f[first]) isFlat = false;
    if (y[i] !== y[first]) isLevel = false;
    const dy = y[i]! - means.yMean;
    const df = f[i]! - means.fMean;
    yy += w * dy * dy;
    ff += w * df * df;
    yf += w * dy * df;
  }
  // What rounding leaves of a constant: 1e-14 of the mean, squared.
  const noise = 1e-28 * means.total;
  return {
    yy: !isLevel && yy > noise * means.yMean ** 2 ? yy : 0,
    ff: !isFlat && ff > noise * means.fMean ** 2 ? ff : 0,
    yf,
  };
}

function clampCorrelation(r: number): number {
  return Math.min(1, Math.max(-1, r));
}

/** Rows are sorted by absolute error. Where the weights split in exact halves, the mean of the two middle errors. */
function medianError(y: Float64Array, f: Float64Array, weight: Float64Array, total: number): number {
  let seen = 0;
  let lower = Number.NaN;
  for (let i = 0; i < y.length; i++) {
    if (weight[i] === 0) continue;
    const error = Math.abs(y[i]! - f[i]!);
    if (!Number.isNaN(lower)) return (lower + error) / 2;
    seen += weight[i]!;
    if (seen * 2 > total) return error;
    if (seen * 2 === total) lower = error;
  }
  return lower;
}
