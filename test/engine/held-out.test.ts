import { describe, expect, test } from "vitest";
import { decodeModel } from "../../src/engine/model/model-file.ts";
import { predictTable } from "../../src/engine/model/predict.ts";
import { type Column, categoricalColumn, columnOf, numericColumn, type Table, takeRows } from "../../src/engine/table.ts";
import type { HeldOutTables } from "../../src/engine/train/held-out.ts";
import type { PointsReport } from "../../src/engine/train/progress.ts";
import { shapeOf, type TableShape } from "../../src/engine/train/shape.ts";
import { train } from "../../src/engine/train/train.ts";
import { checkTrainConfig, validateTrainConfig } from "../../src/engine/train/validate.ts";
import { sampleTable } from "../support/tables.ts";

function rowsOf(table: Table, keep: (row: number) => boolean): Table {
  const rows = Int32Array.from({ length: table.rows }, (_, row) => row).filter(keep);
  return { rows: rows.length, columns: table.columns.map((column) => takeRows(column, rows)) };
}

function withColumn(table: Table, column: Column): Table {
  return { rows: table.rows, columns: table.columns.map((old) => (old.name === column.name ? column : old)) };
}

const cancer = sampleTable("breast_cancer");
const trainTable = rowsOf(cancer, (row) => row % 5 > 1);
const validation = rowsOf(cancer, (row) => row % 5 === 0);
const testTable = rowsOf(cancer, (row) => row % 5 === 1);
const target = cancer.columns.at(-1)!.name;

function trained(params: Record<string, unknown>, heldOut: HeldOutTables, report?: Parameters<typeof train>[2], table = trainTable) {
  return train(validateTrainConfig({ seed: 4, target, ...params }, shapeOf(table)), table, { now: () => 0, heldOut, ...report });
}

const GLM = { algorithm: "GLM", features: cancer.columns.slice(0, 4).map((column) => column.name) };
const BOOST = { algorithm: "LightGBM", hyperparameters: { nrounds: 60, early_stopping_rounds: 5, learning_rate: 0.3 } };

const numbersOf = (table: Table, name: string): number[] => {
  const column = columnOf(table, name)!;
  return [...(column.kind === "numeric" ? column.values : column.codes)];
};

describe("a test table", () => {
  test("judges the same model that the training table alone gives, and its predictions are those of the saved model", async () => {
    const params = { ...GLM, preprocessor_config: { scale: true, center: true } };
    const alone = await trained(params, {});
    const judged = await trained(params, { test: testTable });
    const byHand = predictTable(decodeModel(judged.model), testTable).table;

    expect(judged.model).toEqual(alone.model);
    expect(judged.result.metrics.training).toEqual(alone.result.metrics.training);
    for (const column of byHand.columns) expect(numbersOf(judged.predictions, column.name)).toEqual(numbersOf(byHand, column.name));
    expect(numbersOf(judged.predictions, "row")).toEqual(Array.from({ length: testTable.rows }, (_, row) => row + 1));
    const actual = columnOf(judged.predictions, "actual")!;
    const expected = columnOf(testTable, target)!;
    if (actual.kind !== "categorical" || expected.kind !== "categorical") throw new Error("classes expected");
    expect([...actual.codes].map((code) => actual.levels[code])).toEqual([...expected.codes].map((code) => expected.levels[code]));
  });

  test("its rows are shown as held-out: metrics, interval, confusion, ROC, calibration; training predictions stand beside them", async () => {
    const { result, predictions, trainingPredictions } = await trained(GLM, { test: testTable });
    const { confusion } = result;

    const right = confusion!.counts.reduce((sum, row, i) => sum + row[i]!, 0);
    expect(confusion!.counts.flat().reduce((sum, count) => sum + count)).toBe(testTable.rows);
    expect(result.metrics.test!.accuracy!.mean).toBeCloseTo(right / testTable.rows, 12);
    expect(result.metrics.test!.auc!.interval).toEqual([expect.any(Number), expect.any(Number)]);
    expect(result.metrics.baseline!.accuracy!.mean).toBeLessThan(result.metrics.test!.accuracy!.mean!);
    expect(new Set(result.roc.map((curve) => curve.split))).toEqual(new Set(["test"]));
    expect(result.calibration[0]!.bins.reduce((sum, bin) => sum + bin.n, 0)).toBe(testTable.rows);
    expect([result.folds, result.resampling, result.rows]).toEqual([[], null, trainTable.rows]);
    expect(result.held_out).toEqual({ test: { rows: testTable.rows, rows_missing_target: 0 } });
    expect(columnOf(predictions, "split")).toMatchObject({ levels: ["test"] });
    expect(trainingPredictions!.rows).toBe(trainTable.rows);
  });

  test("decides nothing: with other values in it the model is the same to the bit, with early stopping, tuning and preprocessing", async () => {
    const params = {
      ...BOOST,
      hyperparameters: { ...BOOST.hyperparameters, max_leaves: { candidates: [4, 16] } },
      preprocessor_config: { scale: true, impute: true },
    };
    const [first] = cancer.columns;
    const other = withColumn(testTable, numericColumn(first!.name, new Float64Array(testTable.rows).fill(1e9)));
    const swapped = columnOf(testTable, target)!;
    if (swapped.kind !== "categorical") throw new Error("classes expected");
    const lies = withColumn(other, { ...swapped, codes: swapped.codes.map((code) => 1 - code) });

    const [honest, lying] = [await trained(params, { test: testTable }), await trained(params, { test: lies })];

    expect(lying.model).toEqual(honest.model);
    expect(lying.result.metrics.test).not.toEqual(honest.result.metrics.test);
  });

  test("in any order of columns, with further ones, categories by name; unseen categories are missing, unseen classes left out, both said", async () => {
    const colour = (n: number) =>
      categoricalColumn(
        "colour",
        Array.from({ length: n }, (_, i) => (i % 3 === 0 ? "blue" : "red")),
      );
    const y = (n: number) =>
      numericColumn(
        "y",
        Array.from({ length: n }, (_, i) => (i % 3 === 0 ? 5 : 1)),
      );
    const label = (names: (string | null)[]) => categoricalColumn("label", names);
    const table: Table = { rows: 30, columns: [colour(30), y(30), label(Array.from({ length: 30 }, (_, i) => (i % 3 === 0 ? "a" : "b")))] };
    const held: Table = {
      rows: 5,
      columns: [
        label(["b", "a", "c", null, "b"]),
        numericColumn("extra", [1, 2, 3, 4, 5]),
        numericColumn("y", [1, 5, 1, 1, 1]),
        categoricalColumn("colour", ["red", "blue", "red", "red", "violet"]),
      ],
    };
    const params = { algorithm: "CART", target: "label" };

    const { result, predictions } = await trained(params, { test: held }, {}, table);

    expect(numbersOf(predictions, "row")).toEqual([1, 2, 5]);
    expect(result.held_out).toEqual({ test: { rows: 3, rows_missing_target: 2 } });
    expect(result.metrics.test!.accuracy!.mean).toBe(1);
    expect(result.warnings).toEqual([
      expect.stringMatching(/^In the test table: "colour" has 1 values? not seen in training \("violet"\)/),
    ]);
    const { warnings } = checkTrainConfig(params, shapeOf(table), { heldOut: { test: shapeOf(held) } });
    expect(warnings).toEqual([
      '1 row of the test table without a value of "label" left out.',
      '1 row of the test table left out: training has no class "c" of "label".',
    ]);
  });
});

describe("a validation table", () => {
  test("is watched instead of a share of the training rows: it decides when to stop, and all training rows are learned from", async () => {
    const points: PointsReport[] = [];
    const report = { report: (each: unknown) => void ((each as PointsReport).type === "points" && points.push(each as PointsReport)) };
    const alone = await trained(BOOST, {});
    const watched = await trained(BOOST, { validation }, report);
    const codes = columnOf(validation, target)!;
    if (codes.kind !== "categorical") throw new Error("classes expected");
    const upsideDown = withColumn(validation, { ...codes, codes: codes.codes.map((code) => 1 - code) });
    const misled = await trained(BOOST, { validation: upsideDown });

    expect(watched.model).not.toEqual(alone.model);
    expect(misled.result.final?.facts).not.toEqual(watched.result.final?.facts);
    expect(new Set(points.map((each) => each.split))).toEqual(new Set(["training", "validation"]));
    expect(watched.result.metrics.test).toBeNull();
    expect(watched.result.held_out).toEqual({ validation: { rows: validation.rows, rows_missing_target: 0 } });
  });

  test("teaches preprocessing nothing: where nothing stops early, the model is that of the training table to the bit", async () => {
    const params = { ...GLM, preprocessor_config: { scale: true, center: true, impute: true } };
    expect((await trained(params, { validation })).model).toEqual((await trained(params, {})).model);
  });

  test("goes with outer resamples and with a test table; the same numbers whatever the order of work", async () => {
    const folds = { outer_resampling_config: { type: "KFold", n_resamples: 3 } };
    const { result } = await trained({ ...BOOST, ...folds }, { validation });
    expect(result.folds.map((fold) => fold.n_train + fold.n_test)).toEqual([trainTable.rows, trainTable.rows, trainTable.rows]);
    const both = await trained(BOOST, { validation, test: testTable });
    expect(both.model).toEqual((await trained(BOOST, { validation })).model);
    expect(both.predictions.rows).toBe(testTable.rows);
  });

  test("its weights count, by their column's name", async () => {
    const n = trainTable.rows;
    const weighted = (table: Table, values: ArrayLike<number>): Table => ({
      rows: table.rows,
      columns: [numericColumn("w", values), ...table.columns],
    });
    const table = weighted(trainTable, new Float64Array(n).fill(1));
    const at = (w: (row: number) => number): Table =>
      weighted(
        validation,
        Float64Array.from({ length: validation.rows }, (_, row) => w(row)),
      );
    const params = { ...GLM, weights: "w" };
    const curve = async (given: Table): Promise<unknown> => {
      const values: unknown[] = [];
      const report = (each: { type: string }): void => {
        if (each.type === "points" && (each as PointsReport).split === "validation") values.push((each as PointsReport).value);
      };
      await trained(params, { validation: given }, { report }, table);
      return values;
    };
    expect(await curve(at((row) => row + 1))).not.toEqual(await curve(at(() => 1)));
  });
});

describe("checks", () => {
  const shape = shapeOf(trainTable);
  const problems = (params: Record<string, unknown>, heldOut: { validation?: TableShape; test?: TableShape }) =>
    checkTrainConfig({ target, ...params }, shape, { heldOut }).problems;
  const without = (table: Table, ...names: string[]): TableShape =>
    shapeOf({ rows: table.rows, columns: table.columns.filter((column) => !names.includes(column.name)) });
  const [one, two] = cancer.columns.map((column) => column.name) as [string, string];

  test("a missing column is an error that names it, for each table", () => {
    expect(problems(GLM, { test: without(testTable, one, two), validation: without(validation, target) })).toEqual([
      { path: "validation_handle", message: expect.stringContaining(`lacks the column "${target}"`) },
      { path: "test_handle", message: expect.stringContaining(`lacks the columns "${one}", "${two}"`) },
    ]);
  });

  test("a test table and outer resamples exclude one another; the message says why", () => {
    const [problem, ...rest] = problems(
      { ...GLM, outer_resampling_config: { type: "KFold", n_resamples: 3 } },
      { test: shapeOf(testTable) },
    );
    expect(problem).toEqual({
      path: "test_handle",
      message: expect.stringMatching(/cannot be combined with outer_resampling_config.*Leave one/),
    });
    expect(rest).toEqual([]);
  });

  test("a target that training cannot know is refused: no class in common, text for a number, no value at all", () => {
    const labels = (names: (string | null)[]) =>
      shapeOf({ rows: 2, columns: [...rowsOf(testTable, (row) => row < 2).columns.slice(0, -1), categoricalColumn(target, names)] });
    expect(problems(GLM, { test: labels(["x", "y"]) })[0]?.message).toMatch(/none of the classes/);
    expect(problems(GLM, { test: labels([null, null]) })[0]?.message).toMatch(/no value of the target/);
    const text = withColumn(
      testTable,
      categoricalColumn(
        one,
        testTable.columns.map(() => "a"),
      ),
    );
    expect(problems({ algorithm: "CART", target: one }, { test: shapeOf(text) })[0]?.message).toMatch(/holds text in the target/);
  });

  test("the plan counts their rows, and is as ever without them", () => {
    const plan = { outer_folds: 0, candidates: 1, inner_folds: 0, fits: 1 };
    expect(checkTrainConfig({ target, ...GLM }, shape).plan).toEqual(plan);
    const heldOut = { validation: shapeOf(validation), test: shapeOf(testTable) };
    expect(checkTrainConfig({ target, ...GLM }, shape, { heldOut }).plan).toEqual({
      ...plan,
      held_out: { validation: validation.rows, test: testTable.rows },
    });
  });
});
