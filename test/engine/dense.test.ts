import { describe, expect, test } from "vitest";
import { randomStream } from "../../src/core/random.ts";
import { CenterGaps } from "../../src/engine/clusterings/k-means/center-gaps.ts";
import { singularValues } from "../../src/engine/decompositions/singular-values.ts";
import { gramEigen } from "../../src/engine/dense/gram-eigen.ts";

function drain<Result>(steps: Generator<unknown, Result, void>): Result {
  for (;;) {
    const next = steps.next();
    if (next.done === true) return next.value;
  }
}

/** Numbers around 0, column-major, each column with its own spread. */
function numbers(rows: number, cols: number, seed = 1, spread = (_: number): number => 1): Float64Array {
  const random = randomStream(seed);
  return Float64Array.from({ length: rows * cols }, (_, at) => (random.next() - 0.5) * spread(Math.floor(at / rows)));
}

/** XᵀX by the definition, shape [cols, cols]. */
function gramOf(x: Float64Array, rows: number, cols: number): Float64Array {
  const result = new Float64Array(cols * cols);
  for (let j = 0; j < cols; j++)
    for (let k = 0; k < cols; k++) for (let i = 0; i < rows; i++) result[j * cols + k]! += x[j * rows + i]! * x[k * rows + i]!;
  return result;
}

describe("eigenvalues of XᵀX", () => {
  test.each([
    [1, 1],
    [5, 2],
    [300, 3],
    [257, 7],
    [1000, 16],
    [601, 41],
  ])("%i rows, %i columns: A v = λ v, orthonormal vectors, in order, and the trace is kept", (rows, cols) => {
    const x = numbers(rows, cols);
    const gram = gramOf(x, rows, cols);
    const { values, vectors } = drain(gramEigen(x, rows, cols, cols))!;
    const largest = values[0]!;
    for (let r = 0; r < cols; r++) {
      if (r > 0) expect(values[r]!).toBeLessThanOrEqual(values[r - 1]!);
      for (let j = 0; j < cols; j++) {
        let image = 0;
        for (let k = 0; k < cols; k++) image += gram[j * cols + k]! * vectors[r * cols + k]!;
        expect(Math.abs(image - values[r]! * vectors[r * cols + j]!)).toBeLessThan(1e-13 * largest);
      }
      for (let q = 0; q <= r; q++) {
        let product = 0;
        for (let j = 0; j < cols; j++) product += vectors[r * cols + j]! * vectors[q * cols + j]!;
        expect(Math.abs(product - (q === r ? 1 : 0))).toBeLessThan(1e-12);
      }
    }
    let trace = 0;
    for (let j = 0; j < cols; j++) trace += gram[j * cols + j]!;
    expect(values.reduce((sum, value) => sum + value, 0) / trace).toBeCloseTo(1, 13);
  });

  test("columns that repeat, or are zero, give eigenvalues of zero and no failure", () => {
    const x = numbers(100, 20);
    x.copyWithin(300, 0, 100);
    x.fill(0, 500, 600);
    const { values } = drain(gramEigen(x, 100, 20, 20))!;
    expect(values.subarray(0, 18).every((value) => value > 0.01)).toBe(true);
    expect(values.subarray(18).every((value) => Math.abs(value) < 1e-13 * values[0]!)).toBe(true);
  });

  test("only the vectors that are wanted come, the same to the bit", () => {
    const x = numbers(500, 30);
    const all = drain(gramEigen(x, 500, 30, 30))!;
    const three = drain(gramEigen(x, 500, 30, 3))!;
    expect(three.vectors).toEqual(all.vectors.slice(0, 90));
    expect(three.values).toEqual(all.values);
  });
});

describe("singular values", () => {
  test("the quick way agrees with rotations of the triangle to ten digits", () => {
    const [rows, cols] = [640, 32];
    const x = numbers(rows, cols, 3, (j) => 1 + j);
    const quick = drain(singularValues(x, rows, cols));
    // Transposed, the matrix is wide and goes by the triangle; its singular values are the same.
    const wide = new Float64Array(x.length);
    for (let i = 0; i < rows; i++) for (let j = 0; j < cols; j++) wide[i * cols + j] = x[j * rows + i]!;
    const slow = drain(singularValues(wide, cols, rows));
    expect(slow.values).toHaveLength(cols);
    for (const [r, value] of quick.values.entries()) expect(value / slow.values[r]!).toBeCloseTo(1, 11);
  });

  test("a matrix whose last directions would drown in rounding goes the exact way: eleven decades are kept apart", () => {
    const [rows, cols] = [200, 16];
    const x = numbers(rows, cols, 5, (j) => 10 ** (-0.75 * j));
    const { values } = drain(singularValues(x, rows, cols));
    expect(values).toHaveLength(cols);
    for (let r = 1; r < cols; r++) expect(values[r - 1]! / values[r]!).toBeGreaterThan(2);
  });

  test("a missing direction is left out, not shown as rounding", () => {
    const x = numbers(200, 20, 7);
    for (let i = 0; i < 200; i++) x[19 * 200 + i] = x[i]! + x[200 + i]!;
    expect(drain(singularValues(x, 200, 20)).values).toHaveLength(19);
  });
});

test.each([1, 2, 3, 4, 5, 7, 8, 50, 51])("distances from centres, %i columns: equal to the plain loop to the bit", (cols) => {
  const rows = 9;
  for (const k of [1, 2, 3, 4, 5, 9]) {
    const points = { rows, cols, values: numbers(rows, cols, 11) };
    const centers = numbers(k, cols, 12);
    const quick = new CenterGaps(points, k);
    const plain = new CenterGaps(points, k, null);
    quick.centers = centers;
    plain.centers = centers;
    for (let i = 0; i < rows; i++) {
      expect(quick.of(i).slice()).toEqual(plain.of(i).slice());
      expect(quick.between(i, k - 1)).toBe(plain.between(i, k - 1));
      expect(quick.between(i, k - 1)).toBe(plain.of(i)[k - 1]);
    }
  }
});
