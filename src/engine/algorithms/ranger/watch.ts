import type { Problem } from "../../algorithm.ts";
import type { Kernel } from "./kernel.ts";
import type { RangerModel } from "./model.ts";

/** Weighted Brier score (mean over rows of the sum over classes) or squared error of one row's mean prediction. */
function squaredError(problem: Problem, row: number, at: (k: number) => number, width: number): number {
  const y = problem.target[row]!;
  if (problem.task === "regression") return (at(0) - y) ** 2;
  if (width === 1) return 2 * (at(0) - y) ** 2;
  let sum = 0;
  for (let k = 0; k < width; k++) sum += (at(k) - (k === y ? 1 : 0)) ** 2;
  return sum;
}

/** Errors on rows by the trees that did not see them (Breiman 2001, section 3.1). NaN while there are no such rows. */
export class OutOfBag {
  readonly #problem: Problem;
  readonly #kernel: Kernel;
  readonly #width: number;
  readonly #toValue: (mean: number) => number;

  constructor(problem: Problem, kernel: Kernel, width: number, toValue: (mean: number) => number) {
    this.#problem = problem;
    this.#kernel = kernel;
    this.#width = width;
    this.#toValue = toValue;
  }

  /** Brier score, or root mean squared error. Cost: O(n K). */
  error(): number {
    const mean = this.#mean((row, at) => squaredError(this.#problem, row, at, this.#width));
    return this.#problem.task === "regression" ? Math.sqrt(mean) : mean;
  }

  /** Share of wrong classes, or R². */
  second(): number {
    const { task, target } = this.#problem;
    if (task === "regression") {
      const middle = this.#mean((row) => target[row]!);
      return 1 - this.error() ** 2 / this.#mean((row) => (target[row]! - middle) ** 2);
    }
    return this.#mean((row, at) => (this.#classOf(at) === target[row] ? 0 : 1));
  }

  /** Rows of positive weight that at least one tree did not see. */
  rows(): number {
    const { counts } = this.#kernel.outOfBag();
    return counts.reduce((sum, count, row) => sum + (count > 0 && this.#weight(row) > 0 ? 1 : 0), 0);
  }

  #classOf(at: (k: number) => number): number {
    if (this.#width === 1) return at(0) > 0.5 ? 1 : 0;
    let best = 0;
    for (let k = 1; k < this.#width; k++) if (at(k) > at(best)) best = k;
    return best;
  }

  #weight(row: number): number {
    return this.#problem.weights === null ? 1 : this.#problem.weights[row]!;
  }

  #mean(value: (row: number, at: (k: number) => number) => number): number {
    const { sums, counts } = this.#kernel.outOfBag();
    const width = this.#width;
    let total = 0;
    let sum = 0;
    let row = 0;
    const at = (k: number): number => this.#toValue(sums[row * width + k]! / counts[row]!);
    for (; row < counts.length; row++) {
      const weight = counts[row]! > 0 ? this.#weight(row) : 0;
      if (weight === 0) continue;
      total += weight;
      sum += weight * value(row, at);
    }
    return sum / total;
  }
}

/** The error of the forest so far on validation rows, kept up to date tree by tree. */
export class ValidationWatch {
  readonly #problem: Problem;
  readonly #width: number;
  readonly #sums: Float64Array;
  #bins: Uint8Array | null = null;
  #trees = 0;

  constructor(problem: Problem, width: number) {
    this.#problem = problem;
    this.#width = width;
    this.#sums = new Float64Array(problem.rows * width);
  }

  /** Adds a forest of one tree. Cost: O(n × depth). */
  add(tree: RangerModel): number {
    const { target, weights, rows, task, features } = this.#problem;
    this.#bins ??= tree.binsOf(features, rows);
    tree.addScores(this.#bins, rows, this.#sums);
    this.#trees += 1;
    let total = 0;
    let sum = 0;
    for (let row = 0; row < target.length; row++) {
      const weight = weights === null ? 1 : weights[row]!;
      total += weight;
      sum += weight * squaredError(this.#problem, row, (k) => this.#sums[row * this.#width + k]! / this.#trees, this.#width);
    }
    return task === "regression" ? Math.sqrt(sum / total) : sum / total;
  }
}
