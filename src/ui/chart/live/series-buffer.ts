/**
 * One series of a live chart: points in growable typed arrays with a pyramid of minimum, maximum and sum, so that any window is
 * reduced to pixels without losing a spike.
 *
 * Invariants:
 *  1. x never falls; a point with a smaller x than the last is refused, and one with the same x unless `ties` are allowed.
 *  2. Level k of the pyramid holds one cell for each *full* group of 8^(k+1) points; the tail is read from the level below.
 *  3. Values that are not finite count for nothing in the pyramid; `brokenCount` says how many there are.
 */

const FACTOR = 8;
const START = 64;

interface Level {
  /** Points per cell. */
  readonly size: number;
  length: number;
  min: Float32Array;
  max: Float32Array;
  sum: Float64Array;
  count: Uint32Array;
}

/** What a stretch of points comes to; `count` is 0 and the rest NaN when none is finite. */
export interface Reduced {
  min: number;
  max: number;
  mean: number;
  count: number;
}

export class SeriesBuffer {
  #x = new Float64Array(START);
  #y = new Float32Array(START);
  #length = 0;
  #broken = 0;
  #firstBrokenX = Number.NaN;
  #low = Infinity;
  #high = -Infinity;
  #lowPositive = Infinity;
  readonly #levels: Level[] = [];
  readonly #listeners = new Set<() => void>();
  readonly #ties: boolean;
  #generation = 0;

  constructor({ ties = false }: { readonly ties?: boolean } = {}) {
    this.#ties = ties;
  }

  /** Counts how often the points were put in place anew, so that what was derived from them can tell. */
  get generation(): number {
    return this.#generation;
  }

  /** Points so far. */
  get length(): number {
    return this.#length;
  }

  /** Values that are not finite. */
  get brokenCount(): number {
    return this.#broken;
  }

  /** x of the first value that is not finite; NaN when all are. */
  get firstBrokenX(): number {
    return this.#firstBrokenX;
  }

  /** Smallest and largest finite value; Infinity and -Infinity while there is none. */
  get low(): number {
    return this.#low;
  }

  get high(): number {
    return this.#high;
  }

  /** Smallest value above 0, for logarithmic scales; Infinity while there is none. */
  get lowPositive(): number {
    return this.#lowPositive;
  }

  /** Views of the points; they are stale after the next append. */
  get x(): Float64Array {
    return this.#x.subarray(0, this.#length);
  }

  get y(): Float32Array {
    return this.#y.subarray(0, this.#length);
  }

  xAt(index: number): number {
    return index >= 0 && index < this.#length ? (this.#x[index] as number) : Number.NaN;
  }

  yAt(index: number): number {
    return index >= 0 && index < this.#length ? (this.#y[index] as number) : Number.NaN;
  }

  /** Adds a point; null and infinities break the line. Returns whether it was taken: one at or before the last x is not. */
  append(x: number, y: number | null): boolean {
    const taken = this.#push(x, y);
    if (taken) this.#tell();
    return taken;
  }

  /** Adds points in order, skipping those at or before the last x; one notice for all. Returns how many were taken. */
  appendMany(x: ArrayLike<number>, y: ArrayLike<number | null>): number {
    let taken = 0;
    for (let i = 0; i < Math.min(x.length, y.length); i++) if (this.#push(x[i] as number, y[i] ?? null)) taken += 1;
    if (taken > 0) this.#tell();
    return taken;
  }

  /** Puts these points, in order, in the place of all others. */
  replaceAll(x: ArrayLike<number>, y: ArrayLike<number | null>): void {
    this.#length = 0;
    this.#broken = 0;
    this.#firstBrokenX = Number.NaN;
    this.#low = Infinity;
    this.#high = -Infinity;
    this.#lowPositive = Infinity;
    this.#levels.length = 0;
    this.#generation += 1;
    for (let i = 0; i < Math.min(x.length, y.length); i++) this.#push(x[i] as number, y[i] ?? null);
    this.#tell();
  }

  /** Calls `listener` after every change; returns how to stop. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Index of the first point with x ≥ `x`; `length` when there is none. O(log n). */
  indexAt(x: number): number {
    let low = 0;
    let high = this.#length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#x[middle] as number) < x) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Index of the point nearest to `x`; −1 while empty. */
  nearest(x: number): number {
    const after = this.indexAt(x);
    if (this.#length === 0) return -1;
    if (after === 0) return 0;
    if (after === this.#length) return after - 1;
    return x - (this.#x[after - 1] as number) <= (this.#x[after] as number) - x ? after - 1 : after;
  }

  /** Minimum, maximum and mean of points [from, to), by the pyramid: O(log n) cells. Writes into `out`. */
  reduce(from: number, to: number, out: Reduced): Reduced {
    let min = Infinity;
    let max = -Infinity;
    let sum = 0;
    let count = 0;
    let at = Math.max(0, from);
    const end = Math.min(to, this.#length);
    while (at < end) {
      const level = this.#levelFor(at, end);
      if (level === null) {
        const value = this.#y[at] as number;
        if (Number.isFinite(value)) {
          if (value < min) min = value;
          if (value > max) max = value;
          sum += value;
          count += 1;
        }
        at += 1;
        continue;
      }
      const cell = at / level.size;
      const n = level.count[cell] as number;
      if (n > 0) {
        if ((level.min[cell] as number) < min) min = level.min[cell] as number;
        if ((level.max[cell] as number) > max) max = level.max[cell] as number;
        sum += level.sum[cell] as number;
        count += n;
      }
      at += level.size;
    }
    out.count = count;
    out.min = count > 0 ? min : Number.NaN;
    out.max = count > 0 ? max : Number.NaN;
    out.mean = count > 0 ? sum / count : Number.NaN;
    return out;
  }

  /** The coarsest level with a full cell that starts at `at` and ends by `end`; null for single points. */
  #levelFor(at: number, end: number): Level | null {
    let found: Level | null = null;
    for (const level of this.#levels) {
      if (at % level.size !== 0 || at + level.size > end || at / level.size >= level.length) break;
      found = level;
    }
    return found;
  }

  #push(x: number, y: number | null): boolean {
    if (!Number.isFinite(x)) return false;
    const last = this.#length === 0 ? -Infinity : (this.#x[this.#length - 1] as number);
    if (this.#ties ? x < last : x <= last) return false;
    if (this.#length === this.#x.length) {
      this.#x = grown(this.#x, new Float64Array(this.#length * 2));
      this.#y = grown(this.#y, new Float32Array(this.#length * 2));
    }
    const stored = Math.fround(y ?? Number.NaN);
    this.#x[this.#length] = x;
    this.#y[this.#length] = stored;
    this.#length += 1;
    if (!Number.isFinite(stored)) {
      if (this.#broken === 0) this.#firstBrokenX = x;
      this.#broken += 1;
    } else {
      if (stored < this.#low) this.#low = stored;
      if (stored > this.#high) this.#high = stored;
      if (stored > 0 && stored < this.#lowPositive) this.#lowPositive = stored;
    }
    this.#closeCells();
    return true;
  }

  /** Closes every cell that the last point has filled, from the finest level up. */
  #closeCells(): void {
    let size = FACTOR;
    for (let depth = 0; this.#length % size === 0; depth++, size *= FACTOR) {
      if (this.#levels.length === depth) this.#levels.push(newLevel(size));
      const level = this.#levels[depth] as Level;
      const reduced = this.reduce(this.#length - size, this.#length, { min: 0, max: 0, mean: 0, count: 0 });
      if (level.length === level.min.length) growLevel(level);
      level.min[level.length] = reduced.count > 0 ? reduced.min : Infinity;
      level.max[level.length] = reduced.count > 0 ? reduced.max : -Infinity;
      level.sum[level.length] = reduced.count > 0 ? reduced.mean * reduced.count : 0;
      level.count[level.length] = reduced.count;
      level.length += 1;
    }
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}

function newLevel(size: number): Level {
  return {
    size,
    length: 0,
    min: new Float32Array(START),
    max: new Float32Array(START),
    sum: new Float64Array(START),
    count: new Uint32Array(START),
  };
}

function growLevel(level: Level): void {
  const capacity = level.min.length * 2;
  level.min = grown(level.min, new Float32Array(capacity));
  level.max = grown(level.max, new Float32Array(capacity));
  level.sum = grown(level.sum, new Float64Array(capacity));
  level.count = grown(level.count, new Uint32Array(capacity));
}

function grown<A extends Float32Array | Float64Array | Uint32Array>(old: A, larger: A): A {
  larger.set(old);
  return larger;
}
