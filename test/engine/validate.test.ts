import { describe, expect, test } from "vitest";
import { categoricalColumn, numericColumn, type Table } from "../../src/engine/table.ts";
import { shapeOf } from "../../src/engine/train/shape.ts";
import { checkTrainConfig, validateTrainConfig } from "../../src/engine/train/validate.ts";

const labels = (text: string): (string | null)[] => [...text].map((letter) => (letter === "." ? null : letter));

const table: Table = {
  rows: 12,
  columns: [
    numericColumn("age", [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, Number.NaN]),
    categoricalColumn("colour", labels("rgbrgbrgbrgb")),
    numericColumn("weight", new Array(12).fill(1)),
    numericColumn("price", [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]),
    categoricalColumn("answer", labels("nynynynynyny")),
  ],
};
const shape = shapeOf(table);
const check = (params: Record<string, unknown>, of = shape) =>
  checkTrainConfig({ algorithm: "CART", ...params }, of, { drawSeed: () => 42 });
const messages = (params: Record<string, unknown>, of = shape): string =>
  check(params, of)
    .problems.map((problem) => problem.message)
    .join(" ");

describe("a training configuration", () => {
  test("is completed: last column is the target, all others are features, the seed is drawn and recorded", () => {
    const { config, problems, plan } = check({});
    expect(problems).toEqual([]);
    expect(config).toMatchObject({ algorithm: "CART", target: "answer", task: "classification", seed: 42, positive_class: null });
    expect(config?.features).toEqual(["age", "colour", "weight", "price"]);
    expect(plan).toEqual({ outer_folds: 0, candidates: 1, inner_folds: 0, fits: 1 });
  });

  test("more features than the algorithm takes are refused before anything runs, with some to choose from", () => {
    expect(messages({ algorithm: "Isotonic" })).toMatch(/4, and Isotonic takes 1\. Choose one of them: "age", "colour", "weight" …/);
    expect(check({ algorithm: "Isotonic", features: ["age"] }).problems).toEqual([]);
  });

  test("names the nearest for a misspelt algorithm, column, hyperparameter, field or choice", () => {
    expect(messages({ algorithm: "CRAT" })).toContain('Did you mean "CART"?');
    expect(messages({ target: "anwser" })).toContain('Did you mean "answer"?');
    expect(messages({ hyperparameters: { max_depht: 3 } })).toContain("is not a hyperparameter");
    expect(messages({ outer_resamplin_config: {} })).toContain('Did you mean "outer_resampling_config"?');
    expect(messages({ outer_resampling_config: { type: "KFlod" } })).toContain('Did you mean "KFold"?');
  });

  test("ignores the case of an algorithm's name (D-23)", () => {
    expect(check({ algorithm: "cart" }).config?.algorithm).toBe("CART");
  });

  test("R-42: a one-element array equals the scalar", () => {
    expect(check({ outer_resampling_config: { type: ["KFold"], n_resamples: [3] } }).config?.outer_resampling_config).toMatchObject({
      type: "KFold",
      n_resamples: 3,
    });
  });

  test("R-44, R-45: candidates are a search, a bare list of several values is a fault", () => {
    const searched = check({
      algorithm: "GLMNET",
      hyperparameters: { alpha: { candidates: [0, 0.5, 1] } },
      outer_resampling_config: { type: "KFold", n_resamples: 4 },
    });
    expect(searched.problems).toEqual([]);
    expect(searched.plan).toEqual({ outer_folds: 4, candidates: 3, inner_folds: 5, fits: 5 * (3 * 5 + 1) });
    expect(searched.config?.tuner_config).toMatchObject({ type: "GridSearch", search_type: "exhaustive" });
    expect(messages({ algorithm: "GLMNET", hyperparameters: { alpha: [0, 0.5, 1] } })).toContain('send {"candidates": [0,0.5,1]}');
    expect(messages({ algorithm: "GLMNET", hyperparameters: { alpha: { candidates: [0.5] } } })).toContain("at least two");
    expect(messages({ algorithm: "GLMNET", hyperparameters: { alpha: { candidates: [0.5, 7] } } })).toContain("at most 1, got 7");
  });

  test("R-46: an empty positive class counts as unset; another must be a class", () => {
    expect(check({ positive_class: "" }).config?.positive_class).toBe(null);
    expect(check({ positive_class: "n" }).config?.positive_class).toBe("n");
    expect(messages({ positive_class: "maybe" })).toContain('must be "n" or "y", got "maybe"');
  });

  test("R-47: a field that the chosen resampler does not have is refused and named, and so is an invented preprocessing key", () => {
    expect(messages({ outer_resampling_config: { type: "KFold", train_p: 0.5 } })).toContain("outer_resampling_config.train_p");
    expect(messages({ preprocessor_config: { sclae: true } })).toContain("sclae");
  });

  test("R-48: document metadata and the data handle are tolerated at every level", () => {
    const params = {
      $schema: "x",
      data_handle: "data-1",
      outdir: "/tmp",
      outer_resampling_config: { $schema: "y", type: "KFold", n_resamples: 2 },
    };
    expect(check(params).problems).toEqual([]);
  });

  test("collects every fault at once, each with its path", () => {
    const { problems } = check({ target: "nothing", seed: -1, outer_resampling_config: { type: "KFold", n_resamples: 1 } });
    expect(problems.map((problem) => problem.path).sort()).toEqual(["outer_resampling_config.n_resamples", "seed", "target"]);
  });

  test("throws one error with all problems from validateTrainConfig", () => {
    expect(() => validateTrainConfig({ algorithm: "CART", target: "x", seed: "y" }, shape)).toThrowError(
      expect.objectContaining({ code: "invalid_config", problems: expect.arrayContaining([expect.objectContaining({ path: "seed" })]) }),
    );
  });
});

describe("a target", () => {
  const withTarget = (target: Table["columns"][number]): Table => ({ rows: table.rows, columns: [...table.columns.slice(0, 4), target] });

  test("with one class is refused", () => {
    const one = shapeOf(withTarget(categoricalColumn("answer", labels("aaaaaaaaaaaa"))));
    expect(messages({}, one)).toContain("the same value in every row");
  });

  test("with missing values loses those rows, and says so", () => {
    const some = shapeOf(withTarget(categoricalColumn("answer", labels("ny.yn.nynyny"))));
    expect(check({}, some)).toMatchObject({ problems: [], warnings: ['2 rows without a value of "answer" left out.'] });
  });

  test("without any value is refused", () => {
    const none = shapeOf(withTarget(numericColumn("answer", new Array(12).fill(Number.NaN))));
    expect(messages({}, none)).toContain("no value at all");
  });

  test("that is an identifier is refused for classification and warned of for regression", () => {
    const rows = 1500;
    const ids = numericColumn(
      "id",
      Int32Array.from({ length: rows }, (_, i) => 10_000 + i),
      "integer",
    );
    const wide = shapeOf({ rows, columns: [numericColumn("x", new Float64Array(rows)), ids] });
    expect(messages({ task: "classification" }, wide)).toContain("more than 1,000 different values");
    expect(check({}, wide).warnings.join()).toContain("looks like an identifier");
  });

  test("with infinite values is refused with their number", () => {
    const infinite = shapeOf(withTarget(numericColumn("answer", [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, Number.POSITIVE_INFINITY, 3])));
    expect(messages({}, infinite)).toContain("1 infinite value");
  });

  test("with a class of one row cannot be resampled", () => {
    const rare = shapeOf(withTarget(categoricalColumn("answer", labels("nynynynynynz"))));
    expect(messages({ outer_resampling_config: { type: "KFold", n_resamples: 3 } }, rare)).toContain('classes with a single row ("z")');
    expect(messages({}, rare)).toBe("");
  });

  test("text cannot be regressed, and a column cannot have two roles", () => {
    expect(messages({ task: "regression" })).toContain("holds text");
    expect(messages({ features: ["age", "answer"] })).toContain('must not hold "answer"');
    expect(messages({ weights: "colour" })).toContain("must be a number in every row");
    expect(check({ weights: "weight" }).config?.features).toEqual(["age", "colour", "price"]);
  });
});
