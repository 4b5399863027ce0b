import { InvalidArgumentError } from "../../../core/errors.ts";
import type { FitStep, ModelState } from "../../algorithm.ts";
import type { Assign, Clustering } from "../../clustering.ts";
import type { Hyperparameters } from "../../hyperparameter.ts";
import { assertSameColumns } from "../../matrix.ts";
import { type Points, pointsOf } from "../parts.ts";
import { HYPERPARAMETERS } from "./hyperparameters.ts";
import { KdTree, LinearSearch, type Neighbours } from "./kd-tree.ts";

/** Rows looked at between two steps. */
const ROWS_PER_STEP = 2_000;

/**
 * Clusters are where rows lie densely; rows elsewhere are noise (0).
 *
 * - A row is a core row when the weights of the rows at most `eps` away, its own included, sum to `min_points` (each weighs 1 unless `weights`).
 *   Core rows within `eps` of each other share a cluster; a row near a core row joins the first cluster that reaches it, or is noise without
 *   `border_points`.
 * - Distances are euclidean. Clusters are numbered in the order of their first core row. `search` and `bucket_size` change the time, never the result.
 * - New rows get the cluster of the nearest core row at most `eps` away, else 0.
 *
 * Cost: about O(n p log n) with few columns and few rows in reach, O(n² p) at worst. Deterministic; the seed is not used.
 * Source: Ester, Kriegel, Sander & Xu (1996), KDD-96, 226–231. Border rows as in the R package dbscan.
 */
export const dbscan: Clustering = {
  name: "DBSCAN",
  title: "DBSCAN",
  description: "clusters where rows lie densely, and noise elsewhere",
  source: "Ester, Kriegel, Sander & Xu (1996), KDD-96, 226–231",
  hyperparameters: HYPERPARAMETERS,
  *fit(matrix, hyperparameters) {
    const points = pointsOf(matrix);
    const { rows, cols } = points;
    const eps = Number(hyperparameters.eps);
    const reach = yield* reachOf(points, searchOf(points, hyperparameters), eps, weightsOf(hyperparameters, rows));
    const isCore = reach.weights.map((weight) => (weight >= Number(hyperparameters.min_points) ? 1 : 0));
    const { clusters, k } = expanded(reach, isCore, hyperparameters.border_points === true);
    const core = Array.from(isCore.keys()).filter((row) => isCore[row] === 1);
    const noise = clusters.reduce((count, cluster) => (cluster === 0 ? count + 1 : count), 0);
    const coreRows = new Float64Array(core.length * cols);
    for (const [at, row] of core.entries()) coreRows.set(points.values.subarray(row * cols, (row + 1) * cols), at * cols);
    const warnings = k === 0 ? ["No row is a core row: everything is noise. Raise eps or lower min_points."] : [];
    return {
      k,
      clusters,
      centers: null,
      memberships: null,
      facts: { noise, core_points: core.length, border_points: rows - noise - core.length },
      warnings,
      state: () => ({ meta: { eps, columns: cols }, arrays: { core: coreRows, clusters: Int32Array.from(core, (row) => clusters[row]!) } }),
    };
  },
  load,
};

function searchOf(points: Points, { search, bucket_size }: Hyperparameters): Neighbours {
  return search === "linear" ? new LinearSearch(points) : new KdTree(points, Number(bucket_size));
}

function weightsOf({ weights }: Hyperparameters, rows: number): readonly number[] | null {
  if (!Array.isArray(weights)) return null;
  if (weights.length === rows) return weights;
  throw new InvalidArgumentError(`weights has ${weights.length} numbers for ${rows} rows; give one for each row, or none`);
}

/** Who is in reach of whom, row after row. */
interface Reach {
  /** Row i reaches `rows[starts[i]] … rows[starts[i + 1] - 1]`, ascending. */
  readonly starts: Float64Array;
  readonly rows: Int32Array;
  readonly weights: Float64Array;
}

/** More pairs than this (2 GiB) are refused. */
const PAIRS_MAX = 2 ** 29;

function* reachOf(points: Points, search: Neighbours, eps: number, weights: readonly number[] | null): Generator<FitStep, Reach, void> {
  const { rows, cols, values } = points;
  const starts = new Float64Array(rows + 1);
  const sums = new Float64Array(rows);
  const found = new Int32Array(rows);
  let pairs = new Int32Array(rows * 8);
  for (let i = 0; i < rows; i++) {
    const count = search.within(values, i * cols, eps, found);
    const near = found.subarray(0, count).sort();
    const start = starts[i]!;
    if (start + count > PAIRS_MAX) {
      throw new InvalidArgumentError(
        `eps ${eps} puts more pairs of rows in reach than fit in memory; lower eps, or cluster a sample of the rows`,
      );
    }
    if (start + count > pairs.length) {
      const larger = new Int32Array(Math.min(PAIRS_MAX, Math.max(start + count, pairs.length * 2)));
      larger.set(pairs);
      pairs = larger;
    }
    pairs.set(near, start);
    starts[i + 1] = start + count;
    for (const row of near) sums[i]! += weights === null ? 1 : weights[row]!;
    if ((i + 1) % ROWS_PER_STEP === 0 || i + 1 === rows) {
      const step = Math.ceil((i + 1) / ROWS_PER_STEP);
      yield { step, total: Math.ceil(rows / ROWS_PER_STEP), values: {}, measure: "rows" };
    }
  }
  return { starts, rows: pairs, weights: sums };
}

function expanded(reach: Reach, isCore: Float64Array, withBorder: boolean): { clusters: Int32Array; k: number } {
  const count = isCore.length;
  const clusters = new Int32Array(count);
  const waiting = new Int32Array(count);
  let k = 0;
  for (let first = 0; first < count; first++) {
    if (isCore[first] === 0 || clusters[first]! > 0) continue;
    clusters[first] = ++k;
    waiting[0] = first;
    for (let taken = 0, known = 1; taken < known; taken++) {
      const row = waiting[taken]!;
      for (let at = reach.starts[row]!; at < reach.starts[row + 1]!; at++) {
        const other = reach.rows[at]!;
        if (clusters[other]! > 0 || (isCore[other] === 0 && !withBorder)) continue;
        clusters[other] = k;
        if (isCore[other] === 1) waiting[known++] = other;
      }
    }
  }
  return { clusters, k };
}

function load(state: ModelState): Assign {
  const { core, clusters } = state.arrays;
  if (!(core instanceof Float64Array && clusters instanceof Int32Array)) {
    throw new InvalidArgumentError('the saved fit has no arrays "core" and "clusters"; the file is damaged');
  }
  const cols = Number(state.meta.columns);
  const eps = Number(state.meta.eps);
  const own: Points = { rows: clusters.length, cols, values: core };
  return (matrix) => {
    assertSameColumns(matrix, cols);
    const fresh = pointsOf(matrix);
    if (own.rows === 0) return new Int32Array(matrix.rows);
    const search = new KdTree(own, 32);
    const found = new Int32Array(own.rows);
    return Int32Array.from({ length: matrix.rows }, (_, i) => {
      const count = search.within(fresh.values, i * cols, eps, found);
      return count === 0 ? 0 : clusters[closest(own, found.subarray(0, count), fresh, i)]!;
    });
  };
}

/** The candidate nearest to row `i`; the first of equally near ones. */
function closest(own: Points, candidates: Int32Array, fresh: Points, i: number): number {
  let best = -1;
  let least = Number.POSITIVE_INFINITY;
  for (const row of candidates) {
    let sum = 0;
    for (let j = 0; j < own.cols; j++) sum += (own.values[row * own.cols + j]! - fresh.values[i * own.cols + j]!) ** 2;
    if (sum < least || (sum === least && row < best)) {
      least = sum;
      best = row;
    }
  }
  return best;
}
