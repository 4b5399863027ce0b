import { type Bucket, F, FIELDS, toBucket } from "./roll-up.ts";

/**
 * The buckets of one width that a window touches, bucket i holding x in [i·2ᵏ, (i+1)·2ᵏ). Takes points, and whole buckets of finer grids, in any order of
 * x; of equal x, those that were added later came later. Cost: O(1) each; 96 bytes a bucket of the window.
 */
export class BucketGrid {
  readonly #exponent: number;
  readonly #low: number;
  readonly #count: number;
  readonly #flat: Float64Array;

  constructor(from: number, to: number, exponent: number) {
    this.#exponent = exponent;
    this.#low = Math.floor(from * 2 ** -exponent);
    this.#count = Math.floor(to * 2 ** -exponent) - this.#low + 1;
    this.#flat = new Float64Array(this.#count * FIELDS);
  }

  /** The window is [from, to): whole buckets. */
  get from(): number {
    return this.#low * 2 ** this.#exponent;
  }

  get to(): number {
    return (this.#low + this.#count) * 2 ** this.#exponent;
  }

  /** Adds a point; nulls must not be added. */
  add(x: number, value: number): void {
    const index = Math.floor(x * 2 ** -this.#exponent);
    const at = (index - this.#low) * FIELDS;
    if (at < 0 || at >= this.#flat.length) return;
    const isUsual = value - value === 0;
    POINT.set([index, x, value, x, value, x, value, x, value, isUsual ? value : 0, isUsual ? 1 : 0, 1]);
    this.#merge(at, index, POINT, 0);
  }

  /** Adds the buckets of a grid 2^exponent that is not coarser than this one. */
  addBuckets(flat: Float64Array, exponent: number): void {
    const scale = 2 ** (exponent - this.#exponent);
    for (let from = 0; from < flat.length; from += FIELDS) {
      const index = Math.floor(flat[from]! * scale);
      const at = (index - this.#low) * FIELDS;
      if (at >= 0 && at < this.#flat.length) this.#merge(at, index, flat, from);
    }
  }

  /** Those that hold points, by x. */
  buckets(): Bucket[] {
    const result: Bucket[] = [];
    for (let at = 0; at < this.#flat.length; at += FIELDS) {
      if (this.#flat[at + F.count] !== 0) result.push(toBucket(this.#flat, 2 ** this.#exponent, at));
    }
    return result;
  }

  #merge(a: number, index: number, from: Float64Array, b: number): void {
    const into = this.#flat;
    if (into[a + F.count] === 0) {
      for (let i = 0; i < FIELDS; i++) into[a + i] = from[b + i]!;
      into[a] = index;
      return;
    }
    if (from[b + F.firstX]! < into[a + F.firstX]!) {
      into[a + F.firstX] = from[b + F.firstX]!;
      into[a + F.first] = from[b + F.first]!;
    }
    if (from[b + F.lastX]! >= into[a + F.lastX]!) {
      into[a + F.lastX] = from[b + F.lastX]!;
      into[a + F.last] = from[b + F.last]!;
    }
    if (from[b + F.finite]! > 0) mergeExtremes(into, a, from, b);
    into[a + F.sum]! += from[b + F.sum]!;
    into[a + F.finite]! += from[b + F.finite]!;
    into[a + F.count]! += from[b + F.count]!;
  }
}

/** One point as a bucket. */
const POINT = new Float64Array(FIELDS);

/** Of equal extremes the one at the lesser x is told. */
function mergeExtremes(into: Float64Array, a: number, from: Float64Array, b: number): void {
  const isEmpty = into[a + F.finite] === 0;
  const [min, max] = [from[b + F.min]!, from[b + F.max]!];
  if (isEmpty || min < into[a + F.min]! || (min === into[a + F.min] && from[b + F.minX]! < into[a + F.minX]!)) {
    into[a + F.min] = min;
    into[a + F.minX] = from[b + F.minX]!;
  }
  if (isEmpty || max > into[a + F.max]! || (max === into[a + F.max] && from[b + F.maxX]! < into[a + F.maxX]!)) {
    into[a + F.max] = max;
    into[a + F.maxX] = from[b + F.maxX]!;
  }
}
