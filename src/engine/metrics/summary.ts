import type { MetricSummary, Metrics } from "../train/result.ts";
import type { Interval } from "./bootstrap.ts";

/**
 * Metrics over folds. Folds where a metric is undefined (null), and failed folds (null instead of metrics), are left out of
 * mean and sd and stay visible as null in `folds`. Where no fold defines a metric but the pooled held-out predictions do
 * (leave-one-out: one row has no AUC), `mean` is the pooled value and `sd` null.
 *
 * @param folds     metrics of each fold in fold order.
 * @param pooled    metrics of all held-out predictions together, if known.
 * @param intervals as `bootstrapIntervals` gives them, if computed.
 * @returns one entry per metric that any argument names; sd with n − 1, null with fewer than two defined folds.
 */
export function summarizeFolds(
  folds: readonly (Metrics | null)[],
  pooled: Metrics | null = null,
  intervals: Readonly<Record<string, Interval | null>> = {},
): Readonly<Record<string, MetricSummary>> {
  const names = new Set([...folds, pooled].flatMap((metrics) => Object.keys(metrics ?? {})));
  return Object.fromEntries(
    [...names].map((name) => {
      const values = folds.map((metrics) => metrics?.[name] ?? null);
      const mean = aggregateFolds(values, "mean") ?? pooled?.[name] ?? null;
      return [name, { mean, sd: sampleSd(values), folds: values, interval: intervals[name] ?? null }];
    }),
  );
}

/** Mean or median of the values that are not null; null when there is none. */
export function aggregateFolds(values: readonly (number | null)[], how: "mean" | "median"): number | null {
  const defined = values.filter((value) => value !== null).sort((a, b) => a - b);
  if (defined.length === 0) return null;
  if (how === "mean") return defined.reduce((sum, value) => sum + value, 0) / defined.length;
  const half = defined.length / 2;
  return (defined[Math.ceil(half) - 1]! + defined[Math.floor(half)]!) / 2;
}

function sampleSd(values: readonly (number | null)[]): number | null {
  const defined = values.filter((value) => value !== null);
  if (defined.length < 2) return null;
  const mean = defined.reduce((sum, value) => sum + value, 0) / defined.length;
  return Math.sqrt(defined.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (defined.length - 1));
}
