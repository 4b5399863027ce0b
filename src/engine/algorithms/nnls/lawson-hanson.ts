import { Cholesky } from "../glm/cholesky.ts";

/** A coefficient joins when the error would fall by more than this share of its scale. */
const TOLERANCE = 1e-12;

/**
 * The b ≥ 0 with the least |X b − y|², from products of the columns. Columns are put on one scale inside; one without length gets 0, and so does
 * one that is a combination of those already in. Yields the count of coefficients above zero after each step.
 *
 * @param products XᵀX, shape [size, size] row-major. @param right Xᵀy, shape [size].
 * Cost: O(size³) per step, few steps per column. Deterministic.
 * Source: Lawson & Hanson (1974), Solving Least Squares Problems, chapter 23.
 */
export function* leastSquares(products: Float64Array, right: Float64Array): Generator<number, Float64Array, void> {
  const size = right.length;
  const scale = Float64Array.from({ length: size }, (_, j) => Math.sqrt(products[j * size + j]!));
  const gram = products.map((value, at) => {
    const factor = scale[Math.floor(at / size)]! * scale[at % size]!;
    return factor > 0 ? value / factor : 0;
  });
  const wanted = right.map((value, j) => (scale[j]! > 0 ? value / scale[j]! : 0));
  const limit = TOLERANCE * wanted.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const solution = new Float64Array(size);
  const refused = scale.map((value) => (value > 0 ? 0 : 1));
  let inside: number[] = [];
  for (let step = 0; step < 10 * size + 10; step++) {
    const next = steepest(gram, wanted, solution, inside, refused, limit);
    if (next < 0) break;
    const grown = solveOn(gram, wanted, [...inside, next]);
    if (grown === null || !(grown.at(-1)! > 0)) {
      refused[next] = 1;
      continue;
    }
    inside = settle(gram, wanted, solution, [...inside, next]);
    // Others may be worth another look now.
    for (let j = 0; j < size; j++) refused[j] = scale[j]! > 0 ? 0 : 1;
    yield inside.length;
  }
  return solution.map((value, j) => (scale[j]! > 0 ? value / scale[j]! : 0));
}

/** The column outside with the largest downward slope above the limit, or -1. */
function steepest(
  gram: Float64Array,
  wanted: Float64Array,
  solution: Float64Array,
  inside: readonly number[],
  refused: ArrayLike<number>,
  limit: number,
): number {
  const size = wanted.length;
  const isInside = new Uint8Array(size);
  for (const j of inside) isInside[j] = 1;
  let best = -1;
  let most = limit;
  for (let j = 0; j < size; j++) {
    if (isInside[j] === 1 || refused[j] === 1) continue;
    let slope = wanted[j]!;
    for (const k of inside) slope -= gram[j * size + k]! * solution[k]!;
    if (slope > most) {
      most = slope;
      best = j;
    }
  }
  return best;
}

/** Least squares on the columns inside; those that would go below zero leave, one boundary after the other. */
function settle(gram: Float64Array, wanted: Float64Array, solution: Float64Array, given: readonly number[]): number[] {
  let inside = [...given];
  for (;;) {
    const free = solveOn(gram, wanted, inside);
    if (free === null) return inside.filter((j) => solution[j]! > 0);
    if (free.every((value) => value > 0)) {
      solution.fill(0);
      for (const [place, j] of inside.entries()) solution[j] = free[place]!;
      return inside;
    }
    let share = 1;
    for (const [place, j] of inside.entries()) {
      if (free[place]! <= 0) share = Math.min(share, solution[j]! / (solution[j]! - free[place]!));
    }
    const left: number[] = [];
    for (const [place, j] of inside.entries()) {
      const value = solution[j]! + share * (free[place]! - solution[j]!);
      const leaves = free[place]! <= 0 && value <= 1e-14 * Math.abs(solution[j]! - free[place]!);
      solution[j] = leaves ? 0 : Math.max(0, value);
      if (!leaves) left.push(j);
    }
    if (left.length === inside.length) return inside;
    inside = left;
  }
}

function solveOn(gram: Float64Array, wanted: Float64Array, columns: readonly number[]): Float64Array | null {
  const size = wanted.length;
  const part = Float64Array.from(columns.flatMap((j) => columns.map((k) => gram[j * size + k]!)));
  // A column that is a combination of others leaves nothing but rounding on the diagonal.
  for (let i = 0; i < columns.length; i++) part[i * columns.length + i]! -= 1e-13;
  const factor = Cholesky.factor(part, columns.length);
  if (factor === null) return null;
  const exact = Float64Array.from(columns.flatMap((j) => columns.map((k) => gram[j * size + k]!)));
  return Cholesky.factor(exact, columns.length)?.solve(Float64Array.from(columns, (j) => wanted[j]!)) ?? null;
}
