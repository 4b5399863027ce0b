import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { randomStream } from "../../src/core/random.ts";
import type { FittedDecomposition } from "../../src/engine/decomposition.ts";
import { distance, updateFactors } from "../../src/engine/decompositions/nmf/updates.ts";
import { DECOMPOSITIONS, decompositionOf } from "../../src/engine/decompositions/registry.ts";
import { singularValues } from "../../src/engine/decompositions/singular-values.ts";
import type { Hyperparameters } from "../../src/engine/hyperparameter.ts";
import { type NumericMatrix, numericMatrix } from "../../src/engine/matrix.ts";
import { categoricalColumn, numericColumn } from "../../src/engine/table.ts";
import { drain } from "../support/sample-columns.ts";
import { sampleTable } from "../support/tables.ts";

type Rows = readonly (readonly number[])[];
const read = (name: string) => JSON.parse(readFileSync(new URL(`../fixtures/decompositions/${name}.json`, import.meta.url), "utf8"));
const r = read("r");
const sklearn = read("sklearn");

const table = sampleTable("wine");
const wine = numericMatrix(
  table,
  table.columns.slice(0, 8).map((column) => column.name),
);

function matrixOf(rows: Rows): NumericMatrix {
  const p = rows[0]?.length ?? 0;
  const names = Array.from({ length: p }, (_, j) => `x${j + 1}`);
  return {
    rows: rows.length,
    names,
    values: Float64Array.from({ length: rows.length * p }, (_, at) => rows[at % rows.length]![Math.floor(at / rows.length)]!),
  };
}

function firstRows(matrix: NumericMatrix, count: number): NumericMatrix {
  const values = matrix.names.flatMap((_, j) => [...matrix.values.subarray(j * matrix.rows, j * matrix.rows + count)]);
  return { rows: count, names: matrix.names, values: Float64Array.from(values) };
}

function decompose(name: string, matrix: NumericMatrix, hyperparameters: Hyperparameters = {}, seed = 1): FittedDecomposition {
  const decomposition = decompositionOf(name);
  const defaults = Object.fromEntries(decomposition.hyperparameters.map((schema) => [schema.name, schema.default]));
  return drain(decomposition.fit(matrix, { ...defaults, ...hyperparameters }, seed)).result;
}

/** Column `c` of [size, k], column-major. */
const columnAt = (values: Float64Array, size: number, c: number): number[] => [...values.subarray(c * size, (c + 1) * size)];
const column = (rows: Rows, c: number): number[] => rows.map((row) => row[c]!);

/** Largest difference of two columns, the second turned so that it points the same way. */
function gapUpToSign(ours: readonly number[], theirs: readonly number[]): number {
  const dot = ours.reduce((sum, value, i) => sum + value * theirs[i]!, 0);
  const sign = dot < 0 ? -1 : 1;
  return Math.max(...ours.map((value, i) => Math.abs(value - sign * theirs[i]!)));
}

describe("PCA", () => {
  // Both are backward stable; the data is well conditioned, so that rounding alone separates them.
  test.each([
    ["scaled", wine, { center: true, scale: true }],
    ["centred", wine, { center: true, scale: false }],
    ["raw", wine, { center: false, scale: false }],
    ["uncentred", wine, { center: false, scale: true }],
  ] as const)("agrees with prcomp to 1e-9: %s", (name, matrix, options) => {
    const expected = r.pca[name];
    const result = decompose("PCA", matrix, { k: 8, ...options });
    result.components.forEach((component, c) => {
      expect(component).toBe(`PC${c + 1}`);
      const scale = Math.abs(expected.sd[0]);
      expect(Math.abs((result.metrics.sd as number[])[c]! - expected.sd[c]) / scale).toBeLessThan(1e-12);
      expect(gapUpToSign(columnAt(result.loadings, 8, c), column(expected.rotation, c))).toBeLessThan(1e-9);
      const scores = columnAt(result.transformed, matrix.rows, c).slice(0, 5);
      expect(gapUpToSign(scores, column(expected.first, c)) / scale).toBeLessThan(1e-9);
    });
  });

  test("agrees with prcomp on more columns than rows, without the direction that has no variance", () => {
    const result = decompose("PCA", firstRows(wine, 6), { k: 6 });
    expect(result.components).toHaveLength(5);
    expect(result.warnings.join()).toContain("5 directions");
    result.components.forEach((_, c) => {
      expect((result.metrics.sd as number[])[c]).toBeCloseTo(r.pca.wide.sd[c], 12);
      expect(gapUpToSign(columnAt(result.loadings, 8, c), column(r.pca.wide.rotation, c))).toBeLessThan(1e-9);
    });
  });

  test("signs, order and shares are as documented", () => {
    const { loadings, metrics } = decompose("PCA", wine, { k: 8 });
    for (let c = 0; c < 8; c++) {
      const values = columnAt(loadings, 8, c);
      expect(Math.max(...values)).toBe(Math.max(...values.map(Math.abs)));
    }
    const variances = metrics.explained_variance as number[];
    expect(variances).toEqual([...variances].sort((a, b) => b - a));
    expect((metrics.cumulative_ratio as number[])[7]).toBeCloseTo(1, 12);
    expect(metrics.total_variance).toBeCloseTo(8, 10);
  });

  test("tol leaves out components with little deviation; k beyond the columns is lowered with a warning", () => {
    const all = decompose("PCA", wine, { k: 12 });
    expect(all.components).toHaveLength(8);
    expect(all.warnings.join()).toContain("k is 8, not 12");
    const sd = all.metrics.sd as number[];
    const kept = sd.filter((value) => value > 0.6 * sd[0]!).length;
    expect(kept).toBeGreaterThan(0);
    expect(decompose("PCA", wine, { k: 8, tol: 0.6 }).components).toHaveLength(kept);
  });

  test("a copied column lowers the rank, and is not divided by nothing", () => {
    const doubled = {
      rows: wine.rows,
      names: [...wine.names, "again"],
      values: Float64Array.from([...wine.values, ...wine.values.subarray(0, wine.rows)]),
    };
    const result = decompose("PCA", doubled, { k: 9 });
    expect(result.components).toHaveLength(8);
    expect(result.transformed.every(Number.isFinite)).toBe(true);
  });

  test("a constant column is refused by name when scaling, and harmless otherwise", () => {
    const constant = matrixOf([
      [1, 0.1],
      [2, 0.1],
      [4, 0.1],
    ]);
    expect(() => decompose("PCA", constant)).toThrow(/"x2" has the same value in every row/);
    expect(decompose("PCA", constant, { scale: false }).components).toEqual(["PC1"]);
  });

  test("rows in another order give the same directions", () => {
    const order = Array.from({ length: wine.rows }, (_, i) => (i * 67) % wine.rows);
    const shuffled = {
      ...wine,
      values: wine.values.map((_, at) => wine.values[Math.floor(at / wine.rows) * wine.rows + order[at % wine.rows]!]!),
    };
    const one = decompose("PCA", wine);
    const other = decompose("PCA", shuffled);
    one.loadings.forEach((value, i) => {
      expect(other.loadings[i]).toBeCloseTo(value, 10);
    });
  });

  test("tiny singular values keep their digits beside huge ones", () => {
    // Diagonal blocks turned by a known rotation: singular values 1e6, 1, 1e-6.
    const c = Math.cos(0.3);
    const s = Math.sin(0.3);
    const x = Float64Array.from([1e6 * c, 1e6 * s, 0, -s, c, 0, 0, 0, 1e-6]);
    const { values } = drain(singularValues(x, 3, 3)).result;
    const exact = drain(singularValues(Float64Array.from([1e6, 0, 0, 0, 1, 0, 0, 0, 1e-6]), 3, 3)).result.values;
    expect([...exact]).toEqual([1e6, 1, 1e-6]);
    expect(values[2]! / 1e-6).toBeCloseTo(1, 10);
  });

  test("blocks of rows make no difference: 2,000 rows at once, and their Gram matrix", () => {
    const random = randomStream(7);
    const x = Float64Array.from({ length: 2000 * 5 }, () => random.next() - 0.3);
    const { values, right } = drain(singularValues(x, 2000, 5)).result;
    for (let a = 0; a < 5; a++) {
      for (let b = 0; b < 5; b++) {
        let gram = 0;
        for (let i = 0; i < 2000; i++) gram += x[a * 2000 + i]! * x[b * 2000 + i]!;
        let rebuilt = 0;
        for (let c = 0; c < 5; c++) rebuilt += right[c * 5 + a]! * values[c]! ** 2 * right[c * 5 + b]!;
        expect(rebuilt / gram).toBeCloseTo(1, 10);
      }
    }
  });
});

describe("ICA", () => {
  const mixed = matrixOf(r.mixed);

  // Both iterate the same fixed point to 1e-14; sources have no order or sign of their own.
  test.each([
    ["parallel_logcosh", { type: "parallel", fun: "logcosh" }],
    ["parallel_exp", { type: "parallel", fun: "exp" }],
  ])("agrees with fastICA to 1e-6: %s", (name, options) => {
    const result = decompose("ICA", mixed, { ...options, maxit: 5000, tol: 1e-14 }, 3);
    const expected = r.ica[name];
    const used = new Set<number>();
    for (let c = 0; c < 3; c++) {
      const ours = columnAt(result.loadings, 5, c);
      const gaps = [0, 1, 2].map((d) => gapUpToSign(ours, column(expected.A, d)));
      const best = gaps.indexOf(Math.min(...gaps));
      used.add(best);
      expect(gaps[best]).toBeLessThan(1e-6);
      expect(gapUpToSign(columnAt(result.transformed, mixed.rows, c).slice(0, 20), column(expected.S, best))).toBeLessThan(1e-6);
    }
    expect(used.size).toBe(3);
  });

  test("deflation agrees with fastICA to 1e-6, from a start that finds the sources in the same order", () => {
    const expected = r.ica.deflation_logcosh;
    const gapOf = (seed: number): number => {
      const { loadings } = decompose("ICA", mixed, { type: "deflation", maxit: 5000, tol: 1e-14 }, seed);
      const gaps = [0, 1, 2].map((c) => Math.min(...[0, 1, 2].map((d) => gapUpToSign(columnAt(loadings, 5, c), column(expected.A, d)))));
      return Math.max(...gaps);
    };
    const gaps = Array.from({ length: 12 }, (_, seed) => gapOf(seed));
    expect(Math.min(...gaps)).toBeLessThan(1e-6);
    // Another order changes the sources found later, but not by much.
    expect(Math.max(...gaps)).toBeLessThan(0.1);
  });

  test("loadings times sources are the standardised rows, when nothing was left out", () => {
    const result = decompose("ICA", mixed, { k: 3, tol: 1e-10, maxit: 1000 });
    expect((result.metrics.explained_variance_ratio as number[]).reduce((sum, share) => sum + share)).toBeCloseTo(1, 10);
    const shares = result.metrics.explained_variance_ratio as number[];
    expect(shares).toEqual([...shares].sort((a, b) => b - a));
    for (let c = 0; c < 3; c++) {
      const source = columnAt(result.transformed, mixed.rows, c);
      expect(source.reduce((sum, value) => sum + value * value, 0) / mixed.rows).toBeCloseTo(1, 9);
    }
  });

  test("same seed, same bits; steps say how far the directions turn; no convergence is a warning", () => {
    expect(decompose("ICA", wine, {}, 5).transformed).toEqual(decompose("ICA", wine, {}, 5).transformed);
    const ica = decompositionOf("ica");
    const defaults = Object.fromEntries(ica.hyperparameters.map((schema) => [schema.name, schema.default]));
    const { steps } = drain(ica.fit(mixed, defaults, 1));
    const changes = steps.flatMap((step) => step.values.change ?? []);
    expect(changes.length).toBeGreaterThan(2);
    expect(changes.at(-1)).toBeLessThan(1e-4);
    expect(decompose("ICA", wine, { maxit: 1, tol: 1e-12 }).warnings.join()).toContain("did not settle");
  });
});

describe("NMF", () => {
  const v = Float64Array.from({ length: wine.values.length }, (_, at) => wine.values[(at % 8) * wine.rows + Math.floor(at / 8)]!);
  const flat = (rows: Rows): Float64Array => Float64Array.from(rows.flat());

  // The same arithmetic in another order, 30 rounds of it.
  test.each(["brunet", "lee"] as const)("%s: thirty rounds agree with scikit-learn to 1e-9", (method) => {
    const factors = { w: flat(sklearn.w0), h: flat(sklearn.h0) };
    for (let round = 0; round < 30; round++) updateFactors(v, factors, wine.rows, 8, method);
    flat(sklearn[method].h).forEach((value, i) => {
      expect(factors.h[i]! / value).toBeCloseTo(1, 9);
    });
    flat(sklearn[method].w).forEach((value, i) => {
      expect(factors.w[i]! / value).toBeCloseTo(1, 9);
    });
  });

  // Multiplicative updates creep towards a local minimum: one part in a hundred over scikit-learn's best of ten starts.
  test.each(["brunet", "lee"] as const)("%s: ends as low as scikit-learn's best of ten", (method) => {
    const result = decompose("NMF", wine, { k: 3, method, nrun: 4, tol: 1e-7, maxit: 3000 });
    const reached = Number(result.metrics.distance);
    expect(Math.sqrt(2 * reached)).toBeLessThan(sklearn[method].best * 1.01);
  });

  test.each(["brunet", "lee"] as const)("%s: the distance never rises", (method) => {
    const factors = { w: flat(sklearn.w0), h: flat(sklearn.h0) };
    let before = distance(v, factors, wine.rows, 8, method);
    for (let round = 0; round < 50; round++) {
      updateFactors(v, factors, wine.rows, 8, method);
      const now = distance(v, factors, wine.rows, 8, method);
      expect(now).toBeLessThanOrEqual(before * (1 + 1e-12));
      before = now;
    }
  });

  test("loadings sum to 1, components are ordered, a product of two factors is found again", () => {
    const random = randomStream(11);
    const w = Array.from({ length: 60 }, () => [random.next(), random.next() ** 4]);
    const h = [
      [1, 0, 3, 0, 1],
      [0, 2, 0, 5, 1],
    ];
    const exact = matrixOf(w.map((row) => [0, 1, 2, 3, 4].map((j) => row[0]! * h[0]![j]! + row[1]! * h[1]![j]!)));
    const result = decompose("NMF", exact, { k: 2, tol: 1e-9, maxit: 20_000 });
    expect(Number(result.metrics.explained_share)).toBeGreaterThan(0.9999);
    const sums = [0, 1].map((c) => columnAt(result.transformed, 60, c).reduce((sum, value) => sum + value));
    expect(sums[0]).toBeGreaterThan(sums[1]!);
    for (const c of [0, 1]) expect(columnAt(result.loadings, 5, c).reduce((sum, value) => sum + value)).toBeCloseTo(1, 12);
  });

  test("negative numbers are refused with column and row; zeros are fine", () => {
    const rows = [
      [1, 0],
      [0, 0],
      [2, -3],
    ];
    expect(() => decompose("NMF", matrixOf(rows))).toThrow(/"x2" holds -3 in row 3/);
    const zeros = decompose(
      "NMF",
      matrixOf([
        [1, 0],
        [0, 0],
        [2, 0],
      ]),
      { k: 1 },
    );
    expect([...zeros.transformed, ...zeros.loadings].every(Number.isFinite)).toBe(true);
  });
});

describe("every decomposition", () => {
  test.each(["PCA", "ICA"])("%s: what was loaded transforms the training rows to the bits of the fit", (name) => {
    const result = decompose(name, wine, {}, 2);
    const transform = decompositionOf(name).load(structuredClone(result.state()));
    expect(transform(wine)).toEqual(result.transformed);
    expect(() => transform(firstRows({ ...wine, names: ["a"] }, 3))).toThrow(/used 8 columns and got 1/);
  });

  test("NMF: what was loaded finds weights of the training rows that fit as well as the fit's own", () => {
    const result = decompose("NMF", wine, { tol: 1e-8, maxit: 20_000, k: 2 }, 2);
    const w = decompositionOf("NMF").load(structuredClone(result.state()))(wine);
    const rowMajor = Float64Array.from({ length: w.length }, (_, at) => w[(at % 2) * wine.rows + Math.floor(at / 2)]!);
    const v = Float64Array.from({ length: wine.values.length }, (_, at) => wine.values[(at % 8) * wine.rows + Math.floor(at / 8)]!);
    const reached = distance(v, { w: rowMajor, h: result.loadings }, wine.rows, 8, "brunet");
    expect(Math.abs(reached / Number(result.metrics.distance) - 1)).toBeLessThan(1e-3);
    const negative = { ...wine, values: wine.values.map((value) => -value) };
    expect(() => decompositionOf("NMF").load(result.state())(negative)).toThrow(/no negative numbers/);
  });

  // Pictures need neighbours: embeddings.test.ts has their smallest tables.
  const projections = DECOMPOSITIONS.map((decomposition) => decomposition.name).filter((name) => name !== "tSNE" && name !== "UMAP");
  test.each(projections)("%s: one row, one column, and the input untouched", (name) => {
    const one = matrixOf([[3], [5], [9]]);
    const before = one.values.slice();
    expect(decompose(name, one).components).toHaveLength(1);
    expect(one.values).toEqual(before);
    const single = matrixOf([[3, 4]]);
    const settings = { scale: false, row_norm: false };
    expect(decompose(name, single, settings).transformed.every(Number.isFinite)).toBe(true);
  });

  test("names are found whatever their case, and the nearest is named (R-127)", () => {
    expect(decompositionOf("pca").name).toBe("PCA");
    expect(() => decompositionOf("PCB")).toThrow(/Did you mean "PCA"/);
  });

  test("R-41b: PCA has k, center, scale, tol, and nothing is tunable", () => {
    expect(decompositionOf("PCA").hyperparameters.map((schema) => schema.name)).toEqual(["k", "center", "scale", "tol"]);
    expect(DECOMPOSITIONS.flatMap((decomposition) => decomposition.hyperparameters).filter((schema) => schema.tunable)).toEqual([]);
  });
});

describe("numericMatrix", () => {
  const mixed = {
    rows: 2,
    columns: [
      numericColumn("a", [1, 2]),
      numericColumn("gap", [1, Number.NaN]),
      numericColumn("far", [1, Number.POSITIVE_INFINITY]),
      numericColumn("day", [1, 2], "date"),
      numericColumn("yes", [0, 1], "logical"),
      categoricalColumn("text", ["x", "y"]),
    ],
  };

  test("takes the named columns in their order; logical ones are 0 and 1", () => {
    expect(numericMatrix(mixed, ["yes", "a"])).toEqual({ rows: 2, names: ["yes", "a"], values: Float64Array.of(0, 1, 1, 2) });
  });

  test.each([
    ["gap", /"gap" has 1 missing value;/],
    ["far", /"far" holds Infinity in row 2/],
    ["day", /"day" holds dates/],
    ["text", /"text" holds text/],
    ["b", /no column "b".*Did you mean "a"/],
  ])("refuses %s by name", (name, message) => {
    expect(() => numericMatrix(mixed, ["a", name])).toThrow(message);
  });
});
