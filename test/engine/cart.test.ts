import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { type Random, randomStream } from "../../src/core/random.ts";
import type { FitContext, FitStep, Problem } from "../../src/engine/algorithm.ts";
import { cart } from "../../src/engine/algorithms/cart/cart.ts";
import { sortedRows, treeData } from "../../src/engine/algorithms/cart/data.ts";
import { Grower } from "../../src/engine/algorithms/cart/grow.ts";
import type { CartModel } from "../../src/engine/algorithms/cart/model.ts";
import type { Hyperparameters } from "../../src/engine/hyperparameter.ts";
import { type Column, categoricalColumn, numericColumn, takeRows } from "../../src/engine/table.ts";
import { drain, problemOf, sampleColumns } from "../support/sample-columns.ts";

const DEFAULTS: Hyperparameters = Object.fromEntries(cart.hyperparameters.map((schema) => [schema.name, schema.default]));

function fitted(
  problem: Problem,
  changes: Hyperparameters = {},
  context: Partial<FitContext> = {},
): { model: CartModel; steps: FitStep[] } {
  const { result, steps } = drain(cart.fit(problem, { ...DEFAULTS, ...changes }, { seed: 7, validation: null, ...context }));
  return { model: result as CartModel, steps };
}

function problem(features: readonly Column[], target: ArrayLike<number>, classes: readonly string[] = []): Problem {
  const task = classes.length === 0 ? "regression" : classes.length === 2 ? "binary" : "multiclass";
  return { task, rows: target.length, features, target: Float64Array.from(target), classes, weights: null };
}

/** Weighted impurity of a set of rows, straight from the definition. */
function impurity(of: Problem, rows: readonly number[], criterion: string): number {
  const weight = (row: number): number => of.weights?.[row] ?? 1;
  const total = rows.reduce((sum, row) => sum + weight(row), 0);
  if (of.task === "regression") {
    const mean = rows.reduce((sum, row) => sum + weight(row) * of.target[row]!, 0) / total;
    return rows.reduce((sum, row) => sum + weight(row) * (of.target[row]! - mean) ** 2, 0);
  }
  const shares = of.classes.map((_, k) => rows.reduce((sum, row) => sum + (of.target[row] === k ? weight(row) : 0), 0) / total);
  return total * shares.reduce((sum, p) => sum + (criterion === "gini" ? p * (1 - p) : p > 0 ? -p * Math.log(p) : 0), 0);
}

/** Largest decrease over every threshold of every number and every grouping of every category. */
function bestGain(of: Problem, criterion: string, minBucket: number): number {
  const all = Array.from({ length: of.rows }, (_, i) => i);
  let best = 0;
  const judge = (isLeft: (row: number) => boolean): void => {
    const left = all.filter(isLeft);
    const right = all.filter((row) => !isLeft(row));
    if (left.length < minBucket || right.length < minBucket) return;
    best = Math.max(best, impurity(of, all, criterion) - impurity(of, left, criterion) - impurity(of, right, criterion));
  };
  for (const feature of of.features) {
    if (feature.kind === "numeric") for (const cut of feature.values) judge((row) => feature.values[row]! < cut);
    else for (let mask = 1; mask < 2 ** feature.levels.length - 1; mask++) judge((row) => ((mask >> feature.codes[row]!) & 1) === 1);
  }
  return best;
}

function tinyProblem(random: Random, classes: number): Problem {
  const rows = 6 + random.integer(10);
  const draw = (make: () => number): number[] => Array.from({ length: rows }, make);
  const levels = ["a", "b", "c", "d", "e"];
  const features = [
    numericColumn(
      "coarse",
      draw(() => random.integer(4)),
    ),
    numericColumn(
      "fine",
      draw(() => random.next()),
    ),
    categoricalColumn(
      "level",
      Array.from({ length: rows }, () => levels[random.integer(5)]!),
      levels,
    ),
  ];
  const target = draw(() => (classes === 0 ? Math.round(10 * random.next()) : random.integer(classes)));
  const made = problem(
    features,
    target,
    Array.from({ length: classes }, (_, k) => `c${k}`),
  );
  const mean = (rows + 1) / 2;
  return random.integer(2) === 0
    ? made
    : {
        ...made,
        weights: Float64Array.from(
          draw(() => 0),
          (_, i) => (i + 1) / mean,
        ),
      };
}

describe("the first split is the best one there is", () => {
  for (const classes of [0, 2, 3]) {
    for (const criterion of classes === 0 ? ["gini"] : ["gini", "information"]) {
      test(`${classes === 0 ? "regression" : `${classes} classes`}, ${criterion}, against all splits of 60 tiny tables`, () => {
        const random = randomStream(3, classes, criterion.length);
        for (let trial = 0; trial < 60; trial++) {
          const tiny = tinyProblem(random, classes);
          const minbucket = 1 + random.integer(2);
          const options = { criterion: criterion as "gini", maxDepth: 1, minSplit: 2, minBucket: minbucket, maxSurrogates: 0, cp: 0 };
          const grower = new Grower(treeData(tiny, tiny.weights ?? new Float64Array(tiny.rows).fill(1)), options, null);
          grower.growLevel();
          const best = bestGain(tiny, criterion, minbucket);
          const [root, left, right] = grower.nodes;
          expect(root!.split?.gain ?? 0).toBeCloseTo(best, 8);
          if (root!.split !== null) expect(root!.impurity - left!.impurity - right!.impurity).toBeCloseTo(best, 8);
        }
      });
    }
  }
});

describe("invariances", () => {
  const diabetes = problemOf(sampleColumns("diabetes"), "progression");
  const wine = problemOf(sampleColumns("wine"), "cultivar");

  test("the order of rows does not matter", () => {
    const index = Int32Array.from({ length: diabetes.rows }, (_, i) => (i * 97) % diabetes.rows);
    const shuffled = {
      ...diabetes,
      features: diabetes.features.map((f) => takeRows(f, index)),
      target: Float64Array.from(index, (i) => diabetes.target[i]!),
    };
    const a = fitted(diabetes, { cp: 0.005, minbucket: 7 }).model.predict(diabetes.features);
    const b = fitted(shuffled, { cp: 0.005, minbucket: 7 }).model.predict(diabetes.features);
    for (let i = 0; i < a.length; i++) expect(a[i]).toBeCloseTo(b[i]!, 9);
  });

  test("without ties the order of columns does not matter", () => {
    const reversed = { ...diabetes, features: diabetes.features.toReversed() };
    const a = fitted(diabetes, { maxdepth: 4, minbucket: 7 }).model.predict(diabetes.features);
    const b = fitted(reversed, { maxdepth: 4, minbucket: 7 }).model.predict(reversed.features);
    for (let i = 0; i < a.length; i++) expect(a[i]).toBeCloseTo(b[i]!, 9);
  });

  test("a rising transformation of a feature changes no training prediction", () => {
    const bent = wine.features.map((f) => (f.kind === "numeric" ? { ...f, values: f.values.map((v) => Math.log(v + 1) * 100) } : f));
    const a = fitted(wine).model.predict(wine.features);
    const b = fitted({ ...wine, features: bent }).model.predict(bent);
    expect(b).toEqual(a);
  });

  test("a weight of 2 is the same as the row twice, and a weight of 0 as the row left out", () => {
    const weights = Float64Array.from({ length: diabetes.rows }, (_, i) => i % 3);
    const index = Int32Array.from(Array.from(weights).flatMap((weight, i) => new Array<number>(weight).fill(i)));
    const repeated = { ...diabetes, rows: index.length, features: diabetes.features.map((f) => takeRows(f, index)) };
    const a = fitted({ ...diabetes, weights }).model.predict(diabetes.features);
    const b = fitted({ ...repeated, target: Float64Array.from(index, (i) => diabetes.target[i]!) }).model.predict(diabetes.features);
    for (let i = 0; i < a.length; i++) expect(a[i]).toBeCloseTo(b[i]!, 9);
  });

  test("state goes through JSON and back to the same bits, surrogates and level groups included", () => {
    const holes = sampleColumns("titanic").map((c) =>
      c.kind === "categorical" ? { ...c, codes: c.codes.map((k, i) => (i % 5 === 0 ? -1 : k)) } : c,
    );
    const titanic = problemOf([...holes.slice(0, 3), sampleColumns("titanic")[3]!], "Survived");
    const { model } = fitted(titanic, { cp: 0.001 });
    expect(model.parts.nodes.some((node) => node.surrogates.length > 0)).toBe(true);
    const { meta, arrays } = model.state();
    const loaded = cart.load({ meta: JSON.parse(JSON.stringify(meta)), arrays }) as CartModel;
    expect(loaded.parts).toEqual(model.parts);
    expect(loaded.predict(titanic.features)).toEqual(model.predict(titanic.features));
    expect(() => cart.load({ meta, arrays: {} })).toThrow(/node_integers/);
  });
});

describe("pruning by cross-validation", () => {
  const random = randomStream(11);
  const x = numericColumn(
    "x",
    Array.from({ length: 300 }, () => random.next()),
  );
  const noise = numericColumn(
    "noise",
    Array.from({ length: 300 }, () => random.next()),
  );
  const y = Array.from(x.values, (value) => (value > 0.5 ? 10 : 0) + 4 * (random.next() - 0.5));
  const step = problem([x, noise], y);

  test("a step in noise is cut back to its one split; without folds the tree follows the noise", () => {
    const { model, steps } = fitted(step, { cp: 0, xval: 10 });
    expect(model.facts().leaves).toBe(2);
    expect(model.parts.nodes[0]!.split!.threshold).toBeCloseTo(0.5, 1);
    expect(model.facts().cv_folds).toBe(10);
    expect(steps.filter((one) => "cross-validation" in one.values)).toHaveLength(10);
    expect(Number(fitted(step, { cp: 0 }).model.facts().leaves)).toBeGreaterThan(50);
    expect(Number(fitted(step, { cp: 0, xval: 10, prune_rule: "min" }).model.facts().leaves)).toBeLessThan(50);
  });

  test("the rule of one standard error takes a smaller tree than the best one", () => {
    const diabetes = problemOf(sampleColumns("diabetes"), "progression");
    const leaves = (rule: string): number =>
      Number(fitted(diabetes, { cp: 0.002, minbucket: 7, xval: 10, prune_rule: rule }).model.facts().leaves);
    expect(leaves("1se")).toBeLessThan(leaves("min"));
  });

  test("prune_cp cuts to the same tree as growing with that cp", () => {
    expect(fitted(step, { cp: 0, prune_cp: 0.02 }).model.parts.nodes).toEqual(fitted(step, { cp: 0.02 }).model.parts.nodes);
  });

  test("same seed, same bits", () => {
    expect(fitted(step, { cp: 0, xval: 5 }).model.state()).toEqual(fitted(step, { cp: 0, xval: 5 }).model.state());
  });
});

describe("difficult data", () => {
  test("one row, one class, a constant outcome and no features give a single leaf", () => {
    const x = numericColumn("x", [1, 2, 3]);
    expect(Array.from(fitted(problem([numericColumn("x", [4])], [7])).model.predict([x]))).toEqual([7, 7, 7]);
    expect(Array.from(fitted(problem([x], [1, 1, 1], ["a", "b"])).model.predict([x]))).toEqual([0, 1, 0, 1, 0, 1]);
    expect(fitted(problem([x], [0.1, 0.1, 0.1])).model.facts().leaves).toBe(1);
    expect(fitted(problem([], [1, 2, 3])).model.facts().leaves).toBe(1);
  });

  test("a feature that is all missing is never asked, and missing rows follow a surrogate", () => {
    const x = [1, 2, 3, 4, 11, 12, 13, 14];
    const twin = x.map((value) => -value);
    const features = [
      numericColumn(
        "empty",
        x.map(() => Number.NaN),
      ),
      numericColumn("x", x),
      numericColumn("twin", twin),
    ];
    const { model } = fitted(problem(features, [0, 0, 0, 0, 1, 1, 1, 1], ["no", "yes"]));
    expect(model.parts.nodes[0]!.split!.feature).toBe(1);
    const rows = [
      numericColumn("empty", [0, 0, 0]),
      numericColumn("x", [Number.NaN, Number.NaN, 2]),
      numericColumn("twin", [-2, -13, Number.NaN]),
    ];
    expect(Array.from(model.predict(rows))).toEqual([1, 0, 0, 1, 1, 0]);
  });

  test("a feature that sends only one row the other way is no surrogate", () => {
    const features = [numericColumn("x", [1, 2, 3, 4, 11, 12]), numericColumn("odd", [0, 0, 0, 0, 0, 1])];
    const { model } = fitted(problem(features, [0, 0, 0, 0, 1, 1], ["no", "yes"]));
    expect(model.parts.nodes[0]!.surrogates).toEqual([]);
  });

  test("without a surrogate a missing value goes the heavier way", () => {
    const { model } = fitted(problem([numericColumn("x", [1, 2, 3, 9, 10])], [0, 0, 0, 1, 1], ["no", "yes"]));
    expect(Array.from(model.predict([numericColumn("x", [Number.NaN])]))).toEqual([1, 0]);
  });

  test("a level that training never met goes the heavier way", () => {
    const levels = ["a", "b", "new"];
    const { model } = fitted(problem([categoricalColumn("k", ["a", "a", "a", "b"], levels)], [5, 5, 5, 9]));
    expect(Array.from(model.predict([categoricalColumn("k", ["b", "new", null], levels)]))).toEqual([9, 5, 5]);
  });

  test("infinities are the ends of the scale", () => {
    const x = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 1, Number.POSITIVE_INFINITY];
    const y = [1, 1, 5, 5, 9];
    const column = numericColumn("x", x);
    expect(Array.from(fitted(problem([column], y), { cp: 0 }).model.predict([column]))).toEqual(y);
  });

  test("neighbouring doubles can be told apart", () => {
    const column = numericColumn("x", [1, 1 + Number.EPSILON]);
    expect(Array.from(fitted(problem([column], [0, 1])).model.predict([column]))).toEqual([0, 1]);
  });

  test("between equal splits the first feature and the smallest threshold win", () => {
    const x = numericColumn("x", [1, 2, 3, 4]);
    const { model } = fitted(problem([x, { ...x, name: "copy" }], [1, 0, 0, 1], ["no", "yes"]), { cp: 0 });
    expect(model.parts.nodes[0]!.split).toMatchObject({ feature: 0, threshold: 1.5 });
  });

  test("many levels with three classes: the groups are found where each class has its own levels", () => {
    const labels = Array.from({ length: 300 }, (_, i) => `level${String(i % 30).padStart(2, "0")}`);
    const codes = Array.from({ length: 300 }, (_, i) => (i % 30) % 3);
    const column = categoricalColumn("k", labels);
    const predicted = fitted(problem([column], codes, ["a", "b", "c"])).model.predict([column]);
    for (let i = 0; i < 300; i++) expect(predicted[3 * i + codes[i]!]).toBe(1);
  });
});

test("steps: one per level, training and validation error; validation equals training on the same rows", () => {
  const iris = problemOf(sampleColumns("iris"), "species");
  const { steps, model } = fitted(iris, { cp: 0, maxdepth: 4 }, { validation: iris });
  expect(steps.map((step) => step.step)).toEqual(steps.map((_, i) => i + 1));
  for (const { values, measure } of steps) {
    expect(measure).toBe("misclassification");
    expect(values.validation).toBeCloseTo(values.training!, 12);
  }
  expect(steps.at(-1)!.values.training).toBeLessThan(0.03);
  expect(model.facts().depth).toBeLessThanOrEqual(4);
});

test("counting sort and comparison sort agree, also for zeros, infinities and missing values", () => {
  const random = randomStream(5);
  const special = [0, -0, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e-310, -1e-310];
  const values = Float64Array.from({ length: 5000 }, () => {
    const pick = random.integer(20);
    return pick < special.length ? special[pick]! : Math.round((random.next() - 0.5) * 200) / 7;
  });
  const rows = Int32Array.from({ length: 5000 }, (_, i) => i);
  const expected = Array.from(rows).sort((a, b) => {
    const [x, y] = [values[a]!, values[b]!];
    if (Number.isNaN(x) || Number.isNaN(y)) return Number(Number.isNaN(x)) - Number(Number.isNaN(y)) || a - b;
    return x < y ? -1 : x > y ? 1 : a - b;
  });
  expect(Array.from(sortedRows(values, rows))).toEqual(expected);
  const few = rows.slice(0, 1000);
  expect(Array.from(sortedRows(values, few))).toEqual(expected.filter((row) => row < 1000));
});

describe("impurity importance agrees with scikit-learn", () => {
  interface Case {
    sample: string;
    target: string;
    depth: number;
    leaves: number;
    importance: number[];
  }
  const cases = JSON.parse(readFileSync(new URL("../fixtures/cart/sklearn.json", import.meta.url), "utf8")).cases as Case[];
  for (const one of cases) {
    test(one.sample, () => {
      const { model } = fitted(problemOf(sampleColumns(one.sample), one.target), {
        cp: 0,
        maxdepth: one.depth,
        minbucket: 7,
        maxsurrogate: 0,
      });
      expect(model.facts().leaves).toBe(one.leaves);
      for (const [f, expected] of one.importance.entries()) expect(model.importance().measures.impurity![f]).toBeCloseTo(expected, 9);
    });
  }
});
