import { expect, test } from "vitest";
import { designFromState, designMatrix, designState, learnDesign } from "../../src/engine/design-matrix.ts";
import { categoricalColumn, numericColumn } from "../../src/engine/table.ts";

const NAN = Number.NaN;

test("numbers stay, missing becomes the training mean, infinities the training range", () => {
  const plan = learnDesign([numericColumn("x", [1, 3, NAN, 8, Number.POSITIVE_INFINITY])]);
  expect(Array.from(designMatrix(plan, [numericColumn("x", [2, NAN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])]))).toEqual([
    2, 4, 8, 1,
  ]);
});

test("the mean that stands in for a missing value is weighted", () => {
  const plan = learnDesign([numericColumn("x", [1, 5, NAN])], { weights: Float64Array.of(3, 1, 1) });
  expect(designMatrix(plan, [numericColumn("x", [NAN])])[0]).toBe(2);
});

test("levels that occur become 0/1 columns; unseen, absent and missing ones are zeros", () => {
  const levels = ["a", "b", "c", "never"];
  const plan = learnDesign([categoricalColumn("k", ["a", "c", "b", "a"], levels)]);
  expect(plan.names).toEqual(["k=a", "k=b", "k=c"]);
  const matrix = designMatrix(plan, [categoricalColumn("k", ["c", "never", null], levels)]);
  expect(Array.from(matrix)).toEqual([0, 0, 0, 0, 0, 0, 1, 0, 0]);
  expect(learnDesign([categoricalColumn("k", ["a", "c", "b"], levels)], { dropReference: true }).names).toEqual(["k=b", "k=c"]);
});

test("an ordered category is its level's index, with the mean for missing", () => {
  const size = { ...categoricalColumn("size", ["s", "l", "l", null], ["s", "m", "l"]), ordered: true };
  const plan = learnDesign([size]);
  expect(Array.from(designMatrix(plan, [size]))[3]).toBeCloseTo(4 / 3, 12);
  expect(Array.from(designMatrix(plan, [size])).slice(0, 3)).toEqual([0, 2, 2]);
});

test("flags follow the columns of their feature, only where training had missing values", () => {
  const x = numericColumn("x", [1, NAN]);
  const k = categoricalColumn("k", ["a", "b"]);
  const plan = learnDesign([x, k], { missingFlags: true });
  expect(plan.names).toEqual(["x", "x is missing", "k=a", "k=b"]);
  expect(Array.from(designMatrix(plan, [x, k]))).toEqual([1, 1, 0, 1, 1, 0, 0, 1]);
});

test("only the most frequent levels get columns beyond the limit", () => {
  const plan = learnDesign([categoricalColumn("k", ["a", "b", "b", "c", "c", "d"])], { maxLevels: 2 });
  expect(plan.names).toEqual(["k=b", "k=c"]);
});

test("a plan goes through its state and JSON unchanged", () => {
  const columns = [numericColumn("x", [0.1, NAN, 3]), categoricalColumn("k", ["a", "b", null])];
  const plan = learnDesign(columns, { missingFlags: true });
  const { meta, arrays } = designState(plan);
  const loaded = designFromState(JSON.parse(JSON.stringify(meta)), arrays);
  expect(designMatrix(loaded, columns)).toEqual(designMatrix(plan, columns));
  expect(() => designFromState(meta, {})).toThrow(/design_centers/);
});

test("a wrong number of columns, a changed kind and a matrix beyond memory are refused with a sentence", () => {
  const plan = learnDesign([numericColumn("x", [1, 2])]);
  expect(() => designMatrix(plan, [])).toThrow(/1 features and got 0/);
  expect(() => designMatrix(plan, [categoricalColumn("x", ["a"])])).toThrow(/"x" was numeric/);
  const rows = 400_000;
  const wide = {
    ...categoricalColumn("id", []),
    codes: Int32Array.from({ length: rows }, (_, i) => i % 900),
    levels: Array.from({ length: 900 }, (_, i) => `v${i}`),
  };
  expect(() => learnDesign([wide])).toThrow(/"id" with 900/);
});
