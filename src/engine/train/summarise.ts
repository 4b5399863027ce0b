import type { Task } from "../algorithm.ts";
import { bootstrapIntervals, calibrationCurve, classMetrics, computeMetrics, confusionOf, rocCurve } from "../metrics/index.ts";
import type { CalibrationCurve, ClassMetrics, ConfusionMatrix, Metrics, RocCurve } from "./result.ts";
import type { Predictions } from "./unit.ts";

/** Pooled predictions, fold by fold. Plain data: it travels to a daemon. */
export interface SummaryInput {
  readonly task: Task;
  readonly classes: readonly string[];
  readonly seed: number;
  /** `test` for held-out rows; `training` when there are none. */
  readonly split: "training" | "test";
  readonly parts: readonly { readonly label: string; readonly predictions: Predictions }[];
}

export interface PredictionSummary {
  /** Of all predictions together. */
  readonly metrics: Metrics;
  readonly confusion: ConfusionMatrix | null;
  readonly classMetrics: readonly ClassMetrics[] | null;
  readonly roc: readonly RocCurve[];
  readonly calibration: readonly CalibrationCurve[];
  /** 95 % intervals per metric; empty for training rows, whose metrics promise nothing. */
  readonly intervals: Readonly<Record<string, readonly [number, number] | null>>;
}

/** Curves, confusion and intervals of pooled predictions. Cost: O(n log n), and 2,000 bootstrap draws for held-out rows. */
export function summarisePredictions({ task, classes, seed, split, parts }: SummaryInput): PredictionSummary {
  const pooled = pool(parts.map((part) => part.predictions));
  const predictions = { task, actual: pooled.target, predicted: pooled.values, classes };
  const metrics = computeMetrics(predictions);
  const intervals = split === "test" ? bootstrapIntervals(predictions, seed, { rowIds: pooled.rows }) : {};
  if (task === "regression") return { metrics, confusion: null, classMetrics: null, roc: [], calibration: [], intervals };
  const confusion = confusionOf(pooled.target, pooled.values, classes);
  const perFold = parts.length > 1 && parts.length <= ROC_FOLDS_MAX ? parts : [];
  return {
    metrics,
    confusion,
    classMetrics: classMetrics(confusion),
    roc: [
      ...rocCurve(pooled.target, pooled.values, classes, { fold: "aggregate", split }),
      ...perFold.flatMap(({ label, predictions }) => rocCurve(predictions.target, predictions.values, classes, { fold: label, split })),
    ],
    calibration: calibrationCurve(pooled.target, pooled.values, classes),
    intervals,
  };
}

/** Beyond this many folds only the pooled curve is kept: the rest is a blur and, with leave-one-out, undefined. */
const ROC_FOLDS_MAX = 50;

export function pool(parts: readonly Predictions[]): Predictions {
  const rows = parts.reduce((sum, part) => sum + part.rows.length, 0);
  const width = rows === 0 ? 1 : parts.reduce((sum, part) => sum + part.values.length, 0) / rows;
  const pooled = { rows: new Int32Array(rows), target: new Float64Array(rows), values: new Float64Array(rows * width) };
  let at = 0;
  for (const part of parts) {
    pooled.rows.set(part.rows, at);
    pooled.target.set(part.target, at);
    pooled.values.set(part.values, at * width);
    at += part.rows.length;
  }
  return pooled;
}
