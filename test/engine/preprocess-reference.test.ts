import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { PreprocessorConfig } from "../../src/engine/preprocessing/option.ts";
import { applyRecipe, learnAtOnce } from "../../src/engine/preprocessing/recipe.ts";
import { type CategoricalColumn, type Column, categoricalColumn, type NumericColumn, numericColumn } from "../../src/engine/table.ts";

const fixture = (name: string) => JSON.parse(readFileSync(new URL(`../fixtures/preprocessing/${name}.json`, import.meta.url), "utf8"));
const r = fixture("preprocessing-r");
const sklearn = fixture("preprocessing-sklearn");

type Cells = readonly (number | null)[];
const gaps = (values: Cells): number[] => values.map((value) => value ?? Number.NaN);
const prepared = (columns: readonly Column[], config: PreprocessorConfig): readonly Column[] =>
  learnAtOnce(columns, config, { seed: 1 }).columns;
const numbers = (column: Column | undefined): number[] => [...(column as NumericColumn).values];
/** 1-based bin numbers, null where missing. */
const codes = (column: Column | undefined): (number | null)[] =>
  Array.from((column as CategoricalColumn).codes, (code) => (code < 0 ? null : code + 1));
/** Rows of a fixture as columns, each value plus `shift`. */
const transposed = (rows: readonly Cells[], shift = 0): number[][] =>
  rows[0]!.map((_, j) => gaps(rows.map((row) => row[j]!)).map((value) => value + shift));
const matrix = (rows: readonly Cells[]): Column[] => rows[0]!.map((_, j) => numericColumn(`x${j}`, gaps(rows.map((row) => row[j]!))));

/** The largest difference from what is expected, as a share of it or of 1; missing must be where it is expected. */
function difference(got: readonly number[], expected: Cells): number {
  expect(got.map((value) => Number.isNaN(value))).toEqual(expected.map((value) => value === null));
  return Math.max(
    0,
    ...got.flatMap((value, i) => (expected[i] === null ? [] : [Math.abs(value - expected[i]!) / Math.max(1, Math.abs(expected[i]!))])),
  );
}

/** What 15 printed digits and another order of summing leave. */
const TOLERANCE = 1e-12;

describe("base R", () => {
  for (const [how, config] of Object.entries({
    both: { scale: true },
    center: { center: true },
    scale: { scale: true, center: false },
  })) {
    test(`scale(): ${how}`, () => {
      for (const name of ["x", "ties"]) {
        const [column] = prepared([numericColumn(name, gaps(r.columns[name]))], config);
        expect(difference(numbers(column), r.scaled[how][name])).toBeLessThan(TOLERANCE);
      }
    });
  }

  test("cut(x, n): the same bins, also for a constant column", () => {
    for (const name of ["x", "ties", "constant"]) {
      for (const { n, codes: expected } of r.cut[name]) {
        const [column] = prepared([numericColumn("v", gaps(r.columns[name]))], { numeric_cut_n: n });
        expect(codes(column), `${name} ${n}`).toEqual(expected);
      }
    }
  });

  test("quantile type 7 and cut(include.lowest): the same bins, fewer of them where values are tied", () => {
    for (const name of ["x", "ties"]) {
      for (const { n, codes: expected, breaks } of r.quantiles[name]) {
        const [column] = prepared([numericColumn("v", gaps(r.columns[name]))], { numeric_quant_n: n });
        expect(codes(column), `${name} ${n}`).toEqual(expected);
        expect((column as CategoricalColumn).levels).toHaveLength(breaks.length - 1);
      }
    }
  });

  test("cut's labels name the range of a bin", () => {
    const levels = (config: PreprocessorConfig): readonly string[] =>
      (prepared([numericColumn("x", gaps(r.columns.x))], { ...config, numeric_cut_labels: true })[0] as CategoricalColumn).levels;
    expect(levels({ numeric_cut_n: 4 })).toEqual(r.labels.cut);
    expect(levels({ numeric_quant_n: 4 })).toEqual(r.labels.quantiles);
  });

  test("weekdays and months of dates", () => {
    const day = numericColumn(
      "day",
      r.dates.days.map((text: string) => Date.parse(text)),
      "date",
    );
    const [, weekday, month, year] = prepared([day], { add_date_features: true }) as CategoricalColumn[];
    expect(Array.from(weekday!.codes, (code) => weekday!.levels[code])).toEqual(r.dates.weekday);
    expect(Array.from(month!.codes, (code) => month!.levels[code])).toEqual(r.dates.month);
    expect(new Set(numbers(year))).toEqual(new Set([2024]));
  });

  test("timeDate's holidays, twelve years of each", () => {
    for (const [name, days] of Object.entries<string[]>(r.holidays)) {
      const near = days.flatMap((day) => [-1, 0, 1].map((shift) => Date.parse(day) + shift * 86_400_000));
      const [, holiday] = prepared([numericColumn("day", near, "date")], { add_holidays: true, holidays: [name] }) as CategoricalColumn[];
      expect(holiday!.levels).toEqual(["none", name]);
      expect([...holiday!.codes], name).toEqual(days.flatMap(() => [0, 1, 0]));
    }
  });
});

describe("scikit-learn", () => {
  const x = matrix(sklearn.x);
  const fresh = matrix(sklearn.new);

  test("StandardScaler, but for the divisor n - 1, on training and on new rows", () => {
    const { recipe, columns } = learnAtOnce(x, { scale: true }, { seed: 1 });
    const factor = Math.sqrt((sklearn.x.length - 1) / sklearn.x.length);
    for (const [got, rows] of [
      [columns, sklearn.standard.x],
      [applyRecipe(recipe, fresh), sklearn.standard.new],
    ] as const) {
      got.forEach((column, j) => {
        expect(
          difference(
            numbers(column),
            rows.map((row: Cells) => row[j]! * factor),
          ),
        ).toBeLessThan(TOLERANCE);
      });
    }
  });

  test("KBinsDiscretizer, uniform: values beyond the training range fall in the outermost bins", () => {
    const { recipe, columns } = learnAtOnce(x, { numeric_cut_n: 5 }, { seed: 1 });
    expect(columns.map(codes)).toEqual(transposed(sklearn.uniform.x, 1));
    expect(applyRecipe(recipe, fresh).map(codes)).toEqual(transposed(sklearn.uniform.new, 1));
  });

  test("SimpleImputer with mean and median, and MissingIndicator", () => {
    const columns = matrix(sklearn.gaps);
    for (const impute_continuous of ["mean", "median"] as const) {
      const filled = prepared(columns, { impute: true, impute_type: "meanMode", impute_continuous, missingness: true });
      columns.forEach((_, j) => {
        expect(
          difference(
            numbers(filled[j]),
            sklearn[impute_continuous].map((row: Cells) => row[j]!),
          ),
        ).toBeLessThan(TOLERANCE);
        expect(numbers(filled[columns.length + j])).toEqual(sklearn.missing.map((row: Cells) => row[j]!));
      });
    }
  });

  test("OneHotEncoder and OrdinalEncoder, with a level that training did not have", () => {
    const colour = [categoricalColumn("colour", sklearn.colours)];
    const news = [categoricalColumn("colour", sklearn.newColours)];
    const hot = learnAtOnce(colour, { one_hot: true }, { seed: 1 });
    expect(hot.columns.map((column) => column.name)).toEqual(sklearn.oneHot.names);
    expect(hot.columns.map(numbers)).toEqual(transposed(sklearn.oneHot.x));
    expect(applyRecipe(hot.recipe, news).map(numbers)).toEqual(transposed(sklearn.oneHot.new));
    const ordinal = learnAtOnce(colour, { factor2integer: true }, { seed: 1 });
    expect(numbers(ordinal.columns[0])).toEqual(sklearn.ordinal.x.flat());
    expect(numbers(applyRecipe(ordinal.recipe, news)[0])).toEqual(gaps(sklearn.ordinal.new.flat()));
  });
});
