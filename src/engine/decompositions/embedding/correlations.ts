import type { NumericMatrix } from "../../matrix.ts";

/**
 * Pearson correlation of each column [p] with each coordinate of a picture [n, k], column-major: shape [p, k], column-major. 0 where one of the
 * two does not vary. Cost: O(n p k).
 */
export function correlations({ rows, names, values }: NumericMatrix, picture: Float64Array): Float64Array {
  const p = names.length;
  const k = picture.length / rows;
  const result = new Float64Array(p * k);
  for (let j = 0; j < p; j++) {
    for (let c = 0; c < k; c++) {
      result[c * p + j] = correlation(values.subarray(j * rows, (j + 1) * rows), picture.subarray(c * rows, (c + 1) * rows));
    }
  }
  return result;
}

function correlation(a: Float64Array, b: Float64Array): number {
  const meanA = a.reduce((sum, value) => sum + value, 0) / a.length;
  const meanB = b.reduce((sum, value) => sum + value, 0) / b.length;
  let both = 0;
  let squaresA = 0;
  let squaresB = 0;
  for (let i = 0; i < a.length; i++) {
    const left = a[i]! - meanA;
    const right = b[i]! - meanB;
    both += left * right;
    squaresA += left * left;
    squaresB += right * right;
  }
  const scale = Math.sqrt(squaresA) * Math.sqrt(squaresB);
  return scale > 0 ? both / scale : 0;
}
