import { type DesignPlan, designFromState, designMatrix, designState, learnDesign } from "./design-matrix.ts";
import { type Column, takeRows } from "./table.ts";

/** A design whose columns are shifted and divided, for learners that measure distances or steps: cell = (raw − center) / scale. */
export interface ScaledPlan {
  readonly design: DesignPlan;
  /** Shape [design.cols]; a scale is never zero. */
  readonly centers: Float64Array;
  readonly scales: Float64Array;
}

export interface ScalingOptions {
  /** Whether numbers (and ordered categories) get mean 0 and variance 1 (divisor n, weighted). 0/1 columns keep their values. */
  readonly standardize: boolean;
  /** What 0/1 columns are divided by: √2 puts two rows that differ only in one category at distance 1. Default 1. */
  readonly categoryScale?: number;
  /** Case weights for means and variances, shape [n]. */
  readonly weights: Float64Array;
}

/** Learns the design of training columns and its scales. A column without spread keeps scale 1. Cost: O(cells). */
export function learnScaledDesign(columns: readonly Column[], options: ScalingOptions): ScaledPlan {
  const { standardize, weights } = options;
  const design = learnDesign(columns, { weights });
  const centers = new Float64Array(design.cols);
  const scales = new Float64Array(design.cols).fill(1);
  const rows = weights.length;
  const matrix = standardize ? designMatrix(design, columns) : null;
  for (const feature of design.features) {
    for (let j = feature.first; j < feature.first + feature.width; j++) {
      if (feature.kind === "one-hot") scales[j] = options.categoryScale ?? 1;
      else if (matrix !== null) {
        const { mean, deviation } = momentsOf(matrix.subarray(j * rows, (j + 1) * rows), weights);
        centers[j] = mean;
        if (deviation > 0) scales[j] = deviation;
      }
    }
  }
  return { design, centers, scales };
}

/** Scaled values beyond this are held here: their squares, sums of squares and single-precision copies stay finite. */
const LARGEST = 1e15;

/** Weighted mean and standard deviation, safe for huge values; a spread that rounding alone can make is none. */
function momentsOf(values: Float64Array, weights: Float64Array): { mean: number; deviation: number } {
  let largest = 0;
  for (const value of values) largest = Math.max(largest, Math.abs(value));
  if (largest === 0) return { mean: 0, deviation: 0 };
  let total = 0;
  let sum = 0;
  for (let i = 0; i < values.length; i++) {
    total += weights[i]!;
    sum += weights[i]! * (values[i]! / largest);
  }
  const mean = sum / total;
  let square = 0;
  for (let i = 0; i < values.length; i++) square += weights[i]! * (values[i]! / largest - mean) ** 2;
  const deviation = Math.sqrt(square / total);
  return { mean: mean * largest, deviation: deviation > 1e-13 ? deviation * largest : 0 };
}

/** The scaled matrix, shape [n, cols], row-major: cell (i, j) is at i × cols + j. Within ±1e15 everywhere. Cost: O(cells). */
export function scaledRows(plan: ScaledPlan, columns: readonly Column[]): Float64Array {
  const { design, centers, scales } = plan;
  const raw = designMatrix(design, columns);
  const rows = rowCount(columns);
  const scaled = new Float64Array(raw.length);
  for (let j = 0; j < design.cols; j++) {
    const center = centers[j]!;
    const scale = scales[j]!;
    const offset = j * rows;
    for (let i = 0; i < rows; i++) {
      scaled[i * design.cols + j] = Math.max(-LARGEST, Math.min(LARGEST, (raw[offset + i]! - center) / scale));
    }
  }
  return scaled;
}

/** Rows of a list of columns; none has none. */
export function rowCount(columns: readonly Column[]): number {
  const [head] = columns;
  return head === undefined ? 0 : head.kind === "numeric" ? head.values.length : head.codes.length;
}

/** Calls `use` for consecutive blocks of at most `size` rows. */
export function inBlocks(
  columns: readonly Column[],
  size: number,
  use: (part: readonly Column[], start: number, count: number) => void,
): void {
  const rows = rowCount(columns);
  for (let start = 0; start < rows; start += size) {
    const count = Math.min(size, rows - start);
    const index = Int32Array.from({ length: count }, (_, i) => start + i);
    use(count === rows ? columns : columns.map((column) => takeRows(column, index)), start, count);
  }
}

/** Splits a plan for a model file; `scaledFromState` is its inverse, to the bit. Array names start with `design_` and `scaling_`. */
export function scaledState(plan: ScaledPlan): { meta: Record<string, unknown>; arrays: Record<string, Float64Array> } {
  const { meta, arrays } = designState(plan.design);
  return { meta, arrays: { ...arrays, scaling_centers: plan.centers, scaling_scales: plan.scales } };
}

/** @throws {InvalidArgumentError} when an array of the design is missing. */
export function scaledFromState(meta: Readonly<Record<string, unknown>>, arrays: Readonly<Record<string, unknown>>): ScaledPlan {
  const design = designFromState(meta, arrays);
  const { scaling_centers: centers, scaling_scales: scales } = arrays;
  return {
    design,
    centers: centers instanceof Float64Array ? centers : new Float64Array(design.cols),
    scales: scales instanceof Float64Array ? scales : new Float64Array(design.cols).fill(1),
  };
}
