import { describe, expect, test } from "vitest";
import { algorithmOf } from "../../src/engine/algorithms/registry.ts";
import { type ExplainRequest, explainTable } from "../../src/engine/explain/explain-table.ts";
import { bandOf, dependence } from "../../src/engine/explain/partial-dependence.ts";
import { permutationImportance } from "../../src/engine/explain/permutation.ts";
import { featureSchema } from "../../src/engine/model/features.ts";
import type { ModelHeader, SavedModel } from "../../src/engine/model/model-file.ts";
import type { Column } from "../../src/engine/table.ts";
import { categoricalColumn, columnOf, numericColumn, type Table } from "../../src/engine/table.ts";
import { drain, problemOf, sampleColumns } from "../support/sample-columns.ts";

const n = 400;
const x = numericColumn(
  "x",
  Float64Array.from({ length: n }, (_, i) => (i * 37) % 101),
);
const z = numericColumn(
  "z",
  Float64Array.from({ length: n }, (_, i) => (i * 53) % 97),
);
const color = categoricalColumn(
  "color",
  Array.from({ length: n }, (_, i) => ["red", "green", "blue"][i % 3]!),
);
const features = [x, z, color];
/** 2 x + 10 for green, nothing of z. */
const predict = (columns: readonly Column[]): Float64Array => {
  const [first, , third] = columns;
  if (first?.kind !== "numeric" || third?.kind !== "categorical") throw new Error("not these columns");
  return Float64Array.from(first.values, (value, i) => 2 * value + (third.levels[third.codes[i]!] === "green" ? 10 : 0));
};

describe("permutation importance", () => {
  const problem = { task: "regression", features, target: predict(features), classes: 0, predict, repeats: 20, seed: 3 } as const;

  test("a feature that is not used has none; others lose what shuffling a column of that variance costs", () => {
    const found = permutationImportance(problem);
    expect(found).toMatchObject({ measure: "rmse", baseline: 0, features: ["x", "z", "color"] });
    expect(found.rise[1]).toBe(0);
    expect(found.deviation[1]).toBe(0);
    // Two independent draws differ by the root of twice the variance.
    const deviationOf = (values: ArrayLike<number>): number => {
      const all = Array.from(values);
      const mean = all.reduce((sum, value) => sum + value, 0) / all.length;
      return Math.sqrt(all.reduce((sum, value) => sum + (value - mean) ** 2, 0) / all.length);
    };
    expect(found.rise[0]! / (2 * Math.SQRT2 * deviationOf(x.values))).toBeCloseTo(1, 1);
    const green = Float64Array.from(color.codes, (code) => (color.levels[code] === "green" ? 10 : 0));
    expect(found.rise[2]! / (Math.SQRT2 * deviationOf(green))).toBeCloseTo(1, 1);
    expect(found.deviation[0]!).toBeGreaterThan(0);
  });

  test("the same seed gives the same bits, another does not", () => {
    expect(permutationImportance(problem)).toEqual(permutationImportance(problem));
    expect(permutationImportance({ ...problem, seed: 4 }).rise).not.toEqual(permutationImportance(problem).rise);
  });
});

describe("partial dependence", () => {
  const rows = Int32Array.from({ length: n }, (_, i) => i);

  test("of a sum it is the feature's own part and the mean of the rest, at both ends of the grid too", () => {
    const found = dependence(features, 0, rows, predict);
    if (found.grid.kind !== "numeric") throw new Error("a number's grid is numeric");
    expect([found.grid.values[0], found.grid.values.at(-1)]).toEqual([0, 100]);
    const greenShare = color.codes.filter((code) => color.levels[code] === "green").length / n;
    const { mean, low, high } = bandOf(found, 0);
    for (const [point, value] of found.grid.values.entries()) {
      expect(mean[point]!).toBeCloseTo(2 * value + 10 * greenShare, 10);
      expect([low[point], high[point]]).toEqual([2 * value, 2 * value + 10]);
    }
  });

  test("a category's grid is its levels, and the unused feature's curve is flat", () => {
    const byColor = dependence(features, 2, rows, predict);
    expect(byColor.grid).toMatchObject({ kind: "categorical", levels: ["blue", "green", "red"] });
    const { mean } = bandOf(byColor, 0);
    expect(mean[1]! - mean[0]!).toBeCloseTo(10, 10);
    expect(mean[2]).toBe(mean[0]);
    expect(new Set(bandOf(dependence(features, 1, rows, predict), 0).mean).size).toBe(1);
  });
});

function fitted(sample: string, algorithm: string): { saved: SavedModel; table: Table } {
  const columns = sampleColumns(sample);
  const target = columns.at(-1)!.name;
  const problem = problemOf(columns, target);
  const learner = algorithmOf(algorithm);
  const hyperparameters = Object.fromEntries(learner.hyperparameters.map((schema) => [schema.name, schema.default]));
  const { result: model } = drain(learner.fit(problem, { ...hyperparameters, nrounds: 20 }, { seed: 1, validation: null }));
  const header = { algorithm, task: problem.task, target, classes: problem.classes, features: problem.features.map(featureSchema) };
  return {
    saved: { header: header as unknown as ModelHeader, model, recipe: null },
    table: { rows: problem.rows, columns },
  };
}

const request = (kind: ExplainRequest["kind"], feature: string | null = null): ExplainRequest => ({ kind, feature, repeats: 3, seed: 1 });
const numbers = (table: Table, name: string): Float64Array => {
  const column = columnOf(table, name);
  if (column?.kind !== "numeric") throw new Error(`${name} is not numeric`);
  return column.values;
};

describe("a saved model on a table", () => {
  const { saved, table } = fitted("wine", "LightGBM");

  test("contributions and baseline sum to the score, row by row and class by class", () => {
    const { table: found, facts } = explainTable(saved, table, request("contributions"));
    expect(found.rows).toBe(table.rows * 3);
    expect(facts).toMatchObject({ scale: "log-odds", rows: table.rows });
    const parts = found.columns.filter((column) => column.name.startsWith("contribution_"));
    expect(parts).toHaveLength(saved.header.features.length);
    const score = numbers(found, "score");
    const baseline = numbers(found, "baseline");
    for (let i = 0; i < found.rows; i++) {
      const sum = parts.reduce((total, column) => total + (column.kind === "numeric" ? column.values[i]! : Number.NaN), baseline[i]!);
      expect(sum).toBeCloseTo(score[i]!, 12);
    }
    expect([...numbers(found, "row").slice(0, 4)]).toEqual([1, 1, 1, 2]);
  });

  test("dependence has one curve for each class, which sum to 1; ICE averages to it", () => {
    const { table: found } = explainTable(saved, table, request("partial_dependence", "alcohol"));
    expect(found.columns.map((column) => column.name)).toEqual(["value", "class", "mean", "low", "high"]);
    const mean = numbers(found, "mean");
    const points = found.rows / 3;
    for (let point = 0; point < points; point++)
      expect(mean[point]! + mean[point + points]! + mean[point + 2 * points]!).toBeCloseTo(1, 10);
    const few = {
      rows: 80,
      columns: table.columns.map((column) =>
        column.kind === "numeric" ? { ...column, values: column.values.slice(0, 80) } : { ...column, codes: column.codes.slice(0, 80) },
      ),
    };
    const curves = explainTable(saved, few, request("ice", "alcohol")).table;
    const band = explainTable(saved, few, request("partial_dependence", "alcohol")).table;
    expect(curves.columns.map((column) => column.name)).toEqual(["value", "row", "class", "predicted"]);
    const predicted = numbers(curves, "predicted");
    const grid = band.rows / 3;
    const firstPoint = Array.from({ length: 80 }, (_, row) => predicted[row * grid]!).reduce((sum, value) => sum + value, 0) / 80;
    expect(firstPoint).toBeCloseTo(numbers(band, "mean")[0]!, 12);
  });

  test("permutation needs the outcome; a misspelt feature is answered with the nearest; learners without trees say what works", () => {
    const { table: found, facts } = explainTable(saved, table, request("permutation"));
    expect(found.rows).toBe(saved.header.features.length);
    expect(facts).toMatchObject({ measure: "log-loss", rows: table.rows, repeats: 3 });
    expect(Math.max(...numbers(found, "rise"))).toBeGreaterThan(0.01);
    const without = { rows: table.rows, columns: table.columns.slice(0, -1) };
    expect(() => explainTable(saved, without, request("permutation"))).toThrow(`no column "${saved.header.target}"`);
    expect(() => explainTable(saved, table, request("partial_dependence", "alcohl"))).toThrow('Did you mean "alcohol"?');
    expect(() => explainTable(saved, table, request("ice"))).toThrow("Name the feature to follow");
    const knn = fitted("wine", "GLMNET");
    expect(() => explainTable(knn.saved, knn.table, request("contributions"))).toThrow("GLMNET has no exact contributions");
  });
});
