import type { Problem } from "../../algorithm.ts";
import type { Column } from "../../table.ts";

/** One feature as the tree sees it. Ordered categories are numbers: their level's index. */
export interface TreeFeature {
  readonly name: string;
  /** Numbers, NaN is missing; null for a category. */
  readonly values: Float64Array | null;
  /** Level codes, -1 is missing; null for a number. */
  readonly codes: Int32Array | null;
  /** Number of levels; 0 for a number. */
  readonly levels: number;
}

/** Training rows: those with a positive weight. Row numbers are indices into every array. */
export interface TreeData {
  readonly rows: number;
  readonly features: readonly TreeFeature[];
  /** Values, or class codes. */
  readonly target: Float64Array;
  readonly weights: Float64Array;
  /** 0 for regression. */
  readonly classes: number;
  /** Per numeric feature: the rows by rising value, equal values by row, missing last. Null for categories. */
  readonly orders: readonly (Int32Array | null)[];
}

export function treeFeatures(columns: readonly Column[]): TreeFeature[] {
  return columns.map((column) => {
    if (column.kind === "numeric") return { name: column.name, values: column.values, codes: null, levels: 0 };
    if (!column.ordered) return { name: column.name, values: null, codes: column.codes, levels: column.levels.length };
    const values = Float64Array.from(column.codes, (code) => (code < 0 ? Number.NaN : code));
    return { name: column.name, values, codes: null, levels: 0 };
  });
}

/** Sorts every numeric feature once; rows of weight zero are left out. Cost: O(rows × features × log rows). */
export function treeData(problem: Problem, weights: Float64Array): TreeData {
  const features = treeFeatures(problem.features);
  const rows: number[] = [];
  for (let row = 0; row < problem.rows; row++) if (weights[row]! > 0) rows.push(row);
  const kept = Int32Array.from(rows);
  return {
    rows: problem.rows,
    features,
    target: problem.target,
    weights,
    classes: problem.classes.length,
    orders: features.map((feature) => (feature.values === null ? null : sortedRows(feature.values, kept))),
  };
}

/** Below this many rows a comparison sort is faster than counting. */
const FEW_ROWS = 4096;

/** `rows` by rising value, equal values in the order given, NaN last. */
export function sortedRows(values: Float64Array, rows: Int32Array): Int32Array {
  if (rows.length < FEW_ROWS) {
    const present = rows.filter((row) => !Number.isNaN(values[row]!));
    const missing = rows.filter((row) => Number.isNaN(values[row]!));
    present.sort((a, b) => (values[a]! < values[b]! ? -1 : values[a]! > values[b]! ? 1 : a - b));
    const sorted = new Int32Array(rows.length);
    sorted.set(present);
    sorted.set(missing, present.length);
    return sorted;
  }
  return radixSorted(values, rows);
}

/** Stable counting sort on the four 16-bit digits of the numbers' bits, made so that their order is the numbers' order. */
function radixSorted(values: Float64Array, rows: Int32Array): Int32Array {
  const n = rows.length;
  const keys = new Uint16Array(4 * n);
  const word = new Float64Array(1);
  const halves = new Uint16Array(word.buffer);
  for (let i = 0; i < n; i++) {
    const value = values[rows[i]!]!;
    word[0] = value === 0 ? 0 : value;
    const negative = (halves[3]! & 0x8000) !== 0 && !Number.isNaN(value);
    for (let digit = 0; digit < 4; digit++) {
      const bits = halves[digit]!;
      keys[digit * n + i] = Number.isNaN(value) ? 0xffff : negative ? ~bits : digit === 3 ? bits | 0x8000 : bits;
    }
  }
  let from = Int32Array.from({ length: n }, (_, i) => i);
  let to = new Int32Array(n);
  const counts = new Int32Array(65537);
  for (let digit = 0; digit < 4; digit++) {
    const offset = digit * n;
    counts.fill(0);
    for (let i = 0; i < n; i++) counts[keys[offset + i]! + 1]! += 1;
    if (counts[keys[offset]! + 1] === n) continue;
    for (let key = 0; key < 65536; key++) counts[key + 1]! += counts[key]!;
    for (let i = 0; i < n; i++) {
      const at = from[i]!;
      const key = keys[offset + at]!;
      to[counts[key]!] = at;
      counts[key]! += 1;
    }
    [from, to] = [to, from];
  }
  return from.map((at) => rows[at]!);
}
