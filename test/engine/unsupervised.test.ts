import { describe, expect, test } from "vitest";
import { decodeModel, decodeState, encodeState } from "../../src/engine/model/model-file.ts";
import { categoricalColumn, numericColumn, type Table } from "../../src/engine/table.ts";
import { shapeOf } from "../../src/engine/train/shape.ts";
import { applyUnsupervised, runUnsupervised } from "../../src/engine/unsupervised/run.ts";
import { checkUnsupervised } from "../../src/engine/unsupervised/validate.ts";
import { drain } from "../support/sample-columns.ts";

const table: Table = {
  rows: 6,
  columns: [
    numericColumn("a", [1, 2, 3, 10, 11, 12]),
    categoricalColumn("label", ["x", "y", "x", "y", "x", "y"]),
    numericColumn("b", [5, 6, 5, 1, 0, 1], "integer"),
  ],
};
const shape = shapeOf(table);

describe("checkUnsupervised", () => {
  test("fills in names, seed and features; a given seed is kept", () => {
    const { config, problems } = checkUnsupervised("decomp", { algorithm: "pca" }, shape, () => 42);
    expect(problems).toEqual([]);
    expect(config).toEqual({
      kind: "decomp",
      algorithm: "PCA",
      hyperparameters: {},
      features: ["a", "label", "b"],
      seed: 42,
      question: null,
    });
    expect(checkUnsupervised("cluster", { algorithm: "KMEANS", seed: 7, question: "who?" }, shape).config).toMatchObject({
      seed: 7,
      question: "who?",
    });
  });

  test("reports every fault at once, each with its path", () => {
    const params = { algorithm: "PCA", features: ["a", "bb", "a"], config: { k: 1.5, centre: true }, seed: -1 };
    const { config, problems } = checkUnsupervised("decomp", params, shape);
    expect(config).toBeNull();
    expect(problems.map((problem) => problem.path)).toEqual([
      "features",
      "features",
      "hyperparameters.k",
      "hyperparameters.centre",
      "seed",
    ]);
    expect(problems.map((problem) => problem.message).join()).toContain('Did you mean "center"');
  });
});

describe("runUnsupervised", () => {
  const run = (kind: "decomp" | "cluster", algorithm: string, hyperparameters = {}) => {
    const { config } = checkUnsupervised(kind, { algorithm, hyperparameters, features: ["b", "a"], seed: 3 }, shape);
    return drain(runUnsupervised(config!, table, () => 0)).result;
  };

  test("what is written to a file gives new rows what the fit gave, whatever order their columns have", () => {
    const outcome = run("decomp", "PCA", { k: 2 });
    expect(outcome.result).toMatchObject({
      format: "trainyard.decomposition",
      hyperparameters: { k: 2, center: true, scale: true, tol: null },
    });
    const header = { format: outcome.result.format, config: outcome.result.config, components: ["PC1", "PC2"] };
    const read = decodeState<typeof header>(encodeState(header, outcome.state), "trainyard.decomposition");
    expect(applyUnsupervised(read.header, read.state, table)).toEqual(outcome.tables.transformed);
    const without: Table = { rows: 6, columns: table.columns.slice(0, 2) };
    expect(() => applyUnsupervised(read.header, read.state, without)).toThrow(/no column "b"/);
  });

  test("a file of another kind is refused in words", () => {
    const outcome = run("cluster", "KMeans", { k: 2 });
    const bytes = encodeState({ format: "trainyard.clustering" }, outcome.state);
    expect(() => decodeModel(bytes)).toThrow("This file holds a clustering, not a trained model.");
    expect(() => decodeState(bytes.slice(0, 40), "trainyard.clustering")).toThrow(/cut short/);
  });

  test("a clustering counts its rows and carries its quality", () => {
    const { result, tables } = run("cluster", "KMeans", { k: 2 });
    expect(result).toMatchObject({ format: "trainyard.clustering", k: 2, sizes: [3, 3], noise: 0, quality: { silhouette_rows: 6 } });
    expect(tables.assignments?.columns).toEqual([numericColumn("cluster", [1, 1, 1, 2, 2, 2], "integer")]);
    expect(run("cluster", "KMeans", { k: 1 }).result).toMatchObject({ quality: { silhouette: null, davies_bouldin: null } });
  });
});
