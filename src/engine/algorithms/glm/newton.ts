import { InvalidArgumentError } from "../../../core/errors.ts";
import { Cholesky, independentColumns } from "./cholesky.ts";
import { fillProducts, type ScaledDesign } from "./design.ts";
import type { Settings } from "./hyperparameters.ts";
import type { Likelihood } from "./likelihood.ts";

/** More coefficients than this need more than a minute per step and more than 200 MB. */
const MOST_COEFFICIENTS = 5000;
/** A deviance this close to its last value, by share, has settled. */
const SETTLED = 1e-8;
/** A settled deviance while some row's score still moves by this much: a direction in which the classes are apart. */
const STILL_MOVING = 0.1;
const MOST_HALVINGS = 30;

/** State of the iteration after a step; arrays are overwritten by the next one. */
export interface NewtonState {
  /** Columns of the scaled design that have a coefficient, and the coefficients, shape [sets][kept]. */
  readonly kept: readonly number[];
  readonly coefficients: Float64Array[];
  deviance: number;
  iterations: number;
  converged: boolean;
  separated: boolean;
  /** Factor of the information matrix at the end, or null where it has none. */
  information: Cholesky | null;
}

/** Newton's method with step halving (Fisher scoring; McCullagh & Nelder 1989, section 2.5). */
export class Newton {
  readonly state: NewtonState;
  readonly #design: ScaledDesign;
  readonly #likelihood: Likelihood;
  readonly #settings: Settings;
  readonly #scores: Float64Array[];

  /** Starts from the model without features. @throws {InvalidArgumentError} for more coefficients than can be solved for. */
  constructor(design: ScaledDesign, likelihood: Likelihood, settings: Settings, weights: Float64Array) {
    this.#design = design;
    this.#likelihood = likelihood;
    this.#settings = settings;
    const kept = keptColumns(design, likelihood.sets, weights);
    const coefficients = Array.from({ length: likelihood.sets }, (_, set) => {
      const own = new Float64Array(kept.length);
      if (design.hasIntercept && own.length > 0) own[0] = likelihood.start[set]!;
      return own;
    });
    this.#scores = coefficients.map((own) => new Float64Array(design.rows).fill(design.hasIntercept ? (own[0] ?? 0) : 0));
    const deviance = likelihood.update(this.#scores);
    this.state = { kept, coefficients, deviance, iterations: 0, converged: kept.length === 0, separated: false, information: null };
  }

  get isDone(): boolean {
    const { converged, separated, iterations } = this.state;
    return converged || separated || iterations >= this.#settings.maxit;
  }

  /** One step. Converged when no row's linear score moved by more than epsilon. */
  step(): void {
    const { state } = this;
    state.iterations += 1;
    const information = this.#information();
    if (information === null) {
      // Weights of every row but a few have vanished: the scores are already at their ends.
      state.separated = this.#likelihood.scale === 1 && !this.#likelihood.hasDispersion;
      state.iterations = state.separated ? state.iterations : this.#settings.maxit;
      return;
    }
    const move = information.solve(this.#gradient());
    const before = state.deviance;
    const moved = this.#take(move) / this.#likelihood.scale;
    if (moved <= this.#settings.epsilon) state.converged = true;
    else if (Math.abs(before - state.deviance) <= SETTLED * (Math.abs(state.deviance) + 0.1) && moved > STILL_MOVING)
      state.separated = true;
  }

  /** Factors the information matrix at the coefficients as they are now; null where it has no inverse. */
  finish(): void {
    this.state.information = this.state.kept.length === 0 ? null : this.#information();
  }

  #information(): Cholesky | null {
    const { kept, coefficients } = this.state;
    const size = kept.length * coefficients.length;
    const matrix = new Float64Array(size * size);
    for (let a = 0; a < coefficients.length; a++) {
      for (let b = 0; b <= a; b++) {
        this.#likelihood.curvature(a, b, this.#design.kernel.v);
        fillProducts(this.#design, kept, matrix, size, a * kept.length, b * kept.length);
      }
    }
    return Cholesky.factor(matrix, size);
  }

  #gradient(): Float64Array {
    const { kept, coefficients } = this.state;
    const { kernel } = this.#design;
    const gradient = new Float64Array(kept.length * coefficients.length);
    for (let set = 0; set < coefficients.length; set++) {
      this.#likelihood.slope(set, kernel.r);
      for (const [a, column] of kept.entries()) gradient[set * kept.length + a] = kernel.dotResidual(column);
    }
    return gradient;
  }

  /** Adds the move, halved as long as the deviance would rise; the largest change of a score. */
  #take(move: Float64Array): number {
    const { state } = this;
    const { kernel } = this.#design;
    const width = state.kept.length;
    const changes = state.coefficients.map((_, set) => {
      kernel.move.fill(0);
      for (const [a, column] of state.kept.entries()) kernel.addToMove(column, move[set * width + a]!, 0);
      return kernel.move.slice();
    });
    let taken = 0;
    let deviance = Number.NaN;
    let share = 1;
    for (let halving = 0; halving <= MOST_HALVINGS; halving++, share /= 2) {
      this.#shift(changes, share - taken);
      taken = share;
      deviance = this.#likelihood.update(this.#scores);
      if (deviance <= state.deviance + 1e-9 * (Math.abs(state.deviance) + 1e-300)) break;
    }
    state.deviance = deviance;
    for (const [set, own] of state.coefficients.entries()) for (let a = 0; a < width; a++) own[a]! += share * move[set * width + a]!;
    let largest = 0;
    for (const change of changes) for (const value of change) largest = Math.max(largest, Math.abs(value));
    return largest * Math.min(1, share);
  }

  #shift(changes: readonly Float64Array[], share: number): void {
    for (const [set, change] of changes.entries()) {
      const scores = this.#scores[set]!;
      for (let i = 0; i < scores.length; i++) scores[i]! += share * change[i]!;
    }
  }
}

function keptColumns(design: ScaledDesign, sets: number, weights: Float64Array): number[] {
  const { kernel, cols } = design;
  assertSolvable(cols * Math.max(1, sets), design);
  kernel.v.set(weights);
  const products = new Float64Array(cols * cols);
  fillProducts(
    design,
    Array.from({ length: cols }, (_, j) => j),
    products,
    cols,
    0,
    0,
  );
  return independentColumns(products, cols);
}

function assertSolvable(coefficients: number, design: ScaledDesign): void {
  if (coefficients <= MOST_COEFFICIENTS) return;
  throw new InvalidArgumentError(
    `a GLM of ${design.cols} columns would have ${coefficients} coefficients, more than ${MOST_COEFFICIENTS}; use fewer features, merge rare levels, or choose GLMNET`,
    { details: { coefficients, cols: design.cols } },
  );
}
