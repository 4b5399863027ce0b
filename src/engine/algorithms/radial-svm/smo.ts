import type { Layout, RowOperations } from "./rows.ts";

/** One machine: minimise ½ βᵀKβ − startᵀβ + epsilon Σ|β| with Σβ = 0 and lower ≤ β ≤ upper. All vectors have the layout's size. */
export interface SmoProblem {
  /** Segments that take part. */
  readonly segments: readonly number[];
  /** Outcome of each place: ±1 for two classes. */
  readonly start: Float64Array;
  /** Bounds; both zero for a place that only watches. */
  readonly lower: Float64Array;
  readonly upper: Float64Array;
  /** Half the width of the tube around a numeric outcome; 0 for classes. */
  readonly epsilon: number;
}

export interface SmoOptions {
  /** The search ends when the largest violation of optimality is at most this. */
  readonly tolerance: number;
  readonly maxIterations: number;
  /** Iterations between two reports. */
  readonly reportEvery: number;
}

export interface Machine {
  /** Coefficients, shape [size]: the decision at x is Σ β_t k(x, x_t) + bias. */
  readonly beta: Float64Array;
  readonly bias: number;
  /** The machine's decision at every place of its segments, also those that only watch. */
  readonly decisions: Float64Array;
  readonly iterations: number;
  readonly converged: boolean;
}

/**
 * Sequential minimal optimisation with second-order choice of the pair (Fan, Chen & Lin 2005, working set selection 2), for classes and, by the
 * same steps on β = α − α*, for ε-insensitive regression. Yields the violation now and then. Deterministic.
 */
export function* solveSmo(rows: RowOperations, layout: Layout, problem: SmoProblem, options: SmoOptions): Generator<number, Machine, void> {
  const { segments, start } = problem;
  const beta = new Float64Array(layout.size);
  const place = new Marks(rows, problem, beta);
  for (const segment of segments) {
    const { from, to } = layout.segments[segment]!;
    for (let t = from; t < to; t++) {
      rows.f[t] = start[t]!;
      place.mark(t);
    }
  }
  let first = rows.searchFirst(segments);
  let least = Number.POSITIVE_INFINITY;
  let iterations = 0;
  let converged = false;
  while (iterations < options.maxIterations) {
    const i = first.row;
    if (i < 0) {
      converged = true;
      break;
    }
    const second = rows.searchSecond(i, first.value, segments);
    least = second.least;
    const j = second.row;
    if (j < 0 || !(first.value - least > options.tolerance)) {
      converged = true;
      break;
    }
    const curvature = Math.max(1e-12, 2 - 2 * rows.value(i, j));
    const step = place.step(i, j, (first.value - (rows.f[j]! + rows.low[j]!)) / curvature);
    first = rows.move(i, j, step, segments);
    iterations++;
    if (iterations % options.reportEvery === 0) yield first.value - least;
  }
  const bias = place.bias(layout, first.value, least);
  const decisions = new Float64Array(layout.size);
  for (const segment of segments) {
    const { from, to } = layout.segments[segment]!;
    for (let t = from; t < to; t++) decisions[t] = start[t]! - rows.f[t]! + bias;
  }
  return { beta, bias, decisions, iterations, converged };
}

/** Keeps `up` and `low` of the rows in step with β. */
class Marks {
  readonly #rows: RowOperations;
  readonly #problem: SmoProblem;
  readonly #beta: Float64Array;

  constructor(rows: RowOperations, problem: SmoProblem, beta: Float64Array) {
    this.#rows = rows;
    this.#problem = problem;
    this.#beta = beta;
  }

  /** What going up or down costs beyond f; infinite at a bound. */
  mark(t: number): void {
    const { lower, upper, epsilon } = this.#problem;
    const value = this.#beta[t]!;
    this.#rows.up[t] = value < upper[t]! ? (value < 0 ? epsilon : -epsilon) : Number.NEGATIVE_INFINITY;
    this.#rows.low[t] = value > lower[t]! ? (value > 0 ? -epsilon : epsilon) : Number.POSITIVE_INFINITY;
  }

  /** Moves β_i up and β_j down by `wanted`, or as far as bounds (and, with a tube, zero) allow. How far that was. */
  step(i: number, j: number, wanted: number): number {
    const { lower, upper, epsilon } = this.#problem;
    const beta = this.#beta;
    const top = epsilon > 0 && beta[i]! < 0 ? 0 : upper[i]!;
    const bottom = epsilon > 0 && beta[j]! > 0 ? 0 : lower[j]!;
    const step = Math.min(wanted, top - beta[i]!, beta[j]! - bottom);
    beta[i] = step === top - beta[i]! ? top : beta[i]! + step;
    beta[j] = step === beta[j]! - bottom ? bottom : beta[j]! - step;
    this.mark(i);
    this.mark(j);
    return step;
  }

  /** The mean of f over rows strictly between their bounds; without such, the middle of what optimality allows. */
  bias(layout: Layout, highest: number, least: number): number {
    const { segments, lower, upper, epsilon } = this.#problem;
    let sum = 0;
    let count = 0;
    for (const segment of segments) {
      const { from, to } = layout.segments[segment]!;
      for (let t = from; t < to; t++) {
        const value = this.#beta[t]!;
        if (!(value > lower[t]! && value < upper[t]!) || (epsilon > 0 && value === 0)) continue;
        sum += this.#rows.f[t]! + this.#rows.up[t]!;
        count++;
      }
    }
    if (count > 0) return sum / count;
    const ends = [highest, least].filter(Number.isFinite);
    return ends.length === 0 ? 0 : ends.reduce((total, end) => total + end, 0) / ends.length;
  }
}
