import { weightedMedian } from "../median.ts";
import { type Dist, nearest, type Points, rank } from "../parts.ts";

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
 * Cost: O(rounds · n k p) at most. `centers` is not modified.
 * Source: Lloyd (1982), doi:10.1109/TIT.1982.1056489; bounds after Hamerly (2010), doi:10.1137/1.9781611972801.12.
 */
export function* lloyd(points: Points, start: Float64Array, dist: Dist, roundsMax: number): Generator<number, LloydResult, void> {
  const k = start.length / points.cols;
  let centers: Float64Array = start.slice();
  const codes = new Int32Array(points.rows).fill(-1);
  const slack = new Slack(points, k);
  for (let iterations = 1; ; iterations++) {
    const changed = slack.assign(centers, codes, dist);
    if (changed > 0) for (const row of fillEmpty(points, centers, codes, k, dist)) slack.forget(row);
    const within = total(points, centers, codes, dist);
    yield within;
    if (changed === 0 || iterations >= roundsMax) return { centers, within, iterations, hasConverged: changed === 0 };
    const moved = dist === "euclidean" ? means(points, codes, k) : medians(points, codes, k);
    slack.centersMoved(centers, moved);
    centers = moved;
  }
}

/** For each row, how much its centre may come nearer to or fall behind others before the nearest one must be looked for again. */
class Slack {
  readonly #points: Points;
  readonly #k: number;
  /** Upper bound of the distance to the row's centre, lower bound of the distance to any other. */
  readonly #upper: Float64Array;
  readonly #lower: Float64Array;

  constructor(points: Points, k: number) {
    this.#points = points;
    this.#k = k;
    this.#upper = new Float64Array(points.rows).fill(Number.POSITIVE_INFINITY);
    this.#lower = new Float64Array(points.rows);
  }

  /** Sends each row to its nearest centre. @returns how many changed. */
  assign(centers: Float64Array, codes: Int32Array, dist: Dist): number {
    let changed = 0;
    for (let i = 0; i < this.#points.rows; i++) {
      // A margin for rounding: bounds are only used where they leave no doubt.
      if (this.#upper[i]! * (1 + 1e-9) < this.#lower[i]!) continue;
      const code = dist === "euclidean" ? this.#search(i, centers) : nearest(this.#points, i, centers, this.#k, dist);
      if (code === codes[i]) continue;
      codes[i] = code;
      changed++;
    }
    return changed;
  }

  centersMoved(before: Float64Array, after: Float64Array): void {
    const { cols, rows } = this.#points;
    let largest = 0;
    for (let c = 0; c < this.#k; c++) {
      let squares = 0;
      for (let j = c * cols; j < (c + 1) * cols; j++) squares += (after[j]! - before[j]!) ** 2;
      largest = Math.max(largest, Math.sqrt(squares));
    }
    for (let i = 0; i < rows; i++) {
      this.#upper[i]! += largest;
      this.#lower[i]! -= largest;
    }
  }

  /** A row whose cluster was changed by others is looked at again. */
  forget(row: number): void {
    this.#upper[row] = Number.POSITIVE_INFINITY;
  }

  /** The centre nearest to a row (the first of equally near ones), and new bounds. */
  #search(i: number, centers: Float64Array): number {
    let best = 0;
    let least = Number.POSITIVE_INFINITY;
    let second = Number.POSITIVE_INFINITY;
    for (let c = 0; c < this.#k; c++) {
      const away = rank(this.#points, i, centers, c, "euclidean");
      if (away < least) {
        second = least;
        least = away;
        best = c;
      } else if (away < second) second = away;
    }
    this.#upper[i] = Math.sqrt(least);
    this.#lower[i] = Math.sqrt(second);
    return best;
  }
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

function means({ rows, cols, values }: Points, codes: Int32Array, k: number): Float64Array {
  const sums = new Float64Array(k * cols);
  const sizes = new Int32Array(k);
  for (let i = 0; i < rows; i++) {
    const to = codes[i]! * cols;
    sizes[codes[i]!]!++;
    for (let j = 0; j < cols; j++) sums[to + j]! += values[i * cols + j]!;
  }
  for (let c = 0; c < k; c++) for (let j = 0; j < cols; j++) sums[c * cols + j]! /= sizes[c]!;
  return sums;
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
