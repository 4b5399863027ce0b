import { describe, expect, test } from "vitest";
import { randomStream } from "../../src/core/random.ts";
import type { FitContext, Problem } from "../../src/engine/algorithm.ts";
import { fitRanger } from "../../src/engine/algorithms/ranger/fit.ts";
import type { Settings } from "../../src/engine/algorithms/ranger/hyperparameters.ts";
import { ranger } from "../../src/engine/algorithms/ranger/ranger.ts";
import { categoricalColumn, numericColumn, takeRows } from "../../src/engine/table.ts";
import { drain, problemOf, sampleColumns } from "../support/sample-columns.ts";
import { mixedProblem } from "./light-gbm-rig.ts";

const SETTINGS: Settings = {
  trees: 50,
  mtry: null,
  minNode: null,
  fraction: null,
  importance: "impurity",
  inverseFrequency: false,
  replace: true,
  isExtra: false,
  maxDepth: 0,
};
const CONTEXT: FitContext = { seed: 7, validation: null };
const run = (problem: Problem, settings: Partial<Settings> = {}, context: FitContext = CONTEXT) =>
  drain(fitRanger(problem, { ...SETTINGS, ...settings }, context));
const fitted = (problem: Problem, settings: Partial<Settings> = {}, context: FitContext = CONTEXT) =>
  run(problem, settings, context).result;
/** One tree that sees every row once and every feature at every split: no chance is left. */
const WHOLE: Partial<Settings> = { trees: 1, mtry: 1000, replace: false, fraction: 1, minNode: 1 };

/** The same tree by the plainest means: tries every cut of every feature at every node. Missing values are on neither side's account here. */
function plainTree(problem: Problem, rows: number[], minNode: number): (row: number) => number[] {
  const width = Math.max(1, problem.classes.length);
  const sharesOf = (own: readonly number[]): number[] =>
    width === 1
      ? [own.reduce((sum, i) => sum + problem.target[i]!, 0) / own.length]
      : Array.from({ length: width }, (_, k) => own.filter((i) => problem.target[i] === k).length / own.length);
  const impurity = (own: readonly number[]): number => {
    const mean = sharesOf(own);
    if (width === 1) return own.reduce((sum, i) => sum + (problem.target[i]! - mean[0]!) ** 2, 0);
    return own.length * (1 - mean.reduce((sum, p) => sum + p * p, 0));
  };
  const leaf = sharesOf(rows);
  const whole = impurity(rows);
  if (rows.length <= minNode || whole < 1e-9) return () => leaf;
  let best = { gain: 1e-9, feature: -1, cut: 0 };
  for (const [feature, column] of problem.features.entries()) {
    if (column.kind !== "numeric") throw new Error("numbers only");
    const values = [...new Set(rows.map((i) => column.values[i]!))].sort((a, b) => a - b);
    for (const cut of values.slice(0, -1)) {
      const left = rows.filter((i) => column.values[i]! <= cut);
      const right = rows.filter((i) => column.values[i]! > cut);
      const gain = whole - impurity(left) - impurity(right);
      if (gain > best.gain * (1 + 1e-12)) best = { gain, feature, cut };
    }
  }
  if (best.feature < 0) return () => leaf;
  const column = problem.features[best.feature]!;
  const value = (i: number): number => (column.kind === "numeric" ? column.values[i]! : Number.NaN);
  const left = plainTree(
    problem,
    rows.filter((i) => value(i) <= best.cut),
    minNode,
  );
  const right = plainTree(
    problem,
    rows.filter((i) => value(i) > best.cut),
    minNode,
  );
  return (row) => (value(row) <= best.cut ? left(row) : right(row));
}

describe("a tree without chance is the plain search's", () => {
  for (const task of ["regression", "binary", "multiclass"] as const) {
    for (const rows of [60, 240]) {
      test(`${task}, ${rows} rows`, () => {
        const random = randomStream(rows, task.length);
        // Few distinct values, so that bins are exact and prediction rows lie on known sides.
        const draw = (levels: number): Float64Array => Float64Array.from({ length: rows }, () => random.integer(levels));
        const features = [numericColumn("a", draw(40)), numericColumn("b", draw(7)), numericColumn("c", draw(200))];
        const target = Float64Array.from({ length: rows }, () =>
          task === "regression" ? random.next() : random.integer(task === "binary" ? 2 : 3),
        );
        const classes = { regression: [], binary: ["n", "y"], multiclass: ["a", "b", "c"] }[task];
        const problem: Problem = { task, rows, features, target, classes, weights: null };
        const expected = plainTree(problem, [...target.keys()], 4);
        const own = fitted(problem, { ...WHOLE, minNode: 4 }).predict(features);
        const width = Math.max(1, classes.length);
        for (let row = 0; row < rows; row++) {
          for (const [k, value] of expected(row).entries()) expect(own[row * width + k], `row ${row}, ${k}`).toBeCloseTo(value, 8);
        }
      });
    }
  }
});

describe("promises", () => {
  test("the same seed gives the same bits, another seed another forest; the order of rows matters only to chance", () => {
    const problem = mixedProblem("multiclass", 400, 3, true);
    const first = fitted(problem).predict(problem.features);
    expect(fitted(problem).predict(problem.features)).toEqual(first);
    expect(fitted(problem, {}, { ...CONTEXT, seed: 8 }).predict(problem.features)).not.toEqual(first);
    const unweighted = { ...problem, weights: null };
    const order = Int32Array.from({ length: 400 }, (_, i) => (i * 7) % 400);
    const moved: Problem = {
      ...unweighted,
      features: problem.features.map((column) => takeRows(column, order)),
      target: Float64Array.from(order, (row) => problem.target[row]!),
    };
    expect(fitted(moved, WHOLE).predict(problem.features)).toEqual(fitted(unweighted, WHOLE).predict(problem.features));
  });

  for (const task of ["regression", "binary", "multiclass"] as const) {
    test(`${task}: every awkward value has an answer, and a loaded model gives the same bits`, () => {
      const problem = mixedProblem(task, 500, 11, true);
      for (const settings of [
        {},
        { isExtra: true },
        { replace: false },
        { importance: "impurity_corrected" },
        { importance: "permutation" },
      ] as const) {
        const model = fitted(problem, { trees: 12, ...settings });
        const p = model.predict(problem.features);
        expect(p.every(Number.isFinite)).toBe(true);
        if (task !== "regression") {
          const k = problem.classes.length;
          for (let i = 0; i < p.length; i += k) expect(p.subarray(i, i + k).reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 12);
        }
        const state = model.state();
        const copy = ranger.load({ meta: JSON.parse(JSON.stringify(state.meta)), arrays: state.arrays });
        expect(copy.predict(problem.features)).toEqual(p);
        expect(copy.importance()).toEqual(model.importance());
        expect(copy.facts()).toEqual(model.facts());
      }
    });
  }

  test("missing values decide where they mean something, also when nothing else does", () => {
    const values = Float64Array.from({ length: 200 }, (_, i) => (i % 4 === 0 ? Number.NaN : i % 10));
    const target = Float64Array.from({ length: 200 }, (_, i) => (i % 4 === 0 ? 1 : 0));
    const problem: Problem = {
      task: "binary",
      rows: 200,
      features: [numericColumn("x", values)],
      target,
      classes: ["no", "yes"],
      weights: null,
    };
    const model = fitted(problem, { trees: 5 });
    const p = model.predict([numericColumn("x", [Number.NaN, 3, 1e9, -1e9])]);
    expect(p[1]).toBeGreaterThan(0.95);
    for (const at of [3, 5, 7]) expect(p[at]).toBeLessThan(0.05);
  });

  test("categories are split by their outcome, whatever their names; an unseen one counts as missing", () => {
    const labels = Array.from({ length: 300 }, (_, i) => `level ${i % 30}`);
    const target = Float64Array.from({ length: 300 }, (_, i) => ((i % 30) * 7) % 2);
    const problem: Problem = {
      task: "binary",
      rows: 300,
      features: [categoricalColumn("c", labels)],
      target,
      classes: ["0", "1"],
      weights: null,
    };
    const model = fitted(problem, WHOLE);
    expect([...model.predict(problem.features)].filter((_, i) => i % 2 === 1)).toEqual([...target]);
    expect(model.facts().leaves).toBe(2);
    const three: Problem = { ...problem, task: "multiclass", classes: ["a", "b", "c"], target: target.map((_, i) => (i % 30) % 3) };
    const p = fitted(three, WHOLE).predict(three.features);
    for (let i = 0; i < 300; i++) expect(p[3 * i + ((i % 30) % 3)]).toBe(1);
    expect(model.predict([categoricalColumn("c", [null], ["level 1", "level 2"])]).every(Number.isFinite)).toBe(true);
  });

  test("a row of weight zero is no row, and more weight is more say", () => {
    const problem = mixedProblem("binary", 300, 5);
    const weights = Float64Array.from({ length: 300 }, (_, i) => (i < 200 ? 1 : 0));
    const kept = Int32Array.from({ length: 200 }, (_, i) => i);
    const model = fitted({ ...problem, weights }, { trees: 3 });
    expect(model.facts().oob_rows).toBeLessThanOrEqual(200);
    const flipped = { ...problem, weights, target: problem.target.map((y, i) => (i < 200 ? y : 1 - y)) };
    expect(fitted(flipped, { trees: 3 }).predict(problem.features)).toEqual(model.predict(problem.features));
    expect(kept.length).toBe(200);
    const heavy = Float64Array.from(problem.target, (y) => (y === 1 ? 50 : 1));
    const mean = (p: Float64Array): number => p.reduce((sum, value, i) => sum + (i % 2 === 1 ? value : 0), 0) / 300;
    const high = fitted({ ...problem, weights: heavy }).predict(problem.features);
    expect(mean(high)).toBeGreaterThan(mean(fitted(problem).predict(problem.features)) + 0.1);
  });

  test("one row, one class, constants, nothing to split, and bad input", () => {
    const one: Problem = {
      task: "regression",
      rows: 1,
      features: [numericColumn("x", [1])],
      target: Float64Array.of(4.25),
      classes: [],
      weights: null,
    };
    expect([...fitted(one, { trees: 2 }).predict([numericColumn("x", [7, Number.NaN])])]).toEqual([4.25, 4.25]);
    expect(fitted(one, { trees: 2 }).facts()).toMatchObject({ oob_rmse: null, oob_rows: 0 });
    const same: Problem = {
      ...one,
      task: "binary",
      rows: 3,
      features: [numericColumn("x", [1, 2, 3])],
      target: Float64Array.of(1, 1, 1),
      classes: ["a", "b"],
    };
    expect([...fitted(same, { trees: 2 }).predict([numericColumn("x", [5])])]).toEqual([0, 1]);
    expect([
      ...fitted({ ...one, rows: 2, features: [numericColumn("x", [3, 3])], target: Float64Array.of(1, 3) }, WHOLE).predict([
        numericColumn("x", [3]),
      ]),
    ]).toEqual([2]);
    expect(() => fitted({ ...one, target: Float64Array.of(Number.NaN) })).toThrow(/NaN in row 1/);
    expect(() => fitted({ ...one, rows: 0, features: [numericColumn("x", [])], target: new Float64Array(0) })).toThrow(/no rows/);
    expect(() => ranger.load({ meta: { version: 9 }, arrays: {} })).toThrow(/version 9/);
    expect(() => fitted(one).predict([])).toThrow(/1 features and got 0/);
  });

  test("depth and leaf size bound the trees", () => {
    const problem = mixedProblem("regression", 400, 4);
    expect(Number(fitted(problem, { trees: 4, maxDepth: 2 }).facts().leaves)).toBeLessThanOrEqual(16);
    expect(fitted(problem, { trees: 4, minNode: 400 }).facts().leaves).toBe(4);
  });

  test("out-of-bag and validation curves: one point per tree, falling; out-of-bag is close to new rows", () => {
    const problem = mixedProblem("binary", 1200, 21);
    const fresh = mixedProblem("binary", 1200, 22);
    const { steps } = run(problem, { trees: 80 }, { seed: 1, validation: fresh });
    expect(steps.map((step) => step.step)).toEqual(Array.from({ length: 80 }, (_, i) => i + 1));
    const last = steps.at(-1)!.values;
    expect(last.validation!).toBeLessThan(steps[0]!.values.validation! * 0.8);
    expect(Math.abs(last["out-of-bag"]! - last.validation!)).toBeLessThan(0.03);
    const model = fitted(problem, { trees: 80 }, { seed: 1, validation: null });
    const p = model.predict(fresh.features);
    const brier = fresh.target.reduce((sum, y, i) => sum + 2 * (p[2 * i + 1]! - y) ** 2, 0) / fresh.rows;
    expect(last.validation).toBeCloseTo(brier, 12);
  });
});

describe("importance (R-41)", () => {
  const random = randomStream(99);
  const rows = 600;
  const signal = Float64Array.from({ length: rows }, () => random.next());
  const many = Float64Array.from({ length: rows }, () => random.next());
  const few = Float64Array.from({ length: rows }, () => random.integer(2));
  const target = signal.map((x) => Number(x + 0.3 * random.next() > 0.65));
  const problem: Problem = {
    task: "binary",
    rows,
    features: [numericColumn("signal", signal), numericColumn("many", many), numericColumn("few", few)],
    target,
    classes: ["no", "yes"],
    weights: null,
  };
  const measured = (importance: Settings["importance"]): Float64Array =>
    fitted(problem, { trees: 200, importance, mtry: 1 }).importance()!.measures[importance]!;

  test("the declaration lists the four choices", () => {
    const schema = ranger.hyperparameters.find(({ name }) => name === "importance");
    expect(schema).toMatchObject({
      choices: ["none", "impurity", "impurity_corrected", "permutation"],
      default: "impurity",
      tunable: false,
    });
    expect(ranger.hyperparameters.find(({ name }) => name === "num_trees")).toMatchObject({ default: 500, type: "integer", tunable: true });
    expect(fitted(problem, { trees: 2, importance: "none" }).importance()).toBeNull();
  });

  test("impurity favours noise of many values; the correction and permutation do not", () => {
    const [, noisy = 0, coarse = 0] = measured("impurity");
    expect(noisy).toBeGreaterThan(4 * coarse);
    for (const kind of ["impurity_corrected", "permutation"] as const) {
      const [strong = 0, noise = 0, other = 0] = measured(kind);
      expect(Math.abs(noise)).toBeLessThan(0.1 * strong);
      expect(Math.abs(other)).toBeLessThan(0.1 * strong);
    }
  });

  test("the correction leaves the predictions of a whole tree as they are", () => {
    const plain = fitted(problem, WHOLE).predict(problem.features);
    expect(fitted(problem, { ...WHOLE, importance: "impurity_corrected" }).predict(problem.features)).toEqual(plain);
  });

  test("impurity of one whole tree adds up to what the tree took away", () => {
    const total = fitted(problem, { ...WHOLE, minNode: 1 })
      .importance()!
      .measures.impurity!.reduce((sum, value) => sum + value, 0);
    const share = target.reduce((sum, y) => sum + y, 0) / rows;
    expect(total / rows).toBeCloseTo(2 * share * (1 - share), 3);
  });
});

test("balanced draws raise the share of the rare class", () => {
  const problem = problemOf(sampleColumns("breast_cancer"), "diagnosis", { features: ["mean texture", "mean smoothness"] });
  const mean = (ifw: boolean): number => {
    const p = fitted(problem, { inverseFrequency: ifw, minNode: 100 }).predict(problem.features);
    return p.reduce((sum, value, i) => sum + (i % 2 === 0 ? value : 0), 0) / problem.rows;
  };
  const share = problem.target.reduce((sum, y) => sum + (y === 0 ? 1 : 0), 0) / problem.rows;
  expect(mean(false)).toBeCloseTo(share, 1);
  expect(Math.abs(mean(true) - 0.5)).toBeLessThan(Math.abs(share - 0.5));
});
