/** A numeric matrix kept once and read by every path over it: columns centred and scaled by their own unweighted mean and deviation. */
export interface StandardMatrix {
  readonly rows: number;
  readonly cols: number;
  /** Columns, each of length `rows`; raw value = means[j] + deviations[j] × columns[j][i]. Constant columns are all zeros. */
  readonly columns: readonly Float64Array[];
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

/** Takes over `values` (shape [rows, cols], column-major, finite) and standardises it in place. Cost: O(rows × cols). */
export function standardMatrix(values: Float64Array, rows: number, cols: number): StandardMatrix {
  const columns: Float64Array[] = [];
  const means = new Float64Array(cols);
  const deviations = new Float64Array(cols);
  for (let j = 0; j < cols; j++) {
    const column = values.subarray(j * rows, (j + 1) * rows);
    columns.push(column);
    let mean = 0;
    for (let i = 0; i < rows; i++) mean += (column[i]! - mean) / (i + 1);
    let squares = 0;
    let varies = false;
    for (let i = 0; i < rows; i++) {
      varies ||= column[i] !== column[0];
      squares += (column[i]! - mean) ** 2 / rows;
    }
    const deviation = varies ? Math.sqrt(squares) : 0;
    means[j] = mean;
    deviations[j] = deviation;
    for (let i = 0; i < rows; i++) column[i] = deviation > 0 ? (column[i]! - mean) / deviation : 0;
  }
  return { rows, cols, columns, means, deviations };
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
  for (let i = 0; i < rows; i++) variance += weights[i]! * (column[i]! - mean) ** 2;
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

/** Σ a[i] b[i]. Four accumulators: faster than one, and as exact. */
export function dot(a: Float64Array, b: Float64Array): number {
  const n = a.length;
  const body = n - (n % 4);
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  for (let i = 0; i < body; i += 4) {
    s0 += a[i]! * b[i]!;
    s1 += a[i + 1]! * b[i + 1]!;
    s2 += a[i + 2]! * b[i + 2]!;
    s3 += a[i + 3]! * b[i + 3]!;
  }
  for (let i = body; i < n; i++) s0 += a[i]! * b[i]!;
  return s0 + s1 + (s2 + s3);
}

/** The soft-threshold operator S(u, t) = sign(u) max(|u| − t, 0). */
export function soft(u: number, t: number): number {
  return u > t ? u - t : u < -t ? u + t : 0;
}
