import type { CategoricalColumn, NumericColumn } from "../engine/table.ts";

const MAX_BINS = 24;

/** Facts about a numeric column. Everything but the counts is over finite values; null when there is none. */
export interface NumericSummary {
  readonly min: number;
  readonly max: number;
  readonly mean: number;
  /** With n - 1; 0 for a single value. */
  readonly sd: number;
  readonly q25: number;
  readonly median: number;
  readonly q75: number;
  readonly n_infinite: number;
  /** Ends of at most 24 bins of equal width; one more than `counts`. The last bin includes its upper end. */
  readonly edges: readonly number[];
  readonly counts: readonly number[];
}

export interface NumericCount {
  readonly missing: number;
  /** Distinct present values, infinities included. */
  readonly distinct: number;
  readonly infinite: number;
  readonly summary: NumericSummary | null;
}

/**
 * Counts and quantiles of a numeric column, exact. Quantiles interpolate linearly between order statistics (type 7 of Hyndman & Fan 1996,
 * doi:10.2307/2684934). Mean and variance in two passes. Cost: O(n log n) time, n doubles of space.
 */
export function summariseNumeric(column: NumericColumn): NumericCount {
  const { values } = column;
  const sorted = new Float64Array(values.length);
  let present = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (!Number.isNaN(value)) sorted[present++] = value === 0 ? 0 : value;
  }
  const ordered = sorted.subarray(0, present).sort();
  let distinct = 0;
  for (let i = 0; i < present; i++) if (i === 0 || ordered[i] !== ordered[i - 1]) distinct++;
  let first = 0;
  let end = present;
  while (first < end && ordered[first] === -Infinity) first++;
  while (end > first && ordered[end - 1] === Infinity) end--;
  const infinite = present - (end - first);
  const finite = ordered.subarray(first, end);
  return {
    missing: values.length - present,
    distinct,
    infinite,
    summary: finite.length === 0 ? null : summaryOf(finite, infinite, column.type),
  };
}

function summaryOf(finite: Float64Array, infinite: number, type: NumericColumn["type"]): NumericSummary {
  const n = finite.length;
  const mean = meanOf(finite);
  const farthest = Math.max(mean - finite[0]!, finite[n - 1]! - mean);
  const scale = farthest > 1e150 ? farthest : 1; // so that squares stay finite
  let squares = 0;
  for (let i = 0; i < n; i++) squares += ((finite[i]! - mean) / scale) ** 2;
  return {
    min: finite[0]!,
    max: finite[n - 1]!,
    mean,
    sd: n > 1 ? scale * Math.sqrt(squares / (n - 1)) : 0,
    q25: quantile(finite, 0.25),
    median: quantile(finite, 0.5),
    q75: quantile(finite, 0.75),
    n_infinite: infinite,
    ...histogram(finite, type),
  };
}

/** Relative to a middle value, so that sums of large, close numbers keep their digits; by parts where differences would overflow. */
function meanOf(sorted: Float64Array): number {
  const n = sorted.length;
  const origin = Number.isFinite(sorted[n - 1]! - sorted[0]!) ? sorted[n >> 1]! : 0;
  let sum = 0;
  for (let i = 0; i < n; i++) sum += (sorted[i]! - origin) / n;
  return origin + sum;
}

/** Of sorted values, not empty. */
function quantile(sorted: Float64Array, p: number): number {
  const at = (sorted.length - 1) * p;
  const low = Math.floor(at);
  const a = sorted[low]!;
  const b = sorted[Math.min(low + 1, sorted.length - 1)]!;
  const share = at - low;
  return Number.isFinite(b - a) ? a + (b - a) * share : a * (1 - share) + b * share;
}

/** Equal-width bins of sorted values. Integers with few distinct values get a bin each, centred on the value. */
function histogram(sorted: Float64Array, type: NumericColumn["type"]): { readonly edges: number[]; readonly counts: number[] } {
  const low = sorted[0]!;
  const high = sorted[sorted.length - 1]!;
  if (type === "integer" || type === "logical") {
    const span = high - low + 1;
    if (span <= MAX_BINS)
      return binned(
        sorted,
        Array.from({ length: span + 1 }, (_, i) => low - 0.5 + i),
      );
  }
  if (low === high) return { edges: [low, high], counts: [sorted.length] };
  const bins = Math.min(MAX_BINS, Math.max(5, Math.ceil(Math.sqrt(sorted.length))));
  const width = high / bins - low / bins;
  const edges = Array.from({ length: bins + 1 }, (_, i) => low + i * width);
  edges[bins] = high;
  return binned(sorted, edges);
}

function binned(sorted: Float64Array, edges: number[]): { readonly edges: number[]; readonly counts: number[] } {
  const counts = new Array<number>(edges.length - 1).fill(0);
  let from = 0;
  for (let bin = 0; bin < counts.length; bin++) {
    const to = bin === counts.length - 1 ? sorted.length : lowerBound(sorted, edges[bin + 1]!);
    counts[bin] = Math.max(0, to - from);
    from = Math.max(from, to);
  }
  return { edges, counts };
}

function lowerBound(sorted: Float64Array, value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

export interface LevelCount {
  readonly label: string;
  readonly count: number;
}

export interface CategoricalCount {
  readonly missing: number;
  /** Levels that occur, most frequent first; ties keep the column's order. */
  readonly levels: readonly LevelCount[];
}

/** How often each level occurs. Cost: O(n + levels log levels). */
export function countLevels(column: CategoricalColumn): CategoricalCount {
  const counts = new Uint32Array(column.levels.length);
  let missing = 0;
  for (const code of column.codes) {
    if (code < 0) missing++;
    else counts[code]!++;
  }
  const order = Array.from(counts.keys())
    .filter((code) => counts[code]! > 0)
    .sort((a, b) => counts[b]! - counts[a]! || a - b);
  return { missing, levels: order.map((code) => ({ label: column.levels[code]!, count: counts[code]! })) };
}
