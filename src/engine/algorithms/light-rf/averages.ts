import type { Problem } from "../../algorithm.ts";
import { exponential, logarithm, logOnePlus } from "../light-gbm/exponential.ts";

/** Scores of rows, averaged over the trees that judge them. */
export class Averages {
  readonly #problem: Problem;
  readonly #start: readonly number[];
  readonly #sums: Float64Array;
  readonly #counts: Int32Array;

  constructor(problem: Problem, start: readonly number[]) {
    this.#problem = problem;
    this.#start = start;
    this.#sums = new Float64Array(problem.rows * start.length);
    this.#counts = new Int32Array(problem.rows);
  }

  /** Adds one round: `scores[k]` are the steps of output k, shape [rows]; rows marked in `isSeen` are left out. */
  add(scores: readonly Float64Array[], isSeen: Uint8Array | null): void {
    const outputs = this.#start.length;
    for (let row = 0; row < this.#counts.length; row++) {
      if (isSeen !== null && isSeen[row] === 1) continue;
      this.#counts[row]! += 1;
      for (let k = 0; k < outputs; k++) this.#sums[row * outputs + k]! += scores[k]![row]!;
    }
  }

  /** Weighted mean log-loss, or root mean squared error, over rows that were judged. NaN when there is none. Cost: O(n K). */
  loss(): number {
    const { weights, task } = this.#problem;
    let total = 0;
    let sum = 0;
    for (let row = 0; row < this.#counts.length; row++) {
      const weight = this.#counts[row] === 0 ? 0 : weights === null ? 1 : weights[row]!;
      if (weight === 0) continue;
      total += weight;
      sum += weight * this.#rowLoss(row);
    }
    return task === "regression" ? Math.sqrt(sum / total) : sum / total;
  }

  #score(row: number, k: number): number {
    return this.#start[k]! + this.#sums[row * this.#start.length + k]! / this.#counts[row]!;
  }

  #rowLoss(row: number): number {
    const y = this.#problem.target[row]!;
    const first = this.#score(row, 0);
    if (this.#problem.task === "regression") return (y - first) ** 2;
    if (this.#problem.task === "binary") return Math.max(y > 0.5 ? -first : first, 0) + logOnePlus(exponential(-Math.abs(first)));
    let top = Number.NEGATIVE_INFINITY;
    for (let k = 0; k < this.#start.length; k++) top = Math.max(top, this.#score(row, k));
    let sum = 0;
    for (let k = 0; k < this.#start.length; k++) sum += exponential(this.#score(row, k) - top);
    return top + logarithm(sum) - this.#score(row, y);
  }
}
