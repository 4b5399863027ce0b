import { randomStream, shuffle } from "../../core/random.ts";
import type { Task } from "../algorithm.ts";
import { type Column, takeRows } from "../table.ts";

/** How much worse predictions become without knowing one feature. */
export interface PermutationImportance {
  /** Log-loss for classes, root mean square error for numbers. */
  readonly measure: "log-loss" | "rmse";
  /** With all features as they are. */
  readonly baseline: number;
  readonly features: readonly string[];
  /** Mean rise of the measure over repeats; around 0 for a feature that is not used. Shape [features]. */
  readonly rise: Float64Array;
  /** Standard deviation over repeats; NaN for one repeat. */
  readonly deviation: Float64Array;
}

export interface PermutationProblem {
  readonly task: Task;
  /** Columns as the model's `predict` takes them. */
  readonly features: readonly Column[];
  /** Shape [n]: values, or class codes. All known. */
  readonly target: Float64Array;
  readonly classes: number;
  readonly predict: (features: readonly Column[]) => Float64Array;
  readonly repeats: number;
  readonly seed: number;
}

/** Probabilities below this count as this much, so that one certain mistake does not decide everything. */
const LEAST_PROBABILITY = 1e-15;

/**
 * Shuffles one feature at a time and measures how much worse predictions become. Features that say the same stand in for each other and share.
 * Cost: (features · repeats + 1) predictions of all rows. Same seed: same bits, whatever the order of features elsewhere.
 * Source: Breiman (2001), doi:10.1023/A:1010933404324; Fisher, Rudin & Dominici (2019), JMLR 20(177).
 */
export function permutationImportance(problem: PermutationProblem): PermutationImportance {
  const { features, predict, repeats, seed } = problem;
  const rows = problem.target.length;
  const baseline = lossOf(problem, predict(features));
  const rise = new Float64Array(features.length);
  const deviation = new Float64Array(features.length);
  for (const [j, column] of features.entries()) {
    const rises = Array.from({ length: repeats }, (_, repeat) => {
      const order = shuffle(
        Int32Array.from({ length: rows }, (_unused, i) => i),
        randomStream(seed, j, repeat),
      );
      return lossOf(problem, predict(features.with(j, takeRows(column, order)))) - baseline;
    });
    const mean = rises.reduce((sum, value) => sum + value, 0) / repeats;
    rise[j] = mean;
    deviation[j] = Math.sqrt(rises.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (repeats - 1));
  }
  return {
    measure: problem.task === "regression" ? "rmse" : "log-loss",
    baseline,
    features: features.map((column) => column.name),
    rise,
    deviation,
  };
}

function lossOf({ task, target, classes }: PermutationProblem, predicted: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < target.length; i++) {
    if (task === "regression") sum += (target[i]! - predicted[i]!) ** 2;
    else sum -= Math.log(Math.max(LEAST_PROBABILITY, predicted[i * classes + target[i]!]!));
  }
  const mean = sum / target.length;
  return task === "regression" ? Math.sqrt(mean) : mean;
}
