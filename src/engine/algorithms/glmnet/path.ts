import type { View } from "./view.ts";

/** What one family's solver does: walk down a path of lambdas, each fit starting from the one before. */
export interface PathSolver {
  readonly view: View;
  /** Sets of coefficients: 1, or one per class for multinomial. */
  readonly sets: number;
  /** The smallest lambda at which every coefficient is zero (for alpha below 0.001: that of alpha 0.001). Zero when nothing can be fitted. */
  readonly lambdaMax: number;
  /** Mean deviance of the model without features: weighted mean squared error, or −2 × mean log-likelihood. */
  readonly nullDeviance: number;
  /** Moves to `lambda`, which is not larger than the one before. */
  advance(lambda: number): PathPoint;
  /** Intercepts and slopes at the current lambda on the penalty's scale, shape [sets] and [sets][cols]. Views, not copies. */
  current(): { readonly intercepts: Float64Array; readonly slopes: readonly Float64Array[] };
}

export interface PathPoint {
  /** Share of the null deviance explained, in [0, 1]. */
  readonly explained: number;
  /** Features (columns) with a coefficient other than zero in any set. */
  readonly nonzero: number;
  /** False when the pass limit ended the fit first; the coefficients are the best so far, and finite. */
  readonly converged: boolean;
}

export interface SolverOptions {
  readonly alpha: number;
  /** Coordinate descent ends when no step changes the objective by more than this share of the null deviance. */
  readonly thresh: number;
  /** Passes over the coefficients, all lambdas together. */
  readonly maxit: number;
}

/** Stands for "infinitely strong" at the head of an automatic path. */
export const HUGE_LAMBDA = 9.9e35;
/** An automatic path ends early when the last step explained less than this more, or almost all is explained; never before 5 lambdas. */
const SMALLEST_GAIN = 1e-5;
const ALMOST_ALL = 0.999;
const FEWEST_LAMBDAS = 5;

/** `count` lambdas from `max` down to `max × ratio`, evenly spaced on the log scale. */
export function lambdaSequence(max: number, ratio: number, count: number): Float64Array {
  if (count === 1) return Float64Array.of(max);
  return Float64Array.from({ length: count }, (_, k) => max * ratio ** (k / (count - 1)));
}

/** Whether an automatic path has nothing more to give. `explained` holds the share explained at each lambda so far; `relative` for gaussian. */
export function pathIsDone(explained: readonly number[], relative: boolean): boolean {
  const last = explained.at(-1);
  const before = explained.at(-2);
  if (last === undefined || before === undefined || explained.length < FEWEST_LAMBDAS) return false;
  return last > ALMOST_ALL || last - before < SMALLEST_GAIN * (relative ? last : 1);
}

/**
 * The columns that a fit works on. Invariants: `members[0 … size)` are distinct; a column never leaves; `strong` columns are those that the
 * sequential strong rule (Tibshirani et al. 2012, J R Stat Soc B 74(2):245–266) could not discard at this lambda, members included.
 */
export class WorkingSet {
  readonly members: Int32Array;
  size = 0;
  readonly strong: Int32Array;
  strongSize = 0;
  readonly #isMember: Uint8Array;
  readonly #isStrong: Uint8Array;

  constructor(cols: number) {
    this.members = new Int32Array(cols);
    this.strong = new Int32Array(cols);
    this.#isMember = new Uint8Array(cols);
    this.#isStrong = new Uint8Array(cols);
  }

  has(j: number): boolean {
    return this.#isMember[j] === 1;
  }

  add(j: number): void {
    if (this.#isMember[j] === 1) return;
    this.#isMember[j] = 1;
    this.members[this.size++] = j;
    this.#addStrong(j);
  }

  #addStrong(j: number): void {
    if (this.#isStrong[j] === 1) return;
    this.#isStrong[j] = 1;
    this.strong[this.strongSize++] = j;
  }

  /** Keeps as strong the members and the columns whose last gradient is at least `bound`. */
  screen(gradient: Float64Array, constant: Uint8Array, bound: number): void {
    for (let j = 0; j < gradient.length; j++) if (constant[j] === 0 && Math.abs(gradient[j]!) >= bound) this.#addStrong(j);
  }
}
