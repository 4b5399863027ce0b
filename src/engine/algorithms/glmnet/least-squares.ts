import type { Kernel } from "./kernel.ts";
import { soft, type View } from "./view.ts";

/** Above this many columns a square table of their products is not built. */
const LARGEST_TABLE = 1500;

/**
 * One penalised weighted least-squares problem, solved by cyclical coordinate descent over a few columns:
 * minimise ½ Σ v (z − b0 − x̃b)² + l1 Σ|b| + ½ l2 Σ b², given r = v (z − current fit).
 *
 * The first passes work on the residual ("naive" updates, O(n) per column); when they do not settle soon, a table of products of the columns
 * is built and the rest of the passes cost O(1) per column and O(columns) per change ("covariance" updates). The switch comes when the passes
 * spent equal the price of the table, so the cost is at most twice that of the better choice.
 *
 * Use: write the kernel's `v` and `r`, call `begin`, read gradients, call `solve`, then read `steps` and `interceptStep`. Nothing else may use
 * the kernel's vectors in between: they are shared by all who work on its columns.
 */
export class WorkingLeastSquares {
  /** By how much `solve` moved each coefficient; only entries of its columns are meaningful. */
  readonly steps: Float64Array;
  interceptStep = 0;
  sumV = 0;
  readonly #view: View;
  #sumR = 0;
  /** Per column: Σ v x̃ and Σ v x̃². */
  readonly #first: Float64Array;
  readonly #second: Float64Array;
  readonly #kernel: Kernel;
  #table = new Float64Array(0);

  constructor(view: View) {
    const { kernel, cols } = view.matrix;
    this.#view = view;
    this.#kernel = kernel;
    this.steps = new Float64Array(cols);
    this.#first = new Float64Array(cols);
    this.#second = new Float64Array(cols);
  }

  /** Call after writing `v` and `r`. */
  begin(): void {
    this.sumV = this.#kernel.sumV();
    this.#sumR = this.#kernel.sumR();
  }

  /** x̃_j · r: minus the slope of the unpenalised objective along coefficient j. Cost: O(rows). */
  gradient(j: number): number {
    const { scale, shift } = this.#view;
    return scale[j]! * (this.#kernel.dotResidual(j) - shift[j]! * this.#sumR);
  }

  /** Σ v x̃_j², known for the columns of the last `solve`. */
  curvature(j: number): number {
    return this.#second[j]!;
  }

  /**
   * Descends over columns `members[0 … size)` and the intercept until no step improves by `threshold` or `passes` are used up.
   * `slopes` is updated in place. Returns the passes used.
   */
  solve(
    members: Int32Array,
    size: number,
    slopes: Float64Array,
    penalty: { l1: number; l2: number },
    threshold: number,
    passes: number,
  ): number {
    this.interceptStep = 0;
    for (let m = 0; m < size; m++) this.#moments(members[m]!);
    const tableFits = size <= LARGEST_TABLE && size <= 2 * this.#kernel.v.length;
    const naivePasses = tableFits ? Math.min(passes, 1 + Math.floor(size / 5)) : passes;
    for (let pass = 1; pass <= naivePasses; pass++) {
      if (this.#naivePass(members, size, slopes, penalty) < threshold) return pass;
    }
    if (naivePasses >= passes) return passes;
    return naivePasses + this.#solveByTable(members, size, slopes, penalty, threshold, passes - naivePasses);
  }

  #moments(j: number): void {
    const { scale, shift } = this.#view;
    const [first = 0, second = 0] = this.#kernel.moments(j);
    const s = shift[j]!;
    const factor = scale[j]!;
    this.steps[j] = 0;
    this.#first[j] = factor * (first - s * this.sumV);
    this.#second[j] = Math.max(0, factor * factor * (second - 2 * s * first + s * s * this.sumV));
  }

  #naivePass(members: Int32Array, size: number, slopes: Float64Array, penalty: { l1: number; l2: number }): number {
    const { scale, shift, intercept } = this.#view;
    const { v, r } = this.#kernel;
    let largest = 0;
    for (let m = 0; m < size; m++) {
      const j = members[m]!;
      const second = this.#second[j]!;
      const before = slopes[j]!;
      const after = soft(this.gradient(j) + second * before, penalty.l1) / (second + penalty.l2);
      const step = after - before;
      if (step === 0 || second === 0) continue;
      slopes[j] = after;
      this.steps[j]! += step;
      const slope = step * scale[j]!;
      this.#kernel.takeStep(j, slope, -slope * shift[j]!);
      this.#sumR -= step * this.#first[j]!;
      largest = Math.max(largest, second * step * step);
    }
    if (intercept && this.sumV > 0) {
      const step = this.#sumR / this.sumV;
      this.interceptStep += step;
      for (let i = 0; i < r.length; i++) r[i]! -= v[i]! * step;
      this.#sumR = 0;
      largest = Math.max(largest, this.sumV * step * step);
    }
    return largest;
  }

  /** Covariance updates. Row and column `size` of the table belong to the intercept. */
  #solveByTable(
    members: Int32Array,
    size: number,
    slopes: Float64Array,
    penalty: { l1: number; l2: number },
    threshold: number,
    passes: number,
  ): number {
    const { intercept } = this.#view;
    const width = size + 1;
    this.#fillTable(members, size);
    const table = this.#table;
    const gradients = new Float64Array(width);
    for (let m = 0; m < size; m++) gradients[m] = this.gradient(members[m]!);
    gradients[size] = this.#sumR;
    for (let pass = 1; pass <= passes; pass++) {
      let largest = 0;
      for (let m = 0; m < size; m++) {
        const j = members[m]!;
        const second = table[m * width + m]!;
        const before = slopes[j]!;
        const after = soft(gradients[m]! + second * before, penalty.l1) / (second + penalty.l2);
        const step = after - before;
        if (step === 0 || second === 0) continue;
        slopes[j] = after;
        this.steps[j]! += step;
        subtractRow(gradients, table, m * width, step);
        largest = Math.max(largest, second * step * step);
      }
      if (intercept && this.sumV > 0) {
        const step = gradients[size]! / this.sumV;
        this.interceptStep += step;
        subtractRow(gradients, table, size * width, step);
        largest = Math.max(largest, this.sumV * step * step);
      }
      if (largest < threshold) return pass;
    }
    return passes;
  }

  #fillTable(members: Int32Array, size: number): void {
    const { scale, shift } = this.#view;
    const width = size + 1;
    if (this.#table.length < width * width) this.#table = new Float64Array(width * width);
    const table = this.#table;
    for (let a = 0; a < size; a++) {
      const j = members[a]!;
      // Σ v x̃_j x̃_k = scale_k (Σ v x̃_j x_k − shift_k Σ v x̃_j)
      this.#kernel.weigh(j, scale[j]!, shift[j]!);
      for (let b = 0; b < a; b++) {
        const k = members[b]!;
        const product = scale[k]! * (this.#kernel.dotScratch(k) - shift[k]! * this.#first[j]!);
        table[a * width + b] = product;
        table[b * width + a] = product;
      }
      table[a * width + a] = this.#second[j]!;
      table[a * width + size] = this.#first[j]!;
      table[size * width + a] = this.#first[j]!;
    }
    table[size * width + size] = this.sumV;
  }
}

function subtractRow(gradients: Float64Array, table: Float64Array, offset: number, step: number): void {
  for (let q = 0; q < gradients.length; q++) gradients[q]! -= step * table[offset + q]!;
}
