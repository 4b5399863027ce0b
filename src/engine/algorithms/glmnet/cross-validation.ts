import { randomStream, shuffle } from "../../../core/random.ts";
import type { Problem } from "../../algorithm.ts";

/** Probabilities are kept this far from 0 and 1 before their deviance is taken on rows that were held out. */
export const HELD_OUT_CLAMP = 1e-5;

/**
 * Fold of each row, 0 … folds − 1, shape [n]: sizes differ by at most one. Classes are dealt in turn, so that every fold has its share of each
 * (the reference implementation ignores classes). Deterministic in `seed`.
 */
export function assignFolds(problem: Problem, folds: number, seed: number): Int32Array {
  const random = randomStream(seed, 1);
  const fold = new Int32Array(problem.rows);
  const groups = Math.max(1, problem.classes.length);
  let next = 0;
  for (let code = 0; code < groups; code++) {
    const members: number[] = [];
    for (let i = 0; i < problem.rows; i++) if (problem.task === "regression" || problem.target[i] === code) members.push(i);
    for (const row of shuffle(Int32Array.from(members), random)) fold[row] = next++ % folds;
  }
  return fold;
}

/** Errors of one lambda on the rows each fold held out. */
export interface LambdaErrors {
  readonly mean: number;
  /** Standard error of the mean over folds. */
  readonly deviation: number;
}

/**
 * Weighted mean error and its standard error, from per-fold sums of weighted errors and of weights, both shape [folds]. Folds without weight do
 * not count. NaN standard error with fewer than two.
 */
export function summarizeErrors(sums: Float64Array, weights: Float64Array): LambdaErrors {
  let total = 0;
  let weight = 0;
  let count = 0;
  for (let f = 0; f < sums.length; f++) {
    if (weights[f] === 0) continue;
    total += sums[f]!;
    weight += weights[f]!;
    count += 1;
  }
  const mean = total / weight;
  let variance = 0;
  for (let f = 0; f < sums.length; f++) if (weights[f]! > 0) variance += (weights[f]! / weight) * (sums[f]! / weights[f]! - mean) ** 2;
  return { mean, deviation: count < 2 ? Number.NaN : Math.sqrt(variance / (count - 1)) };
}

/** Index of the smallest error, the largest lambda first among equals; and of the largest lambda within one standard error of it. */
export function chooseLambda(errors: readonly LambdaErrors[]): { min: number; oneSe: number } {
  let min = 0;
  for (let k = 1; k < errors.length; k++) if (errors[k]!.mean < errors[min]!.mean) min = k;
  const best = errors[min]!;
  const bound = best.mean + (Number.isNaN(best.deviation) ? 0 : best.deviation);
  let oneSe = 0;
  while (oneSe < min && errors[oneSe]!.mean > bound) oneSe += 1;
  return { min, oneSe };
}
