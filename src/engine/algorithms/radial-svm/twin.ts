import { exponential } from "../light-gbm/exponential.ts";
import type { Layout, RowOperations } from "./rows.ts";

/** `KernelRows` in plain code: its oracle in tests. */
export class PlainRows implements RowOperations {
  readonly f: Float64Array;
  readonly up: Float64Array;
  readonly low: Float64Array;
  readonly #table: Float64Array;
  readonly #columns: number;
  readonly #gamma: number;
  readonly #layout: Layout;

  constructor(table: Float64Array, columns: number, gamma: number, layout: Layout) {
    this.#columns = columns;
    this.#gamma = gamma;
    this.#layout = layout;
    this.f = new Float64Array(layout.size);
    this.up = new Float64Array(layout.size);
    this.low = new Float64Array(layout.size);
    this.#table = new Float64Array(layout.size * columns);
    for (const [place, row] of layout.rowAt.entries()) {
      if (row >= 0) this.#table.set(table.subarray(row * columns, (row + 1) * columns), place * columns);
    }
  }

  value(i: number, j: number): number {
    let distance = 0;
    for (let c = 0; c < this.#columns; c++) {
      const difference = this.#table[j * this.#columns + c]! - this.#table[i * this.#columns + c]!;
      distance += difference * difference;
    }
    return Math.fround(exponential(-this.#gamma * distance));
  }

  searchFirst(segments: readonly number[]): { readonly row: number; readonly value: number } {
    let row = -1;
    let value = Number.NEGATIVE_INFINITY;
    for (const t of this.#places(segments)) {
      const score = this.f[t]! + this.up[t]!;
      if (score > value) {
        value = score;
        row = t;
      }
    }
    return { row, value };
  }

  move(i: number, j: number, delta: number, segments: readonly number[]): { readonly row: number; readonly value: number } {
    for (const t of this.#places(segments)) this.f[t]! -= delta * (this.value(i, t) - this.value(j, t));
    return this.searchFirst(segments);
  }

  searchSecond(i: number, first: number, segments: readonly number[]): { readonly row: number; readonly least: number } {
    let row = -1;
    let best = Number.NEGATIVE_INFINITY;
    let least = Number.POSITIVE_INFINITY;
    for (const t of this.#places(segments)) {
      const value = this.f[t]! + this.low[t]!;
      least = Math.min(least, value);
      if (!(first - value > 0)) continue;
      const k = this.value(i, t);
      const gain = ((first - value) * (first - value)) / Math.max(1e-12, 2 - (k + k));
      if (gain > best) {
        best = gain;
        row = t;
      }
    }
    return { row, least };
  }

  *#places(segments: readonly number[]): Generator<number, void, void> {
    for (const segment of segments) {
      const { from, to } = this.#layout.segments[segment]!;
      for (let t = from; t < to; t++) yield t;
    }
  }
}
