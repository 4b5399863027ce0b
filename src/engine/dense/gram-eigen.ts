import { type DenseLoops, denseMemory } from "./dense-kernel.ts";

/** Eigenvalues of XᵀX, largest first, and the eigenvectors that were asked for. */
export interface GramEigen {
  /** Shape [cols]. The small ones are off by up to about `cols · eps` times the largest. */
  readonly values: Float64Array;
  /** Orthonormal columns, shape [cols, wanted], column-major, in the order of `values`. Signs are arbitrary. */
  readonly vectors: Float64Array;
}

/** Rows of X whose products are summed at a time: with their columns they stay in the cache. */
const BLOCK_ROWS = 256;
const ITERATIONS_PER_VALUE = 60;

/**
 * Eigenvalues and the first `wanted` eigenvectors of XᵀX, X of shape [rows, cols], column-major, not modified.
 *
 * XᵀX is reduced to three diagonals by Householder reflections and these are diagonalised by implicit QR steps with Wilkinson's shift.
 * Null when the memory does not suffice or the steps do not converge. Yields now and then, so that the caller can stop. Deterministic.
 * Cost: O(rows · cols² + cols³); space: 3 cols².
 * Source: Golub & Van Loan (2013), Matrix Computations, 4th ed., algorithms 8.3.1 to 8.3.3.
 */
export function* gramEigen(x: Float64Array, rows: number, cols: number, wanted: number): Generator<void, GramEigen | null, void> {
  const width = Math.ceil(cols / 4) * 4;
  const size = Math.ceil(cols / 8) * 8;
  const memory = denseMemory([BLOCK_ROWS * width, width * width, size * cols, size * cols, size, size, cols, cols, cols]);
  if (memory === null) return null;
  const { loops } = memory;
  // One vector per length asked for.
  const [part, gram, a, z, v, w, sub, cosines, sines] = memory.vectors as readonly Float64Array[] & { readonly length: 9 };
  for (let start = 0; start < rows; start += BLOCK_ROWS) {
    const count = Math.min(BLOCK_ROWS, rows - start);
    if (count < BLOCK_ROWS) part!.fill(0);
    for (let j = 0; j < cols; j++) part!.set(x.subarray(j * rows + start, j * rows + start + count), j * BLOCK_ROWS);
    loops.addGram(part!.byteOffset, BLOCK_ROWS * 8, count + (count % 2), width, gram!.byteOffset);
    if ((start / BLOCK_ROWS) % 16 === 0) yield;
  }
  for (let j = 0; j < cols; j++) for (let k = j; k < cols; k++) a![j * size + k] = a![k * size + j] = gram![j * width + k]!;
  const work: Work = { loops, cols, size, a: a!, z: z!, v: v!, w: w!, sub: sub!, cosines: cosines!, sines: sines! };
  const { diagonal, factors } = yield* tridiagonal(work);
  for (let j = 0; j < cols; j++) z![j * size + j] = 1;
  if (!(yield* diagonalise(work, diagonal))) return null;
  const order = Array.from(diagonal.keys()).sort((left, right) => diagonal[right]! - diagonal[left]! || left - right);
  return {
    values: Float64Array.from(order, (at) => diagonal[at]!),
    vectors: backTransformed(work, factors, order.slice(0, wanted)),
  };
}

interface Work {
  readonly loops: DenseLoops;
  readonly cols: number;
  /** Rows of `a` and `z`, with padding. */
  readonly size: number;
  readonly a: Float64Array;
  readonly z: Float64Array;
  readonly v: Float64Array;
  readonly w: Float64Array;
  /** Beside the diagonal; shape [cols], the last one unused. */
  readonly sub: Float64Array;
  readonly cosines: Float64Array;
  readonly sines: Float64Array;
}

/** Reduces `a` to three diagonals. Reflectors stay below its diagonal; what lies above means nothing afterwards. */
function* tridiagonal({ loops, cols, size, a, v, w, sub }: Work): Generator<void, { diagonal: Float64Array; factors: Float64Array }, void> {
  const diagonal = new Float64Array(cols);
  const factors = new Float64Array(cols);
  for (let k = 0; k < cols; k++) {
    diagonal[k] = a[k * size + k]!;
    if (k < cols - 2) {
      factors[k] = loops.reflect(a.byteOffset, size * 8, size, cols, k, v.byteOffset, w.byteOffset, sub.byteOffset + k * 8);
    } else if (k === cols - 2) sub[k] = a[k * size + k + 1]!;
    a[k * size + k] = 0; // reflectors are read from the even row at or before their first
    if (k % 32 === 0) yield;
  }
  return { diagonal, factors };
}

/** QR steps from the last eigenvalue to the first. @returns whether they converged. */
function* diagonalise(work: Work, d: Float64Array): Generator<void, boolean, void> {
  const { cols, sub, size, loops, z, cosines, sines } = work;
  const isSmall = (k: number): boolean => Math.abs(sub[k]!) <= Number.EPSILON * (Math.abs(d[k]!) + Math.abs(d[k + 1]!));
  let last = cols - 1;
  for (let steps = 0; last > 0; steps++) {
    if (isSmall(last - 1)) {
      last--;
      continue;
    }
    if (steps > ITERATIONS_PER_VALUE * cols) return false;
    let first = last - 1;
    while (first > 0 && !isSmall(first - 1)) first--;
    rotationsOf(d, sub, first, last, cosines, sines);
    loops.rotateColumns(z.byteOffset, size * 8, size, first, last - 1, cosines.byteOffset, sines.byteOffset);
    if (steps % 32 === 0) yield;
  }
  return true;
}

/** One implicit QR step on rows `first` … `last` of a tridiagonal matrix, in place; its rotations go to `cosines` and `sines`. */
export function rotationsOf(
  d: Float64Array,
  e: Float64Array,
  first: number,
  last: number,
  cosines: Float64Array,
  sines: Float64Array,
): void {
  const corner = e[last - 1]!;
  const middle = (d[last - 1]! - d[last]!) / 2;
  const root = Math.sqrt(middle * middle + corner * corner);
  let x = d[first]! - (d[last]! - (corner * corner) / (middle + (middle < 0 ? -root : root)));
  let bulge = e[first]!;
  for (let k = first; k < last; k++) {
    const norm = Math.sqrt(x * x + bulge * bulge);
    const c = norm === 0 ? 1 : x / norm;
    const s = norm === 0 ? 0 : -bulge / norm;
    if (k > first) e[k - 1] = norm;
    const p = d[k]!;
    const q = d[k + 1]!;
    const between = 2 * c * s * e[k]!;
    d[k] = c * c * p - between + s * s * q;
    d[k + 1] = s * s * p + between + c * c * q;
    x = e[k] = c * s * (p - q) + (c * c - s * s) * e[k]!;
    cosines[k] = c;
    sines[k] = s;
    if (k === last - 1) return;
    bulge = -s * e[k + 1]!;
    e[k + 1]! *= c;
  }
}

/** The chosen columns of Z, reflected back, shape [cols, chosen], column-major. */
function backTransformed({ loops, cols, size, a, z }: Work, factors: Float64Array, chosen: readonly number[]): Float64Array {
  const vectors = new Float64Array(cols * chosen.length);
  for (const [rank, column] of chosen.entries()) {
    const start = z.byteOffset + column * size * 8;
    for (let k = cols - 3; k >= 0; k--) {
      const from = (k + 1) & ~1;
      if (factors[k] !== 0) loops.unreflect(start + from * 8, a.byteOffset + (k * size + from) * 8, factors[k]!, size - from);
    }
    vectors.set(z.subarray(column * size, column * size + cols), rank * cols);
  }
  return vectors;
}
