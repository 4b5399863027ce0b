import { InvalidArgumentError } from "../../core/errors.ts";

/** What to stratify on, one value per row. */
export interface StratifyOn {
  /** `classes`: every distinct value is a stratum. `numbers`: quantile bins are. */
  readonly kind: "classes" | "numbers";
  /** Shape [n]. Missing is NaN, or -1 for classes; missing rows are a stratum of their own. */
  readonly values: Float64Array | Int32Array;
}

/**
 * Stratum of each row, 0 … S-1, numbered in the order of their values, missing ones last. Numbers with at most `bins` distinct
 * values are taken as classes; else cut at `bins - 1` quantiles of the rows (values that occur, equal values stay together, so
 * there may be fewer bins). Cost: O(n log n).
 */
export function strataOf(on: StratifyOn, bins: number): Int32Array {
  const isMissing = (value: number): boolean => Number.isNaN(value) || (on.kind === "classes" && value < 0);
  const present = Float64Array.from(on.values.filter((value) => !isMissing(value))).sort();
  const distinct = present.filter((value, i) => i === 0 || value !== present[i - 1]);
  const edges = on.kind === "classes" || distinct.length <= bins ? distinct : quantileEdges(present, bins);
  const last = edges.length;
  return Int32Array.from(on.values, (value) => (isMissing(value) ? last : firstAtLeast(edges, value)));
}

/** Upper edges of the bins, rising; the last is the largest value. */
function quantileEdges(sorted: Float64Array, bins: number): Float64Array {
  const edges = Float64Array.from({ length: bins }, (_, b) => sorted[Math.ceil(((b + 1) * sorted.length) / bins) - 1]!);
  return edges.filter((edge, b) => b === 0 || edge !== edges[b - 1]);
}

/** Position of the first edge that is not below the value. */
function firstAtLeast(edges: Float64Array, value: number): number {
  let low = 0;
  let high = edges.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (edges[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * Groups renumbered 0 … G-1 in order of first appearance. A row without a group (-1) is a group of its own. null groups: every
 * row is one.
 */
export function groupsOf(groups: Int32Array | null, n: number): { readonly count: number; readonly of: Int32Array } {
  if (groups === null) return { count: n, of: Int32Array.from({ length: n }, (_, row) => row) };
  if (groups.length !== n) throw new InvalidArgumentError(`groups: expected ${n} values, got ${groups.length}`);
  const numbers = new Map<number, number>();
  let count = 0;
  const of = Int32Array.from(groups, (group) => {
    const known = group < 0 ? undefined : numbers.get(group);
    if (known !== undefined) return known;
    if (group >= 0) numbers.set(group, count);
    return count++;
  });
  return { count, of };
}

/** Row numbers by code 0 … count-1, each in row order. */
export function rowsByCode(codes: Int32Array, count: number): readonly Int32Array[] {
  const sizes = new Int32Array(count);
  for (const code of codes) sizes[code]!++;
  const rows = Array.from(sizes, (size) => new Int32Array(size));
  sizes.fill(0);
  for (let row = 0; row < codes.length; row++) {
    const code = codes[row]!;
    rows[code]![sizes[code]!++] = row;
  }
  return rows;
}
