import type { Problem } from "../../algorithm.ts";
import { leastSquares } from "../nnls/lawson-hanson.ts";

/** Predictions of one member for rows that it did not see: [n], or [n, K] row-major. */
export type HeldOut = Float64Array;

/** Weighted mean squared error: of values, or of probabilities against 0 and 1, summed over classes. */
export function riskOf(predicted: HeldOut, problem: Problem, weights: Float64Array): number {
  const k = Math.max(1, problem.classes.length);
  let total = 0;
  let sum = 0;
  for (let i = 0; i < problem.rows; i++) {
    total += weights[i]!;
    for (let c = 0; c < k; c++) sum += weights[i]! * (predicted[i * k + c]! - outcome(problem, i, c)) ** 2;
  }
  return sum / total;
}

function outcome(problem: Problem, row: number, column: number): number {
  if (problem.task === "regression") return problem.target[row]!;
  return problem.target[row] === column ? 1 : 0;
}

/**
 * Weights of the members, from 0 up with sum 1: non-negative least squares of the outcome on their held-out predictions, then scaled. The same
 * for all classes. When none is above zero, the member with the least risk has all.
 */
export function mixtureOf(heldOut: readonly HeldOut[], problem: Problem, weights: Float64Array): Float64Array {
  const size = heldOut.length;
  const k = Math.max(1, problem.classes.length);
  const products = new Float64Array(size * size);
  const right = new Float64Array(size);
  for (let i = 0; i < problem.rows; i++) {
    for (let c = 0; c < k; c++) {
      const y = outcome(problem, i, c);
      for (let a = 0; a < size; a++) {
        const value = weights[i]! * heldOut[a]![i * k + c]!;
        right[a]! += value * y;
        for (let b = 0; b < size; b++) products[a * size + b]! += value * heldOut[b]![i * k + c]!;
      }
    }
  }
  const solving = leastSquares(products, right);
  let next = solving.next();
  while (next.done !== true) next = solving.next();
  const sum = next.value.reduce((total, value) => total + value, 0);
  if (sum > 0) return next.value.map((value) => value / sum);
  return onlyBest(heldOut, problem, weights);
}

/** All weight on the member with the least risk, the first of equal ones. */
export function onlyBest(heldOut: readonly HeldOut[], problem: Problem, weights: Float64Array): Float64Array {
  const risks = heldOut.map((predicted) => riskOf(predicted, problem, weights));
  const mixture = new Float64Array(heldOut.length);
  mixture[risks.indexOf(Math.min(...risks))] = 1;
  return mixture;
}
