import { type DenseMemory, denseMemory } from "../../dense/dense-kernel.ts";
import { type Points, squaredGap } from "../parts.ts";

/**
 * Squared distances of rows from k centres: by vector instructions, or, when the rows do not fit in an instance's memory, by the plain loop
 * that they agree with to the bit. Keeps a copy of the rows, O(n p).
 */
export class CenterGaps {
  readonly #points: Points;
  readonly #k: number;
  readonly #memory: DenseMemory | null;
  readonly #rows: Float64Array;
  readonly #centers: Float64Array;
  readonly #gaps: Float64Array;

  constructor(points: Points, k: number, memory: DenseMemory | null = denseMemory([points.values.length, k * points.cols, k])) {
    this.#points = points;
    this.#k = k;
    this.#memory = memory;
    [this.#rows = points.values, this.#centers = new Float64Array(k * points.cols), this.#gaps = new Float64Array(k)] =
      memory?.vectors ?? [];
    if (memory !== null) this.#rows.set(points.values);
  }

  /** The centres, shape [k, p], row by row; copied. */
  set centers(centers: Float64Array) {
    this.#centers.set(centers);
  }

  /** Squared distances of row `i`, shape [k], in a view that the next call overwrites. Cost: O(k p). */
  of(i: number): Float64Array {
    this.#measure(i, 0, this.#k);
    return this.#gaps;
  }

  /** Squared distance of row `i` from centre `c`. Cost: O(p). */
  between(i: number, c: number): number {
    this.#measure(i, c, 1);
    return this.#gaps[0]!;
  }

  /** From centre `first` on, `count` of them. */
  #measure(i: number, first: number, count: number): void {
    const { cols } = this.#points;
    if (this.#memory !== null) {
      const center = this.#centers.byteOffset + first * cols * 8;
      this.#memory.loops.gaps(this.#rows.byteOffset + i * cols * 8, center, count, cols, this.#gaps.byteOffset);
      return;
    }
    for (let c = 0; c < count; c++) this.#gaps[c] = squaredGap(this.#rows, i * cols, this.#centers, (first + c) * cols, cols);
  }
}
