import { randomStream } from "../../../core/random.ts";
import type { CategoricalColumn, Column, NumericColumn } from "../../table.ts";
import { sortNumbers } from "./sort.ts";

/** How one feature becomes bins. `bins` counts the last one too, which takes missing and unknown values. */
export type FeatureBins = NumericBins | CategoryBins;

export interface NumericBins {
  readonly kind: "numeric";
  /** Index of the column among the problem's features. */
  readonly column: number;
  readonly bins: number;
  /** Ascending; a value's bin is the number of edges below it. */
  readonly edges: Float64Array;
}

export interface CategoryBins {
  readonly kind: "categorical";
  readonly column: number;
  readonly bins: number;
  /** Bin of each level, shape [levels]. Levels that did not occur have the bin of rare levels, or of missing values without one. */
  readonly binOfLevel: Uint8Array;
}

/** Edges are drawn from at most this many rows. */
const SAMPLE_ROWS = 200_000;

/**
 * Bins of every feature that can split; constant and all-missing ones are left out. Rows of weight zero do not count.
 * Deterministic for a seed, which only matters beyond 200,000 rows, where edges come from a sample.
 */
export function planBins(features: readonly Column[], weights: Float64Array | null, maxBin: number, seed: number): FeatureBins[] {
  const rows = features[0] === undefined ? 0 : lengthOf(features[0]);
  const sample = sampleRows(rows, weights, seed);
  const scratch = { values: new Float64Array(sample?.length ?? rows), spare: new Float64Array(sample?.length ?? rows) };
  const planned = features.map((feature, column) => {
    if (feature.kind === "categorical" && !feature.ordered) return planCategories(feature, column, weights, maxBin);
    return planNumbers(numbersOf(feature), column, sample, scratch, maxBin);
  });
  return planned.filter((bins) => bins !== null);
}

/** A column's values as numbers; ordered levels count 0, 1, 2 … Missing is NaN. Numeric columns are not copied. */
export function numbersOf(column: Column): Float64Array {
  if (column.kind === "numeric") return (column satisfies NumericColumn).values;
  return Float64Array.from(column.codes, (code) => (code < 0 ? Number.NaN : code));
}

/** Bins of a column's rows, by its levels. */
export function binCodes(codes: Int32Array, plan: CategoryBins, into: Uint8Array): Uint8Array {
  const { binOfLevel } = plan;
  const missing = plan.bins - 1;
  for (let i = 0; i < codes.length; i++) {
    const code = codes[i]!;
    into[i] = code >= 0 && code < binOfLevel.length ? binOfLevel[code]! : missing;
  }
  return into;
}

function lengthOf(column: Column): number {
  return column.kind === "numeric" ? column.values.length : column.codes.length;
}

/** Rows that edges are drawn from, or null for all of them. */
function sampleRows(rows: number, weights: Float64Array | null, seed: number): Int32Array | null {
  if (rows <= SAMPLE_ROWS && weights === null) return null;
  const counted: number[] = [];
  for (let i = 0; i < rows; i++) if (weights === null || weights[i]! > 0) counted.push(i);
  if (counted.length <= SAMPLE_ROWS) return Int32Array.from(counted);
  const random = randomStream(seed, 3);
  const chosen = new Int32Array(SAMPLE_ROWS);
  let taken = 0;
  for (let i = 0; taken < SAMPLE_ROWS; i++) {
    if (random.next() * (counted.length - i) < SAMPLE_ROWS - taken) chosen[taken++] = counted[i]!;
  }
  return chosen;
}

/** Room to sort one column in. */
interface Scratch {
  readonly values: Float64Array;
  readonly spare: Float64Array;
}

function planNumbers(
  values: Float64Array,
  column: number,
  sample: Int32Array | null,
  scratch: Scratch,
  maxBin: number,
): NumericBins | null {
  const total = sample?.length ?? values.length;
  let finite = 0;
  let missing = 0;
  for (let i = 0; i < total; i++) {
    const value = values[sample === null ? i : sample[i]!]!;
    if (Number.isNaN(value)) missing++;
    else if (Number.isFinite(value)) scratch.values[finite++] = value;
  }
  const sorted = sortNumbers(scratch.values, finite, scratch.spare);
  const edges = edgesOf(sorted, maxBin);
  if (edges.length === 0 && (missing === 0 || missing === total)) return null;
  return { kind: "numeric", column, edges, bins: edges.length + 2 };
}

/**
 * Edges between neighbouring values, so that bins hold about equally many rows; every distinct value has its own bin where there
 * are at most `maxBin`. A value more frequent than its share of the rows gets a bin of its own (as in Ke et al. 2017).
 */
function edgesOf(sorted: Float64Array, maxBin: number): Float64Array {
  let distinct = sorted.length === 0 ? 0 : 1;
  for (let i = 1; i < sorted.length; i++) if (sorted[i] !== sorted[i - 1]) distinct++;
  const edges: number[] = [];
  const isFew = distinct <= maxBin;
  let inBin = 0;
  for (let start = 0; start < sorted.length; ) {
    const value = sorted[start]!;
    let end = start + 1;
    while (end < sorted.length && sorted[end] === value) end++;
    if (end === sorted.length) break;
    inBin += end - start;
    const share = (sorted.length - end + inBin) / (maxBin - edges.length);
    if (isFew || (edges.length < maxBin - 1 && (inBin >= share || nextRun(sorted, end) >= share))) {
      edges.push(between(value, sorted[end]!));
      inBin = 0;
    }
    start = end;
  }
  return Float64Array.from(edges);
}

/** How often the value at `start` repeats. */
function nextRun(sorted: Float64Array, start: number): number {
  const value = sorted[start]!;
  let end = start + 1;
  while (end < sorted.length && sorted[end] === value) end++;
  return end - start;
}

/** A number t with low <= t < high, the middle where doubles allow. */
function between(low: number, high: number): number {
  const middle = low / 2 + high / 2;
  return middle >= low && middle < high ? middle : low;
}

/** Each level has its bin; beyond `maxBin` levels the most frequent ones do, and those that are rarer, or single, share one. */
function planCategories(feature: CategoricalColumn, column: number, weights: Float64Array | null, maxBin: number): CategoryBins | null {
  const counts = new Float64Array(feature.levels.length);
  let missing = 0;
  for (let i = 0; i < feature.codes.length; i++) {
    if (weights !== null && weights[i] === 0) continue;
    const code = feature.codes[i]!;
    if (code < 0) missing++;
    else counts[code]!++;
  }
  const present = feature.levels.map((_, code) => code).filter((code) => counts[code]! > 0);
  let own = present;
  if (present.length > maxBin) {
    own = present.filter((code) => counts[code]! > 1).sort((a, b) => counts[b]! - counts[a]! || a - b);
    own = own.slice(0, maxBin - 1).sort((a, b) => a - b);
  }
  const isPooled = own.length < present.length;
  const valueBins = own.length + (isPooled ? 1 : 0);
  if (valueBins < 2 && (valueBins === 0 || missing === 0)) return null;
  const binOfLevel = new Uint8Array(feature.levels.length).fill(isPooled ? valueBins - 1 : valueBins);
  for (const [bin, code] of own.entries()) binOfLevel[code] = bin;
  return { kind: "categorical", column, bins: valueBins + 1, binOfLevel };
}
