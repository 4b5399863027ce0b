import { InvalidArgumentError } from "../../core/errors.ts";
import type { Random } from "../../core/random.ts";
import type { ModelState } from "../algorithm.ts";
import type { Assign, FittedClustering } from "../clustering.ts";
import type { HyperparameterSchema, Hyperparameters } from "../hyperparameter.ts";
import { assertSameColumns, type NumericMatrix, transposed } from "../matrix.ts";

/** How far apart two rows are: root of the sum of squares, or sum of absolute differences. */
export type Dist = "euclidean" | "manhattan";

/** Rows to be clustered, shape [n, p], row-major. */
export interface Points {
  readonly rows: number;
  readonly cols: number;
  readonly values: Float64Array;
}

export function pointsOf(matrix: NumericMatrix): Points {
  const cols = matrix.names.length;
  return { rows: matrix.rows, cols, values: transposed(matrix.values, matrix.rows, cols) };
}

export function clustersSchema(count: number): HyperparameterSchema {
  return {
    name: "k",
    title: "Clusters",
    help: "How many clusters to make. More describe the rows more closely and are harder to name.",
    type: "integer",
    default: count,
    min: 1,
    max: 10_000,
    tunable: false,
    level: "basic",
  };
}

export const DIST_SCHEMA: HyperparameterSchema = {
  name: "dist",
  title: "Distance",
  help: "How far apart rows are: along a straight line (euclidean), or column by column (manhattan), which minds outliers less.",
  type: "character",
  default: "euclidean",
  choices: ["euclidean", "manhattan"],
  tunable: false,
  level: "basic",
};

export function distOf({ dist }: Hyperparameters): Dist {
  return dist === "manhattan" ? "manhattan" : "euclidean";
}

/** `k`. @throws {InvalidArgumentError} when there are fewer different rows than clusters. */
export function clusterCount(points: Points, { k }: Hyperparameters): number {
  const asked = Number(k);
  const different = distinctRows(points, asked);
  if (different >= asked) return asked;
  const rows = different === 1 ? "is only 1 different row" : `are only ${different} different rows`;
  throw new InvalidArgumentError(`k is ${asked}, but there ${rows}; ask for at most ${different} clusters`, {
    details: { k: asked, different },
  });
}

/** Different rows, counted up to `enough`. */
function distinctRows({ rows, cols, values }: Points, enough: number): number {
  const seen = new Set<string>();
  for (let i = 0; i < rows && seen.size < enough; i++) seen.add(values.subarray(i * cols, (i + 1) * cols).join(" "));
  return seen.size;
}

/** Distance of row `i` from centre `c`; squared for euclidean, which orders the same and needs no root. */
export function rank(points: Points, i: number, centers: Float64Array, c: number, dist: Dist): number {
  const { cols, values } = points;
  if (dist === "euclidean") return squaredGap(values, i * cols, centers, c * cols, cols);
  let sum = 0;
  for (let j = 0; j < cols; j++) sum += Math.abs(values[i * cols + j]! - centers[c * cols + j]!);
  return sum;
}

/** Sum of squared differences of `count` numbers from `from` and `to` on. Four sums side by side, which processors add at the same time. */
export function squaredGap(a: Float64Array, from: number, b: Float64Array, to: number, count: number): number {
  let first = 0;
  let second = 0;
  let third = 0;
  let fourth = 0;
  let j = 0;
  for (; j + 4 <= count; j += 4) {
    const w = a[from + j]! - b[to + j]!;
    const x = a[from + j + 1]! - b[to + j + 1]!;
    const y = a[from + j + 2]! - b[to + j + 2]!;
    const z = a[from + j + 3]! - b[to + j + 3]!;
    first += w * w;
    second += x * x;
    third += y * y;
    fourth += z * z;
  }
  for (; j < count; j++) first += (a[from + j]! - b[to + j]!) ** 2;
  return first + second + (third + fourth);
}

/** The centre nearest to row `i`; the first of equally near ones. */
export function nearest(points: Points, i: number, centers: Float64Array, k: number, dist: Dist): number {
  let best = 0;
  let least = Number.POSITIVE_INFINITY;
  for (let c = 0; c < k; c++) {
    const away = rank(points, i, centers, c, dist);
    if (away < least) {
      least = away;
      best = c;
    }
  }
  return best;
}

/**
 * k starting centres among the rows, each drawn with a chance that grows with its distance (squared for euclidean) from those before.
 * Source: Arthur & Vassilvitskii (2007), k-means++: the advantages of careful seeding, SODA, 1027–1035.
 */
export function spreadCenters(points: Points, k: number, dist: Dist, random: Random): Float64Array {
  const { rows, cols, values } = points;
  const centers = new Float64Array(k * cols);
  const away = new Float64Array(rows).fill(Number.POSITIVE_INFINITY);
  let chosen = random.integer(rows);
  for (let c = 0; c < k; c++) {
    centers.set(values.subarray(chosen * cols, (chosen + 1) * cols), c * cols);
    let total = 0;
    for (let i = 0; i < rows; i++) {
      away[i] = Math.min(away[i]!, rank(points, i, centers, c, dist));
      total += away[i]!;
    }
    const target = random.next() * total;
    let sum = 0;
    chosen = rows - 1;
    for (let i = 0; i < rows; i++) {
      sum += away[i]!;
      if (away[i]! > 0) chosen = i;
      if (sum > target && away[i]! > 0) break;
    }
  }
  return centers;
}

/** Clusters numbered 1 … k by size, largest first, then by first row; centres and memberships in the same order. */
export function numbered(codes: Int32Array, k: number): { clusters: Int32Array; order: readonly number[]; sizes: readonly number[] } {
  const sizes = new Array<number>(k).fill(0);
  const first = new Array<number>(k).fill(codes.length);
  for (const [row, code] of codes.entries()) {
    sizes[code]!++;
    first[code] = Math.min(first[code]!, row);
  }
  const order = Array.from(sizes.keys()).sort((a, b) => sizes[b]! - sizes[a]! || first[a]! - first[b]! || a - b);
  const place = new Int32Array(k);
  for (const [rankOf, code] of order.entries()) place[code] = rankOf + 1;
  return { clusters: codes.map((code) => place[code]!), order, sizes: order.map((code) => sizes[code]!) };
}

/** Rows of `centers` [k, cols] in the order given. */
export function inOrder(centers: Float64Array, cols: number, order: readonly number[]): Float64Array {
  const result = new Float64Array(order.length * cols);
  for (const [place, code] of order.entries()) result.set(centers.subarray(code * cols, (code + 1) * cols), place * cols);
  return result;
}

/** A clustering by nearest centres. */
export function centeredClustering(
  points: Points,
  centers: Float64Array,
  dist: Dist,
  facts: FittedClustering["facts"],
  warnings: readonly string[] = [],
): FittedClustering {
  const k = centers.length / points.cols;
  const codes = new Int32Array(points.rows);
  for (let i = 0; i < points.rows; i++) codes[i] = nearest(points, i, centers, k, dist);
  const { clusters, order, sizes } = numbered(codes, k);
  const ordered = inOrder(centers, points.cols, order);
  const empty = sizes.filter((size) => size === 0).length;
  return {
    k,
    clusters,
    centers: ordered,
    memberships: null,
    facts,
    warnings: empty === 0 ? warnings : [...warnings, `${empty} of the ${k} clusters have no row; ask for fewer.`],
    state: () => ({ meta: { dist, columns: points.cols }, arrays: { centers: ordered } }),
  };
}

/** The inverse of the state of `centeredClustering`: new rows go to the nearest centre. */
export function loadCenters(state: ModelState): Assign {
  const centers = state.arrays.centers;
  if (!(centers instanceof Float64Array)) throw new InvalidArgumentError('the saved fit has no array "centers"; the file is damaged');
  const cols = Number(state.meta.columns);
  const dist: Dist = state.meta.dist === "manhattan" ? "manhattan" : "euclidean";
  return (matrix) => {
    assertSameColumns(matrix, cols);
    const points = pointsOf(matrix);
    return Int32Array.from({ length: matrix.rows }, (_, i) => nearest(points, i, centers, centers.length / cols, dist) + 1);
  };
}
