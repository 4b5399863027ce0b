import { weightedMedian } from "../median.ts";
import { type Dist, nearest, type Points, rank } from "../parts.ts";
import { CenterGaps } from "./center-gaps.ts";

export interface LloydResult {
  readonly centers: Float64Array;
  /** Sum over rows of the squared distance (euclidean) or the distance (manhattan) to their centre. */
  readonly within: number;
  readonly iterations: number;
  readonly hasConverged: boolean;
}

/**
 * Moves k centres [k, p] until no row changes its cluster: rows go to the nearest centre, centres to the mean (euclidean) or the median of each
 * column (manhattan) of their rows. A centre without rows moves to the row that is furthest from its own. Yields the sum after each round.
 *
 * Euclidean rounds skip rows whose centre cannot have changed, by bounds on distances; the result is the same to the bit.
 * Cost: O(rounds · n k p) at most. `start` is not modified; `gaps` may be shared by calls with the same points and as many centres.
 * Source: Lloyd (1982), doi:10.1109/TIT.1982.1056489; bounds after Hamerly (2010), doi:10.1137/1.9781611972801.12.
 */
export function* lloyd(
  points: Points,
  start: Float64Array,
  dist: Dist,
  roundsMax: number,
  gaps = new CenterGaps(points, start.length / points.cols),
): Generator<number, LloydResult, void> {
  const k = start.length / points.cols;
  let centers: Float64Array = start.slice();
  const codes = new Int32Array(points.rows).fill(-1);
  const slack = new Slack(points, k, gaps);
  const squares = dist === "euclidean" ? squaresOf(points) : 0;
  const sums = new ClusterSums(points, k);
  for (let iterations = 1; ; iterations++) {
    const changed = dist === "euclidean" ? slack.assign(centers, codes) : assignAll(points, centers, codes, k);
    if (changed > 0) for (const row of fillEmpty(points, centers, codes, k, dist)) slack.forget(row);
    const isDone = changed === 0 && (dist === "manhattan" || sums.isExact);
    if (isDone || iterations >= roundsMax) {
      const within = total(points, centers, codes, dist);
      yield within;
      return { centers, within, iterations, hasConverged: isDone };
    }
    const moved = dist === "euclidean" ? sums.means(codes, changed) : medians(points, codes, k);
    slack.centersMoved(centers, moved, codes);
    centers = moved;
    yield dist === "euclidean" ? squares - explained(points, codes, centers) : total(points, centers, codes, dist);
  }
}

/** Sends each row to its nearest centre by manhattan distance. @returns how many changed. */
function assignAll(points: Points, centers: Float64Array, codes: Int32Array, k: number): number {
  let changed = 0;
  for (let i = 0; i < points.rows; i++) {
    const code = nearest(points, i, centers, k, "manhattan");
    if (code === codes[i]) continue;
    codes[i] = code;
    changed++;
  }
  return changed;
}

/** For each row, how much its centre may come nearer to or fall behind others before the nearest one must be looked for again. Euclidean. */
class Slack {
  readonly #points: Points;
  readonly #k: number;
  readonly #gaps: CenterGaps;
  /** Upper bound of the distance to the row's centre, lower bound of the distance to any other. */
  readonly #upper: Float64Array;
  readonly #lower: Float64Array;

  constructor(points: Points, k: number, gaps: CenterGaps) {
    this.#points = points;
    this.#k = k;
    this.#gaps = gaps;
    this.#upper = new Float64Array(points.rows).fill(Number.POSITIVE_INFINITY);
    this.#lower = new Float64Array(points.rows);
  }

  /** Sends each row to its nearest centre. @returns how many changed. */
  assign(centers: Float64Array, codes: Int32Array): number {
    const reach = this.#halfGaps(centers);
    this.#gaps.centers = centers;
    let changed = 0;
    for (let i = 0; i < this.#points.rows; i++) {
      const code = codes[i]!;
      if (code >= 0) {
        // A margin for rounding: bounds are only used where they leave no doubt.
        const bound = Math.max(this.#lower[i]!, reach[code]!) * (1 - 1e-9);
        if (this.#upper[i]! < bound) continue;
        this.#upper[i] = Math.sqrt(this.#gaps.between(i, code));
        if (this.#upper[i]! < bound) continue;
      }
      const found = this.#search(i);
      if (found === code) continue;
      codes[i] = found;
      changed++;
    }
    return changed;
  }

  /** Bounds follow the centres: a row's own moved away by as much as it moved, the others came nearer by the most that any of them did. */
  centersMoved(before: Float64Array, after: Float64Array, codes: Int32Array): void {
    const { cols, rows } = this.#points;
    const moves = new Float64Array(this.#k);
    for (let c = 0; c < this.#k; c++) {
      let squares = 0;
      for (let j = c * cols; j < (c + 1) * cols; j++) squares += (after[j]! - before[j]!) ** 2;
      moves[c] = Math.sqrt(squares);
    }
    const order = Array.from(moves.keys()).sort((a, b) => moves[b]! - moves[a]!);
    const [first = 0, second = first] = order;
    for (let i = 0; i < rows; i++) {
      const own = codes[i]!;
      this.#upper[i]! += moves[own]!;
      this.#lower[i]! -= own === first && this.#k > 1 ? moves[second]! : moves[first]!;
    }
  }

  /** A row whose cluster was changed by others is looked at again. */
  forget(row: number): void {
    this.#upper[row] = Number.POSITIVE_INFINITY;
    this.#lower[row] = 0;
  }

  /** Half the distance from each centre to the next: rows nearer than that have no other nearest centre. */
  #halfGaps(centers: Float64Array): Float64Array {
    const gaps = new Float64Array(this.#k).fill(Number.POSITIVE_INFINITY);
    const own: Points = { rows: this.#k, cols: this.#points.cols, values: centers };
    for (let a = 0; a < this.#k; a++) {
      for (let b = 0; b < a; b++) {
        const half = Math.sqrt(rank(own, a, centers, b, "euclidean")) / 2;
        if (half < gaps[a]!) gaps[a] = half;
        if (half < gaps[b]!) gaps[b] = half;
      }
    }
    return gaps;
  }

  /** The centre nearest to a row (the first of equally near ones), and new bounds. */
  #search(i: number): number {
    const gaps = this.#gaps.of(i);
    let best = 0;
    let least = Number.POSITIVE_INFINITY;
    let second = Number.POSITIVE_INFINITY;
    for (let c = 0; c < this.#k; c++) {
      const sum = gaps[c]!;
      if (sum < least) {
        second = least;
        least = sum;
        best = c;
      } else if (sum < second) second = sum;
    }
    this.#upper[i] = Math.sqrt(least);
    this.#lower[i] = Math.sqrt(second);
    return best;
  }
}

/** Sum of squares of rows around their mean. */
function squaresOf({ rows, cols, values }: Points): number {
  const mean = new ClusterSums({ rows, cols, values }, 1).means(new Int32Array(rows), rows);
  let sum = 0;
  for (let i = 0; i < rows; i++) for (let j = 0; j < cols; j++) sum += (values[i * cols + j]! - mean[j]!) ** 2;
  return sum;
}

/** The part of it that the means of clusters account for. Cost: O(n + k p). */
function explained({ rows, cols }: Points, codes: Int32Array, centers: Float64Array): number {
  const k = centers.length / cols;
  const sizes = new Float64Array(k);
  for (const code of codes) sizes[code]!++;
  const mean = new Float64Array(cols);
  for (let c = 0; c < k; c++) for (let j = 0; j < cols; j++) mean[j]! += (sizes[c]! * centers[c * cols + j]!) / rows;
  let sum = 0;
  for (let c = 0; c < k; c++) for (let j = 0; j < cols; j++) sum += sizes[c]! * (centers[c * cols + j]! - mean[j]!) ** 2;
  return sum;
}

/** Gives each centre without rows the row that is furthest from its own. @returns those rows. */
function fillEmpty(points: Points, centers: Float64Array, codes: Int32Array, k: number, dist: Dist): number[] {
  const taken: number[] = [];
  const sizes = new Int32Array(k);
  for (const code of codes) sizes[code]!++;
  for (let c = 0; c < k; c++) {
    if (sizes[c]! > 0) continue;
    let furthest = -1;
    let most = 0;
    for (let i = 0; i < points.rows; i++) {
      const away = rank(points, i, centers, codes[i]!, dist);
      if (away > most && sizes[codes[i]!]! > 1) {
        most = away;
        furthest = i;
      }
    }
    if (furthest < 0) return taken;
    sizes[codes[furthest]!]!--;
    sizes[c] = 1;
    codes[furthest] = c;
    centers.set(points.values.subarray(furthest * points.cols, (furthest + 1) * points.cols), c * points.cols);
    taken.push(furthest);
  }
  return taken;
}

/**
 * Sums of the rows of each cluster. While few rows move from cluster to cluster only those are added and taken away, which rounds differently;
 * when none moved any more, everything is added up anew, so that the end does not depend on the way there.
 */
class ClusterSums {
  readonly #points: Points;
  readonly #sums: Float64Array;
  readonly #sizes: Int32Array;
  readonly #known: Int32Array;
  /** Whether the last means were added up anew. */
  isExact = false;

  constructor(points: Points, k: number) {
    this.#points = points;
    this.#sums = new Float64Array(k * points.cols);
    this.#sizes = new Int32Array(k);
    this.#known = new Int32Array(points.rows).fill(-1);
  }

  /** Means of clusters [k, p] after `changed` rows have changed theirs. */
  means(codes: Int32Array, changed: number): Float64Array {
    const { rows, cols } = this.#points;
    this.isExact = changed === 0 || changed > rows / 8;
    if (this.isExact) {
      this.#sums.fill(0);
      this.#sizes.fill(0);
      for (let i = 0; i < rows; i++) this.#add(i, codes[i]!, 1);
    } else {
      for (let i = 0; i < rows; i++) {
        if (codes[i] === this.#known[i]) continue;
        this.#add(i, this.#known[i]!, -1);
        this.#add(i, codes[i]!, 1);
      }
    }
    this.#known.set(codes);
    return this.#sums.map((sum, at) => sum / this.#sizes[Math.floor(at / cols)]!);
  }

  #add(row: number, code: number, sign: 1 | -1): void {
    const { cols, values } = this.#points;
    const from = row * cols;
    const to = code * cols;
    this.#sizes[code]! += sign;
    for (let j = 0; j < cols; j++) this.#sums[to + j]! += sign * values[from + j]!;
  }
}

function medians({ rows, cols, values }: Points, codes: Int32Array, k: number): Float64Array {
  const result = new Float64Array(k * cols);
  for (let c = 0; c < k; c++) {
    const members: number[] = [];
    for (let i = 0; i < rows; i++) if (codes[i] === c) members.push(i);
    for (let j = 0; j < cols; j++) {
      result[c * cols + j] = weightedMedian(
        Float64Array.from(members, (i) => values[i * cols + j]!),
        null,
      );
    }
  }
  return result;
}

function total(points: Points, centers: Float64Array, codes: Int32Array, dist: Dist): number {
  let sum = 0;
  for (let i = 0; i < points.rows; i++) sum += rank(points, i, centers, codes[i]!, dist);
  return sum;
}
