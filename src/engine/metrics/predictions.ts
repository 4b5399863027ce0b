import type { Task } from "../algorithm.ts";
import type { Metrics } from "../train/result.ts";
import { classificationEvaluator } from "./classification.ts";
import { type ClassCodes, type Evaluator, evaluateOnce } from "./evaluator.ts";
import { regressionEvaluator } from "./regression.ts";

/** Outcomes and what was predicted for them. */
export interface Predictions {
  readonly task: Task;
  /** Shape [n]. Regression: values. Classification: codes 0 … K-1. Missing: NaN, or -1 for codes. */
  readonly actual: ClassCodes;
  /** As `Model.predict` returns it. Regression: shape [n]. Classification: probabilities, shape [n, K] row-major. */
  readonly predicted: Float64Array;
  /** K labels; empty for regression. */
  readonly classes: readonly string[];
  /** Shape [n], non-negative; null or absent for equal ones. */
  readonly weights?: Float64Array | null;
}

/** All metrics of the task: see `classificationMetrics` and `regressionMetrics`. */
export function computeMetrics(predictions: Predictions): Metrics {
  return evaluateOnce(evaluatorOf(predictions), predictions.actual.length, predictions.weights ?? null);
}

export function evaluatorOf({ task, actual, predicted, classes }: Predictions, withAuc = true): Evaluator {
  if (task !== "regression") return classificationEvaluator(actual, predicted, classes.length, withAuc);
  return regressionEvaluator(actual instanceof Float64Array ? actual : Float64Array.from(actual), predicted);
}
