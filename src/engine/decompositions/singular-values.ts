import { gramEigen } from "../dense/gram-eigen.ts";
import { transposed } from "../matrix.ts";

/** The singular values of a matrix above rounding error, largest first, and their right singular vectors. */
export interface SingularValues {
  /** Shape [r], r the numerical rank. */
  readonly values: Float64Array;
  /** Orthonormal columns, shape [cols, r] or as many as were wanted, column-major. In each the entry of largest magnitude is positive. */
  readonly right: Float64Array;
}

/** Smaller and nearly square matrices are decomposed without squaring them: it costs little there. */
const COLS_FROM = 16;
const ROWS_PER_COLUMN = 2;
/** Eigenvalues of XᵀX beneath this share of the largest have lost too many digits to be shown. */
const SHARE_SHOWN = 1e-6;
/** Beneath this share they may be nothing but rounding, and the rank must be found otherwise. */
const SHARE_REAL = 1e-10;

/**
 * Singular values and right singular vectors of X, shape [rows, cols], column-major; X is not modified. At least the first `wanted` vectors.
 *
 * Matrices with many more rows than columns go by the eigenvalues of XᵀX, as long as those that are wanted keep at least nine digits and all
 * of them are beyond doubt above rounding. Otherwise X is first reduced to a triangle by Householder reflections, block of rows by block of rows (wide matrices are turned on their side), and the
 * triangle is diagonalised by one-sided Jacobi rotations. Values below `eps · max(rows, cols)` times the largest are taken for zero and left out.
 *
 * Yields now and then, so that the caller can stop. Deterministic. Cost: O(rows · cols · m + sweeps · m³), m = min(rows, cols); 5–10 sweeps.
 * Source: Golub & Van Loan (2013), Matrix Computations, 4th ed., sections 5.2 and 8.6.4; Drmač & Veselić (2008), SIAM J. Matrix Anal. Appl. 29(4).
 */
export function* singularValues(x: Float64Array, rows: number, cols: number, wanted = cols): Generator<void, SingularValues, void> {
  const quick = yield* bySquares(x, rows, cols, Math.min(wanted, cols));
  if (quick !== null) return quick;
  if (rows >= cols) {
    const factor = yield* triangularFactor(x, rows, cols);
    const found = yield* orthogonalColumns(factor, cols, rows);
    return { values: found.values, right: withSigns(found.vectors, cols) };
  }
  const factor = yield* triangularFactor(transposed(x, rows, cols), cols, rows);
  const { values, vectors } = yield* orthogonalColumns(factor, rows, cols);
  return { values, right: withSigns(backTransformed(x, rows, cols, values, vectors), cols) };
}

function* bySquares(x: Float64Array, rows: number, cols: number, wanted: number): Generator<void, SingularValues | null, void> {
  if (cols < COLS_FROM || rows < ROWS_PER_COLUMN * cols) return null;
  const found = yield* gramEigen(x, rows, cols, wanted);
  if (found === null) return null;
  const { values, vectors } = found;
  const largest = values[0]!;
  if (!(values[wanted - 1]! > SHARE_SHOWN * largest && values[cols - 1]! > SHARE_REAL * largest)) return null;
  return { values: values.map(Math.sqrt), right: withSigns(vectors, cols) };
}

/** The transpose of R in X = QR, shape [cols, cols], column-major: lower triangular. Rows of X are folded in block by block. */
function* triangularFactor(x: Float64Array, rows: number, cols: number): Generator<void, Float64Array, void> {
  const block = Math.max(512, cols);
  const upper = new Float64Array(cols * cols);
  const part = new Float64Array(block * cols);
  for (let start = 0; start < rows; start += block) {
    const count = Math.min(block, rows - start);
    for (let j = 0; j < cols; j++) part.set(x.subarray(j * rows + start, j * rows + start + count), j * count);
    foldIn(upper, part, count, cols);
    yield;
  }
  return transposed(upper, cols, cols);
}

/** Reflects the rows of `part` [count, cols] into the triangle above them. Below the triangle's diagonal everything stays zero. */
function foldIn(upper: Float64Array, part: Float64Array, count: number, cols: number): void {
  for (let c = 0; c < cols; c++) {
    const from = c * count;
    let below = 0;
    for (let i = from; i < from + count; i++) below += part[i]! * part[i]!;
    if (below === 0) continue;
    const top = upper[c * cols + c]!;
    const corner = top > 0 ? -Math.sqrt(top * top + below) : Math.sqrt(top * top + below);
    const lead = top - corner;
    const tau = 2 / (lead * lead + below);
    upper[c * cols + c] = corner;
    for (let j = c + 1; j < cols; j++) {
      const to = j * count;
      const factor = tau * (lead * upper[j * cols + c]! + innerProduct(part, from, to, count));
      upper[j * cols + c]! -= factor * lead;
      for (let i = 0; i < count; i++) part[to + i]! -= factor * part[from + i]!;
    }
  }
}

const SWEEPS_MAX = 60;

/** Rotates pairs of columns of A [size, size] until all are orthogonal: A · J = U · S. Returns U and S, ordered. A is used up. */
function* orthogonalColumns(
  a: Float64Array,
  size: number,
  longer: number,
): Generator<void, { values: Float64Array; vectors: Float64Array }, void> {
  const norms = new Float64Array(size);
  for (let sweep = 0; sweep < SWEEPS_MAX; sweep++) {
    for (let j = 0; j < size; j++) norms[j] = squaredNorm(a, j * size, size);
    let rotations = 0;
    for (let p = 0; p < size - 1; p++) {
      for (let q = p + 1; q < size; q++) if (rotate(a, size, p, q, norms)) rotations++;
      if (p % 16 === 0) yield;
    }
    if (rotations === 0) break;
  }
  for (let j = 0; j < size; j++) norms[j] = Math.sqrt(squaredNorm(a, j * size, size));
  const order = Array.from(norms.keys()).sort((left, right) => norms[right]! - norms[left]! || left - right);
  const floor = Number.EPSILON * longer * (norms[order[0] ?? 0] ?? 0);
  const kept = order.filter((j) => norms[j]! > floor);
  const vectors = new Float64Array(size * kept.length);
  for (const [rank, j] of kept.entries()) {
    for (let i = 0; i < size; i++) vectors[rank * size + i] = a[j * size + i]! / norms[j]!;
  }
  return { values: Float64Array.from(kept, (j) => norms[j]!), vectors };
}

/** Makes columns p and q orthogonal. @returns whether they were not. */
function rotate(a: Float64Array, size: number, p: number, q: number, norms: Float64Array): boolean {
  const left = p * size;
  const right = q * size;
  const dot = innerProduct(a, left, right, size);
  const alpha = norms[p]!;
  const beta = norms[q]!;
  if (!(Math.abs(dot) > 4 * Number.EPSILON * Math.sqrt(size) * Math.sqrt(alpha) * Math.sqrt(beta))) return false;
  const zeta = (beta - alpha) / (2 * dot);
  const tangent = (zeta < 0 ? -1 : 1) / (Math.abs(zeta) + Math.sqrt(1 + zeta * zeta));
  const cosine = 1 / Math.sqrt(1 + tangent * tangent);
  const sine = cosine * tangent;
  for (let i = 0; i < size; i++) {
    const first = a[left + i]!;
    const second = a[right + i]!;
    a[left + i] = cosine * first - sine * second;
    a[right + i] = sine * first + cosine * second;
  }
  norms[p] = Math.max(0, alpha - tangent * dot);
  norms[q] = beta + tangent * dot;
  return true;
}

/** Right singular vectors from left ones: Xᵀ U, each scaled to length 1. */
function backTransformed(x: Float64Array, rows: number, cols: number, values: Float64Array, left: Float64Array): Float64Array {
  const right = new Float64Array(cols * values.length);
  for (let r = 0; r < values.length; r++) {
    for (let j = 0; j < cols; j++) {
      let sum = 0;
      for (let i = 0; i < rows; i++) sum += x[j * rows + i]! * left[r * rows + i]!;
      right[r * cols + j] = sum;
    }
    const norm = Math.sqrt(squaredNorm(right, r * cols, cols));
    for (let j = 0; j < cols; j++) right[r * cols + j]! /= norm;
  }
  return right;
}

function withSigns(vectors: Float64Array, size: number): Float64Array {
  for (let from = 0; from < vectors.length; from += size) pointUp(vectors, from, size);
  return vectors;
}

/** Turns `size` numbers round so that the one of largest magnitude is positive. @returns 1, or −1 when they were turned. */
export function pointUp(values: Float64Array, from: number, size: number): 1 | -1 {
  let best = from;
  for (let i = from; i < from + size; i++) if (Math.abs(values[i]!) > Math.abs(values[best]!)) best = i;
  if (!(values[best]! < 0)) return 1;
  for (let i = from; i < from + size; i++) values[i] = -values[i]!;
  return -1;
}

/** Four sums side by side, which processors add at the same time. */
function innerProduct(a: Float64Array, left: number, right: number, size: number): number {
  let first = 0;
  let second = 0;
  let third = 0;
  let fourth = 0;
  let i = 0;
  for (; i + 4 <= size; i += 4) {
    first += a[left + i]! * a[right + i]!;
    second += a[left + i + 1]! * a[right + i + 1]!;
    third += a[left + i + 2]! * a[right + i + 2]!;
    fourth += a[left + i + 3]! * a[right + i + 3]!;
  }
  for (; i < size; i++) first += a[left + i]! * a[right + i]!;
  return first + second + (third + fourth);
}

function squaredNorm(values: Float64Array, from: number, size: number): number {
  let sum = 0;
  for (let i = from; i < from + size; i++) sum += values[i]! * values[i]!;
  return sum;
}
