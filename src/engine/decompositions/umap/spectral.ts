import type { Random } from "../../../core/random.ts";
import { tridiagonalEigen } from "../../dense/tridiagonal-eigen.ts";
import type { SparseWeights } from "../embedding/sparse-weights.ts";

const LANCZOS_STEPS = 120;

/**
 * The slowest modes of a graph, which put rows near to each other that are joined by many paths: the eigenvectors of D^−½ W D^−½ with the largest
 * eigenvalues but the first, shape [n, dims], row-major. Null when the graph falls into several parts (each has a first one of its own) or is too
 * small. Lanczos iterations with full orthogonalisation; rough modes are enough for a start.
 *
 * Cost: O(steps · (edges + steps · n)), 120 steps. All randomness comes from `random`.
 * Source: Belkin & Niyogi (2003), doi:10.1162/089976603321780317; Lanczos (1950), doi:10.6028/jres.045.026.
 */
export function slowModes(graph: SparseWeights, dims: number, random: Random): Float64Array | null {
  const n = graph.starts.length - 1;
  const steps = Math.min(LANCZOS_STEPS, n - 1);
  if (steps < dims + 1 || !isConnected(graph)) return null;
  const roots = rootDegrees(graph);
  const basis: Float64Array[] = [];
  const diagonal = new Float64Array(steps);
  const beside = new Float64Array(steps);
  // The first mode is known: it is left out of everything that follows.
  const first = scaledToOne(roots.slice());
  let vector = scaledToOne(
    without(
      [first],
      Float64Array.from({ length: n }, () => random.next() - 0.5),
    ),
  );
  for (let step = 0; step < steps; step++) {
    basis.push(vector);
    const image = multiplied(graph, roots, vector);
    diagonal[step] = innerProduct(image, vector);
    // Twice, because once leaves rounding behind.
    const rest = without([first, ...basis], without([first, ...basis], image));
    beside[step] = Math.sqrt(innerProduct(rest, rest));
    if (!(beside[step]! > 1e-10)) break;
    vector = scaledToOne(rest);
  }
  const m = basis.length;
  if (m < dims) return null;
  const { vectors } = tridiagonalEigen(diagonal.slice(0, m), beside.slice(0, m - 1));
  const modes = new Float64Array(n * dims);
  for (let d = 0; d < dims; d++) {
    for (const [step, direction] of basis.entries()) {
      const share = vectors[d * m + step]!;
      for (let i = 0; i < n; i++) modes[i * dims + d]! += share * direction[i]!;
    }
  }
  return modes;
}

function isConnected({ starts, columns }: SparseWeights): boolean {
  const n = starts.length - 1;
  const isSeen = new Uint8Array(n);
  const queue = [0];
  isSeen[0] = 1;
  let seen = 1;
  for (let i = queue.pop(); i !== undefined; i = queue.pop()) {
    for (let at = starts[i]!; at < starts[i + 1]!; at++) {
      const j = columns[at]!;
      if (isSeen[j] === 1) continue;
      isSeen[j] = 1;
      seen++;
      queue.push(j);
    }
  }
  return seen === n;
}

function rootDegrees({ starts, weights }: SparseWeights): Float64Array {
  return Float64Array.from({ length: starts.length - 1 }, (_, i) => {
    let sum = 0;
    for (let at = starts[i]!; at < starts[i + 1]!; at++) sum += weights[at]!;
    return Math.sqrt(sum);
  });
}

function multiplied({ starts, columns, weights }: SparseWeights, roots: Float64Array, vector: Float64Array): Float64Array {
  const scaled = vector.map((value, i) => value / roots[i]!);
  return scaled.map((_, i) => {
    let sum = 0;
    for (let at = starts[i]!; at < starts[i + 1]!; at++) sum += weights[at]! * scaled[columns[at]!]!;
    return sum / roots[i]!;
  });
}

/** `vector` without its parts along `directions`, in place. */
function without(directions: readonly Float64Array[], vector: Float64Array): Float64Array {
  for (const direction of directions) {
    const share = innerProduct(vector, direction);
    for (let i = 0; i < vector.length; i++) vector[i]! -= share * direction[i]!;
  }
  return vector;
}

function scaledToOne(vector: Float64Array): Float64Array {
  const length = Math.sqrt(innerProduct(vector, vector));
  for (let i = 0; i < vector.length; i++) vector[i]! /= length;
  return vector;
}

function innerProduct(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
