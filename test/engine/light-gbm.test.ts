import { describe, expect, test } from "vitest";
import { randomStream, shuffle } from "../../src/core/random.ts";
import type { Model } from "../../src/engine/algorithm.ts";
import { boost } from "../../src/engine/algorithms/light-gbm/boosting.ts";
import { lightGbm } from "../../src/engine/algorithms/light-gbm/index.ts";
import { createKernel } from "../../src/engine/algorithms/light-gbm/kernel.ts";
import { HYPERPARAMETERS, toSettings } from "../../src/engine/algorithms/light-gbm/settings.ts";
import { algorithmOf } from "../../src/engine/algorithms/registry.ts";
import { categoricalColumn, numericColumn } from "../../src/engine/table.ts";
import { classification, fitModel, mixedProblem, normal, regression, rowsOf } from "./light-gbm-rig.ts";

const NAN = Number.NaN;

function smoothProblem(rows: number, seed: number) {
  const random = randomStream(seed);
  const columns = ["a", "b", "c"].map((name) =>
    numericColumn(
      name,
      Float64Array.from({ length: rows }, () => normal(random)),
    ),
  );
  const [a, b, c] = columns.map((column) => column.values);
  const target = a!.map((value, i) => Math.sin(2 * value) + b![i]! * c![i]! + 0.3 * normal(random));
  return regression(columns, target);
}

/** Largest distance between two predictions. */
function distance(a: Float64Array, b: Float64Array): number {
  return a.reduce((largest, value, i) => Math.max(largest, Math.abs(value - b[i]!)), 0);
}

describe("what must not matter", () => {
  test("the order of columns", () => {
    const problem = smoothProblem(800, 3);
    const { model } = fitModel(problem);
    const turned = { ...problem, features: [...problem.features].reverse() };
    expect(fitModel(turned).model.predict(turned.features)).toEqual(model.predict(problem.features));
  });

  test("the order of rows, but for the rounding of the mean", () => {
    const problem = smoothProblem(800, 4);
    const order = shuffle(
      Int32Array.from({ length: 800 }, (_, i) => i),
      randomStream(9),
    );
    const moved = fitModel(rowsOf(problem, order)).model.predict(problem.features);
    expect(distance(moved, fitModel(problem).model.predict(problem.features))).toBeLessThan(1e-9);
  });

  test("a monotone transformation of a feature", () => {
    const problem = smoothProblem(2000, 5);
    const bent = {
      ...problem,
      features: problem.features.map((column) =>
        numericColumn(
          column.name,
          (column as { values: Float64Array }).values.map((x) => Math.exp(3 * x)),
        ),
      ),
    };
    expect(fitModel(bent).model.predict(bent.features)).toEqual(fitModel(problem).model.predict(problem.features));
  });

  test("whether a row is there twice or weighs two", () => {
    // Few enough rows that each value has its own bin: edges are drawn from rows, not from weights.
    const problem = smoothProblem(200, 6);
    const weights = Float64Array.from({ length: 200 }, (_, i) => 1 + (i % 3));
    const rows = Int32Array.from([...weights].flatMap((weight, row) => Array.from({ length: weight }, () => row)));
    const hyperparameters = { min_data_in_leaf: 1, min_sum_hessian_in_leaf: 6, nrounds: 40 };
    const weighted = fitModel({ ...problem, weights }, hyperparameters).model;
    const repeated = fitModel(rowsOf(problem, rows), hyperparameters).model;
    // Gradients are rounded to about 2^-40 of their sum, weighted ones after the multiplication.
    expect(distance(weighted.predict(problem.features), repeated.predict(problem.features))).toBeLessThan(1e-7);
  });

  test("rows of weight zero", () => {
    const problem = smoothProblem(400, 7);
    const weights = Float64Array.from({ length: 400 }, (_, i) => (i % 4 === 0 ? 0 : 1));
    const kept = Int32Array.from({ length: 400 }, (_, i) => i).filter((i) => i % 4 !== 0);
    const without = fitModel(rowsOf(problem, kept)).model.predict(problem.features);
    expect(distance(fitModel({ ...problem, weights }).model.predict(problem.features), without)).toBeLessThan(1e-9);
  });

  test("constant and all-missing features", () => {
    const problem = smoothProblem(300, 8);
    const useless = [numericColumn("constant", new Float64Array(300).fill(7)), numericColumn("empty", new Float64Array(300).fill(NAN))];
    const wider = { ...problem, features: [useless[0]!, ...problem.features, useless[1]!] };
    const model = fitModel(wider).model;
    expect(model.predict(wider.features)).toEqual(fitModel(problem).model.predict(problem.features));
    const gain = model.importance()!.measures.gain!;
    expect([gain[0], gain[4]]).toEqual([0, 0]);
  });
});

describe("missing values and categories", () => {
  const once = { nrounds: 1, learning_rate: 1, min_data_in_leaf: 1, min_sum_hessian_in_leaf: 0, max_leaves: 2 };

  test("missing values go to the side where they fit", () => {
    const x = [1, 2, 3, 4, 5, 6, NAN, NAN];
    for (const [missing, like] of [
      [10, 6],
      [0, 1],
    ] as const) {
      const y = [0, 0, 0, 10, 10, 10, missing, missing];
      const { model } = fitModel(regression([numericColumn("x", x)], y), once);
      const predicted = model.predict([numericColumn("x", [NAN, like])]);
      expect(predicted[0]).toBeCloseTo(missing, 9);
      expect(predicted[0]).toBe(predicted[1]);
    }
  });

  test("being missing alone can be the split", () => {
    const { model } = fitModel(regression([numericColumn("x", [5, 5, 5, NAN, NAN])], [1, 1, 1, 4, 4]), once);
    const predicted = model.predict([numericColumn("x", [5, NAN, Number.POSITIVE_INFINITY, -1e300])]);
    expect(predicted[0]).toBeCloseTo(1, 9);
    expect(predicted[1]).toBeCloseTo(4, 9);
    expect([predicted[2], predicted[3]]).toEqual([predicted[0], predicted[0]]);
  });

  test("where training missed nothing, a missing value goes with more rows", () => {
    const { model } = fitModel(regression([numericColumn("x", [1, 2, 3, 4, 5])], [0, 0, 9, 9, 9]), once);
    expect(model.predict([numericColumn("x", [NAN])])[0]).toBeCloseTo(9, 9);
  });

  test("infinities fall in the outermost bins", () => {
    const x = [Number.NEGATIVE_INFINITY, 1, 2, 3, 4, Number.POSITIVE_INFINITY];
    const { model } = fitModel(regression([numericColumn("x", x)], [0, 0, 0, 6, 6, 6]), once);
    for (const [i, value] of model.predict([numericColumn("x", x)]).entries()) expect(value).toBeCloseTo(i < 3 ? 0 : 6, 9);
  });

  test("levels are grouped by effect, not by name; an unseen or missing one goes with more rows", () => {
    const labels = ["a", "b", "c", "a", "b", "c", "b"];
    const column = categoricalColumn("x", labels, ["a", "b", "c", "d"]);
    const { model } = fitModel(regression([column], [5, 0, 5, 5, 0, 5, 0]), once);
    const asked = categoricalColumn("x", ["a", "b", "c", "d", null], column.levels);
    const predicted = model.predict([asked]);
    for (const [i, value] of [5, 0, 5, 5, 5].entries()) expect(predicted[i]).toBeCloseTo(value, 9);
  });

  test("missing categories are a group of their own", () => {
    const column = categoricalColumn("x", ["a", null, "b", null, "a", "b"]);
    const { model } = fitModel(regression([column], [0, 8, 0, 8, 0, 0]), once);
    expect(model.predict([column])[1]).toBeCloseTo(8, 9);
  });

  test("ordered levels are split in their order", () => {
    const labels = ["small", "medium", "large", "small", "medium", "large"];
    const column = { ...categoricalColumn("x", labels, ["small", "medium", "large"]), ordered: true };
    const { model } = fitModel(regression([column], [4, 0, 4, 4, 0, 4]), once);
    const [small, medium, large] = model.predict([column]);
    // One cut cannot part the middle from both ends.
    expect(new Set([small, medium, large]).size).toBe(2);
    expect(small === medium || medium === large).toBe(true);
  });
});

describe("small and degenerate problems", () => {
  test("one row gives its own value", () => {
    const { model, steps } = fitModel(regression([numericColumn("x", [1])], [42]));
    expect([...model.predict([numericColumn("x", [1, 7, NAN])])]).toEqual([42, 42, 42]);
    expect(steps).toHaveLength(0);
  });

  test("one class gives that class for certain", () => {
    for (const classes of [
      ["a", "b"],
      ["a", "b", "c"],
    ]) {
      const { model, steps } = fitModel(classification([numericColumn("x", [1, 2, 3, 4])], [1, 1, 1, 1], classes), { min_data_in_leaf: 1 });
      const predicted = model.predict([numericColumn("x", [0])]);
      expect(predicted).toHaveLength(classes.length);
      expect(predicted[1]).toBeCloseTo(1, 12);
      expect(steps).toHaveLength(0);
    }
  });

  test("where nothing can be split, chance in rows and features does not keep the rounds going", () => {
    const { steps } = fitModel(regression([numericColumn("x", [1, 2, 3])], [4, 4, 4]), {
      min_data_in_leaf: 1,
      feature_fraction: 0.5,
      subsample: 0.7,
    });
    expect(steps).toHaveLength(0);
  });

  test("a round whose draw cannot be split does not end the fit", () => {
    // Only one of four features tells anything; most draws of one feature miss it.
    const useless = ["a", "b", "c"].map((name) => numericColumn(name, [1, 2, 1, 2, 1, 2, 1, 2]));
    const features = [...useless, numericColumn("x", [1, 1, 2, 2, 3, 3, 4, 4])];
    const { model, steps } = fitModel(regression(features, [0, 0, 2, 2, 4, 4, 9, 9]), {
      min_data_in_leaf: 1,
      feature_fraction: 0.25,
      nrounds: 60,
    });
    expect(steps).toHaveLength(60);
    const splits = model.importance()!.measures.splits!;
    expect([splits[0], splits[1], splits[2]]).toEqual([0, 0, 0]);
    expect(splits[3]).toBeGreaterThan(20);
  });

  test("no usable feature gives the mean", () => {
    const { model } = fitModel(regression([numericColumn("x", [NAN, NAN, NAN])], [1, 2, 6]));
    expect(model.predict([numericColumn("x", [5])])[0]).toBe(3);
  });

  test("tied rows that cannot be told apart share a leaf", () => {
    const x = numericColumn("x", [1, 1, 1, 1, 2, 2, 2, 2]);
    const { model } = fitModel(regression([x], [0, 1, 2, 5, 8, 9, 10, 13]), { min_data_in_leaf: 1, learning_rate: 1, nrounds: 1 });
    expect([...model.predict([x])].map((value) => Math.round(value * 1e9) / 1e9)).toEqual([2, 2, 2, 2, 10, 10, 10, 10]);
  });

  test("probabilities lie in [0, 1] and add to one", () => {
    const problem = mixedProblem("multiclass", 300, 2);
    const predicted = fitModel(problem, { nrounds: 300, min_data_in_leaf: 1 }).model.predict(problem.features);
    for (let i = 0; i < problem.rows; i++) {
      const own = predicted.subarray(3 * i, 3 * i + 3);
      expect(Math.min(...own)).toBeGreaterThanOrEqual(0);
      expect(own[0]! + own[1]! + own[2]!).toBeCloseTo(1, 12);
    }
  });

  test.each([
    ["a target that is not finite", { target: Float64Array.from([1, NAN]) }, /target is NaN in row 2/],
    ["a negative weight", { weights: Float64Array.from([1, -1]) }, /weight is -1 in row 2/],
    ["weights that are all zero", { weights: Float64Array.from([0, 0]) }, /All case weights are zero/],
    ["no rows", { rows: 0, target: new Float64Array(), features: [numericColumn("x", [])] }, /no rows/],
  ])("%s is refused", (_, fault, message) => {
    const problem = { ...regression([numericColumn("x", [1, 2])], [1, 2]), ...fault };
    expect(() => fitModel(problem)).toThrow(message);
  });
});

describe("rounds", () => {
  test("each one reports its losses, and training loss falls", () => {
    const { steps } = fitModel(mixedProblem("binary", 400, 1), { nrounds: 20 }, { validation: mixedProblem("binary", 200, 2) });
    expect(steps.map((step) => step.step)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
    expect(steps[0]).toMatchObject({ total: 20, measure: "log-loss" });
    for (let i = 1; i < 20; i++) expect(steps[i]!.values.training).toBeLessThan(steps[i - 1]!.values.training!);
    expect(Object.keys(steps[0]!.values)).toEqual(["training", "validation"]);
  });

  test("reported losses are those of the model's predictions", () => {
    for (const isWeighted of [false, true]) {
      const problem = mixedProblem("regression", 300, 1, isWeighted);
      const validation = mixedProblem("regression", 200, 2, isWeighted);
      const { model, steps } = fitModel(problem, { nrounds: 15, subsample: 0.7 }, { validation });
      for (const [part, rows] of Object.entries({ training: problem, validation })) {
        const predicted = model.predict(rows.features);
        const weight = (i: number): number => rows.weights?.[i] ?? 1;
        const total = rows.target.reduce((sum, _, i) => sum + weight(i), 0);
        const rmse = Math.sqrt(rows.target.reduce((sum, y, i) => sum + weight(i) * (y - predicted[i]!) ** 2, 0) / total);
        expect(steps.at(-1)!.values[part]).toBeCloseTo(rmse, 12);
      }
    }
  });

  test("early stopping keeps the round with the lowest validation loss", () => {
    const problem = mixedProblem("binary", 300, 21);
    const validation = mixedProblem("binary", 300, 22);
    const hyperparameters = { nrounds: 400, learning_rate: 0.3, min_data_in_leaf: 2 };
    const { model, steps } = fitModel(problem, { ...hyperparameters, early_stopping_rounds: 10 }, { validation });
    const losses = steps.map((step) => step.values.validation!);
    const best = losses.indexOf(Math.min(...losses)) + 1;
    expect(steps).toHaveLength(best + 10);
    expect(model.facts()).toMatchObject({ rounds: best, trees: best, stopped_early: true, validation_loss: losses[best - 1] });
    const plain = fitModel(problem, { ...hyperparameters, nrounds: best }).model;
    expect(model.predict(validation.features)).toEqual(plain.predict(validation.features));
  });

  test("patience without validation rows changes nothing", () => {
    const problem = mixedProblem("binary", 200, 3);
    expect(fitModel(problem, { nrounds: 12, early_stopping_rounds: 1 }).model.facts()).toMatchObject({ rounds: 12, stopped_early: false });
  });

  test("cancelling between rounds lets go of the kernel", () => {
    let closed = 0;
    const running = boost(mixedProblem("binary", 200, 3), toSettings({}), { seed: 1, validation: null }, (layout) => {
      const core = createKernel(layout);
      const close = core.close.bind(core);
      core.close = () => {
        closed++;
        close();
      };
      return core;
    });
    running.next();
    running.next();
    expect(closed).toBe(0);
    running.return(undefined as unknown as Model);
    expect(closed).toBe(1);
    expect(running.next().done).toBe(true);
  });
});

describe("limits of trees", () => {
  test("leaves, depth and rows per leaf are kept", () => {
    const problem = smoothProblem(1000, 12);
    const { left, count, roots } = fitModel(problem, { nrounds: 1, max_leaves: 9, min_data_in_leaf: 33 }).model.state().arrays as Record<
      string,
      Int32Array
    >;
    expect(roots).toHaveLength(1);
    const leaves = [...left!.keys()].filter((node) => left![node]! < 0);
    expect(leaves).toHaveLength(9);
    for (const leaf of leaves) expect(count![leaf]).toBeGreaterThanOrEqual(33);
    expect(fitModel(problem, { nrounds: 1, max_depth: 2 }).model.facts().leaves).toBe(4);
  });

  test("penalties shrink the steps", () => {
    const problem = smoothProblem(500, 13);
    const spread = (set: Record<string, number>): number => {
      const predicted = fitModel(problem, { nrounds: 1, ...set }).model.predict(problem.features);
      return Math.max(...predicted) - Math.min(...predicted);
    };
    const free = spread({});
    expect(spread({ lambda_l2: 20 })).toBeLessThan(free);
    expect(spread({ lambda_l1: 5 })).toBeLessThan(free);
    expect(spread({ lambda_l1: 1e6 })).toBe(0);
    expect(spread({ min_gain_to_split: 1e6 })).toBe(0);
  });

  test("feature fraction gives each tree some of the features", () => {
    const problem = smoothProblem(500, 14);
    const { model } = fitModel(problem, { nrounds: 30, feature_fraction: 0.34, max_leaves: 4 });
    const { roots, left, feature } = model.state().arrays as Record<string, Int32Array>;
    const used = [...roots!].map(
      (root, tree) => new Set([...feature!.slice(root, roots![tree + 1])].filter((_, i) => left![root + i]! >= 0)),
    );
    for (const features of used) expect(features.size).toBe(1);
    expect(new Set(used.flatMap((features) => [...features])).size).toBe(3);
  });
});

describe("reproducible", () => {
  const drawn = { nrounds: 10, subsample: 0.5, feature_fraction: 0.5 };

  test("the same seed gives the same bits, another seed another model", () => {
    const problem = mixedProblem("multiclass", 300, 1);
    const state = fitModel(problem, drawn, { seed: 5 }).model.state();
    expect(fitModel(problem, drawn, { seed: 5 }).model.state()).toEqual(state);
    expect(fitModel(problem, drawn, { seed: 6 }).model.state()).not.toEqual(state);
  });

  test("a model goes through its state to the bit", () => {
    for (const task of ["binary", "multiclass", "regression"] as const) {
      const problem = mixedProblem(task, 300, 1);
      const { model } = fitModel(problem, drawn);
      const { meta, arrays } = model.state();
      const loaded = lightGbm.load({ meta: JSON.parse(JSON.stringify(meta)), arrays: structuredClone(arrays) });
      expect(loaded.predict(problem.features)).toEqual(model.predict(problem.features));
      expect(loaded.importance()).toEqual(model.importance());
      expect(loaded.state()).toEqual(model.state());
    }
  });

  test("another version's state is refused by name", () => {
    expect(() => lightGbm.load({ meta: { version: 9 }, arrays: {} })).toThrow(/version 9; version 1 can be read/);
    expect(() => lightGbm.load({ meta: { version: 1 }, arrays: {} })).toThrow(/lacks one of its arrays/);
  });
});

describe("declaration", () => {
  test("is in the catalogue under its name", () => {
    expect(algorithmOf("lightgbm")).toBe(lightGbm);
  });

  test("has three to eight basic hyperparameters, and defaults within bounds", () => {
    const basic = HYPERPARAMETERS.filter((schema) => schema.level === "basic");
    expect(basic.length).toBeGreaterThanOrEqual(3);
    expect(basic.length).toBeLessThanOrEqual(8);
    for (const schema of HYPERPARAMETERS) {
      expect(schema.default, schema.name).toBeGreaterThanOrEqual(schema.min!);
      expect(schema.default, schema.name).toBeLessThanOrEqual(schema.max ?? Number.POSITIVE_INFINITY);
      expect(schema.suggest?.includes(schema.default as number) ?? true, schema.name).toBe(true);
    }
  });

  test("importance names every feature, and finds the ones that matter", () => {
    const problem = smoothProblem(800, 15);
    const noise = numericColumn("noise", smoothProblem(800, 99).target);
    const importance = fitModel({ ...problem, features: [...problem.features, noise] }).model.importance()!;
    expect(importance.variables).toEqual(["a", "b", "c", "noise"]);
    const { gain, splits } = importance.measures;
    for (const j of [0, 1, 2]) expect(gain![j]).toBeGreaterThan(2 * gain![3]!);
    expect(splits!.reduce((sum, count) => sum + count, 0)).toBeGreaterThan(100);
  });
});
