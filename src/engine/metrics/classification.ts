import type { ClassMetrics, ConfusionMatrix, Metrics } from "../train/result.ts";
import { binaryEvaluator } from "./binary.ts";
import { assertPredictions, type ClassCodes, type Evaluator, evaluateOnce, toNullable } from "./evaluator.ts";
import { classCounts, multiclassEvaluator, predictedCodes } from "./multiclass.ts";

/**
 * Metrics of predicted class probabilities.
 *
 * Two classes (class 1 is positive, predicted from probability 0.5 on): `sensitivity`, `specificity`,
 * `balanced_accuracy`, `ppv`, `npv`, `f1` of the positive class, `accuracy`, `auc` (rank-sum, ties one half),
 * `brier_score` (mean squared error of the positive class's probability, in [0, 1]), `log_loss` (natural logarithm,
 * probabilities kept 2.2e-16 away from 0 and 1), `pr_auc` (average precision), `ece` (expected calibration error over
 * 10 bins of equal counts).
 *
 * Three or more (largest probability wins, ties to the lower code): `balanced_accuracy` (mean recall of the classes that
 * occur), `f1` (mean over the classes that occur or are predicted), `accuracy`, `auc` (mean over pairs of classes),
 * `brier_score` (Brier's own sum over classes, in [0, 2]), `log_loss`.
 *
 * @param actual        shape [n], class codes; rows with -1 or NaN count nowhere.
 * @param probabilities shape [n, K] row-major. A NaN makes every metric undefined.
 * @param classes       K labels, two or more.
 * @param weights       shape [n], non-negative, or null for equal ones.
 * @returns null for what is undefined: rates without cases, `auc` and `balanced_accuracy` when one class only occurs.
 * @throws {InvalidArgumentError} when shapes differ or a code is outside 0 … K-1.
 * Cost: O(K n log n). The inputs are not modified. Deterministic.
 * Sources: Hanley & McNeil (1982), doi:10.1148/radiology.143.1.7063747 (auc); Hand & Till (2001), doi:10.1023/A:1010920819831
 * (auc of many classes); Brier (1950), Monthly Weather Review 78(1):1–3; Naeini, Cooper & Hauskrecht (2015), AAAI 29 (ece).
 */
export function classificationMetrics(
  actual: ClassCodes,
  probabilities: Float64Array,
  classes: readonly string[],
  weights: Float64Array | null = null,
): Metrics {
  return evaluateOnce(classificationEvaluator(actual, probabilities, classes.length), actual.length, weights);
}

export function classificationEvaluator(actual: ClassCodes, probabilities: Float64Array, k: number, withAuc = true): Evaluator {
  return k === 2 ? binaryEvaluator(actual, probabilities) : multiclassEvaluator(actual, probabilities, k, withAuc);
}

/**
 * Counts (or sums of weights) by actual and predicted class. Rows without an outcome or without a prediction (-1) are left out.
 *
 * @param predicted shape [n], as `predictedCodes` gives them.
 */
export function confusionMatrix(
  actual: ClassCodes,
  predicted: Int32Array,
  classes: readonly string[],
  weights: Float64Array | null = null,
): ConfusionMatrix {
  const counts = classes.map(() => new Array<number>(classes.length).fill(0));
  for (let i = 0; i < actual.length; i++) {
    const row = counts[actual[i]!];
    if (row !== undefined && predicted[i]! >= 0) row[predicted[i]!]! += weights?.[i] ?? 1;
  }
  return { classes: [...classes], counts };
}

/**
 * Each class against the rest, from a confusion matrix: `sensitivity`, `specificity`, `balanced_accuracy`, `ppv`, `npv`, `f1`.
 * null where undefined.
 */
export function classMetrics({ classes, counts }: ConfusionMatrix): readonly ClassMetrics[] {
  const flat = counts.flat();
  return classes.map((level, code) => {
    const { tp, fp, fn, tn } = classCounts(flat, classes.length, code);
    const sensitivity = tp / (tp + fn);
    const specificity = tn / (tn + fp);
    const metrics = {
      sensitivity: toNullable(sensitivity),
      specificity: toNullable(specificity),
      balanced_accuracy: toNullable((sensitivity + specificity) / 2),
      ppv: toNullable(tp / (tp + fp)),
      npv: toNullable(tn / (tn + fn)),
      f1: toNullable((2 * tp) / (2 * tp + fp + fn)),
    };
    return { level, metrics };
  });
}

/** Confusion matrix straight from probabilities. */
export function confusionOf(
  actual: ClassCodes,
  probabilities: Float64Array,
  classes: readonly string[],
  weights: Float64Array | null = null,
): ConfusionMatrix {
  assertPredictions(actual, probabilities, classes.length);
  return confusionMatrix(actual, predictedCodes(probabilities, classes.length), classes, weights);
}
