/** What is known of the points of one series between two grid lines. `min`, `max` and `mean` are NaN where no value is finite. */
export interface Bucket {
  /** x of the lower grid line. */
  readonly from: number;
  readonly to: number;
  /** By x, then by order of arrival. */
  readonly first: number;
  readonly firstX: number;
  readonly last: number;
  readonly lastX: number;
  readonly min: number;
  readonly minX: number;
  readonly max: number;
  readonly maxX: number;
  /** Of the finite values. */
  readonly mean: number;
  /** Points, nulls not counted. */
  readonly count: number;
  /** Points that are NaN or infinite. */
  readonly nonFinite: number;
}

/** Numbers of one bucket in a flat array, and where each lies. */
export const FIELDS = 12;
export const F = {
  index: 0,
  firstX: 1,
  first: 2,
  lastX: 3,
  last: 4,
  minX: 5,
  min: 6,
  maxX: 7,
  max: 8,
  sum: 9,
  finite: 10,
  count: 11,
} as const;
const FINEST = -40;

/**
 * A series on a fixed grid: bucket i holds the points with x in [i·2ᵏ, (i+1)·2ᵏ). The grid depends on the points only, never on
 * the order in which they came or on whether the run still goes on: k is the smallest exponent from −40 on with which at most
 * `bucketsMax` buckets are occupied. No extreme is lost: each bucket knows its first, last, least and greatest value.
 * Cost: O(1) a point in rising order of x, O(buckets) otherwise; 96 bytes a bucket.
 */
export class RollUp {
  readonly #bucketsMax: number;
  #exponent = FINEST;
  #count = 0;
  #flat = new Float64Array(16 * FIELDS);

  constructor(bucketsMax = 8192) {
    this.#bucketsMax = bucketsMax;
  }

  get exponent(): number {
    return this.#exponent;
  }

  get bucketCount(): number {
    return this.#count;
  }

  /** The buckets as they lie in memory; a view. */
  get flat(): Float64Array {
    return this.#flat.subarray(0, this.#count * FIELDS);
  }

  /** Least and greatest x; null when there are no points. */
  get extent(): { readonly from: number; readonly to: number } | null {
    if (this.#count === 0) return null;
    return { from: this.#flat[F.firstX]!, to: this.#flat[(this.#count - 1) * FIELDS + F.lastX]! };
  }

  /** Adds a point; a null must not be added. NaN and infinities count, and show as first or last, but not in min, max and mean. */
  add(x: number, value: number): void {
    const index = Math.floor(x * 2 ** -this.#exponent);
    const position = this.#place(index);
    const at = position * FIELDS;
    const flat = this.#flat;
    if (position === this.#count || flat[at + F.index] !== index) {
      if (this.#count === this.#bucketsMax) {
        this.#coarsen(index);
        this.add(x, value);
        return;
      }
      this.#insert(position, index, x, value);
      return;
    }
    if (x >= flat[at + F.lastX]!) {
      flat[at + F.lastX] = x;
      flat[at + F.last] = value;
    } else if (x < flat[at + F.firstX]!) {
      flat[at + F.firstX] = x;
      flat[at + F.first] = value;
    }
    flat[at + F.count]!++;
    if (value - value !== 0) return;
    const isEmpty = flat[at + F.finite] === 0;
    if (isEmpty || value < flat[at + F.min]! || (value === flat[at + F.min] && x < flat[at + F.minX]!)) {
      flat[at + F.min] = value;
      flat[at + F.minX] = x;
    }
    if (isEmpty || value > flat[at + F.max]! || (value === flat[at + F.max] && x < flat[at + F.maxX]!)) {
      flat[at + F.max] = value;
      flat[at + F.maxX] = x;
    }
    flat[at + F.finite]!++;
    flat[at + F.sum]! += value;
  }

  /** The occupied buckets that overlap [from, to], on the grid 2^exponent. `exponent` must not be below this one's. */
  buckets(from: number, to: number, exponent = this.#exponent): Bucket[] {
    const scale = 2 ** (this.#exponent - exponent);
    const width = 2 ** exponent;
    const result: Bucket[] = [];
    const flat = this.#flat;
    const merged = new Float64Array(FIELDS);
    let isOpen = false;
    for (let i = 0; i < this.#count; i++) {
      const at = i * FIELDS;
      const index = Math.floor(flat[at]! * scale);
      if ((index + 1) * width <= from) continue;
      if (index * width > to) break;
      if (isOpen && merged[F.index] === index) mergeInto(merged, 0, flat, at);
      else {
        if (isOpen) result.push(toBucket(merged, width));
        merged.set(flat.subarray(at, at + FIELDS));
        merged[F.index] = index;
        isOpen = true;
      }
    }
    if (isOpen) result.push(toBucket(merged, width));
    return result;
  }

  /** Position of the bucket `index`, or where it would be. */
  #place(index: number): number {
    const flat = this.#flat;
    const lastIndex = this.#count === 0 ? Number.NEGATIVE_INFINITY : flat[(this.#count - 1) * FIELDS]!;
    if (index > lastIndex) return this.#count;
    if (index === lastIndex) return this.#count - 1;
    let low = 0;
    let high = this.#count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (flat[middle * FIELDS]! < index) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #insert(position: number, index: number, x: number, value: number): void {
    if ((this.#count + 1) * FIELDS > this.#flat.length) {
      const grown = new Float64Array(this.#flat.length * 2);
      grown.set(this.#flat);
      this.#flat = grown;
    }
    const at = position * FIELDS;
    this.#flat.copyWithin(at + FIELDS, at, this.#count * FIELDS);
    this.#count++;
    const hasValue = value - value === 0;
    this.#flat.set([index, x, value, x, value, x, value, x, value, hasValue ? value : 0, hasValue ? 1 : 0, 1], at);
  }

  /** Widens the grid until one more bucket fits. */
  #coarsen(newIndex: number): void {
    let index = newIndex;
    for (;;) {
      this.#exponent++;
      index = Math.floor(index / 2);
      this.#halve();
      const position = this.#place(index);
      const isThere = position < this.#count && this.#flat[position * FIELDS] === index;
      if (this.#count < this.#bucketsMax || isThere) return;
    }
  }

  #halve(): void {
    const flat = this.#flat;
    let kept = 0;
    for (let i = 0; i < this.#count; i++) {
      const at = i * FIELDS;
      const index = Math.floor(flat[at]! / 2);
      const before = (kept - 1) * FIELDS;
      if (kept > 0 && flat[before] === index) mergeInto(flat, before, flat, at);
      else {
        if (kept !== i) flat.copyWithin(kept * FIELDS, at, at + FIELDS);
        flat[kept * FIELDS] = index;
        kept++;
      }
    }
    this.#count = kept;
  }
}

/** Exponent of the finest grid on which a window crosses at most `bucketsMax` buckets. */
export function gridExponent(from: number, to: number, bucketsMax: number): number {
  const span = Math.max(to - from, 2 ** FINEST);
  let exponent = Math.max(FINEST, Math.floor(Math.log2(span / bucketsMax)) - 1);
  while (Math.floor(to * 2 ** -exponent) - Math.floor(from * 2 ** -exponent) + 1 > bucketsMax) exponent++;
  return exponent;
}

/** `from` lies to the right of `into`. */
function mergeInto(into: Float64Array, a: number, from: Float64Array, b: number): void {
  into[a + F.lastX] = from[b + F.lastX]!;
  into[a + F.last] = from[b + F.last]!;
  if (from[b + F.finite]! > 0) {
    const isEmpty = into[a + F.finite] === 0;
    if (isEmpty || from[b + F.min]! < into[a + F.min]!) {
      into[a + F.min] = from[b + F.min]!;
      into[a + F.minX] = from[b + F.minX]!;
    }
    if (isEmpty || from[b + F.max]! > into[a + F.max]!) {
      into[a + F.max] = from[b + F.max]!;
      into[a + F.maxX] = from[b + F.maxX]!;
    }
  }
  into[a + F.sum]! += from[b + F.sum]!;
  into[a + F.finite]! += from[b + F.finite]!;
  into[a + F.count]! += from[b + F.count]!;
}

/** The bucket that begins at `at` of a flat array. */
export function toBucket(whole: Float64Array, width: number, at = 0): Bucket {
  const flat = at === 0 ? whole : whole.subarray(at, at + FIELDS);
  const finite = flat[F.finite]!;
  const count = flat[F.count]!;
  const orNaN = (field: number): number => (finite === 0 ? Number.NaN : flat[field]!);
  return {
    from: flat[F.index]! * width,
    to: (flat[F.index]! + 1) * width,
    first: flat[F.first]!,
    firstX: flat[F.firstX]!,
    last: flat[F.last]!,
    lastX: flat[F.lastX]!,
    min: orNaN(F.min),
    minX: orNaN(F.minX),
    max: orNaN(F.max),
    maxX: orNaN(F.maxX),
    mean: finite === 0 ? Number.NaN : flat[F.sum]! / finite,
    count,
    nonFinite: count - finite,
  };
}
