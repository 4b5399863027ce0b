import { assertPredictions, type ClassCodes, type Evaluator, hasNaN } from "./evaluator.ts";
import { descendingOrder } from "./order.ts";

export const BINARY_METRICS = [
  "sensitivity",
  "specificity",
  "balanced_accuracy",
  "ppv",
  "npv",
  "f1",
  "accuracy",
  "auc",
  "brier_score",
  "log_loss",
  "pr_auc",
  "ece",
] as const;

/** The positive class is predicted from this probability on (inclusive). */
export const THRESHOLD = 0.5;

/** Equal-count bins of the calibration curve and of `ece`. */
export const CALIBRATION_BINS = 10;

/** Rows of a two-class problem by the probability of class 1, largest first. Rows without an outcome are left out. */
export interface Ranked {
  /** Row number in the caller's arrays, shape [m]. */
  readonly row: Int32Array;
  readonly score: Float64Array;
  /** 1 where the row belongs to the class in question. */
  readonly positive: Uint8Array;
}

/** Ranks rows for one class against the rest: `score` is the probability of `code`. */
export function rankRows(actual: ClassCodes, probabilities: Float64Array, k: number, code: number): Ranked {
  const all = new Float64Array(actual.length);
  for (let i = 0; i < all.length; i++) all[i] = probabilities[i * k + code]!;
  const row = descendingOrder(all).filter((i) => actual[i]! >= 0);
  const score = new Float64Array(row.length);
  const positive = new Uint8Array(row.length);
  for (let i = 0; i < row.length; i++) {
    score[i] = all[row[i]!]!;
    positive[i] = actual[row[i]!] === code ? 1 : 0;
  }
  return { row, score, positive };
}

/**
 * Metrics of a two-class problem; class 1 is the positive one. See `classificationMetrics` for definitions and sources.
 *
 * @param actual        shape [n], 0 or 1; missing is -1 or NaN.
 * @param probabilities shape [n, 2], row-major. A NaN anywhere makes every metric NaN.
 * Cost: O(n log n) once, O(n) per evaluation.
 */
export function binaryEvaluator(actual: ClassCodes, probabilities: Float64Array): Evaluator {
  assertPredictions(actual, probabilities, 2);
  if (hasNaN(probabilities)) return { names: BINARY_METRICS, evaluate: (_, out) => void out.fill(Number.NaN) };
  const ranked = rankRows(actual, probabilities, 2, 1);
  const loss = Float64Array.from(ranked.score, (p, i) => logLoss(ranked.positive[i] === 1 ? p : 1 - p));
  const weight = new Float64Array(ranked.row.length);
  return {
    names: BINARY_METRICS,
    evaluate(weights, out) {
      for (let i = 0; i < weight.length; i++) weight[i] = weights[ranked.row[i]!]!;
      const counts = thresholdCounts(ranked, weight, loss);
      const { tp, fp, tn, fn } = counts;
      const total = tp + fp + tn + fn;
      const sensitivity = tp / (tp + fn);
      const specificity = tn / (tn + fp);
      const area = areas(ranked, weight, tp + fn, tn + fp);
      out[0] = sensitivity;
      out[1] = specificity;
      out[2] = (sensitivity + specificity) / 2;
      out[3] = tp / (tp + fp);
      out[4] = tn / (tn + fn);
      out[5] = (2 * tp) / (2 * tp + fp + fn);
      out[6] = (tp + tn) / total;
      out[7] = area.roc;
      out[8] = counts.squares / total;
      out[9] = counts.logLoss / total;
      out[10] = area.pr;
      out[11] = calibrationError(ranked, weight, total);
    },
  };
}

/** −ln p, with p kept away from 0 and 1 by the spacing of doubles at 1. */
export function logLoss(p: number): number {
  return -Math.log(Math.min(Math.max(p, Number.EPSILON), 1 - Number.EPSILON));
}

function thresholdCounts({ score, positive }: Ranked, weight: Float64Array, loss: Float64Array) {
  let tp = 0;
  let fp = 0;
  let tn = 0;
  let fn = 0;
  let squares = 0;
  let lossSum = 0;
  for (let i = 0; i < score.length; i++) {
    const w = weight[i]!;
    const p = score[i]!;
    const y = positive[i]!;
    const predicted = p >= THRESHOLD;
    if (y === 1) {
      if (predicted) tp += w;
      else fn += w;
    } else if (predicted) fp += w;
    else tn += w;
    squares += w * (p - y) * (p - y);
    lossSum += w * loss[i]!;
  }
  return { tp, fp, tn, fn, squares, logLoss: lossSum };
}

/**
 * Area under the ROC curve (rank-sum identity, ties one half; NaN when a class is absent) and average precision
 * (sum of precision times the step in recall over distinct scores; NaN without positives). Cost: O(m).
 */
export function areas(
  { score, positive }: Ranked,
  weight: Float64Array,
  positives: number,
  negatives: number,
): { roc: number; pr: number } {
  let concordant = 0;
  let precisionSum = 0;
  let tp = 0;
  let fp = 0;
  for (let i = 0; i < score.length; ) {
    const tied = score[i]!;
    let tiedPositive = 0;
    let tiedNegative = 0;
    for (; i < score.length && score[i] === tied; i++) {
      if (positive[i] === 1) tiedPositive += weight[i]!;
      else tiedNegative += weight[i]!;
    }
    concordant += tiedNegative * (tp + tiedPositive / 2);
    tp += tiedPositive;
    fp += tiedNegative;
    if (tiedPositive > 0) precisionSum += (tiedPositive * tp) / (tp + fp);
  }
  return { roc: concordant / (positives * negatives), pr: precisionSum / positives };
}

/** A calibration bin while it is being filled; sums are weighted. */
export interface BinSums {
  readonly weight: number;
  readonly predicted: number;
  readonly observed: number;
}

/**
 * Cuts ranked rows into at most `CALIBRATION_BINS` bins of equal weight, largest scores first; equal scores share a bin.
 * Calls `visit` once per bin.
 */
export function forEachBin({ score, positive }: Ranked, weight: Float64Array, total: number, visit: (bin: BinSums) => void): void {
  let sum = 0;
  let predicted = 0;
  let observed = 0;
  let seen = 0;
  let bin = 1;
  for (let i = 0; i < score.length; i++) {
    const w = weight[i]!;
    sum += w;
    predicted += w * score[i]!;
    if (positive[i] === 1) observed += w;
    if (i + 1 < score.length && score[i + 1] === score[i]) continue;
    const filled = (seen + sum) * CALIBRATION_BINS;
    if (sum === 0 || (filled < bin * total && i + 1 < score.length)) continue;
    visit({ weight: sum, predicted, observed });
    seen += sum;
    bin = Math.floor(filled / total) + 1;
    sum = predicted = observed = 0;
  }
}

function calibrationError(ranked: Ranked, weight: Float64Array, total: number): number {
  let error = 0;
  forEachBin(ranked, weight, total, (bin) => {
    error += Math.abs(bin.observed - bin.predicted);
  });
  return error / total;
}
