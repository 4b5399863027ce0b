import type { Points } from "../parts.ts";

/** Rows within a radius of another point. */
export interface Neighbours {
  /** Fills `found` with the rows at most `radius` from the point at `from` in `values`, in no order, and returns how many there are. */
  within(values: Float64Array, from: number, radius: number, found: Int32Array): number;
}

/** Looks at every row. Cost: O(n p) for each question. */
export class LinearSearch implements Neighbours {
  readonly #points: Points;

  constructor(points: Points) {
    this.#points = points;
  }

  within(values: Float64Array, from: number, radius: number, found: Int32Array): number {
    let count = 0;
    for (let i = 0; i < this.#points.rows; i++) if (squared(this.#points, i, values, from) <= radius * radius) found[count++] = i;
    return count;
  }
}

/**
 * Rows in a tree of boxes: each node is cut at the middle row of its widest column until it holds at most `bucketSize` rows.
 * Building costs O(n p log n); a question about O(p log n) plus the rows found when there are few columns, O(n p) at worst.
 * Source: Bentley (1975), doi:10.1145/361002.361007; Friedman, Bentley & Finkel (1977), doi:10.1145/355744.355745.
 */
export class KdTree implements Neighbours {
  readonly #points: Points;
  /** Rows, those of a node side by side. */
  readonly #order: Int32Array;
  readonly #nodes: Node[] = [];

  constructor(points: Points, bucketSize: number) {
    this.#points = points;
    this.#order = Int32Array.from({ length: points.rows }, (_, i) => i);
    this.#build(0, points.rows, Math.max(1, bucketSize));
  }

  within(values: Float64Array, from: number, radius: number, found: Int32Array): number {
    return this.#collect(0, values, from, radius * radius, found, 0);
  }

  #build(start: number, end: number, bucketSize: number): number {
    const id = this.#nodes.length;
    const box = this.#boxOf(start, end);
    const node: Node = { start, end, ...box, right: -1 };
    this.#nodes.push(node);
    const cut = widest(box);
    // A box without extent holds equal rows: there is nothing to cut.
    if (end - start <= bucketSize || box.high[cut]! === box.low[cut]!) return id;
    const { cols, values } = this.#points;
    this.#order.subarray(start, end).sort((a, b) => values[a * cols + cut]! - values[b * cols + cut]! || a - b);
    const middle = (start + end) >> 1;
    this.#build(start, middle, bucketSize);
    node.right = this.#build(middle, end, bucketSize);
    return id;
  }

  #boxOf(start: number, end: number): { low: Float64Array; high: Float64Array } {
    const { cols, values } = this.#points;
    const low = new Float64Array(cols).fill(Number.POSITIVE_INFINITY);
    const high = new Float64Array(cols).fill(Number.NEGATIVE_INFINITY);
    for (let at = start; at < end; at++) {
      const from = this.#order[at]! * cols;
      for (let j = 0; j < cols; j++) {
        low[j] = Math.min(low[j]!, values[from + j]!);
        high[j] = Math.max(high[j]!, values[from + j]!);
      }
    }
    return { low, high };
  }

  #collect(id: number, values: Float64Array, from: number, limit: number, found: Int32Array, already: number): number {
    const node = this.#nodes[id]!;
    let outside = 0;
    for (let j = 0; j < node.low.length && outside <= limit; j++) {
      const value = values[from + j]!;
      const gap = value < node.low[j]! ? node.low[j]! - value : value > node.high[j]! ? value - node.high[j]! : 0;
      outside += gap * gap;
    }
    // A margin for rounding: a row on the edge is judged by its own distance alone.
    if (outside > limit * (1 + 1e-12)) return already;
    let count = already;
    if (node.right >= 0) {
      count = this.#collect(id + 1, values, from, limit, found, count);
      return this.#collect(node.right, values, from, limit, found, count);
    }
    for (let at = node.start; at < node.end; at++) {
      const row = this.#order[at]!;
      if (squared(this.#points, row, values, from) <= limit) found[count++] = row;
    }
    return count;
  }
}

interface Node {
  readonly start: number;
  readonly end: number;
  readonly low: Float64Array;
  readonly high: Float64Array;
  /** The second child; the first follows its parent. −1 for a leaf. */
  right: number;
}

function widest({ low, high }: { readonly low: Float64Array; readonly high: Float64Array }): number {
  let best = 0;
  for (let j = 1; j < low.length; j++) if (high[j]! - low[j]! > high[best]! - low[best]!) best = j;
  return best;
}

function squared({ cols, values: own }: Points, row: number, values: Float64Array, from: number): number {
  let sum = 0;
  for (let j = 0; j < cols; j++) {
    const gap = own[row * cols + j]! - values[from + j]!;
    sum += gap * gap;
  }
  return sum;
}
