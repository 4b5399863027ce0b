import { InvalidArgumentError } from "../../core/errors.ts";
import type { NumericMatrix } from "../matrix.ts";

/** What is subtracted from each column, and what it is then divided by; shapes [p]. */
export interface Standard {
  readonly centers: Float64Array;
  readonly scales: Float64Array;
}

/**
 * Learns the mean of each column (0 without `center`) and its standard deviation (1 without `scale`). As in R's `scale`, the deviation is the
 * root of the sum of squares around the mean, or around 0 without `center`, over n − 1.
 *
 * @throws {InvalidArgumentError} when a column to be scaled does not vary; the message names it.
 */
export function learnStandard(matrix: NumericMatrix, options: { readonly center: boolean; readonly scale: boolean }): Standard {
  const { rows, names, values } = matrix;
  const centers = new Float64Array(names.length);
  const scales = new Float64Array(names.length).fill(1);
  for (const [j, name] of names.entries()) {
    const column = values.subarray(j * rows, (j + 1) * rows);
    const mean = meanOf(column);
    if (options.center) centers[j] = mean;
    if (!options.scale) continue;
    let squares = 0;
    for (const value of column) squares += (value - centers[j]!) ** 2;
    const scale = Math.sqrt(squares / Math.max(1, rows - 1));
    // Rounding leaves a constant column with a deviation of about its mean times the machine's precision.
    if (!(scale > 1e-14 * Math.abs(mean))) {
      throw new InvalidArgumentError(
        `column "${name}" has the same value in every row and cannot be scaled; leave it out or set scale to false`,
        {
          details: { column: name },
        },
      );
    }
    scales[j] = scale;
  }
  return { centers, scales };
}

/** (X − centers) / scales, shape [n, p], column-major. The input is not modified. */
export function standardised(matrix: NumericMatrix, { centers, scales }: Standard): Float64Array {
  const { rows, names, values } = matrix;
  const result = new Float64Array(values.length);
  for (let j = 0; j < names.length; j++) {
    const center = centers[j]!;
    const scale = scales[j]!;
    for (let i = j * rows; i < (j + 1) * rows; i++) result[i] = (values[i]! - center) / scale;
  }
  return result;
}

/** X · B with X [n, p] and B [p, k]; all column-major. */
export function product(x: Float64Array, rows: number, b: Float64Array, inner: number): Float64Array {
  const k = b.length / inner;
  const result = new Float64Array(rows * k);
  for (let c = 0; c < k; c++) {
    for (let j = 0; j < inner; j++) {
      const weight = b[c * inner + j]!;
      for (let i = 0; i < rows; i++) result[c * rows + i]! += weight * x[j * rows + i]!;
    }
  }
  return result;
}

/** Mean in two passes: the second takes out the rounding of the first. */
function meanOf(values: Float64Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  const mean = sum / values.length;
  let rest = 0;
  for (const value of values) rest += value - mean;
  return mean + rest / values.length;
}
