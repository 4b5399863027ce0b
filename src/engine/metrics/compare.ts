import { studentQuantile, studentTwoSided } from "./student.ts";

/** How much better or worse one model is than another on the same held-out folds. */
export interface PairedDifference {
  /** Folds that have a value of both. */
  readonly folds: number;
  /** Mean over folds of `other − baseline`, in units of the metric. */
  readonly mean: number;
  /** Standard deviation of the differences, divisor folds − 1. */
  readonly sd: number;
  /** Interval of the mean difference at the asked level. */
  readonly low: number;
  readonly high: number;
  /** Two-sided, for no difference. */
  readonly p: number;
}

/**
 * Mean paired difference with the corrected resampled t interval. Training sets of resamples overlap, so the differences are not
 * independent; the variance of their mean is taken as (1/k + n_test/n_train) · s², with k − 1 degrees of freedom.
 *
 * @param baseline metric per fold, shape [k]; null or NaN where a fold has none. Such folds are left out of both.
 * @param other    the same folds of the other model, shape [k].
 * @param testShare mean over folds of n_test / n_train, at least 0.
 * @param level    of the interval, in (0, 1).
 * @returns null with fewer than two folds. Differences that are all equal give an interval without width, and p of 1 (all 0) or 0.
 * Source: Nadeau & Bengio (2003), Machine Learning 52:239–281, doi:10.1023/A:1024068626366.
 */
export function pairedDifference(
  baseline: readonly (number | null)[],
  other: readonly (number | null)[],
  testShare: number,
  level = 0.95,
): PairedDifference | null {
  const differences: number[] = [];
  for (let fold = 0; fold < Math.min(baseline.length, other.length); fold++) {
    const difference = (other[fold] ?? Number.NaN) - (baseline[fold] ?? Number.NaN);
    if (Number.isFinite(difference)) differences.push(difference);
  }
  const folds = differences.length;
  if (folds < 2) return null;
  const mean = differences.reduce((sum, value) => sum + value, 0) / folds;
  const variance = differences.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (folds - 1);
  const error = Math.sqrt((1 / folds + testShare) * variance);
  if (error === 0) return { folds, mean, sd: 0, low: mean, high: mean, p: mean === 0 ? 1 : 0 };
  const half = studentQuantile(level, folds - 1) * error;
  return { folds, mean, sd: Math.sqrt(variance), low: mean - half, high: mean + half, p: studentTwoSided(mean / error, folds - 1) };
}

/**
 * p-values corrected for their number, in the order given; each at least as large as it was, at most 1.
 *
 * Source: Holm (1979), Scandinavian Journal of Statistics 6(2):65–70.
 */
export function holmAdjusted(values: readonly number[]): number[] {
  const order = values.map((_, index) => index).sort((a, b) => values[a]! - values[b]!);
  const adjusted = new Array<number>(values.length);
  let largest = 0;
  order.forEach((index, rank) => {
    largest = Math.max(largest, Math.min(1, (values.length - rank) * values[index]!));
    adjusted[index] = largest;
  });
  return adjusted;
}
