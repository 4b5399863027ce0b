import { describe, expect, test } from "vitest";
import { randomStream } from "../../src/core/random.ts";
import { decodeModel } from "../../src/engine/model/model-file.ts";
import { predictTable } from "../../src/engine/model/predict.ts";
import type { PreprocessorConfig } from "../../src/engine/preprocessing/option.ts";
import { type Column, categoricalColumn, numericColumn, type Table, takeRows } from "../../src/engine/table.ts";
import { prepareTraining } from "../../src/engine/train/prepare.ts";
import { shapeOf } from "../../src/engine/train/shape.ts";
import { train } from "../../src/engine/train/train.ts";
import { type FitResult, runUnit, type Unit } from "../../src/engine/train/unit.ts";
import { checkTrainConfig, validateTrainConfig } from "../../src/engine/train/validate.ts";

const NA = Number.NaN;
const ROWS = 120;

/** Gaps, categories, a constant and a date; `y` follows `a`. */
function tableOf(rows = ROWS, seed = 3): Table {
  const random = randomStream(seed);
  const a = Float64Array.from({ length: rows }, () => random.next() * 10);
  const gaps = (values: Float64Array): Float64Array => values.map((value) => (random.next() < 0.2 ? NA : value));
  const columns: Column[] = [
    numericColumn("a", gaps(a)),
    numericColumn("b", gaps(a.map((value) => value * value))),
    categoricalColumn(
      "c",
      Array.from(a, (value) => (random.next() < 0.1 ? null : value > 5 ? "high" : "low")),
    ),
    numericColumn(
      "same",
      a.map(() => 4),
      "integer",
    ),
    numericColumn(
      "day",
      a.map(() => random.integer(900) * 86_400_000),
      "date",
    ),
    numericColumn(
      "y",
      a.map((value) => 3 * value + random.next()),
    ),
  ];
  return { rows, columns };
}

const table = tableOf();
const OPTIONS: PreprocessorConfig = {
  impute: true,
  impute_type: "micePMM",
  missingness: true,
  scale: true,
  one_hot: true,
  remove_constants: true,
  add_date_features: true,
};
const paramsOf = (preprocessor_config: unknown, more: Record<string, unknown> = {}) => ({
  algorithm: "GLMNET",
  seed: 5,
  outer_resampling_config: { type: "KFold", n_resamples: 3 },
  preprocessor_config,
  ...more,
});
const configOf = (preprocessor_config: unknown, more: Record<string, unknown> = {}, of = table) =>
  validateTrainConfig(paramsOf(preprocessor_config, more), shapeOf(of));
const faults = (preprocessor_config: unknown, more: Record<string, unknown> = {}) =>
  checkTrainConfig(paramsOf(preprocessor_config, more), shapeOf(table))
    .problems.map((problem) => problem.message)
    .join(" ");

function run(unit: Unit, of: Table, config = configOf(OPTIONS), prepared = prepareTraining(config, of)): FitResult {
  const steps = runUnit(unit, prepared, { fingerprint: null, now: () => 0 });
  for (;;) {
    const next = steps.next();
    if (next.done === true) return next.value as FitResult;
  }
}
const fold: Unit = { kind: "fit", fold: 1, candidate: {} };

describe("training with preprocessing", () => {
  test("held-out rows change nothing that is learned: not the recipe, not the model (no leakage)", () => {
    const first = run(fold, table);
    const heldOut = new Set(first.testPredictions!.rows);
    expect(heldOut.size).toBe(40);
    const spoilt: Table = {
      rows: ROWS,
      columns: table.columns.map((column) => {
        if (column.name === "y") return column;
        if (column.kind === "numeric")
          return { ...column, values: column.values.map((value, row) => (heldOut.has(row) ? 1e6 + row : value)) };
        return { ...column, levels: [...column.levels, "strange"], codes: column.codes.map((code, row) => (heldOut.has(row) ? 2 : code)) };
      }),
    };
    const second = run(fold, spoilt);
    expect(second.trainingPredictions).toEqual(first.trainingPredictions);
    expect(second.importance).toEqual(first.importance);
    expect(second.testPredictions!.values).not.toEqual(first.testPredictions!.values);
  });

  test("the same holds inside a search: each inner resample prepares its own training rows", () => {
    const config = configOf(OPTIONS, { hyperparameters: { alpha: { candidates: [0, 1] } } });
    const prepared = prepareTraining(config, table);
    const trainedOn = new Set(prepared.inner(1)[0]!.train);
    const touched: Table = {
      rows: ROWS,
      columns: table.columns.map((column) =>
        column.kind === "numeric" && column.name === "a"
          ? { ...column, values: column.values.map((value, row) => (trainedOn.has(row) ? value : value * 50)) }
          : column,
      ),
    };
    const cell: Unit = { kind: "cell", fold: 1, cell: 1, inner: 0, candidate: { alpha: 0 } };
    const [before, after] = [run(cell, table, config), run(cell, touched, config)];
    expect(after.training).toEqual(before.training);
    const again = run({ ...cell, cell: 2, candidate: { alpha: 1 } }, table, config);
    expect(again.training).not.toEqual(before.training);
  });

  test("what one unit learned is reused by the same resample only: units one after the other give the bits of units alone", () => {
    const config = configOf(OPTIONS, { hyperparameters: { alpha: { candidates: [0, 1] } } });
    const shared = prepareTraining(config, table);
    const cell = (alpha: number, fold: number, inner: number): Unit => ({
      kind: "cell",
      fold,
      cell: alpha + 1,
      inner,
      candidate: { alpha },
    });
    const units: Unit[] = [cell(0, 1, 1), cell(1, 1, 1), cell(0, 1, 0), cell(0, 2, 1), { kind: "fit", fold: 1, candidate: { alpha: 1 } }];
    expect(units.map((unit) => run(unit, table, config, shared))).toEqual(units.map((unit) => run(unit, table, config)));
  });

  test("left-out rows leave training only: every held-out row is predicted", async () => {
    const { result, predictions } = await train(configOf({ complete_cases: true }), table);
    expect(result.folds.every((one) => one.n_train < 80 && one.n_test === 40 && one.error === null)).toBe(true);
    expect(predictions.rows).toBe(ROWS);
  });

  test("the tree shows what preparing a fold came to, and nothing where nothing was asked for", async () => {
    const nodesOf = async (preprocessor_config: unknown): Promise<string[]> => {
      const labels: string[] = [];
      await train(configOf(preprocessor_config), table, {
        report: (report) => {
          if (report.type === "node" && report.kind === "preprocess" && report.status === "done")
            labels.push(`${report.fold}: ${report.label}`);
        },
      });
      return labels;
    };
    expect(await nodesOf({ scale: true, remove_constants: true })).toEqual([
      "1: 4 columns",
      "2: 4 columns",
      "3: 4 columns",
      "0: 4 columns",
    ]);
    expect((await nodesOf({ complete_cases: true }))[0]).toMatch(/^1: 5 columns, \d+ rows left out$/);
    expect(await nodesOf(null)).toEqual([]);
  });

  test("features of every fold stand in the importance table, also those that only some folds have", async () => {
    const rare = {
      rows: ROWS,
      columns: [
        ...table.columns.slice(0, 5),
        categoricalColumn(
          "r",
          Array.from({ length: ROWS }, (_, i) => (i === 7 ? "once" : "often")),
        ),
        table.columns[5]!,
      ],
    };
    const { result } = await train(configOf({ one_hot: true }, {}, rare), rare);
    const names = result.importance!.variables.map(({ variable }) => variable);
    expect(names).toContain("r_once");
    expect(result.importance!.variables.find(({ variable }) => variable === "r_once")!.folds).toHaveLength(3);
  });

  test("a fold that preprocessing leaves nothing of is reported, and names the option", async () => {
    const gone: Table = { rows: 6, columns: [numericColumn("a", [NA, NA, NA, NA, NA, 1]), numericColumn("y", [1, 2, 3, 4, 5, 6])] };
    const config = configOf({ complete_cases: true }, { outer_resampling_config: { type: "KFold", n_resamples: 6 } }, gone);
    const errors = (await train(config, gone)).result.folds.map((one) => one.error);
    expect(errors.filter((error) => error !== null)).toEqual([
      "preprocessing leaves no row to train on; relax or leave out complete_cases",
    ]);
  });
});

describe("a model with preprocessing", () => {
  const made = train(configOf(OPTIONS, { outer_resampling_config: null }), table);

  test("predicts new rows as its training rows were prepared, and needs no dropped column", async () => {
    const { model, predictions } = await made;
    const saved = decodeModel(model);
    expect(saved.header.features.map((feature) => feature.name)).toEqual(["a", "b", "c", "day"]);
    const fresh = predictTable(saved, {
      rows: ROWS,
      columns: table.columns.filter((column) => column.name !== "y" && column.name !== "same"),
    });
    expect(fresh.table.columns[0]).toEqual(predictions.columns.find((column) => column.name === "predicted"));
    const some = Int32Array.of(5, 3);
    const part = predictTable(saved, { rows: 2, columns: table.columns.map((column) => takeRows(column, some)) });
    expect(part.table.columns[0]).toEqual(takeRows(fresh.table.columns[0]!, some));
  });

  test("takes unseen levels for missing, says so, and refuses a table without a column that it needs", async () => {
    const saved = decodeModel((await made).model);
    const one = (level: string | null): Table => ({
      rows: 1,
      columns: [numericColumn("a", [4]), numericColumn("b", [NA]), categoricalColumn("c", [level]), numericColumn("day", [0], "date")],
    });
    const [unseen, missing] = [predictTable(saved, one("violet")), predictTable(saved, one(null))];
    expect(unseen.table).toEqual(missing.table);
    expect(unseen.warnings).toEqual(['"c" has 1 values not seen in training ("violet"); they count as missing.']);
    expect(() => predictTable(saved, { rows: 1, columns: one("low").columns.slice(1) })).toThrow(/needs the column "a"/);
  });

  test("has file version 2, so that a program that knows no preprocessing refuses it; without preprocessing the file stays version 1", async () => {
    const versionOf = (bytes: Uint8Array): number => new DataView(bytes.buffer, bytes.byteOffset).getUint32(8, true);
    expect(versionOf((await made).model)).toBe(2);
    const plain = (await train(configOf(undefined, { outer_resampling_config: null }), table)).model;
    expect(versionOf(plain)).toBe(1);
    const saved = decodeModel(plain);
    expect(saved.recipe).toBeNull();
    expect(JSON.stringify(saved.header)).not.toContain("preprocess");
  });

  test("stays right with forests in it, through its file", async () => {
    const config = configOf({ impute: true, impute_missRanger_params: { "num.trees": 20, maxiter: 2 } }, { outer_resampling_config: null });
    const { model, predictions } = await train(config, table);
    const fresh = predictTable(decodeModel(Buffer.concat([Buffer.alloc(3), model]).subarray(3)), table);
    expect(fresh.table.columns[0]).toEqual(predictions.columns.find((column) => column.name === "predicted"));
  });
});

describe("a configuration with preprocessing", () => {
  test("R-47: is refused before any fit, by option, with the other faults", () => {
    expect(faults({ sclae: true, numeric_cut_n: 1 }, { target: "yy" })).toMatch(/Did you mean "scale"\?.*numeric_cut_n must be 0/);
    expect(faults({ exclude: [6] })).toContain("names feature number 6; there are 5");
  });

  test("keeps what was given and fills in no default, so that a record can tell", () => {
    expect(configOf({ scale: true }).preprocessor_config).toEqual({ scale: true });
    expect("preprocessor_config" in configOf(null)).toBe(false);
  });

  test("text columns may be features where character2factor makes them categories", () => {
    const texts: Table = {
      rows: 8,
      columns: [
        { ...categoricalColumn("note", [..."abcdabcd"]), type: "character" },
        numericColumn("x", [1, 2, 3, 4, 5, 6, 7, 8]),
        numericColumn("y", [1, 2, 3, 4, 1, 2, 3, 4]),
      ],
    };
    expect(configOf({}, {}, texts).features).toEqual(["x"]);
    expect(configOf({ character2factor: true }, {}, texts).features).toEqual(["note", "x"]);
  });
});
