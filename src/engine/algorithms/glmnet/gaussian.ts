import { LARGEST_CROSS_TABLE } from "./kernel.ts";
import { WorkingLeastSquares } from "./least-squares.ts";
import { type PathPoint, type PathSolver, type SolverOptions, WorkingSet } from "./path.ts";
import { soft, type View } from "./view.ts";

/** With more columns than this the products of all columns with the active ones are not worth their memory. */
const LARGEST_COVARIANCE = 2000;

/**
 * Least squares with the elastic-net penalty: ½ Σ w (y − b0 − x b)² + λ (α Σ|b| + (1 − α)/(2 s) Σ b²), Σw = 1, s = the outcome's weighted
 * standard deviation (root mean square without an intercept). The division of the ridge part by s is glmnet's: it fits the outcome scaled to size 1.
 *
 * Two ways, chosen by shape: with rows ≥ columns, gradients are kept up to date through products of columns; else through residuals.
 */
export function gaussianSolver(view: View, target: Float64Array, options: SolverOptions): PathSolver {
  const { weights, intercept } = view;
  let mean = 0;
  for (let i = 0; i < target.length; i++) mean += weights[i]! * target[i]!;
  const center = intercept ? mean : 0;
  let squares = 0;
  for (let i = 0; i < target.length; i++) squares += weights[i]! * (target[i]! - center) ** 2;
  const spread = Math.sqrt(squares);
  const outcome = new Float64Array(target.length);
  if (spread > 0) for (let i = 0; i < target.length; i++) outcome[i] = (target[i]! - center) / spread;
  const { rows, cols } = view.matrix;
  const shared = { view, options, outcome, center, spread };
  return rows >= cols && cols <= LARGEST_COVARIANCE ? new CovariancePath(shared) : new ResidualPath(shared);
}

interface Shared {
  readonly view: View;
  readonly options: SolverOptions;
  /** Centred (with an intercept) and scaled to mean square 1; all zeros for a constant outcome. */
  readonly outcome: Float64Array;
  readonly center: number;
  readonly spread: number;
}

abstract class GaussianPath implements PathSolver {
  readonly view: View;
  readonly sets = 1;
  readonly nullDeviance: number;
  protected readonly shared: Shared;
  protected readonly slopes: Float64Array;
  /** x̃ · w (y − fit) for every column at the current fit. */
  protected readonly gradient: Float64Array;
  protected readonly working: WorkingSet;
  protected readonly total: number;
  protected passesLeft: number;
  protected lambdaBefore: number;

  constructor(shared: Shared) {
    const { view, outcome, spread } = shared;
    const { cols, rows, kernel } = view.matrix;
    this.view = view;
    this.shared = shared;
    this.slopes = new Float64Array(cols);
    this.gradient = new Float64Array(cols);
    this.working = new WorkingSet(cols);
    this.passesLeft = shared.options.maxit;
    let total = 0;
    for (let i = 0; i < rows; i++) {
      const weighted = view.weights[i]! * outcome[i]!;
      kernel.r[i] = weighted;
      total += weighted * outcome[i]!;
    }
    const sum = kernel.sumR();
    for (let j = 0; j < cols; j++) {
      if (view.constant[j] === 0) this.gradient[j] = view.scale[j]! * (kernel.dotResidual(j) - view.shift[j]! * sum);
    }
    this.total = total;
    this.nullDeviance = total * spread * spread;
    this.lambdaBefore = this.#largest();
  }

  get lambdaMax(): number {
    return this.#maximum * this.shared.spread;
  }

  #maximum = 0;
  #largest(): number {
    let largest = 0;
    for (const g of this.gradient) largest = Math.max(largest, Math.abs(g));
    this.#maximum = largest / Math.max(this.shared.options.alpha, 1e-3);
    return this.#maximum;
  }

  advance(lambda: number): PathPoint {
    const { options, spread } = this.shared;
    const scaled = spread > 0 ? lambda / spread : 0;
    const penalty = { l1: scaled * options.alpha, l2: scaled * (1 - options.alpha) };
    this.working.screen(this.gradient, this.view.constant, options.alpha * (2 * scaled - this.lambdaBefore));
    this.lambdaBefore = Math.min(scaled, this.lambdaBefore);
    const converged = this.total === 0 || this.descend(penalty);
    let nonzero = 0;
    for (let m = 0; m < this.working.size; m++) if (this.slopes[this.working.members[m]!] !== 0) nonzero += 1;
    return { explained: this.total === 0 ? 0 : 1 - this.residual() / this.total, nonzero, converged };
  }

  /** Columns outside the working set that the optimality conditions at `l1` call in; `all` looks beyond the strong ones. */
  protected admit(l1: number, all: boolean): boolean {
    const { working, gradient } = this;
    let admitted = false;
    const count = all ? gradient.length : working.strongSize;
    for (let s = 0; s < count; s++) {
      const j = all ? s : working.strong[s]!;
      if (working.has(j) || this.view.constant[j] === 1 || Math.abs(gradient[j]!) <= l1) continue;
      working.add(j);
      admitted = true;
    }
    return admitted;
  }

  /** Fits at one penalty; false when the pass limit came first. On return `gradient` is current for every column. */
  protected abstract descend(penalty: { l1: number; l2: number }): boolean;
  /** Σ w (y − fit)², scaled. */
  protected abstract residual(): number;

  current(): { intercepts: Float64Array; slopes: readonly Float64Array[] } {
    const { spread, center } = this.shared;
    return { intercepts: Float64Array.of(center), slopes: [this.slopes.map((slope) => slope * spread)] };
  }
}

/** Covariance updates: O(rows × cols) once for each column that ever matters, then nothing depends on the rows. */
class CovariancePath extends GaussianPath {
  /** Products of a working column with all columns, in order of admission. */
  readonly #products: Float64Array[] = [];
  readonly #correlation: Float64Array;
  /** Products of all pairs, shape [cols, cols], where there are few enough columns to have them at once. */
  #all: Float64Array | null = null;

  constructor(shared: Shared) {
    super(shared);
    this.#correlation = this.gradient.slice();
  }

  protected override descend(penalty: { l1: number; l2: number }): boolean {
    const threshold = this.shared.options.thresh * this.total;
    for (;;) {
      // All gradients are current here, so looking at every column costs next to nothing.
      const admitted = this.admit(penalty.l1, true);
      for (let m = this.#products.length; m < this.working.size; m++) this.#products.push(this.#productsOf(this.working.members[m]!));
      const before = this.slopes.slice();
      const settled = this.#passes(penalty, threshold);
      this.#refresh(before);
      if (!settled) return false;
      if (!admitted && !this.admit(penalty.l1, true)) return true;
    }
  }

  /** Passes over the working columns, keeping only their gradients current. */
  #passes(penalty: { l1: number; l2: number }, threshold: number): boolean {
    const size = this.working.size;
    const members = this.working.members.subarray(0, size);
    const gradients = Float64Array.from(members, (j) => this.gradient[j]!);
    const table = new Float64Array(size * size);
    for (let a = 0; a < size; a++) {
      const products = this.#products[a]!;
      for (let b = 0; b < size; b++) table[a * size + b] = products[members[b]!]!;
    }
    while (this.passesLeft > 0) {
      this.passesLeft -= 1;
      let largest = 0;
      for (let m = 0; m < size; m++) {
        const j = members[m]!;
        const second = table[m * size + m]!;
        const before = this.slopes[j]!;
        const step = soft(gradients[m]! + second * before, penalty.l1) / (second + penalty.l2) - before;
        if (step === 0) continue;
        this.slopes[j] = before + step;
        const offset = m * size;
        for (let q = 0; q < size; q++) gradients[q]! -= step * table[offset + q]!;
        const change = second * step * step;
        if (change > largest) largest = change;
      }
      if (largest < threshold) return true;
    }
    return false;
  }

  /** Brings every gradient up to date: correlation with the outcome minus products times slopes, from scratch against drift. */
  #refresh(before: Float64Array): void {
    const { members, size } = this.working;
    let moved = false;
    for (let m = 0; m < size; m++) moved ||= before[members[m]!] !== this.slopes[members[m]!];
    if (!moved) return;
    this.gradient.set(this.#correlation);
    for (let m = 0; m < size; m++) {
      const slope = this.slopes[members[m]!]!;
      if (slope === 0) continue;
      const products = this.#products[m]!;
      for (let j = 0; j < products.length; j++) this.gradient[j]! -= slope * products[j]!;
    }
  }

  /** Σ w x̃_j x̃_k for every k. */
  #productsOf(j: number): Float64Array {
    const { matrix, weights, scale, shift, constant } = this.view;
    const { kernel, cols } = matrix;
    if (cols <= LARGEST_CROSS_TABLE) {
      this.#all ??= crossProducts(this.view);
      return this.#all.subarray(j * cols, (j + 1) * cols);
    }
    kernel.v.set(weights);
    kernel.weigh(j, scale[j]!, shift[j]!);
    const sum = kernel.sumScratch();
    const products = new Float64Array(cols);
    for (let k = 0; k < cols; k += 4) {
      const four = kernel.dotFourScratch(k);
      for (let q = k; q < Math.min(k + 4, cols); q++) if (constant[q] === 0) products[q] = scale[q]! * (four[q - k]! - shift[q]! * sum);
    }
    return products;
  }

  protected override residual(): number {
    let explained = 0;
    for (let m = 0; m < this.working.size; m++) {
      const j = this.working.members[m]!;
      explained += this.slopes[j]! * (this.#correlation[j]! + this.gradient[j]!);
    }
    return Math.max(0, this.total - explained);
  }
}

/** Residual updates, for more columns than rows. */
class ResidualPath extends GaussianPath {
  readonly #squares: WorkingLeastSquares;
  readonly #fit: Float64Array;

  constructor(shared: Shared) {
    super(shared);
    // The outcome and (with an intercept) the columns are centred: no intercept is left to fit.
    this.#squares = new WorkingLeastSquares({ ...shared.view, intercept: false });
    this.#fit = new Float64Array(shared.outcome.length);
  }

  protected override descend(penalty: { l1: number; l2: number }): boolean {
    const { working, slopes } = this;
    const threshold = this.shared.options.thresh * this.total;
    this.admit(penalty.l1, false);
    for (;;) {
      this.#begin();
      const used = this.#squares.solve(working.members, working.size, slopes, penalty, threshold, this.passesLeft);
      this.passesLeft -= used;
      this.#applySteps();
      this.#begin();
      this.#refresh(false);
      if (this.passesLeft <= 0) {
        this.#refresh(true);
        return false;
      }
      if (this.admit(penalty.l1, false)) continue;
      this.#refresh(true);
      if (!this.admit(penalty.l1, true)) return true;
    }
  }

  #begin(): void {
    const { outcome, view } = this.shared;
    const { v, r } = view.matrix.kernel;
    v.set(view.weights);
    for (let i = 0; i < outcome.length; i++) r[i] = view.weights[i]! * (outcome[i]! - this.#fit[i]!);
    this.#squares.begin();
  }

  #applySteps(): void {
    const { matrix, scale, shift } = this.view;
    const { move } = matrix.kernel;
    move.fill(0);
    for (let m = 0; m < this.working.size; m++) {
      const j = this.working.members[m]!;
      const step = this.#squares.steps[j]!;
      if (step !== 0) matrix.kernel.addToMove(j, step * scale[j]!, shift[j]!);
    }
    for (let i = 0; i < move.length; i++) this.#fit[i]! += move[i]!;
  }

  #refresh(all: boolean): void {
    const { working, view, gradient } = this;
    if (all) {
      for (let j = 0; j < gradient.length; j++) if (view.constant[j] === 0) gradient[j] = this.#squares.gradient(j);
      return;
    }
    for (let s = 0; s < working.strongSize; s++) gradient[working.strong[s]!] = this.#squares.gradient(working.strong[s]!);
  }

  protected override residual(): number {
    const { outcome, view } = this.shared;
    let total = 0;
    for (let i = 0; i < outcome.length; i++) total += view.weights[i]! * (outcome[i]! - this.#fit[i]!) ** 2;
    return total;
  }
}

/** Σ w x̃_j x̃_k for all pairs, shape [cols, cols]; zero where a column is constant. */
function crossProducts(view: View): Float64Array {
  const { matrix, weights, scale, shift, constant } = view;
  const { kernel, cols } = matrix;
  kernel.v.set(weights);
  const { table, width } = kernel.crossTable();
  const means = Float64Array.from({ length: cols }, (_, j) => kernel.moments(j)[0]!);
  const products = new Float64Array(cols * cols);
  for (let j = 0; j < cols; j++) {
    for (let k = j; k < cols; k++) {
      if (constant[j] === 1 || constant[k] === 1) continue;
      const centred = table[j * width + k]! - shift[j]! * means[k]! - shift[k]! * means[j]! + shift[j]! * shift[k]!;
      const product = scale[j]! * scale[k]! * centred;
      products[j * cols + k] = product;
      products[k * cols + j] = product;
    }
  }
  return products;
}
