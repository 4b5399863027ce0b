import { InvalidArgumentError } from "../../../core/errors.ts";
import { type Random, randomStream } from "../../../core/random.ts";
import type { FitStep, ModelState } from "../../algorithm.ts";
import type { Decomposition, FittedDecomposition, Transform } from "../../decomposition.ts";
import type { Hyperparameters } from "../../hyperparameter.ts";
import { assertSameColumns, type NumericMatrix, transposed } from "../../matrix.ts";
import { arrayOf, componentCount } from "../parts.ts";
import { HYPERPARAMETERS } from "./hyperparameters.ts";
import { distance, type Factors, type NmfMethod, updateFactors, updateW } from "./updates.ts";

/** The distance is looked at once in so many rounds. */
const ROUNDS_PER_STEP = 10;

/**
 * Non-negative matrix factorisation: each row as a sum of k parts, nothing ever subtracted.
 *
 * - X [n, p] ≈ W H with W, H ≥ 0. `transformed` is W, `loadings` is H transposed. `brunet` lowers the Kullback–Leibler divergence, `lee` the
 *   squared error, both by multiplicative updates from a random start; of `nrun` starts the one that ends lowest is kept.
 * - A start ends when ten rounds lower the distance by less than `tol` of itself, or after `maxit` rounds. The problem is not convex: another
 *   seed may end elsewhere.
 * - Scale and order are free in W H; here each component's loadings sum to 1, so that W is in the units of the data, and components are ordered by
 *   their sum over the rows, largest first.
 * - New rows: W with H kept, to 1e-10 in relative change of the distance or 2,000 rounds.
 *
 * Cost: O(nrun · rounds · n p k). All randomness comes from the seed.
 * Source: Lee & Seung (2001), Advances in Neural Information Processing Systems 13; Brunet et al. (2004), doi:10.1073/pnas.0308531101.
 */
export const nmf: Decomposition = {
  name: "NMF",
  title: "Non-negative factors",
  description: "non-negative factors: each row as a sum of parts",
  source: "Lee & Seung (2001), Advances in Neural Information Processing Systems 13; Brunet et al. (2004), doi:10.1073/pnas.0308531101",
  applicable: true,
  hyperparameters: HYPERPARAMETERS,
  *fit(matrix, hyperparameters, seed) {
    assertNonNegative(matrix);
    const warnings: string[] = [];
    const p = matrix.names.length;
    const k = componentCount(matrix, hyperparameters, warnings);
    const v = transposed(matrix.values, matrix.rows, p);
    const settings = settingsOf(hyperparameters);
    let best: Run | null = null;
    for (let run = 0; run < settings.nrun; run++) {
      const factors = randomFactors(v, matrix.rows, p, k, randomStream(seed, run));
      const outcome: Run = yield* oneRun(v, factors, matrix.rows, p, settings, run);
      if (best === null || outcome.distance < best.distance) best = outcome;
    }
    const kept = best as Run; // nrun is at least 1
    if (!kept.hasConverged) warnings.push(`NMF had not settled after ${settings.maxit} rounds; raise maxit or tol.`);
    return fitted(matrix, v, kept, settings.method, warnings);
  },
  load,
};

interface Settings {
  readonly method: NmfMethod;
  readonly nrun: number;
  readonly maxit: number;
  readonly tol: number;
}

interface Run {
  readonly factors: Factors;
  readonly distance: number;
  readonly rounds: number;
  readonly hasConverged: boolean;
}

function settingsOf({ method, nrun, maxit, tol }: Hyperparameters): Settings {
  return { method: method === "lee" ? "lee" : "brunet", nrun: Number(nrun), maxit: Number(maxit), tol: Number(tol) };
}

function* oneRun(
  v: Float64Array,
  factors: Factors,
  n: number,
  p: number,
  { method, nrun, maxit, tol }: Settings,
  run: number,
): Generator<FitStep, Run, void> {
  const steps = Math.ceil(maxit / ROUNDS_PER_STEP);
  let before = distance(v, factors, n, p, method);
  for (let rounds = 0; ; ) {
    const count = Math.min(ROUNDS_PER_STEP, maxit - rounds);
    for (let round = 0; round < count; round++) updateFactors(v, factors, n, p, method);
    rounds += count;
    const now = distance(v, factors, n, p, method);
    const step = run * steps + Math.ceil(rounds / ROUNDS_PER_STEP);
    yield { step, total: nrun * steps, values: { [nrun === 1 ? "training" : `run ${run + 1}`]: now }, measure: measureOf(method) };
    const hasConverged = before - now <= tol * before;
    if (hasConverged || rounds >= maxit) return { factors, distance: now, rounds, hasConverged };
    before = now;
  }
}

/** Uniform numbers, scaled so that the product has the data's mean. */
function randomFactors(v: Float64Array, n: number, p: number, k: number, random: Random): Factors {
  const mean = v.reduce((sum, value) => sum + value, 0) / v.length;
  const scale = 2 * Math.sqrt(mean / k);
  const draw = (size: number): Float64Array => Float64Array.from({ length: size }, () => scale * (1 - random.next()));
  return { w: draw(n * k), h: draw(k * p) };
}

function fitted(matrix: NumericMatrix, v: Float64Array, run: Run, method: NmfMethod, warnings: readonly string[]): FittedDecomposition {
  const { rows } = matrix;
  const p = matrix.names.length;
  const { w, h } = normalised(run.factors, rows, p);
  const k = h.length / p;
  const squares = distance(v, { w, h }, rows, p, "lee") * 2;
  let total = 0;
  for (const value of v) total += value * value;
  return {
    components: Array.from({ length: k }, (_, index) => `NMF_${index + 1}`),
    transformed: transposed(w, k, rows),
    loadings: h,
    metrics: {
      distance: run.distance,
      explained_share: 1 - squares / total,
      rmse: Math.sqrt(squares / v.length),
      iterations: run.rounds,
    },
    warnings,
    state: () => ({ meta: { method, columns: p }, arrays: { h } }),
  };
}

/** The same product with each row of H summing to 1 (or all zero), components ordered by the sums of their columns of W. */
function normalised({ w, h }: Factors, n: number, p: number): Factors {
  const k = h.length / p;
  const sums = Float64Array.from({ length: k }, (_, c) => h.subarray(c * p, (c + 1) * p).reduce((sum, value) => sum + value, 0));
  const weights = new Float64Array(k);
  for (let i = 0; i < n; i++) for (let c = 0; c < k; c++) weights[c]! += w[i * k + c]! * sums[c]!;
  const order = Array.from(weights.keys()).sort((a, b) => weights[b]! - weights[a]! || a - b);
  const result = { w: new Float64Array(n * k), h: new Float64Array(k * p) };
  for (const [rank, c] of order.entries()) {
    const sum = sums[c]!;
    for (let j = 0; j < p; j++) result.h[rank * p + j] = sum > 0 ? h[c * p + j]! / sum : 0;
    for (let i = 0; i < n; i++) result.w[i * k + rank] = w[i * k + c]! * sum;
  }
  return result;
}

function load(state: ModelState): Transform {
  const h = arrayOf(state, "h");
  const method: NmfMethod = state.meta.method === "lee" ? "lee" : "brunet";
  const p = Number(state.meta.columns);
  return (matrix) => {
    assertSameColumns(matrix, p);
    assertNonNegative(matrix);
    const k = h.length / p;
    const v = transposed(matrix.values, matrix.rows, p);
    return transposed(weightsOf(v, h, matrix.rows, p, k, method), k, matrix.rows);
  };
}

/** W for rows V with H kept: a convex problem, so that any positive start leads to the same fit. */
function weightsOf(v: Float64Array, h: Float64Array, n: number, p: number, k: number, method: NmfMethod): Float64Array {
  const w = new Float64Array(n * k);
  for (let i = 0; i < n; i++) {
    const sum = v.subarray(i * p, (i + 1) * p).reduce((total, value) => total + value, 0);
    w.fill(sum / k, i * k, (i + 1) * k);
  }
  let before = distance(v, { w, h }, n, p, method);
  for (let round = 1; round <= 2000; round++) {
    updateW(v, { w, h }, n, p, method);
    if (round % ROUNDS_PER_STEP !== 0) continue;
    const now = distance(v, { w, h }, n, p, method);
    if (before - now <= 1e-10 * before) break;
    before = now;
  }
  return w;
}

function assertNonNegative({ rows, names, values }: NumericMatrix): void {
  const at = values.findIndex((value) => value < 0);
  if (at < 0) return;
  const name = names[Math.floor(at / rows)] ?? "";
  throw new InvalidArgumentError(
    `column "${name}" holds ${values[at]} in row ${(at % rows) + 1}; NMF takes no negative numbers: leave the column out or shift it`,
    { details: { column: name, row: (at % rows) + 1 } },
  );
}

function measureOf(method: NmfMethod): string {
  return method === "lee" ? "squared error" : "divergence";
}
