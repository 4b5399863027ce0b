import { Kernel, LARGEST_CROSS_TABLE } from "../glmnet/kernel.ts";

/** Columns of a design matrix on a common scale, the intercept's first where there is one, in a kernel's memory. */
export interface ScaledDesign {
  readonly kernel: Kernel;
  readonly rows: number;
  /** Kernel column of each scaled one; the intercept, if any, is column 0. */
  readonly cols: number;
  readonly hasIntercept: boolean;
  /** Per raw column: what was subtracted, and what it was then divided by (0 for a column without spread). */
  readonly centers: Float64Array;
  readonly scales: Float64Array;
  /** Per raw column: weighted standard deviation. */
  readonly deviations: Float64Array;
}

/**
 * Centres raw columns (only beside an intercept) and divides them by their weighted root mean square. Cost: O(n × cols).
 * @param matrix shape [n, cols] column-major, finite.
 * @param weights shape [n], at least one above zero.
 */
export function scaleDesign(matrix: Float64Array, rows: number, cols: number, weights: Float64Array, hasIntercept: boolean): ScaledDesign {
  const first = hasIntercept ? 1 : 0;
  const kernel = new Kernel(rows, cols + first);
  if (hasIntercept) kernel.columns[0]!.fill(1);
  const centers = new Float64Array(cols);
  const scales = new Float64Array(cols);
  const deviations = new Float64Array(cols);
  for (let j = 0; j < cols; j++) {
    const raw = matrix.subarray(j * rows, (j + 1) * rows);
    const { largest, mean, deviation } = spreadOf(raw, weights);
    centers[j] = hasIntercept ? mean : 0;
    deviations[j] = deviation;
    const size = hasIntercept ? deviation : Math.hypot(mean, deviation);
    // A spread that rounding alone can make is none.
    scales[j] = size > largest * 1e-13 ? size : 0;
    const column = kernel.columns[j + first]!;
    if (scales[j] === 0) continue;
    for (let i = 0; i < rows; i++) column[i] = (raw[i]! - centers[j]!) / scales[j]!;
  }
  return { kernel, rows, cols: cols + first, hasIntercept, centers, scales, deviations };
}

function spreadOf(raw: Float64Array, weights: Float64Array): { largest: number; mean: number; deviation: number } {
  let largest = 0;
  for (let i = 0; i < raw.length; i++) if (weights[i]! > 0) largest = Math.max(largest, Math.abs(raw[i]!));
  if (largest === 0) return { largest, mean: 0, deviation: 0 };
  let total = 0;
  let sum = 0;
  for (let i = 0; i < raw.length; i++) {
    total += weights[i]!;
    sum += weights[i]! * (raw[i]! / largest);
  }
  const mean = sum / total;
  let square = 0;
  for (let i = 0; i < raw.length; i++) square += weights[i]! * (raw[i]! / largest - mean) ** 2;
  return { largest, mean: mean * largest, deviation: Math.sqrt(square / total) * largest };
}

/** Products Σ v x_j x_k of the columns `kept`, v being the kernel's, into rows and columns of `into` from (row, column) on. Both triangles. */
export function fillProducts(
  design: ScaledDesign,
  kept: readonly number[],
  into: Float64Array,
  size: number,
  row: number,
  column: number,
): void {
  const { kernel } = design;
  const put = (a: number, b: number, value: number): void => {
    into[(row + a) * size + column + b] = value;
    into[(row + b) * size + column + a] = value;
  };
  if (kernel.columns.length <= LARGEST_CROSS_TABLE) {
    const { table, width } = kernel.crossTable();
    for (let a = 0; a < kept.length; a++) for (let b = a; b < kept.length; b++) put(a, b, table[kept[a]! * width + kept[b]!]!);
    return;
  }
  for (let a = 0; a < kept.length; a++) {
    kernel.weigh(kept[a]!, 1, 0);
    for (let b = a; b < kept.length; b++) put(a, b, kernel.dotScratch(kept[b]!));
  }
}
