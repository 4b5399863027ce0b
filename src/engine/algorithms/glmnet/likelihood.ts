import { WorkingLeastSquares } from "./least-squares.ts";
import { type PathPoint, type PathSolver, type SolverOptions, WorkingSet } from "./path.ts";
import type { View } from "./view.ts";

/** Probability given to a class that no row has. */
const ABSENT = 1e-9;
/** Working weights are kept above this share of the case weight, so that rows fitted perfectly do not divide by zero. */
const SMALLEST_WORKING_WEIGHT = 1e-9;
const HALVINGS = 25;
/**
 * A Newton step that moves no score by more than this cannot make the objective worse, so it is not checked: the curvature p (1 − p) changes by
 * at most a factor of e^0.69 < 2 on the way.
 */
const SAFE_MOVE = 0.69;

/**
 * Logistic (one set of coefficients, of the second class) or multinomial regression (one set per class) with the elastic-net penalty:
 * −Σ w log p(y) + λ (α Σ|b| + (1 − α)/2 Σ b²), Σw = 1.
 *
 * Newton steps on one class at a time, each a penalised least-squares problem; a step that makes the objective worse is halved. Multinomial
 * coefficients of a feature are shifted together to where the penalty is smallest, and intercepts to mean zero, which changes no probability.
 *
 * @param codes class of each row, 0 … classes − 1. Classes without rows (or weight) get probability 1e-9 and no slopes.
 */
export function likelihoodSolver(view: View, codes: Float64Array, classes: number, options: SolverOptions): PathSolver {
  return new LikelihoodPath(view, codes, classes, options);
}

/** One set of coefficients. Binomial: the log-odds of class 1. Multinomial: the score of one class. */
interface Block {
  /** Class whose indicator is the outcome of this block. */
  readonly code: number;
  /** Whether it can be fitted: the class occurs, and not in every row. */
  readonly live: boolean;
  readonly slopes: Float64Array;
  eta: Float64Array;
  /** exp(eta). */
  exp: Float64Array;
  readonly gradient: Float64Array;
  /** The version of the scores that every entry of `gradient` belongs to; −1 when entries differ. */
  gradientOf: number;
  readonly working: WorkingSet;
}

class LikelihoodPath implements PathSolver {
  readonly view: View;
  readonly sets: number;
  readonly lambdaMax: number;
  readonly nullDeviance: number;
  readonly #codes: Float64Array;
  readonly #options: SolverOptions;
  readonly #blocks: readonly Block[];
  readonly #intercepts: Float64Array;
  readonly #squares: WorkingLeastSquares;
  /** Counts changes of any score. */
  #version = 0;
  /** Row sums of exp(eta) over the classes; binomial: 1 + exp(eta). */
  #sum: Float64Array;
  #passesLeft: number;
  #lambdaBefore: number;
  /** Scores, exponentials and sums as they would be after a step; they change places with the real ones when it is taken. */
  #spareEta: Float64Array;
  #spareExp: Float64Array;
  #spareSum: Float64Array;

  constructor(view: View, codes: Float64Array, classes: number, options: SolverOptions) {
    const { rows, cols } = view.matrix;
    this.view = view;
    this.#codes = codes;
    this.#options = options;
    this.#passesLeft = options.maxit;
    this.#squares = new WorkingLeastSquares(view);
    this.#spareEta = new Float64Array(rows);
    this.#spareExp = new Float64Array(rows);
    this.#spareSum = new Float64Array(rows);
    this.sets = classes === 2 ? 1 : classes;
    const shares = classShares(codes, view.weights, classes);
    this.#intercepts = startingIntercepts(shares, view.intercept);
    this.#blocks = Array.from(this.#intercepts, (intercept, k) => {
      const code = classes === 2 ? 1 : k;
      const share = shares[code]!;
      return {
        code,
        live: share > 0 && share < 1,
        slopes: new Float64Array(cols),
        eta: new Float64Array(rows).fill(intercept),
        exp: new Float64Array(rows).fill(Math.exp(intercept)),
        gradient: new Float64Array(cols),
        gradientOf: -1,
        working: new WorkingSet(cols),
      };
    });
    this.#sum = new Float64Array(rows).fill(classes === 2 ? 1 : 0);
    for (const block of this.#blocks) for (let i = 0; i < rows; i++) this.#sum[i]! += block.exp[i]!;
    this.nullDeviance = shares.some((share) => share === 1) ? 0 : 2 * this.#lossNow();
    let largest = 0;
    for (const block of this.#blocks) {
      if (!block.live) continue;
      this.#refresh(block, true);
      for (const g of block.gradient) largest = Math.max(largest, Math.abs(g));
    }
    this.lambdaMax = largest / Math.max(options.alpha, 1e-3);
    this.#lambdaBefore = this.lambdaMax;
  }

  advance(lambda: number): PathPoint {
    const { alpha } = this.#options;
    for (const block of this.#blocks) {
      if (block.live) block.working.screen(block.gradient, this.view.constant, alpha * (2 * lambda - this.#lambdaBefore));
    }
    this.#lambdaBefore = Math.min(lambda, this.#lambdaBefore);
    const converged = this.#descend({ l1: lambda * alpha, l2: lambda * (1 - alpha) });
    return { explained: this.nullDeviance === 0 ? 0 : 1 - (2 * this.#lossNow()) / this.nullDeviance, nonzero: this.#nonzero(), converged };
  }

  current(): { intercepts: Float64Array; slopes: readonly Float64Array[] } {
    return { intercepts: this.#intercepts, slopes: this.#blocks.map((block) => block.slopes) };
  }

  #descend(penalty: { l1: number; l2: number }): boolean {
    const threshold = (this.#options.thresh * this.nullDeviance) / 2;
    const live = this.#blocks.filter((block) => block.live);
    if (live.length === 0) return true;
    for (;;) {
      let largest = 0;
      let admitted = false;
      for (const block of live) {
        this.#refresh(block, false);
        admitted = this.#admit(block, penalty.l1, false) || admitted;
        largest = Math.max(largest, this.#newtonStep(block, penalty, threshold));
      }
      if (this.sets > 1) {
        this.#resum();
        this.#balance(live);
      }
      const settled = largest < threshold && !admitted;
      if (!settled && this.#passesLeft > 0) continue;
      for (const block of live) this.#refresh(block, true);
      if (this.#passesLeft <= 0) return false;
      let missed = false;
      for (const block of live) missed = this.#admit(block, penalty.l1, true) || missed;
      if (!missed) return true;
    }
  }

  /** Sets up the least-squares problem at the current fit and brings the gradients of strong (or all) columns up to date. */
  #refresh(block: Block, all: boolean): void {
    const { v, r } = this.view.matrix.kernel;
    const { weights, constant } = this.view;
    const { exp, code, gradient, working } = block;
    const sum = this.#sum;
    const codes = this.#codes;
    for (let i = 0; i < v.length; i++) {
      const weight = weights[i]!;
      const share = exp[i]! / sum[i]!;
      const curvature = share * (1 - share);
      v[i] = weight * Math.max(curvature, SMALLEST_WORKING_WEIGHT);
      r[i] = weight * (codes[i] === code ? 1 - share : -share);
    }
    this.#squares.begin();
    if (block.gradientOf === this.#version) return;
    block.gradientOf = all ? this.#version : -1;
    if (all) {
      for (let j = 0; j < gradient.length; j++) if (constant[j] === 0) gradient[j] = this.#squares.gradient(j);
    } else {
      for (let s = 0; s < working.strongSize; s++) gradient[working.strong[s]!] = this.#squares.gradient(working.strong[s]!);
    }
  }

  #admit(block: Block, l1: number, all: boolean): boolean {
    const { working, gradient } = block;
    const count = all ? gradient.length : working.strongSize;
    let admitted = false;
    for (let s = 0; s < count; s++) {
      const j = all ? s : working.strong[s]!;
      if (working.has(j) || this.view.constant[j] === 1 || Math.abs(gradient[j]!) <= l1) continue;
      working.add(j);
      admitted = true;
    }
    return admitted;
  }

  /** One Newton step of one block, halved until the objective does not get worse. Returns the largest change of a coefficient. */
  #newtonStep(block: Block, penalty: { l1: number; l2: number }, threshold: number): number {
    const { working, slopes } = block;
    const squares = this.#squares;
    const { members, size } = working;
    const costBefore = penaltyOf(slopes, working, penalty);
    this.#passesLeft -= squares.solve(members, size, slopes, penalty, threshold, Math.max(1, this.#passesLeft));
    let largest = squares.sumV * squares.interceptStep ** 2;
    for (let m = 0; m < size; m++) largest = Math.max(largest, squares.curvature(members[m]!) * squares.steps[members[m]!]! ** 2);
    if (largest === 0) return 0;
    this.#computeMove(block);
    if (this.#tryMove(block, 1) > SAFE_MOVE) return largest * this.#checkedShare(block, penalty, costBefore) ** 2;
    this.#swap(block);
    this.#intercepts[this.#blocks.indexOf(block)]! += squares.interceptStep;
    return largest;
  }

  /** Halves a long step until the objective is not worse. Returns the share that was taken; 0 when none helps. */
  #checkedShare(block: Block, penalty: { l1: number; l2: number }, costBefore: number): number {
    const { slopes, working } = block;
    const { members, size } = working;
    const { steps, interceptStep } = this.#squares;
    this.#resum();
    const before = this.#lossNow() + costBefore;
    const tolerance = 1e-13 * Math.max(1, before);
    for (let halving = 0, share = 1; halving <= HALVINGS; halving++, share /= 2) {
      this.#tryMove(block, share);
      this.#swap(block);
      this.#resum();
      if (this.#lossNow() + penaltyOf(slopes, working, penalty) <= before + tolerance) {
        this.#intercepts[this.#blocks.indexOf(block)]! += share * interceptStep;
        return share;
      }
      this.#swap(block);
      const keep = halving === HALVINGS ? 0 : share / 2;
      for (let m = 0; m < size; m++) slopes[members[m]!]! -= (share - keep) * steps[members[m]!]!;
    }
    this.#resum();
    return 0;
  }

  /** The change of eta under the whole step. */
  #computeMove(block: Block): void {
    const { matrix, scale, shift } = this.view;
    const { kernel } = matrix;
    const { steps, interceptStep } = this.#squares;
    kernel.move.fill(interceptStep);
    for (let m = 0; m < block.working.size; m++) {
      const j = block.working.members[m]!;
      if (steps[j] !== 0) kernel.addToMove(j, steps[j]! * scale[j]!, shift[j]!);
    }
  }

  /** Fills the spare vectors with what `share` of the move leads to. Returns the longest move of a score. */
  #tryMove(block: Block, share: number): number {
    const { move } = this.view.matrix.kernel;
    const { eta, exp } = block;
    const sum = this.#sum;
    const [toEta, toExp, toSum] = [this.#spareEta, this.#spareExp, this.#spareSum];
    const single = this.sets === 1;
    let longest = 0;
    for (let i = 0; i < eta.length; i++) {
      const by = share * move[i]!;
      if (by > longest) longest = by;
      else if (-by > longest) longest = -by;
      const next = eta[i]! + by;
      const raised = Math.exp(next);
      toEta[i] = next;
      toExp[i] = raised;
      toSum[i] = single ? 1 + raised : sum[i]! + (raised - exp[i]!);
    }
    return longest;
  }

  /** Takes the step that the spare vectors hold, or takes it back. */
  #swap(block: Block): void {
    [block.eta, this.#spareEta] = [this.#spareEta, block.eta];
    [block.exp, this.#spareExp] = [this.#spareExp, block.exp];
    [this.#sum, this.#spareSum] = [this.#spareSum, this.#sum];
    this.#version += 1;
  }

  /** Row sums from scratch: between, they are updated by differences, which lose digits on long steps. */
  #resum(): void {
    const [first, ...others] = this.#blocks;
    const sum = this.#sum;
    if (others.length === 0) {
      for (let i = 0; i < sum.length; i++) sum[i] = 1 + first!.exp[i]!;
      return;
    }
    sum.set(first!.exp);
    for (const { exp } of others) for (let i = 0; i < sum.length; i++) sum[i]! += exp[i]!;
  }

  #lossNow(): number {
    const { weights } = this.view;
    let loss = 0;
    for (let i = 0; i < weights.length; i++) {
      if (weights[i] === 0) continue;
      const block = this.sets === 1 ? (this.#codes[i] === 1 ? this.#blocks[0] : undefined) : this.#blocks[this.#codes[i]!];
      loss += weights[i]! * (Math.log(this.#sum[i]!) - (block?.eta[i] ?? 0));
    }
    return loss;
  }

  /** Shifts each feature's coefficients by one number for all classes; eta keeps a common offset per row, which no probability sees. */
  #balance(live: readonly Block[]): void {
    const values = new Float64Array(live.length);
    for (let j = 0; j < this.view.matrix.cols; j++) {
      if (!live.some((block) => block.slopes[j] !== 0)) continue;
      for (let k = 0; k < live.length; k++) values[k] = live[k]!.slopes[j]!;
      const shift = cheapestShift(values.sort(), this.#options.alpha);
      if (shift === 0) continue;
      for (const block of live) {
        block.slopes[j]! -= shift;
        if (block.slopes[j] !== 0) block.working.add(j);
      }
    }
    if (!this.view.intercept) return;
    let mean = 0;
    for (const intercept of this.#intercepts) mean += intercept / this.#intercepts.length;
    for (let k = 0; k < this.#intercepts.length; k++) this.#intercepts[k]! -= mean;
  }

  #nonzero(): number {
    let count = 0;
    if (this.sets === 1) {
      const { working, slopes } = this.#blocks[0]!;
      for (let m = 0; m < working.size; m++) if (slopes[working.members[m]!] !== 0) count += 1;
      return count;
    }
    for (let j = 0; j < this.view.matrix.cols; j++) if (this.#blocks.some((block) => block.slopes[j] !== 0)) count += 1;
    return count;
  }
}

/**
 * The c that minimises Σ α|b − c| + (1 − α)/2 (b − c)² over the sorted values b: the median for alpha 1, the mean for alpha 0. Where a whole
 * interval does, its point nearest to zero.
 */
export function cheapestShift(sorted: Float64Array, alpha: number): number {
  const count = sorted.length;
  if (alpha === 1) {
    const low = sorted[Math.floor((count - 1) / 2)]!;
    const high = sorted[Math.floor(count / 2)]!;
    return Math.min(high, Math.max(low, 0));
  }
  let total = 0;
  for (const value of sorted) total += value;
  // Between two neighbours the slope in c is α(2·below − count) − (1 − α)(total − count·c); it grows with c, so the first zero is the answer.
  for (let below = 0; below <= count; below++) {
    const root = total / count - (alpha * (2 * below - count)) / ((1 - alpha) * count);
    const high = below === count ? Number.POSITIVE_INFINITY : sorted[below]!;
    if (root <= high) return below === 0 ? root : Math.max(root, sorted[below - 1]!);
  }
  return total / count;
}

function penaltyOf(slopes: Float64Array, working: WorkingSet, penalty: { l1: number; l2: number }): number {
  let absolute = 0;
  let squares = 0;
  for (let m = 0; m < working.size; m++) {
    const slope = slopes[working.members[m]!]!;
    absolute += Math.abs(slope);
    squares += slope * slope;
  }
  return penalty.l1 * absolute + 0.5 * penalty.l2 * squares;
}

function classShares(codes: Float64Array, weights: Float64Array, classes: number): Float64Array {
  const shares = new Float64Array(classes);
  const seen = new Uint8Array(classes);
  for (let i = 0; i < codes.length; i++) {
    shares[codes[i]!]! += weights[i]!;
    if (weights[i]! > 0) seen[codes[i]!] = 1;
  }
  // Rounding must not hide that a class has every row.
  const present = seen.reduce((count, one) => count + one, 0);
  return present === 1 ? Float64Array.from(seen) : shares;
}

function startingIntercepts(shares: Float64Array, intercept: boolean): Float64Array {
  const logs = shares.map((share) => Math.log(Math.min(1 - ABSENT, Math.max(share, ABSENT))));
  const fixed = intercept || shares.some((share) => share === 1);
  if (shares.length === 2) return Float64Array.of(fixed ? logs[1]! - logs[0]! : 0);
  if (!fixed) return shares.map((share) => (share === 0 ? Math.log(ABSENT) : 0));
  const mean = logs.reduce((sum, log) => sum + log / logs.length, 0);
  return logs.map((log) => log - mean);
}
