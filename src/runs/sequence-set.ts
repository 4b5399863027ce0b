/** Ranges that may be apart at the same time: a reporter with more gaps is refused. */
const RANGES_MAX = 1000;

/**
 * The numbers that one producer's accepted rows have, as sorted ranges that do not touch: [first, last, first, last, …].
 * Usually one range. Requests may arrive in any order, repeated, or cut differently.
 */
export class SequenceSet {
  #ranges: number[];

  constructor(ranges: readonly number[] = []) {
    this.#ranges = [...ranges];
  }

  get ranges(): readonly number[] {
    return this.#ranges;
  }

  get isFull(): boolean {
    return this.#ranges.length >= 2 * RANGES_MAX;
  }

  /** The rows of a batch (0 … count − 1) whose numbers are new. `null`: all of them. */
  newRows(first: number, count: number): Uint32Array | null {
    const last = first + count - 1;
    const overlaps: [number, number][] = [];
    for (let i = 0; i < this.#ranges.length; i += 2) {
      const from = Math.max(first, this.#ranges[i]!);
      const to = Math.min(last, this.#ranges[i + 1]!);
      if (from <= to) overlaps.push([from - first, to - first]);
    }
    if (overlaps.length === 0) return null;
    const isOld = new Uint8Array(count);
    for (const [from, to] of overlaps) isOld.fill(1, from, to + 1);
    return Uint32Array.from({ length: count }, (_, row) => row).filter((row) => isOld[row] === 0);
  }

  /** Adds first … first + count − 1. Cost: O(1) when it continues the last range, else O(ranges). */
  add(first: number, count: number): void {
    const ranges = this.#ranges;
    const end = first + count - 1;
    const tail = ranges.length - 1;
    if (tail > 0 && first === ranges[tail]! + 1) {
      ranges[tail] = end;
      return;
    }
    const merged: number[] = [];
    let low = first;
    let high = end;
    let isPlaced = false;
    for (let i = 0; i < ranges.length; i += 2) {
      const from = ranges[i]!;
      const to = ranges[i + 1]!;
      if (to < low - 1) merged.push(from, to);
      else if (from > high + 1) {
        if (!isPlaced) merged.push(low, high);
        isPlaced = true;
        merged.push(from, to);
      } else {
        low = Math.min(low, from);
        high = Math.max(high, to);
      }
    }
    if (!isPlaced) merged.push(low, high);
    this.#ranges = merged;
  }
}
