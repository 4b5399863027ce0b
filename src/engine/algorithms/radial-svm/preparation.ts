import { randomStream, shuffle } from "../../../core/random.ts";
import type { Problem } from "../../algorithm.ts";
import { caseWeights } from "../../case-weights.ts";

/** Folds of the cross-validation that calibrates probabilities. */
export const CALIBRATION_FOLDS = 5;

/** Case weights at the size they were given: a row of weight 2 costs what two rows cost. */
export function absoluteWeights(problem: Problem, inverseFrequency: boolean): Float64Array {
  const weights = caseWeights(problem, inverseFrequency);
  if (problem.weights === null) return weights;
  const mean = problem.weights.reduce((sum, weight) => sum + weight, 0) / problem.rows;
  return weights.map((weight) => weight * mean);
}

/** Rows that count, class by class, and the codes of the classes that have some; one group of all rows for regression. */
export function groupsOf(problem: Problem, weights: Float64Array): { present: number[]; groups: number[][] } {
  const byClass: number[][] = Array.from({ length: Math.max(1, problem.classes.length) }, () => []);
  for (let row = 0; row < problem.rows; row++) {
    if (weights[row]! > 0) byClass[problem.task === "regression" ? 0 : problem.target[row]!]!.push(row);
  }
  const present = [...byClass.keys()].filter((code) => byClass[code]!.length > 0);
  return { present, groups: present.map((code) => byClass[code]!) };
}

/** Fold of each row, class by class as even as can be. Shape [rows]; rows of no group are in fold 0. */
export function foldsOf(groups: readonly (readonly number[])[], rows: number, seed: number): Uint8Array {
  const fold = new Uint8Array(rows);
  for (const [index, group] of groups.entries()) {
    for (const [place, row] of shuffle(Int32Array.from(group), randomStream(seed, 1, index)).entries())
      fold[row] = place % CALIBRATION_FOLDS;
  }
  return fold;
}

/** Mean and standard deviation of a numeric outcome, or 0 and 1 when it is not to be scaled (or has no spread). */
export function outcomeScale(problem: Problem, weights: Float64Array, isScaled: boolean): { center: number; spread: number } {
  if (!isScaled || problem.task !== "regression") return { center: 0, spread: 1 };
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const center = problem.target.reduce((sum, y, row) => sum + weights[row]! * y, 0) / total;
  const variance = problem.target.reduce((sum, y, row) => sum + weights[row]! * (y - center) ** 2, 0) / total;
  return { center, spread: Math.sqrt(variance) > 1e-13 * Math.abs(center) ? Math.sqrt(variance) : 1 };
}
