import { type Random, shuffle } from "../../../core/random.ts";

/** Minimise ½ |w|² − Σ start_i β_i + epsilon Σ |β_i| with w = Σ β_i x_i and lower ≤ β ≤ upper. Vectors have one entry per row. */
export interface DualProblem {
  /** Shape [n, width] row-major. */
  readonly table: Float64Array;
  readonly width: number;
  /** Outcome: ±1 for two classes. */
  readonly start: Float64Array;
  readonly lower: Float64Array;
  readonly upper: Float64Array;
  /** Half the width of the tube around a numeric outcome; 0 for classes. */
  readonly epsilon: number;
  readonly tolerance: number;
  /** Most passes over the rows. */
  readonly maxPasses: number;
}

export interface DualSolution {
  /** Shape [width]. */
  readonly weights: Float64Array;
  /** Rows with a β that is not zero. */
  readonly supports: number;
  readonly passes: number;
  readonly converged: boolean;
}

/**
 * Dual coordinate descent in random order, with shrinking (Hsieh et al. 2008, algorithm 3; for the tube Ho & Lin 2012). Yields the largest
 * violation of optimality after each pass. The weights are unique; so they depend on `random` by no more than the tolerance lets them.
 * Cost per pass: O(rows that are still active × width).
 */
export function* descend(problem: DualProblem, random: Random): Generator<number, DualSolution, void> {
  const state = new Descent(problem);
  const all = Int32Array.from([...state.beta.keys()].filter((row) => problem.lower[row]! < problem.upper[row]! && state.squares[row]! > 0));
  let active: Int32Array = all.slice();
  let bound = Number.POSITIVE_INFINITY;
  let passes = 0;
  let converged = all.length === 0;
  while (!converged && passes < problem.maxPasses) {
    const { violation, kept } = state.pass(shuffle(active, random), bound);
    passes++;
    yield violation;
    if (violation > problem.tolerance) {
      active = kept;
      bound = violation;
    } else if (active.length === all.length) converged = true;
    else {
      // What was set aside is looked at once more.
      active = all.slice();
      bound = Number.POSITIVE_INFINITY;
    }
  }
  const supports = state.beta.reduce((count, value) => count + (value === 0 ? 0 : 1), 0);
  return { weights: state.weights, supports, passes, converged };
}

class Descent {
  readonly beta: Float64Array;
  readonly weights: Float64Array;
  /** |x_i|². */
  readonly squares: Float64Array;
  readonly #problem: DualProblem;

  constructor(problem: DualProblem) {
    const { table, width, start } = problem;
    this.#problem = problem;
    this.beta = new Float64Array(start.length);
    this.weights = new Float64Array(width);
    this.squares = new Float64Array(start.length);
    for (let row = 0; row < start.length; row++) {
      let sum = 0;
      for (let j = row * width; j < (row + 1) * width; j++) sum += table[j]! * table[j]!;
      this.squares[row] = sum;
    }
  }

  /** Visits the rows in turn. Rows that rest at a bound with more than `bound` to spare are not among those kept. */
  pass(active: Int32Array, bound: number): { violation: number; kept: Int32Array } {
    const { lower, upper, epsilon, start } = this.#problem;
    let violation = 0;
    let count = 0;
    for (let place = 0; place < active.length; place++) {
      const row = active[place]!;
      const value = this.beta[row]!;
      const slope = this.#score(row) - start[row]!;
      // Slopes of the objective when β goes up and when it goes down.
      const up = slope + (value < 0 ? -epsilon : epsilon);
      const down = slope + (value > 0 ? epsilon : -epsilon);
      const own = Math.max(value < upper[row]! ? -up : Number.NEGATIVE_INFINITY, value > lower[row]! ? down : Number.NEGATIVE_INFINITY);
      if (own < -bound) continue;
      active[count++] = row;
      if (!(own > 0)) continue;
      violation = Math.max(violation, own);
      this.#set(row, this.#minimum(row, slope));
    }
    return { violation, kept: active.slice(0, count) };
  }

  #score(row: number): number {
    const { table, width } = this.#problem;
    const { weights } = this;
    const offset = row * width;
    let sum = 0;
    for (let j = 0; j < width; j++) sum += table[offset + j]! * weights[j]!;
    return sum;
  }

  /** β of a row at the least objective, all others as they are. */
  #minimum(row: number, slope: number): number {
    const { lower, upper, epsilon } = this.#problem;
    const value = this.beta[row]!;
    const square = this.squares[row]!;
    const rising = value - (slope + epsilon) / square;
    const falling = value - (slope - epsilon) / square;
    const free = rising > 0 ? rising : falling < 0 ? falling : 0;
    return Math.max(lower[row]!, Math.min(upper[row]!, free));
  }

  #set(row: number, value: number): void {
    const { table, width } = this.#problem;
    const { weights } = this;
    const change = value - this.beta[row]!;
    if (change === 0) return;
    this.beta[row] = value;
    const offset = row * width;
    for (let j = 0; j < width; j++) weights[j]! += change * table[offset + j]!;
  }
}
