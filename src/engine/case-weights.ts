import { InvalidArgumentError } from "../core/errors.ts";
import type { Problem } from "./algorithm.ts";

/**
 * Case weights of a fit, shape [n], scaled to mean 1; equal ones when the problem has none.
 * With `inverseFrequency` (classification only) each class gets the same total weight: w_i × W / (K × W_class), over the K classes that occur.
 *
 * @throws {InvalidArgumentError} when there are no rows, a weight is negative or not finite, or all are zero.
 * Cost: O(n). The input is not modified.
 */
export function caseWeights(problem: Problem, inverseFrequency: boolean): Float64Array {
  const { rows, target } = problem;
  if (rows === 0) throw new InvalidArgumentError("there are no rows to train on; check which rows have a target");
  const weights = problem.weights === null ? new Float64Array(rows).fill(1) : Float64Array.from(problem.weights);
  for (let row = 0; row < rows; row++) {
    const weight = weights[row]!;
    if (!(weight >= 0 && weight < Number.POSITIVE_INFINITY)) {
      throw new InvalidArgumentError(`case weight ${weight} of row ${row + 1} is not a number from 0 up; correct or remove that row`, {
        details: { row },
      });
    }
  }
  let total = sum(weights);
  if (total === 0) throw new InvalidArgumentError("all case weights are zero; at least one row must count");
  if (inverseFrequency && problem.task !== "regression") {
    const perClass = new Float64Array(problem.classes.length);
    for (let row = 0; row < rows; row++) perClass[target[row]!]! += weights[row]!;
    const present = perClass.reduce((count, weight) => count + (weight > 0 ? 1 : 0), 0);
    for (let row = 0; row < rows; row++) {
      const own = perClass[target[row]!]!;
      if (own > 0) weights[row]! *= total / (present * own);
    }
    total = sum(weights);
  }
  const factor = rows / total;
  if (factor !== 1) for (let row = 0; row < rows; row++) weights[row]! *= factor;
  return weights;
}

function sum(values: Float64Array): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
