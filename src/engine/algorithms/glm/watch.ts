import type { Problem } from "../../algorithm.ts";
import type { Settings } from "./hyperparameters.ts";
import { meanOf, unitDeviance } from "./likelihood.ts";

/** Probability given to a class that training never saw; the others share the rest. */
export const ABSENT_CLASS = 1e-9;

/** Means, shape [n], or probabilities, shape [n, K] row-major, from linear scores, shape [sets][n]. */
export function responsesOf(
  scores: readonly Float64Array[],
  rows: number,
  classes: number,
  family: Settings["family"] | "classes",
  present: readonly number[],
): Float64Array {
  if (family !== "classes") return Float64Array.from(scores[0] ?? new Float64Array(rows), (score) => meanOf(family, score));
  const out = new Float64Array(rows * classes).fill(ABSENT_CLASS);
  const rest = 1 - ABSENT_CLASS * (classes - present.length);
  for (let i = 0; i < rows; i++) {
    let top = 0;
    for (const set of scores) top = Math.max(top, set[i]!);
    let sum = Math.exp(-top);
    for (const set of scores) sum += Math.exp(set[i]! - top);
    for (const [position, code] of present.entries()) {
      const score = position === 0 ? 0 : scores[position - 1]![i]!;
      out[i * classes + code] = (rest * Math.exp(score - top)) / sum;
    }
  }
  return out;
}

/** Weighted mean deviance of rows under linear scores; probabilities of true classes are held above 1e-15. */
export function meanDeviance(
  problem: Problem,
  scores: readonly Float64Array[],
  family: Settings["family"],
  present: readonly number[],
): number {
  const classes = problem.classes.length;
  const predicted = responsesOf(scores, problem.rows, classes, problem.task === "regression" ? family : "classes", present);
  let total = 0;
  let sum = 0;
  for (let i = 0; i < problem.rows; i++) {
    const weight = problem.weights === null ? 1 : problem.weights[i]!;
    if (weight === 0) continue;
    const y = problem.target[i]!;
    const own = classes === 0 ? unitDeviance(family, y, predicted[i]!) : -2 * Math.log(Math.max(1e-15, predicted[i * classes + y]!));
    total += weight;
    sum += weight * own;
  }
  return sum / total;
}
