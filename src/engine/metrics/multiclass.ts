import { logLoss } from "./binary.ts";
import { assertPredictions, type ClassCodes, type Evaluator, hasNaN } from "./evaluator.ts";
import { descendingOrder } from "./order.ts";

export const MULTICLASS_METRICS = ["balanced_accuracy", "f1", "accuracy", "auc", "brier_score", "log_loss"] as const;

/**
 * Metrics of a problem with three or more classes. See `classificationMetrics` for definitions and sources.
 *
 * @param actual        shape [n], 0 … K-1; missing is -1 or NaN.
 * @param probabilities shape [n, K], row-major. A NaN anywhere makes every metric NaN.
 * @param withAuc       false leaves `auc` NaN and saves K orders of the rows.
 * Cost: O(K n log n) once, O(K n) per evaluation.
 */
export function multiclassEvaluator(actual: ClassCodes, probabilities: Float64Array, k: number, withAuc = true): Evaluator {
  assertPredictions(actual, probabilities, k);
  if (hasNaN(probabilities)) return { names: MULTICLASS_METRICS, evaluate: (_, out) => void out.fill(Number.NaN) };
  const present = Int32Array.from(actual, (_, i) => i).filter((i) => actual[i]! >= 0);
  const predicted = predictedCodes(probabilities, k);
  const losses = rowLosses(actual, probabilities, k);
  const orders = withAuc ? Array.from({ length: k }, (_, code) => classOrder(actual, probabilities, k, code)) : [];
  const counts = new Float64Array(k * k);
  return {
    names: MULTICLASS_METRICS,
    evaluate(weights, out) {
      let total = 0;
      let squares = 0;
      let lossSum = 0;
      counts.fill(0);
      for (const row of present) {
        const w = weights[row]!;
        total += w;
        squares += w * losses.squares[row]!;
        lossSum += w * losses.log[row]!;
        counts[actual[row]! * k + predicted[row]!]! += w;
      }
      const rates = averageRates(counts, k);
      out[0] = rates.balancedAccuracy;
      out[1] = rates.f1;
      out[2] = rates.correct / total;
      out[3] = withAuc ? handTill(orders, weights, counts, k) : Number.NaN;
      out[4] = squares / total;
      out[5] = lossSum / total;
    },
  };
}

/**
 * The predicted class of each row, shape [n]: the largest probability, ties to the lower code. With two classes, class 1
 * from probability 0.5 on. A row with a NaN gets -1.
 */
export function predictedCodes(probabilities: Float64Array, k: number): Int32Array {
  const codes = new Int32Array(probabilities.length / k);
  for (let i = 0; i < codes.length; i++) {
    let best = -1;
    let bestProbability = Number.NEGATIVE_INFINITY;
    for (let c = 0; c < k; c++) {
      const p = probabilities[i * k + c]!;
      if (Number.isNaN(p)) {
        best = -1;
        break;
      }
      if (p > bestProbability || (k === 2 && c === 1 && p >= 0.5)) {
        best = c;
        bestProbability = p;
      }
    }
    codes[i] = best;
  }
  return codes;
}

interface ClassOrder {
  /** Rows with an outcome by the probability of the class, largest first. */
  readonly row: Int32Array;
  readonly score: Float64Array;
  readonly code: Int32Array;
}

function classOrder(actual: ClassCodes, probabilities: Float64Array, k: number, code: number): ClassOrder {
  const all = new Float64Array(actual.length);
  for (let i = 0; i < all.length; i++) all[i] = probabilities[i * k + code]!;
  const row = descendingOrder(all).filter((i) => actual[i]! >= 0);
  return { row, score: Float64Array.from(row, (i) => all[i]!), code: Int32Array.from(row, (i) => actual[i]!) };
}

function rowLosses(actual: ClassCodes, probabilities: Float64Array, k: number) {
  const squares = new Float64Array(actual.length);
  const log = new Float64Array(actual.length);
  for (let i = 0; i < actual.length; i++) {
    const code = actual[i]!;
    if (!(code >= 0)) continue;
    for (let c = 0; c < k; c++) squares[i]! += (probabilities[i * k + c]! - (c === code ? 1 : 0)) ** 2;
    log[i] = logLoss(probabilities[i * k + code]!);
  }
  return { squares, log };
}

function averageRates(counts: Float64Array, k: number) {
  let correct = 0;
  let recallSum = 0;
  let occurring = 0;
  let f1Sum = 0;
  let scored = 0;
  for (let c = 0; c < k; c++) {
    const { tp, fp, fn } = classCounts(counts, k, c);
    correct += tp;
    if (tp + fn > 0) {
      recallSum += tp / (tp + fn);
      occurring++;
    }
    if (tp + fp + fn > 0) {
      f1Sum += (2 * tp) / (2 * tp + fp + fn);
      scored++;
    }
  }
  return { correct, balancedAccuracy: occurring < 2 ? Number.NaN : recallSum / occurring, f1: f1Sum / scored };
}

/** One class against the rest, from a flat `counts[actual * k + predicted]`. */
export function classCounts(counts: ArrayLike<number>, k: number, code: number): { tp: number; fp: number; fn: number; tn: number } {
  let total = 0;
  let actual = 0;
  let predicted = 0;
  for (let i = 0; i < k * k; i++) total += counts[i]!;
  for (let c = 0; c < k; c++) {
    actual += counts[code * k + c]!;
    predicted += counts[c * k + code]!;
  }
  const tp = counts[code * k + code]!;
  return { tp, fp: predicted - tp, fn: actual - tp, tn: total - actual - predicted + tp };
}

/**
 * Mean over ordered pairs (i, j) of classes that occur of the chance that a row of i has a larger probability of i than
 * a row of j; ties one half (Hand & Till 2001). NaN when fewer than two classes occur.
 */
function handTill(orders: readonly ClassOrder[], weights: Float64Array, counts: Float64Array, k: number): number {
  const sizes = Float64Array.from({ length: k }, (_, c) => {
    let size = 0;
    for (let p = 0; p < k; p++) size += counts[c * k + p]!;
    return size;
  });
  let sum = 0;
  let pairs = 0;
  for (let i = 0; i < k; i++) {
    if (sizes[i]! <= 0) continue;
    const concordant = concordance(orders[i]!, weights, k, i);
    for (let j = 0; j < k; j++) {
      if (j === i || sizes[j]! <= 0) continue;
      sum += concordant[j]! / (sizes[i]! * sizes[j]!);
      pairs++;
    }
  }
  return sum / pairs;
}

/** Per class j, the weight of pairs (row of `code`, row of j) that the order puts right; ties one half. */
function concordance({ row, score, code: codes }: ClassOrder, weights: Float64Array, k: number, code: number): Float64Array {
  const result = new Float64Array(k);
  let above = 0;
  for (let start = 0; start < row.length; ) {
    let end = start;
    let tied = 0;
    for (; end < row.length && score[end] === score[start]; end++) if (codes[end] === code) tied += weights[row[end]!]!;
    for (let i = start; i < end; i++) result[codes[i]!]! += weights[row[i]!]! * (above + tied / 2);
    above += tied;
    start = end;
  }
  return result;
}
