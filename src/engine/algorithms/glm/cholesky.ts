/** Lower triangle L of a symmetric matrix H = L Lᵀ, shape [size, size] row-major; `H` holds at least its lower triangle. */
export class Cholesky {
  readonly size: number;
  readonly #lower: Float64Array;

  private constructor(size: number, lower: Float64Array) {
    this.size = size;
    this.#lower = lower;
  }

  /** Overwrites `matrix`. Null when it is not positive definite. Cost: size³ / 6 multiplications. */
  static factor(matrix: Float64Array, size: number): Cholesky | null {
    for (let i = 0; i < size; i++) {
      const row = matrix.subarray(i * size, i * size + i + 1);
      for (let j = 0; j <= i; j++) {
        const other = matrix.subarray(j * size, j * size + j + 1);
        let sum = row[j]!;
        for (let k = 0; k < j; k++) sum -= row[k]! * other[k]!;
        if (j < i) row[j] = sum / other[j]!;
        else if (sum > 0 && sum < Number.POSITIVE_INFINITY) row[j] = Math.sqrt(sum);
        else return null;
      }
    }
    return new Cholesky(size, matrix);
  }

  /** x with L x = right. A new array. */
  forward(right: Float64Array): Float64Array {
    const { size } = this;
    const x = right.slice();
    for (let i = 0; i < size; i++) {
      const row = this.#lower.subarray(i * size, i * size + i + 1);
      let sum = x[i]!;
      for (let k = 0; k < i; k++) sum -= row[k]! * x[k]!;
      x[i] = sum / row[i]!;
    }
    return x;
  }

  /** x with H x = right. A new array. */
  solve(right: Float64Array): Float64Array {
    const { size } = this;
    const x = this.forward(right);
    for (let i = size - 1; i >= 0; i--) {
      const row = this.#lower.subarray(i * size, i * size + i + 1);
      x[i]! /= row[i]!;
      const value = x[i]!;
      for (let k = 0; k < i; k++) x[k]! -= row[k]! * value;
    }
    return x;
  }

  /** vᵀ H⁻¹ v. */
  quadratic(v: Float64Array): number {
    return this.forward(v).reduce((sum, value) => sum + value * value, 0);
  }
}

/** A column is a combination of those before it when less than this share of its sum of squares is its own. */
const LEAST_OWN_SHARE = 1e-10;

/**
 * Columns that are no combination of those before them, in order, from their products (shape [size, size] row-major, at least the lower
 * triangle). A zero column never is one. Cost: size³ / 6 multiplications.
 */
export function independentColumns(products: Float64Array, size: number): number[] {
  const kept: number[] = [];
  const rows: Float64Array[] = [];
  for (let j = 0; j < size; j++) {
    const row = new Float64Array(kept.length + 1);
    let own = products[j * size + j]!;
    for (let a = 0; a < kept.length; a++) {
      const other = rows[a]!;
      let sum = products[j * size + kept[a]!]!;
      for (let k = 0; k < a; k++) sum -= row[k]! * other[k]!;
      row[a] = sum / other[a]!;
      own -= row[a]! * row[a]!;
    }
    if (!(own > LEAST_OWN_SHARE * products[j * size + j]!)) continue;
    row[kept.length] = Math.sqrt(own);
    kept.push(j);
    rows.push(row);
  }
  return kept;
}
