import { NeighbourSearch, QUERIES_AT_ONCE } from "../../algorithms/knn/neighbours.ts";

/** The k nearest other rows of each row: those of row i are at `i * k` … `(i + 1) * k - 1`, nearest first, ties by row. */
export interface NearestRows {
  readonly k: number;
  readonly rows: Int32Array;
  /** In the units of the metric, not squared. */
  readonly distances: Float64Array;
}

export type Metric = "euclidean" | "cosine" | "manhattan" | "hamming" | "categorical";

/**
 * Exact nearest rows within one table, shape [n, cols], row-major. Yields now and then, so that the caller can stop. Deterministic.
 *
 * - euclidean: length of the straight line; cosine: 1 − cosine of the angle (a row of zeros is at distance 1 from all);
 *   manhattan: sum of absolute differences; hamming: share of columns that differ; categorical: their number.
 * @param k at least 1, less than n.
 * Cost: O(n² cols).
 */
export function* nearestRows(values: Float64Array, cols: number, k: number, metric: Metric): Generator<void, NearestRows, void> {
  return yield* search(values, cols, values, k, metric, true);
}

/** The same from the rows of one table to those of another, whose row i may be itself here. */
export function* nearestRowsOf(
  values: Float64Array,
  cols: number,
  queries: Float64Array,
  k: number,
  metric: Metric,
): Generator<void, NearestRows, void> {
  return yield* search(values, cols, queries, k, metric, false);
}

function* search(
  values: Float64Array,
  cols: number,
  queries: Float64Array,
  k: number,
  metric: Metric,
  isSame: boolean,
): Generator<void, NearestRows, void> {
  if (metric === "euclidean") return yield* straight(values, cols, queries, k, isSame, Math.sqrt);
  if (metric === "cosine") {
    // Between rows of length 1, half the squared distance is 1 − cosine; rows of zeros stay and are at ½ from the others.
    const known = ofLengthOne(values, cols);
    const asked = isSame ? known : ofLengthOne(queries, cols);
    return yield* straight(known, cols, asked, k, isSame, (squared) => squared / 2);
  }
  return yield* oneByOne(values, cols, queries, k, isSame, apartBy(metric, cols));
}

function* straight(
  values: Float64Array,
  cols: number,
  queries: Float64Array,
  k: number,
  isSame: boolean,
  distanceOf: (squared: number) => number,
): Generator<void, NearestRows, void> {
  const count = queries.length / cols;
  const index = new NeighbourSearch(values, cols, isSame ? k + 1 : k);
  const rows = new Int32Array(count * k);
  const distances = new Float64Array(count * k);
  for (let first = 0; first < count; first += QUERIES_AT_ONCE) {
    const block = queries.subarray(first * cols, Math.min(count, first + QUERIES_AT_ONCE) * cols);
    const found = index.find(block);
    for (let q = 0; q < block.length / cols; q++) {
      let at = (first + q) * k;
      const end = at + k;
      for (let i = found.starts[q]!; at < end; i++) {
        const row = found.rows[i]!;
        if (isSame && row === first + q) continue;
        rows[at] = row;
        distances[at++] = distanceOf(found.distances[i]!);
      }
    }
    yield;
  }
  return { k, rows, distances };
}

function ofLengthOne(values: Float64Array, cols: number): Float64Array {
  const result = values.slice();
  for (let from = 0; from < result.length; from += cols) {
    let squares = 0;
    for (let j = from; j < from + cols; j++) squares += result[j]! ** 2;
    if (squares > 0) for (let j = from; j < from + cols; j++) result[j]! /= Math.sqrt(squares);
  }
  return result;
}

type Apart = (a: Float64Array, from: number, b: Float64Array, to: number) => number;

function apartBy(metric: Metric, cols: number): Apart {
  if (metric === "manhattan") {
    return (a, from, b, to) => {
      let sum = 0;
      for (let j = 0; j < cols; j++) sum += Math.abs(a[from + j]! - b[to + j]!);
      return sum;
    };
  }
  const unit = metric === "hamming" ? cols : 1;
  return (a, from, b, to) => {
    let different = 0;
    for (let j = 0; j < cols; j++) if (a[from + j] !== b[to + j]) different++;
    return different / unit;
  };
}

function* oneByOne(
  values: Float64Array,
  cols: number,
  queries: Float64Array,
  k: number,
  isSame: boolean,
  apart: Apart,
): Generator<void, NearestRows, void> {
  const n = values.length / cols;
  const count = queries.length / cols;
  const rows = new Int32Array(count * k);
  const distances = new Float64Array(count * k).fill(Number.POSITIVE_INFINITY);
  for (let q = 0; q < count; q++) {
    const first = q * k;
    for (let row = 0; row < n; row++) {
      if (isSame && row === q) continue;
      const distance = apart(values, row * cols, queries, q * cols);
      let at = first + k - 1;
      if (distance >= distances[at]!) continue;
      for (; at > first && distances[at - 1]! > distance; at--) {
        distances[at] = distances[at - 1]!;
        rows[at] = rows[at - 1]!;
      }
      distances[at] = distance;
      rows[at] = row;
    }
    if (q % 64 === 0) yield;
  }
  return { k, rows, distances };
}
