import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { randomStream } from "../../src/core/random.ts";
import type { FittedDecomposition } from "../../src/engine/decomposition.ts";
import { type Metric, nearestRows } from "../../src/engine/decompositions/embedding/nearest-rows.ts";
import { symmetric } from "../../src/engine/decompositions/embedding/sparse-weights.ts";
import { trustworthiness } from "../../src/engine/decompositions/embedding/trustworthiness.ts";
import { decompositionOf } from "../../src/engine/decompositions/registry.ts";
import { learnStandard, standardised } from "../../src/engine/decompositions/standardise.ts";
import { CellTree } from "../../src/engine/decompositions/t-sne/cell-tree.ts";
import { fillBell, similarities } from "../../src/engine/decompositions/t-sne/similarities.ts";
import { closenessCurve } from "../../src/engine/decompositions/umap/curve.ts";
import { Layout, layoutKernel } from "../../src/engine/decompositions/umap/layout.ts";
import { memberships } from "../../src/engine/decompositions/umap/memberships.ts";
import { slowModes } from "../../src/engine/decompositions/umap/spectral.ts";
import { tridiagonalEigen } from "../../src/engine/dense/tridiagonal-eigen.ts";
import type { Hyperparameters } from "../../src/engine/hyperparameter.ts";
import { type NumericMatrix, numericMatrix, transposed } from "../../src/engine/matrix.ts";
import { sampleTable } from "../support/tables.ts";

const read = (name: string) => JSON.parse(readFileSync(new URL(`../fixtures/embeddings/${name}.json`, import.meta.url), "utf8"));
const r = read("r");
const sklearn = read("sklearn");

const table = sampleTable("wine");
const wine = numericMatrix(
  table,
  table.columns.slice(0, 8).map((column) => column.name),
);
const scaled = standardised(wine, learnStandard(wine, { center: true, scale: true }));
const rows = transposed(scaled, wine.rows, 8);

function drain<Result>(steps: Generator<unknown, Result, void>): Result {
  for (;;) {
    const next = steps.next();
    if (next.done === true) return next.value;
  }
}

function decompose(name: string, matrix: NumericMatrix, hyperparameters: Hyperparameters = {}, seed = 1): FittedDecomposition {
  const decomposition = decompositionOf(name);
  const defaults = Object.fromEntries(decomposition.hyperparameters.map((schema) => [schema.name, schema.default]));
  return drain(decomposition.fit(matrix, { ...defaults, ...hyperparameters }, seed));
}

const pictureOf = (fitted: FittedDecomposition): Float64Array => transposed(fitted.transformed, fitted.transformed.length / 2, 2);
const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;

/** Groups far apart, row by row. */
function groups(count: number, size: number, cols: number, seed = 1): NumericMatrix {
  const random = randomStream(seed);
  const centers = Float64Array.from({ length: count * cols }, () => 20 * random.next());
  const values = Float64Array.from({ length: count * size * cols }, (_, at) => {
    const row = at % (count * size);
    return centers[(row % count) * cols + Math.floor(at / (count * size))]! + random.next();
  });
  return { rows: count * size, names: Array.from({ length: cols }, (_, j) => `x${j}`), values };
}

describe("nearest rows", () => {
  const apart: Record<Metric, (a: Float64Array, b: Float64Array) => number> = {
    euclidean: (a, b) => Math.sqrt(a.reduce((sum, value, j) => sum + (value - b[j]!) ** 2, 0)),
    cosine: (a, b) => {
      const dot = a.reduce((sum, value, j) => sum + value * b[j]!, 0);
      const length = (v: Float64Array): number => Math.sqrt(v.reduce((sum, value) => sum + value * value, 0));
      return 1 - dot / (length(a) * length(b));
    },
    manhattan: (a, b) => a.reduce((sum, value, j) => sum + Math.abs(value - b[j]!), 0),
    hamming: (a, b) => a.reduce((sum, value, j) => sum + (value === b[j] ? 0 : 1), 0) / a.length,
    categorical: (a, b) => a.reduce((sum, value, j) => sum + (value === b[j] ? 0 : 1), 0),
  };

  test.each(["euclidean", "cosine", "manhattan", "hamming", "categorical"] as const)("%s: those of a search through all", (metric) => {
    const values = metric === "hamming" || metric === "categorical" ? rows.map((value) => Math.round(2 * value)) : rows;
    const found = drain(nearestRows(values, 8, 10, metric));
    const row = (i: number): Float64Array => values.subarray(i * 8, (i + 1) * 8);
    for (let i = 0; i < wine.rows; i++) {
      const all = Array.from({ length: wine.rows }, (_, j) => j)
        .filter((j) => j !== i)
        .map((j) => ({ j, away: apart[metric](row(i), row(j)) }))
        .sort((a, b) => a.away - b.away || a.j - b.j);
      for (let n = 0; n < 10; n++) {
        expect(found.distances[i * 10 + n]!).toBeCloseTo(all[n]!.away, 10);
        expect(apart[metric](row(i), row(found.rows[i * 10 + n]!))).toBeCloseTo(all[n]!.away, 10);
      }
      expect(new Set(found.rows.subarray(i * 10, (i + 1) * 10)).size).toBe(10);
    }
  });

  test("rows that all are equal are each other's neighbours, never their own", () => {
    const found = drain(nearestRows(new Float64Array(40).fill(3), 2, 5, "euclidean"));
    for (let i = 0; i < 20; i++) expect([...found.rows.subarray(i * 5, i * 5 + 5)]).not.toContain(i);
    expect(found.distances.every((distance) => distance === 0)).toBe(true);
  });
});

test.each(sklearn.trustworthiness as { turn: number; k: number; value: number }[])(
  "trustworthiness agrees with scikit-learn: picture $turn, $k neighbours",
  ({ turn, k, value }) => {
    const picture = Float64Array.from({ length: wine.rows * 2 }, (_, at) => {
      const row = rows.subarray(Math.floor(at / 2) * 8, Math.floor(at / 2) * 8 + 8);
      return row.reduce((sum, cell, j) => sum + cell * (at % 2 === 0 ? Math.cos(turn * (j + 1)) : Math.sin(turn * (j + 1))), 0);
    });
    expect(trustworthiness(rows, 8, picture, 2, k)).toBeCloseTo(value, 12);
  },
);

describe("t-SNE", () => {
  test("each row's similarities have the entropy that the perplexity asks for, and all sum to 1", () => {
    const k = 60;
    const near = drain(nearestRows(rows, 8, k, "euclidean"));
    const { weights } = similarities(near, 20);
    expect(weights.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 12);
    for (const perplexity of [2, 5, 20]) {
      const shares = new Float64Array(k);
      fillBell(near.distances.subarray(0, k), perplexity, shares);
      expect(Math.exp(-shares.reduce((sum, share) => sum + (share > 0 ? share * Math.log(share) : 0), 0))).toBeCloseTo(perplexity, 3);
    }
    const equal = new Float64Array(3);
    fillBell(new Float64Array(3).fill(7), 2, equal);
    expect([...equal]).toEqual([1 / 3, 1 / 3, 1 / 3]);
  });

  test.each([1, 2, 3])("with theta 0 the tree's forces are the sums over all pairs, %i dimensions", (dims) => {
    const n = 60;
    const random = randomStream(4);
    const points = Float64Array.from({ length: n * dims }, () => random.next());
    points.copyWithin(0, dims, 2 * dims); // two points on each other
    const tree = new CellTree(n, dims);
    tree.build(points);
    const forces = new Float64Array(n * dims);
    const total = tree.pushApart(points, 0, forces);
    const expected = new Float64Array(n * dims);
    let sum = 0;
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) {
        if (j === i) continue;
        let squared = 0;
        for (let d = 0; d < dims; d++) squared += (points[i * dims + d]! - points[j * dims + d]!) ** 2;
        const q = 1 / (1 + squared);
        sum += q;
        for (let d = 0; d < dims; d++) expected[i * dims + d]! += q * q * (points[i * dims + d]! - points[j * dims + d]!);
      }
    }
    expect(total).toBeCloseTo(sum, 9);
    for (const [at, force] of forces.entries()) expect(force).toBeCloseTo(expected[at]!, 9);
    const rough = new Float64Array(n * dims);
    expect(tree.pushApart(points, 0.5, rough) / sum).toBeCloseTo(1, 1);
  });

  test("reaches Rtsne's divergence: the median of five seeds is within its range over ten", () => {
    const ours = [1, 2, 3, 4, 5].map((seed) =>
      Number(decompose("tSNE", wine, { perplexity: 20, pca_scale: true }, seed).metrics.divergence),
    );
    expect(median(ours)).toBeLessThan(Math.max(...r.divergences));
    expect(median(ours)).toBeGreaterThan(Math.min(...r.divergences) * 0.9);
  });

  test("groups far apart stay apart, in two and in three dimensions; the same seed gives the same bits", () => {
    const matrix = groups(4, 30, 5);
    const fitted = decompose("tSNE", matrix, { perplexity: 10 });
    expect(fitted.transformed).toEqual(decompose("tSNE", matrix, { perplexity: 10 }).transformed);
    expect(fitted.transformed).not.toEqual(decompose("tSNE", matrix, { perplexity: 10 }, 2).transformed);
    expect(nearestShareGroup(pictureOf(fitted), 2, 4)).toBe(1);
    const space = decompose("tSNE", matrix, { perplexity: 10, k: 3 });
    expect(nearestShareGroup(transposed(space.transformed, matrix.rows, 3), 3, 4)).toBe(1);
    expect(space.components).toEqual(["tSNE_1", "tSNE_2", "tSNE_3"]);
  });

  test("too few rows for the perplexity, and repeated rows, are named with the remedy", () => {
    expect(() => decompose("tSNE", groups(1, 20, 2))).toThrow("perplexity is 30, but 20 rows allow at most 6; lower it");
    const repeated = groups(2, 20, 2);
    for (const j of [0, 1]) repeated.values[j * 40 + 7] = repeated.values[j * 40 + 3]!;
    expect(() => decompose("tSNE", repeated, { perplexity: 5 })).toThrow("rows 4 and 8 are equal");
    expect(decompose("tSNE", repeated, { perplexity: 5, check_duplicates: false }).transformed.every(Number.isFinite)).toBe(true);
    expect(() => decompositionOf("tsne").load({ meta: {}, arrays: {} })(wine)).toThrow("cannot place new rows");
  });
});

/** The share of rows whose nearest row in the picture is of their group; groups are dealt out in turns. */
function nearestShareGroup(picture: Float64Array, dims: number, count: number): number {
  const near = drain(nearestRows(picture, dims, 1, "euclidean"));
  const same = near.rows.filter((row, i) => row % count === i % count).length;
  return same / near.rows.length;
}

test.each([
  ["tSNE", { perplexity: 1, k: 1 }],
  ["UMAP", { n_neighbors: 2, k: 1 }],
] as const)("%s: the smallest tables, one column, and the input untouched", (name, settings) => {
  const matrix = { rows: 4, names: ["x"], values: Float64Array.of(3, 5, 9, 11) };
  const before = matrix.values.slice();
  const { transformed } = decompose(name, matrix, settings);
  expect(transformed).toHaveLength(4);
  expect(transformed.every(Number.isFinite)).toBe(true);
  expect(matrix.values).toEqual(before);
});

describe("UMAP", () => {
  test.each(r.curves as { min_dist: number; spread: number; ab: [number, number] }[])(
    "the curve of closeness is uwot's: min_dist $min_dist, spread $spread",
    ({ min_dist, spread, ab }) => {
      const { a, b } = closenessCurve(min_dist, spread);
      expect(a).toBeCloseTo(ab[0], 3);
      expect(b).toBeCloseTo(ab[1], 4);
    },
  );

  test("the graph of neighbours is uwot's, to the five digits of its search for the reach", () => {
    const near = drain(nearestRows(rows, 8, 14, "euclidean"));
    const graph = symmetric(near.rows, memberships(near), wine.rows, 14, (there, back) => there + back - there * back);
    const weightAt = (i: number, j: number): number => {
      for (let at = graph.starts[i]!; at < graph.starts[i + 1]!; at++) if (graph.columns[at] === j) return graph.weights[at]!;
      return 0;
    };
    expect(r.graph.x.length).toBeGreaterThan(150);
    for (const [at, weight] of (r.graph.x as number[]).entries()) {
      expect(Math.abs(weightAt(r.graph.i[at], r.graph.j[at]) - weight)).toBeLessThan(2e-4);
    }
  });

  test("keeps neighbours as well as uwot: the median trustworthiness of five seeds is within 0.01 of its", () => {
    const theirs = (r.pictures as number[][]).map((picture) =>
      trustworthiness(rows, 8, transposed(Float64Array.from(picture), wine.rows, 2), 2),
    );
    const ours = [1, 2, 3, 4, 5].map((seed) => Number(decompose("UMAP", wine, {}, seed).metrics.trustworthiness));
    expect(median(ours)).toBeGreaterThan(median(theirs) - 0.01);
  });

  test.each(["spectral", "pca", "random"])("groups far apart stay apart from a %s start; the same seed gives the same bits", (init) => {
    const matrix = groups(4, 40, 5);
    const fitted = decompose("UMAP", matrix, { init });
    expect(nearestShareGroup(pictureOf(fitted), 2, 4)).toBe(1);
    expect(fitted.transformed).toEqual(decompose("UMAP", matrix, { init }).transformed);
    expect(fitted.transformed).not.toEqual(decompose("UMAP", matrix, { init }, 2).transformed);
    expect(fitted.warnings).toHaveLength(init === "spectral" ? 1 : 0);
  });

  test("new rows land among their group, whichever others come with them; the loaded fit gives the same bits", () => {
    const matrix = groups(4, 40, 5);
    const fitted = decompose("UMAP", matrix);
    const place = decompositionOf("UMAP").load(fitted.state());
    const moved = { ...matrix, values: matrix.values.map((value) => value + 0.01) };
    const placed = transposed(place(moved), matrix.rows, 2);
    const picture = pictureOf(fitted);
    for (let i = 0; i < matrix.rows; i++) {
      let nearest = -1;
      let least = Number.POSITIVE_INFINITY;
      for (let j = 0; j < matrix.rows; j++) {
        const away = (placed[2 * i]! - picture[2 * j]!) ** 2 + (placed[2 * i + 1]! - picture[2 * j + 1]!) ** 2;
        if (away < least) [least, nearest] = [away, j];
      }
      expect(nearest % 4).toBe(i % 4);
    }
    const one = { rows: 1, names: matrix.names, values: Float64Array.from(matrix.names, (_, j) => moved.values[j * matrix.rows + 9]!) };
    expect([...place(one)]).toEqual([placed[18], placed[19]]);
    expect(() => place({ rows: 1, names: ["a"], values: new Float64Array(1) })).toThrow("the fit used 5 columns");
  });

  test("more neighbours than rows are refused, a column that does not vary is named", () => {
    expect(() => decompose("UMAP", groups(1, 10, 2))).toThrow("n_neighbors is 15, but there are only 10 rows; lower it to 10 or less");
    const flat = groups(2, 20, 2);
    flat.values.fill(1, 40);
    expect(() => decompose("UMAP", flat)).toThrow('column "x1" has the same value in every row');
    expect(decompose("UMAP", flat, { scale: false }).transformed.every(Number.isFinite)).toBe(true);
  });

  test("rows that repeat, and every metric, give finite pictures", () => {
    const codes = { ...wine, values: wine.values.map((value) => Math.round(value / 3)) };
    for (const metric of ["euclidean", "cosine", "manhattan", "hamming", "categorical"]) {
      const { transformed, metrics } = decompose("UMAP", codes, { metric, scale: false, n_epochs: 50 });
      expect(transformed.every(Number.isFinite)).toBe(true);
      expect(metrics.epochs).toBe(50);
    }
  });

  test("powers are exact to nine digits over the range of squared distances", () => {
    const kernel = layoutKernel();
    for (let x = 1e-20; x < 1e20; x *= 1.7) {
      for (const b of [0.3, 0.79, 0.8006368, 1, 1.9]) expect(Math.abs(kernel.power(x, b) / x ** b - 1)).toBeLessThan(1e-9);
    }
  });

  test("one pair alone: the first epoch's pull is the gradient's, and opposite on both sides", () => {
    const points = Float64Array.from([0, 0, 3, 4]);
    const { a, b } = { a: 1.5, b: 0.9 };
    const layout = new Layout(points, 2, { heads: null, pairs: 1 });
    const pulls = { heads: Int32Array.of(0), tails: Int32Array.of(1), weights: Float64Array.of(1) };
    // A turn is due from the first epoch after it; pushes only from the sixth part of one.
    drain(layout.run(points, pulls, { epochs: 2, step: 0.2, curve: { a, b }, random: randomStream(1) }));
    const force = (-2 * a * b * 25 ** (b - 1)) / (1 + a * 25 ** b);
    const rate = 0.2 * 0.5;
    const pulled = [-rate * force * 3, -rate * force * 4];
    expect(points[2]!).toBeCloseTo(3 - pulled[0]!, 8);
    expect(points[3]!).toBeCloseTo(4 - pulled[1]!, 8);
  });

  test("the slowest mode of a chain is its half cosine wave", () => {
    const n = 50;
    const chain = symmetric(
      Int32Array.from({ length: n }, (_, i) => (i + 1) % n),
      Float64Array.from({ length: n }, (_, i) => (i + 1 < n ? 1 : 0)),
      n,
      1,
      (there, back) => Math.max(there, back),
    );
    const mode = slowModes(chain, 1, randomStream(1))!;
    // Ends have one neighbour, others two: eigenvectors of the walk are cosines once divided by the root of the degree.
    const wave = mode.map((value, i) => value / Math.sqrt(i === 0 || i === n - 1 ? 1 : 2));
    const scale = wave[0]!;
    for (let i = 0; i < n; i++) expect(wave[i]! / scale).toBeCloseTo(Math.cos((Math.PI * i) / (n - 1)), 6);
    expect(slowModes({ ...chain, weights: chain.weights, columns: chain.columns, starts: chain.starts }, n, randomStream(1))).toBeNull();
  });
});

test("eigenvalues of the second difference are those of its formula", () => {
  const m = 40;
  const { values, vectors } = tridiagonalEigen(new Float64Array(m).fill(2), new Float64Array(m - 1).fill(-1));
  for (let j = 0; j < m; j++) {
    expect(values[j]!).toBeCloseTo(2 - 2 * Math.cos(((m - j) * Math.PI) / (m + 1)), 12);
    const image = Array.from({ length: m }, (_, i) => 2 * at(i, j) - at(i - 1, j) - at(i + 1, j));
    for (const [i, value] of image.entries()) expect(value).toBeCloseTo(values[j]! * at(i, j), 12);
  }
  function at(i: number, j: number): number {
    return i < 0 || i >= m ? 0 : vectors[j * m + i]!;
  }
});
