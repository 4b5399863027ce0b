import { rotationsOf } from "./gram-eigen.ts";

const STEPS_PER_VALUE = 60;

/**
 * Eigenvalues, largest first, and eigenvectors (columns, shape [m, m], column-major) of a small symmetric tridiagonal matrix with `diagonal` [m]
 * and `beside` [m − 1]. Neither is modified. Deterministic. Cost: O(m³).
 * Source: Golub & Van Loan (2013), Matrix Computations, 4th ed., algorithm 8.3.3.
 */
export function tridiagonalEigen(diagonal: Float64Array, beside: Float64Array): { values: Float64Array; vectors: Float64Array } {
  const m = diagonal.length;
  const d = diagonal.slice();
  const e = new Float64Array(m);
  e.set(beside);
  const z = new Float64Array(m * m);
  for (let j = 0; j < m; j++) z[j * m + j] = 1;
  const cosines = new Float64Array(m);
  const sines = new Float64Array(m);
  const isSmall = (k: number): boolean => Math.abs(e[k]!) <= Number.EPSILON * (Math.abs(d[k]!) + Math.abs(d[k + 1]!));
  let last = m - 1;
  for (let steps = 0; last > 0 && steps < STEPS_PER_VALUE * m; steps++) {
    if (isSmall(last - 1)) {
      last--;
      continue;
    }
    let first = last - 1;
    while (first > 0 && !isSmall(first - 1)) first--;
    rotationsOf(d, e, first, last, cosines, sines);
    for (let k = first; k < last; k++) rotate(z, m, k, cosines[k]!, sines[k]!);
  }
  const order = Array.from(d.keys()).sort((left, right) => d[right]! - d[left]! || left - right);
  const vectors = new Float64Array(m * m);
  for (const [rank, column] of order.entries()) vectors.set(z.subarray(column * m, (column + 1) * m), rank * m);
  return { values: Float64Array.from(order, (at) => d[at]!), vectors };
}

function rotate(z: Float64Array, m: number, k: number, c: number, s: number): void {
  for (let i = k * m; i < (k + 1) * m; i++) {
    const left = z[i]!;
    const right = z[i + m]!;
    z[i] = c * left - s * right;
    z[i + m] = s * left + c * right;
  }
}
