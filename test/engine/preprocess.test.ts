import { describe, expect, test } from "vitest";
import { randomStream, shuffle } from "../../src/core/random.ts";
import { learnChain, type Predictor, type Predictors } from "../../src/engine/preprocessing/chain.ts";
import { fillsOf } from "../../src/engine/preprocessing/fills.ts";
import type { PreprocessorConfig } from "../../src/engine/preprocessing/option.ts";
import { applyRecipe, type LearnOptions, learnAtOnce, STEPS } from "../../src/engine/preprocessing/recipe.ts";
import { recipeFromState, recipeState } from "../../src/engine/preprocessing/recipe-file.ts";
import { type Column, categoricalColumn, isMissing, numericColumn, takeRows } from "../../src/engine/table.ts";

const NA = Number.NaN;
const labels = (text: string): (string | null)[] => [...text].map((letter) => (letter === "." ? null : letter));
const learn = (columns: readonly Column[], config: PreprocessorConfig, options: Partial<LearnOptions> = {}) =>
  learnAtOnce(columns, config, { seed: 1, ...options });

/** Cells as people read them: numbers, labels, null for missing. */
function cells(column: Column): (number | string | null)[] {
  const length = column.kind === "numeric" ? column.values.length : column.codes.length;
  return Array.from({ length }, (_, row) => {
    if (isMissing(column, row)) return null;
    return column.kind === "numeric" ? column.values[row]! : column.levels[column.codes[row]!]!;
  });
}
const shown = (columns: readonly Column[]) => Object.fromEntries(columns.map((column) => [column.name, cells(column)]));
const prepare = (columns: readonly Column[], config: PreprocessorConfig) => shown(learn(columns, config).columns);

/** A table with everything in it: gaps, infinities, ties, dates, true/false, text. */
function mixed(rows: number, seed = 5): Column[] {
  const random = randomStream(seed);
  const make = (draw: () => number): Float64Array => Float64Array.from({ length: rows }, draw);
  const gap = (value: number): number => (random.next() < 0.15 ? NA : value);
  const size = make(() => gap(random.next() * 10));
  return [
    numericColumn("size", size),
    numericColumn(
      "weight",
      size.map((value) => gap(2 * value + random.next())),
    ),
    numericColumn(
      "count",
      make(() => gap(random.integer(5))),
      "integer",
    ),
    numericColumn(
      "flag",
      make(() => gap(random.integer(2))),
      "logical",
    ),
    numericColumn(
      "day",
      make(() => gap(random.integer(2000) * 86_400_000)),
      "date",
    ),
    categoricalColumn(
      "colour",
      Array.from(size, (value) => (random.next() < 0.15 ? null : value > 5 ? "red" : value > 2 ? "green" : "blue")),
    ),
    {
      ...categoricalColumn(
        "note",
        Array.from(size, () => `n${random.integer(20)}`),
      ),
      type: "character",
    },
  ];
}

/** Everything at once, without the row-dropping options; forests kept small. */
const EVERYTHING: readonly PreprocessorConfig[] = [
  {
    impute: true,
    impute_missRanger_params: { "num.trees": 10, maxiter: 3 },
    scale: true,
    one_hot: true,
    missingness: true,
    add_date_features: true,
    add_holidays: true,
  },
  { impute: true, impute_type: "micePMM", character2factor: true, factorNA2missing: true, logical2factor: true, remove_constants: true },
  { impute: true, impute_type: "meanMode", impute_continuous: "median", factor2integer: true, integer2numeric: true, center: true },
  { numeric_cut_n: 4, integer2factor: true, logical2numeric: true, remove_features_thres: 0.9, exclude: [1] },
  { numeric_quant_n: 3, numeric_quant_NAonly: true, unique_len2factor: 6, one_hot: true, character2factor: true },
];

describe("each step", () => {
  test("removes named, constant and mostly missing features; missing values are looked past, or count as a value", () => {
    const columns = [
      numericColumn("a", [1, 2, 3, 4]),
      numericColumn("same", [7, 7, 7, 7]),
      numericColumn("gappy", [7, NA, 7, NA]),
      categoricalColumn("none", [null, null, null, null]),
      numericColumn("half", [1, NA, 3, NA]),
    ];
    const names = (config: PreprocessorConfig) => Object.keys(prepare(columns, config));
    expect(names({ remove_features: ["a", "half"] })).toEqual(["same", "gappy", "none"]);
    expect(names({ remove_constants: true })).toEqual(["a", "half"]);
    expect(names({ remove_constants: true, remove_constants_skip_missing: false })).toEqual(["a", "gappy", "half"]);
    expect(names({ remove_features_thres: 0.5 })).toEqual(["a", "same"]);
    expect(names({ remove_features_thres: 0.51 })).toEqual(["a", "same", "gappy", "half"]);
  });

  test("leaves out training rows: incomplete ones, duplicates, mostly missing ones", () => {
    const columns = [numericColumn("a", [1, 1, NA, 2, NA, 1]), categoricalColumn("b", labels("xx.yzx"))];
    const rows = (config: PreprocessorConfig, options: Partial<LearnOptions> = {}) => [...(learn(columns, config, options).rows ?? [])];
    expect(rows({ complete_cases: true })).toEqual([0, 1, 3, 5]);
    expect(rows({ remove_duplicates: true })).toEqual([0, 2, 3, 4]);
    expect(rows({ remove_cases_thres: 1 })).toEqual([0, 1, 3, 4, 5]);
    expect(rows({ remove_cases_thres: 0.5 })).toEqual([0, 1, 3, 5]);
    expect(rows({ complete_cases: true, remove_duplicates: true })).toEqual([0, 3]);
    const { recipe } = learn(columns, { complete_cases: true });
    expect(cells(applyRecipe(recipe, columns)[0]!)).toHaveLength(6);
  });

  test("rows are duplicates only with the same target, and a row that a bootstrap drew twice is not its own duplicate", () => {
    const columns = [numericColumn("a", [1, 1, 1, 1])];
    const rows = (options: Partial<LearnOptions>) => [...learn(columns, { remove_duplicates: true }, options).rows!];
    expect(rows({ target: Float64Array.of(0, 1, 0, 1) })).toEqual([0, 1]);
    expect(rows({ ids: Int32Array.of(8, 3, 3, 5) })).toEqual([1, 2]);
  });

  test("converts types; values that training did not have are missing", () => {
    const columns = [
      numericColumn("n", [3, 1, NA, 1]),
      numericColumn("i", [10, 2, 10, NA], "integer"),
      numericColumn("l", [1, 1, NA, 1], "logical"),
      categoricalColumn("c", labels("ba.b")),
    ];
    const made = learn(columns, { integer2factor: true, logical2factor: true, numeric2factor: true, factorNA2missing: true });
    expect(made.columns.map((column) => (column as { levels?: unknown }).levels)).toEqual([
      ["1", "3", "missing"],
      ["2", "10", "missing"],
      ["true", "missing"],
      ["a", "b", "missing"],
    ]);
    const fresh = applyRecipe(made.recipe, [
      numericColumn("n", [1, 2]),
      numericColumn("i", [2, 5], "integer"),
      numericColumn("l", [0, 1], "logical"),
      categoricalColumn("c", ["z", "a"]),
    ]);
    expect(shown(fresh)).toEqual({ n: ["1", "missing"], i: ["2", "missing"], l: ["missing", "true"], c: ["missing", "a"] });
    expect(prepare(columns, { numeric2factor: true, numeric2factor_levels: ["3", "1.0"] })).toMatchObject({ n: ["3", "1.0", null, "1.0"] });
    expect(prepare(columns, { factor2integer: true }).c).toEqual([1, 0, null, 1]);
    expect(prepare(columns, { factor2integer: true, factor2integer_startat0: false, factor2integer_levels: { c: ["b"] } }).c).toEqual([
      1,
      null,
      null,
      1,
    ]);
    expect(learn(columns, { integer2numeric: true, logical2numeric: true }).columns.map((column) => column.type)).toEqual([
      "double",
      "double",
      "double",
      "factor",
    ]);
    expect(learn(columns, { unique_len2factor: 2 }).columns.map((column) => column.kind)).toEqual([
      "categorical",
      "categorical",
      "numeric",
      "categorical",
    ]);
    expect(learn(columns, { unique_len2factor: 1 }).columns.map((column) => column.kind)).toEqual([
      "numeric",
      "numeric",
      "numeric",
      "categorical",
    ]);
  });

  test("quantile bins may be restricted to columns with gaps; dates and true/false are never binned or scaled", () => {
    const columns = [numericColumn("a", [1, 2, 3, 4]), numericColumn("b", [1, NA, 3, 4]), numericColumn("d", [0, 1, 2, 3], "date")];
    expect(prepare(columns, { numeric_quant_n: 2, numeric_quant_NAonly: true })).toEqual({
      a: [1, 2, 3, 4],
      b: ["1", null, "1", "2"],
      d: [0, 1, 2, 3],
    });
    expect(prepare(columns, { scale: true }).d).toEqual([0, 1, 2, 3]);
  });

  test("imputes by mean and mode: the smallest of equally frequent values; nothing but gaps becomes 0 or stays a gap", () => {
    const columns = [
      numericColumn("n", [1, NA, 4, Number.POSITIVE_INFINITY]),
      numericColumn("i", [5, 3, NA, NA], "integer"),
      categoricalColumn("c", labels("b.ab")),
      numericColumn("void", [NA, NA, NA, NA]),
      categoricalColumn("empty", [null, null, null, null]),
    ];
    expect(prepare(columns, { impute: true, impute_type: "meanMode" })).toEqual({
      n: [1, 2.5, 4, Number.POSITIVE_INFINITY],
      i: [5, 3, 3, 3],
      c: ["b", "b", "a", "b"],
      void: [0, 0, 0, 0],
      empty: [null, null, null, null],
    });
  });

  test("names of new columns never clash with those that are there", () => {
    const columns = [categoricalColumn("a", ["b", "c"]), numericColumn("a_b", [1, 2]), numericColumn("a_missing", [NA, 2])];
    const made = learn(columns, { one_hot: true, missingness: true }).columns.map((column) => column.name);
    expect(new Set(made).size).toBe(made.length);
    expect(made).toEqual(["a_b_2", "a_c", "a_b", "a_missing", "a_missing_missing"]);
  });

  test("excluded features come last and as they were, but for left-out rows", () => {
    const columns = [numericColumn("a", [2, 4, NA]), numericColumn("b", [1, 2, 3])];
    expect(prepare(columns, { scale: true, exclude: [1] })).toEqual({ b: [-1, 0, 1], a: [2, 4, null] });
    expect(prepare(columns, { complete_cases: true, remove_constants: true, exclude: [1] })).toEqual({ b: [1, 2], a: [2, 4] });
  });

  test("steps run in the reference's order (section 11.1)", () => {
    expect(STEPS.map((step) => step.name)).toEqual(
      "date_features holidays integer2factor logical2factor numeric2factor character2factor unique_len2factor integer2numeric logical2numeric numeric_cut numeric_quant factorNA2missing factor2integer missingness impute scale one_hot".split(
        " ",
      ),
    );
  });
});

describe("chained imputation", () => {
  /** Share of the spread of what was taken away that the imputed values miss. */
  function errorOf(config: PreprocessorConfig): number {
    const random = randomStream(3);
    const a = Float64Array.from({ length: 400 }, () => random.next() * 10);
    const b = a.map((value) => 3 * value + random.next());
    const hidden = b.map((value) => (random.next() < 0.3 ? NA : value));
    const [, filled] = learn([numericColumn("a", a), numericColumn("b", hidden)], { impute: true, ...config }).columns;
    let squares = 0;
    let spread = 0;
    b.forEach((value, row) => {
      if (!Number.isNaN(hidden[row]!)) return;
      squares += ((filled as { values: Float64Array }).values[row]! - value) ** 2;
      spread += (value - 15.5) ** 2;
    });
    return squares / spread;
  }

  test("recovers what the other columns tell: far better than a mean", () => {
    expect(errorOf({ impute_type: "meanMode" })).toBeGreaterThan(0.9);
    expect(errorOf({ impute_type: "micePMM" })).toBeLessThan(0.05);
    expect(errorOf({ impute_missRanger_params: { "num.trees": 50 } })).toBeLessThan(0.05);
    expect(errorOf({ impute_missRanger_params: { "num.trees": 50, "pmm.k": 0 } })).toBeLessThan(0.05);
  });

  test("takes values that were observed, so whole numbers stay whole and categories have their levels", () => {
    const columns = mixed(200);
    for (const config of [EVERYTHING[0]!, EVERYTHING[1]!]) {
      const filled = learn(columns, {
        impute: true,
        impute_type: config.impute_type ?? "missRanger",
        impute_missRanger_params: { "num.trees": 10 },
      }).columns;
      for (const [index, column] of columns.entries()) {
        const observed = new Set(cells(column).filter((cell) => cell !== null));
        expect(
          cells(filled[index]!).every((cell) => cell !== null && observed.has(cell)),
          column.name,
        ).toBe(true);
      }
    }
  });

  test("rounds end when the error no longer falls by a thousandth, and the round before is kept; without an error all are run", () => {
    const columns = [numericColumn("a", [1, NA, 3, 4]), numericColumn("b", [NA, 2, 3, NA])];
    /** Predicts the number of its round; the errors of both columns follow a script. */
    const roundsOf = (errors: readonly (number | null)[]) => {
      let fits = 0;
      const load = (state: object): Predictor => ({
        predict: (others) =>
          new Float64Array((others[0] as { values: Float64Array }).values.length).fill((state as { round: number }).round),
        state: () => state,
        error: errors[(state as { round: number }).round] ?? null,
      });
      const predictors: Predictors = {
        kind: "linear",
        classifies: false,
        // biome-ignore lint/correctness/useYield: a fake has no long work
        *fit() {
          return load({ round: Math.floor(fits++ / 2) });
        },
        load,
      };
      const chain = learnChain(columns, fillsOf(columns, "mean"), predictors, { seed: 1, donors: 0, rounds: errors.length }).next().value;
      return { fitted: fits / 2, kept: chain!.links.map((link) => link.predictor) };
    };
    expect(roundsOf([5, 4, 3.999, 1])).toEqual({ fitted: 3, kept: [{ round: 1 }, { round: 1 }] });
    expect(roundsOf([5, 6, 1])).toEqual({ fitted: 2, kept: [{ round: 0 }, { round: 0 }] });
    expect(roundsOf([5, 4, 3])).toEqual({ fitted: 3, kept: [{ round: 2 }, { round: 2 }] });
    expect(roundsOf([null, null, null])).toEqual({ fitted: 3, kept: [{ round: 2 }, { round: 2 }] });
  });

  test("new rows with gaps where training had none get the mean or mode", () => {
    const { recipe } = learn([numericColumn("a", [1, 2, 3]), numericColumn("b", [1, NA, 3])], { impute: true, impute_type: "micePMM" });
    expect(shown(applyRecipe(recipe, [numericColumn("a", [NA]), numericColumn("b", [2])]))).toEqual({ a: [2], b: [2] });
  });
});

describe("whatever the options", () => {
  const columns = mixed(150);
  for (const [index, config] of EVERYTHING.entries()) {
    test(`set ${index + 1}: training rows get what replaying gives, inputs stay as they were, and twice is the same`, () => {
      const before = JSON.stringify(shown(columns));
      const { recipe, columns: made } = learn(columns, config);
      expect(applyRecipe(recipe, columns)).toEqual(made);
      expect(learn(columns, config)).toEqual({ recipe, rows: null, columns: made });
      expect(JSON.stringify(shown(columns))).toBe(before);
    });

    test(`set ${index + 1}: a row is prepared the same whatever rows are beside it, and a recipe survives its file`, () => {
      const { recipe } = learn(columns, config);
      const { meta, arrays } = recipeState(recipe);
      const read = recipeFromState(JSON.parse(JSON.stringify(meta)), arrays);
      const fresh = mixed(60, 9);
      const whole = applyRecipe(recipe, fresh);
      const order = shuffle(
        Int32Array.from({ length: 60 }, (_, i) => i),
        randomStream(4),
      );
      expect(
        applyRecipe(
          read,
          fresh.map((column) => takeRows(column, order)),
        ),
      ).toEqual(whole.map((column) => takeRows(column, order)));
      const one = Int32Array.of(7);
      expect(
        applyRecipe(
          read,
          fresh.map((column) => takeRows(column, one)),
        ),
      ).toEqual(whole.map((column) => takeRows(column, one)));
      expect(
        applyRecipe(
          read,
          fresh.map((column) => takeRows(column, new Int32Array())),
        ),
      ).toEqual(whole.map((column) => takeRows(column, new Int32Array())));
    });

    test(`set ${index + 1}: one row, rows with nothing in them, and a single level are no trouble`, () => {
      for (const odd of [
        columns.map((column) => takeRows(column, Int32Array.of(0))),
        columns.map((column) =>
          column.kind === "numeric" ? { ...column, values: column.values.map(() => NA) } : { ...column, codes: column.codes.map(() => -1) },
        ),
        columns.map((column) => takeRows(column, new Int32Array(20).fill(3))),
      ]) {
        if (config.remove_constants === true || config.remove_features_thres !== undefined) {
          expect(() => learn(odd, { ...config, exclude: [2] })).not.toThrow();
          continue;
        }
        const { recipe, columns: made } = learn(odd, config);
        expect(applyRecipe(recipe, odd)).toEqual(made);
      }
    });
  }

  test("statistics do not depend on the order of training rows", () => {
    const order = shuffle(
      Int32Array.from({ length: 150 }, (_, i) => i),
      randomStream(2),
    );
    const config = EVERYTHING[2]!;
    const direct = shown(applyRecipe(learn(columns, config).recipe, columns));
    const permuted = shown(
      applyRecipe(
        learn(
          columns.map((column) => takeRows(column, order)),
          config,
        ).recipe,
        columns,
      ),
    );
    for (const [name, values] of Object.entries(direct)) {
      values.forEach((value, row) => {
        if (typeof value === "number") expect(permuted[name]![row]).toBeCloseTo(value, 10);
        else expect(permuted[name]![row]).toBe(value);
      });
    }
  });

  test("nothing left to train on is an error that names the options", () => {
    const gone = [numericColumn("a", [NA, NA])];
    expect(() => learn(gone, { complete_cases: true })).toThrow(/leaves no row to train on; relax or leave out complete_cases/);
    expect(() => learn(gone, { remove_constants: true })).toThrow(/leaves no feature to train on; relax or leave out remove_constants/);
    const many = [
      categoricalColumn(
        "id",
        Array.from({ length: 10_001 }, (_, i) => `v${i}`),
      ),
    ];
    expect(() => learn(many, { one_hot: true })).toThrow(
      /"id" alone has 10001 levels: leave it out, or name the levels to keep in one_hot_levels/,
    );
  });

  test("a column may have the name of something that every object has", () => {
    const named = [numericColumn("constructor", [1, 2, 3]), categoricalColumn("toString", ["a", "b", "b"])];
    const made = prepare(named, { scale: true, scale_centers: {}, scale_coefficients: {}, one_hot: true, one_hot_levels: {} });
    expect(made).toEqual({ constructor: [-1, 0, 1], toString_a: [1, 0, 0], toString_b: [0, 1, 1] });
  });

  test("given centres, divisors and levels are used instead of learned ones", () => {
    const own = [numericColumn("a", [1, 2, 3]), numericColumn("b", [1, 2, 3]), categoricalColumn("c", labels("xyz"))];
    const made = prepare(own, {
      scale: true,
      scale_centers: { a: 1 },
      scale_coefficients: { a: 2 },
      one_hot: true,
      one_hot_levels: { c: ["z", "x"] },
    });
    expect(made).toEqual({ a: [0, 0.5, 1], b: [-1, 0, 1], c_z: [0, 0, 1], c_x: [1, 0, 0] });
  });
});
