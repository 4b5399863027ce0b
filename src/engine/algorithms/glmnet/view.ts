import { Kernel } from "./kernel.ts";

/** A numeric matrix kept once and read by every path over it: columns centred and scaled by their own unweighted mean and deviation. */
export interface StandardMatrix {
  readonly rows: number;
  readonly cols: number;
  /** Columns, each of length `rows`; raw value = means[j] + deviations[j] × columns[j][i]. Constant columns are all zeros. */
  readonly columns: readonly Float64Array[];
  /** Owns the columns, and works on them. */
  readonly kernel: Kernel;
  readonly means: Float64Array;
  /** Zero for a constant column. */
  readonly deviations: Float64Array;
}

/**
 * One set of case weights over a matrix: all rows, or a fold (held-out rows weigh zero). The column that the penalty acts on is
 * `scale[j] × (columns[j][i] − shift[j])`; it is never stored.
 */
export interface View {
  readonly matrix: StandardMatrix;
  /** Shape [rows], sums to 1. */
  readonly weights: Float64Array;
  readonly shift: Float64Array;
  readonly scale: Float64Array;
  /** 1 where the column does not vary over the rows that count; its coefficient is 0. */
  readonly constant: Uint8Array;
  readonly intercept: boolean;
}

/** Copies `values` (shape [rows, cols], column-major, finite) and standardises the copy. Cost: O(rows × cols). */
export function standardMatrix(values: Float64Array, rows: number, cols: number): StandardMatrix {
  const kernel = new Kernel(rows, cols);
  const means = new Float64Array(cols);
  const deviations = new Float64Array(cols);
  for (let j = 0; j < cols; j++) {
    const raw = values.subarray(j * rows, (j + 1) * rows);
    const column = kernel.columns[j]!;
    const start = raw[0] ?? 0;
    let drift = 0;
    for (let i = 0; i < rows; i++) drift += (raw[i]! - start) / rows;
    const mean = start + drift;
    let squares = 0;
    let varies = false;
    for (let i = 0; i < rows; i++) {
      const value = raw[i]!;
      if (value !== start) varies = true;
      squares += ((value - mean) * (value - mean)) / rows;
    }
    const deviation = varies ? Math.sqrt(squares) : 0;
    means[j] = mean;
    deviations[j] = deviation;
    if (deviation > 0) for (let i = 0; i < rows; i++) column[i] = (raw[i]! - mean) / deviation;
  }
  return { rows, cols, columns: kernel.columns, kernel, means, deviations };
}

/**
 * How the penalty sees the matrix under these weights (shape [rows], sum 1): with `standardize`, columns of weighted variance 1 (divisor: the
 * sum of weights, not n − 1); with `intercept`, centred at the weighted mean, else not centred. Cost: O(rows × cols).
 */
export function viewOf(matrix: StandardMatrix, weights: Float64Array, options: { standardize: boolean; intercept: boolean }): View {
  const { rows, cols } = matrix;
  const shift = new Float64Array(cols);
  const scale = new Float64Array(cols).fill(1);
  const constant = new Uint8Array(cols);
  for (let j = 0; j < cols; j++) {
    const { mean, variance, varies } = momentsOf(matrix.columns[j]!, weights, rows);
    const deviation = matrix.deviations[j]!;
    if (!varies || deviation === 0 || variance === 0) {
      constant[j] = 1;
      continue;
    }
    shift[j] = options.intercept ? mean : -matrix.means[j]! / deviation;
    scale[j] = options.standardize ? 1 / Math.sqrt(variance) : deviation;
  }
  return { matrix, weights, shift, scale, constant, intercept: options.intercept };
}

function momentsOf(column: Float64Array, weights: Float64Array, rows: number): { mean: number; variance: number; varies: boolean } {
  let mean = 0;
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < rows; i++) {
    const weight = weights[i]!;
    if (weight === 0) continue;
    const value = column[i]!;
    mean += weight * value;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  let variance = 0;
  for (let i = 0; i < rows; i++) {
    const away = column[i]! - mean;
    variance += weights[i]! * away * away;
  }
  return { mean, variance, varies: high > low };
}

/** Intercept and slopes for the columns as they came, from those on the penalty's scale. */
export function toRawScale(view: View, intercept: number, slopes: Float64Array): { intercept: number; slopes: Float64Array } {
  const { means, deviations } = view.matrix;
  const raw = new Float64Array(slopes.length);
  let shifted = intercept;
  for (let j = 0; j < slopes.length; j++) {
    const slope = slopes[j]!;
    if (slope === 0) continue;
    raw[j] = (slope * view.scale[j]!) / deviations[j]!;
    // Without an intercept shift is −mean/deviation, and nothing is left over.
    if (view.intercept) shifted -= slope * view.scale[j]! * view.shift[j]! + raw[j]! * means[j]!;
  }
  return { intercept: shifted, slopes: raw };
}

/** The soft-threshold operator S(u, t) = sign(u) max(|u| − t, 0). */
export function soft(u: number, t: number): number {
  return u > t ? u - t : u < -t ? u + t : 0;
}
