import { InvalidArgumentError } from "../../../core/errors.ts";
import { Cholesky } from "../glm/cholesky.ts";
import { fillProducts, type ScaledDesign } from "../glm/design.ts";
import { Kernel } from "../glmnet/kernel.ts";
import { exponential, logOnePlus } from "../light-gbm/exponential.ts";
import type { Block } from "./terms.ts";

const MOST_COLUMNS = 2000;
/** Added to the diagonal, as a share of each column's sum of squares; a hundred times as much where that is too little. */
const RIDGE = 1e-9;
/** Smoothness has settled when no term's effective degrees of freedom moved by more than this. */
const SETTLED = 1e-6;
const MOST_ROUNDS = 100;
/** Bounds of smoothness, in units of where it starts. */
const LARGEST_LAMBDA = 1e5;
const LEAST_LAMBDA = 1e-6;
/** Steps of reweighting in the first round, and in the others, which go on from where the last one was. */
const MOST_STEPS = 50;
const LATER_STEPS = 4;
/** Classes whose mean deviance is below this are apart: coefficients would grow without end. */
const APART = 1e-3;
const LEAST_WEIGHT = 1e-10;

/** One additive model under way. */
export interface GamState {
  /** Intercept, then coefficients of the blocks' columns. */
  readonly beta: Float64Array;
  /** One per block; 0 without a penalty. */
  readonly lambda: Float64Array;
  /** Effective degrees of freedom of each block. */
  readonly edf: Float64Array;
  /** Weighted deviance. */
  readonly deviance: number;
  readonly converged: boolean;
  /** Classes that the curves tell apart wholly: the fit stops there. */
  readonly separated: boolean;
}

/** A penalised fit for given smoothness, and all that the next smoothness needs. */
interface Inner {
  readonly beta: Float64Array;
  /** Inverse of XᵀWX + Σ λS, shape [size, size]. */
  readonly inverse: Float64Array;
  readonly deviance: number;
}

/** Solves for coefficients by penalised iteratively reweighted least squares, for smoothness by the Fellner–Schall update of REML. */
export class Solver {
  readonly #blocks: readonly Block[];
  readonly #y: Float64Array;
  readonly #weights: Float64Array;
  readonly #isClass: boolean;
  readonly #kernel: Kernel;
  readonly #design: ScaledDesign;
  readonly #size: number;
  readonly #counted: number;
  readonly #total: number;
  /** Weighted sum of squares of each column; at least that of a number 1e-6 times as large as the largest. */
  readonly #squares: Float64Array;

  /** @param y numbers, or 0 and 1 for classes. @throws {InvalidArgumentError} for more columns than can be solved for. */
  constructor(blocks: readonly Block[], y: Float64Array, weights: Float64Array, isClass: boolean) {
    this.#blocks = blocks;
    this.#y = y;
    this.#weights = weights;
    this.#isClass = isClass;
    this.#size = 1 + blocks.reduce((sum, block) => sum + block.columns.length, 0);
    if (this.#size > MOST_COLUMNS) {
      throw new InvalidArgumentError(
        `an additive model of these features has ${this.#size} coefficients, more than ${MOST_COLUMNS}; lower k or use fewer features`,
      );
    }
    this.#total = weights.reduce((sum, weight) => sum + weight, 0);
    this.#counted = weights.reduce((count, weight) => count + (weight > 0 ? 1 : 0), 0);
    this.#kernel = new Kernel(y.length, this.#size);
    this.#kernel.columns[0]!.fill(1);
    for (const [j, column] of blocks.flatMap((block) => block.columns).entries()) this.#kernel.columns[j + 1]!.set(column);
    const squares = this.#kernel.columns.map((column) => column.reduce((sum, value, i) => sum + weights[i]! * value * value, 0));
    const most = squares.reduce((largest, square) => Math.max(largest, square), 0);
    this.#squares = Float64Array.from(squares, (square) => Math.max(square, 1e-6 * most));
    const none = new Float64Array(0);
    this.#design = {
      kernel: this.#kernel,
      rows: y.length,
      cols: this.#size,
      hasIntercept: true,
      centers: none,
      scales: none,
      deviations: none,
    };
  }

  /** Rounds of coefficients and smoothness until it settles; with `fixed` smoothness one round. Yields the state after each. */
  *run(fixed: Float64Array | null): Generator<GamState, GamState, void> {
    let lambda: Float64Array = fixed ?? Float64Array.from(this.#blocks, (block) => (block.penalty === null ? 0 : this.#startOf(block)));
    let beta = this.#start();
    let edf: Float64Array = new Float64Array(this.#blocks.length);
    const pace = new Pace(this.#blocks.length);
    for (let round = 1; ; round++) {
      const inner = this.#fit(beta, lambda, round === 1 ? MOST_STEPS : LATER_STEPS);
      beta = inner.beta;
      const next = this.#freedom(inner.inverse, lambda);
      const moved = next.reduce((most, value, i) => Math.max(most, Math.abs(value - edf[i]!)), 0);
      edf = next;
      const converged = fixed !== null || moved < SETTLED;
      const separated = this.#isClass && inner.deviance < APART * this.#total;
      const state: GamState = { beta, lambda, edf, deviance: inner.deviance, converged, separated };
      yield state;
      if (converged || separated || round >= MOST_ROUNDS) return state;
      lambda = this.#smoother(inner, lambda, edf, pace);
    }
  }

  #start(): Float64Array {
    const beta = new Float64Array(this.#size);
    const total = this.#weights.reduce((sum, weight) => sum + weight, 0);
    const mean = this.#y.reduce((sum, value, i) => sum + (this.#weights[i]! * value) / total, 0);
    beta[0] = this.#isClass ? Math.log(Math.max(1e-9, mean) / Math.max(1e-9, 1 - mean)) : mean;
    return beta;
  }

  /** Penalty and data of the same size. */
  #startOf(block: Block): number {
    let data = 0;
    for (const column of block.columns) data += column.reduce((sum, value, i) => sum + this.#weights[i]! * value * value, 0);
    const width = block.columns.length;
    let trace = 0;
    for (let j = 0; j < width; j++) trace += block.penalty![j * width + j]!;
    return Math.max(1e-8, data / trace);
  }

  /** Coefficients for this smoothness, from these on. */
  #fit(from: Float64Array, lambda: Float64Array, steps: number): Inner {
    let beta = from;
    let current = this.#penalised(beta, lambda);
    let solved = this.#solve(beta, lambda);
    for (let step = 0; step < steps; step++) {
      if (step > 0) solved = this.#solve(beta, lambda);
      let next = solved.solution;
      let value = this.#penalised(next, lambda);
      for (let half = 0; half < 30 && this.#isClass && !(value <= current + 1e-12 * Math.abs(current)); half++) {
        next = next.map((entry, j) => (entry + beta[j]!) / 2);
        value = this.#penalised(next, lambda);
      }
      beta = next;
      const fall = current - value;
      current = value;
      if (!this.#isClass || fall < 1e-10 * (Math.abs(value) + 0.1)) break;
    }
    return { beta, inverse: inverseOf(solved.factor), deviance: this.#deviance(this.#scores(beta)) };
  }

  /** One weighted least-squares problem around `beta`. */
  #solve(beta: Float64Array, lambda: Float64Array): { factor: Cholesky; solution: Float64Array } {
    const size = this.#size;
    const scores = this.#scores(beta);
    const working = new Float64Array(scores.length);
    for (let i = 0; i < scores.length; i++) {
      if (!this.#isClass) {
        this.#kernel.v[i] = this.#weights[i]!;
        working[i] = this.#weights[i]! * this.#y[i]!;
        continue;
      }
      const p = probability(scores[i]!);
      const curvature = Math.max(LEAST_WEIGHT, p * (1 - p));
      this.#kernel.v[i] = this.#weights[i]! * curvature;
      working[i] = this.#weights[i]! * (curvature * scores[i]! + this.#y[i]! - p);
    }
    const matrix = new Float64Array(size * size);
    fillProducts(
      this.#design,
      Array.from({ length: size }, (_, j) => j),
      matrix,
      size,
      0,
      0,
    );
    this.#addPenalties(matrix, lambda);
    const factor = this.#factor(matrix);
    this.#kernel.r.set(working);
    return { factor, solution: factor.solve(Float64Array.from({ length: size }, (_, j) => this.#kernel.dotResidual(j))) };
  }

  /** Factor of the matrix with a ridge that only shows where rows say nothing: separated classes, columns that say the same. */
  #factor(matrix: Float64Array): Cholesky {
    const size = this.#size;
    for (let share = RIDGE; share < 1; share *= 100) {
      const copy = matrix.slice();
      for (let j = 0; j < size; j++) copy[j * size + j]! += share * this.#squares[j]!;
      const factor = Cholesky.factor(copy, size);
      if (factor !== null) return factor;
    }
    throw new InvalidArgumentError("the features of this additive model cannot be told apart; leave out copies of others");
  }

  #addPenalties(matrix: Float64Array, lambda: Float64Array): void {
    this.#each((block, index, first) => {
      const width = block.columns.length;
      if (block.penalty === null) return;
      for (let a = 0; a < width; a++) {
        for (let b = 0; b < width; b++) matrix[(first + a) * this.#size + first + b]! += lambda[index]! * block.penalty[a * width + b]!;
      }
    });
  }

  /** Calls `use` with each block and its first coefficient. */
  #each(use: (block: Block, index: number, first: number) => void): void {
    let first = 1;
    for (const [index, block] of this.#blocks.entries()) {
      use(block, index, first);
      first += block.columns.length;
    }
  }

  #scores(beta: Float64Array): Float64Array {
    const { move } = this.#kernel;
    move.fill(0);
    for (let j = 0; j < beta.length; j++) if (beta[j] !== 0) this.#kernel.addToMove(j, beta[j]!, 0);
    return move.slice();
  }

  #deviance(scores: Float64Array): number {
    let sum = 0;
    for (let i = 0; i < scores.length; i++) {
      const weight = this.#weights[i]!;
      if (weight === 0) continue;
      const z = scores[i]!;
      if (this.#isClass) sum += 2 * weight * (Math.max(0, z) - this.#y[i]! * z + logOnePlus(exponential(-Math.abs(z))));
      else sum += weight * (this.#y[i]! - z) ** 2;
    }
    return sum;
  }

  #penalised(beta: Float64Array, lambda: Float64Array): number {
    let value = this.#deviance(this.#scores(beta));
    this.#each((block, index, first) => {
      value += lambda[index]! * quadratic(block, beta, first);
    });
    return value;
  }

  /** Width of each block less what its penalty takes: width − λ tr(A⁻¹S). */
  #freedom(inverse: Float64Array, lambda: Float64Array): Float64Array {
    const edf = new Float64Array(this.#blocks.length);
    this.#each((block, index, first) => {
      edf[index] = block.columns.length - lambda[index]! * this.#trace(inverse, block, first);
    });
    return edf;
  }

  #trace(inverse: Float64Array, block: Block, first: number): number {
    const { penalty } = block;
    if (penalty === null) return 0;
    const width = block.columns.length;
    let sum = 0;
    for (let a = 0; a < width; a++) {
      for (let b = 0; b < width; b++) sum += inverse[(first + a) * this.#size + first + b]! * penalty[a * width + b]!;
    }
    return sum;
  }

  /** λ φ (rank / λ − tr(A⁻¹S)) / βᵀSβ: raises REML in every round (Wood & Fasiolo 2017). */
  #smoother(inner: Inner, lambda: Float64Array, edf: Float64Array, pace: Pace): Float64Array {
    const freedom = this.#counted - 1 - edf.reduce((sum, value) => sum + value, 0);
    const dispersion = this.#isClass ? 1 : inner.deviance / Math.max(0.5, freedom);
    const next = lambda.slice();
    this.#each((block, index, first) => {
      if (block.penalty === null) return;
      const own = lambda[index]!;
      const wanted = Math.max(1e-12, block.rank - own * this.#trace(inner.inverse, block, first));
      const used = own * quadratic(block, inner.beta, first);
      const factor = used > 0 ? (dispersion * wanted) / used : Number.POSITIVE_INFINITY;
      const start = this.#startOf(block);
      next[index] = Math.min(start * LARGEST_LAMBDA, Math.max(start * LEAST_LAMBDA, own * pace.of(index, factor)));
    });
    return next;
  }
}

/** Lengthens steps that keep their direction, which the plain update takes many of where the likelihood is flat. */
class Pace {
  readonly #exponents: Float64Array;
  readonly #directions: Float64Array;

  constructor(blocks: number) {
    this.#exponents = new Float64Array(blocks).fill(1);
    this.#directions = new Float64Array(blocks);
  }

  /** The factor to take in place of the plain one; at most a thousandfold. */
  of(index: number, factor: number): number {
    const direction = Math.sign(factor - 1);
    const isSteady = direction === this.#directions[index];
    this.#exponents[index] = isSteady ? Math.min(8, this.#exponents[index]! * 1.5) : 1;
    this.#directions[index] = direction;
    const held = Math.min(1e3, Math.max(1e-3, factor));
    return Math.min(1e3, Math.max(1e-3, held ** this.#exponents[index]!));
  }
}

/** βᵀSβ of a block. */
function quadratic(block: Block, beta: Float64Array, first: number): number {
  const { penalty } = block;
  if (penalty === null) return 0;
  const width = block.columns.length;
  let sum = 0;
  for (let a = 0; a < width; a++) for (let b = 0; b < width; b++) sum += beta[first + a]! * beta[first + b]! * penalty[a * width + b]!;
  return sum;
}

function inverseOf(factor: Cholesky): Float64Array {
  const { size } = factor;
  const out = new Float64Array(size * size);
  for (let j = 0; j < size; j++) {
    const unit = new Float64Array(size);
    unit[j] = 1;
    out.set(factor.solve(unit), j * size);
  }
  return out;
}

export function probability(score: number): number {
  const e = exponential(-Math.abs(score));
  return score >= 0 ? 1 / (1 + e) : e / (1 + e);
}
