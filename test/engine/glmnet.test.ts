import { describe, expect, test } from "vitest";
import { randomStream } from "../../src/core/random.ts";
import type { FitContext, FitStep, Model, Problem } from "../../src/engine/algorithm.ts";
import { glmnet } from "../../src/engine/algorithms/glmnet/glmnet.ts";
import { cheapestShift, likelihoodSolver } from "../../src/engine/algorithms/glmnet/likelihood.ts";
import type { GlmnetModel } from "../../src/engine/algorithms/glmnet/model.ts";
import { standardMatrix, viewOf } from "../../src/engine/algorithms/glmnet/view.ts";
import type { Hyperparameters } from "../../src/engine/hyperparameter.ts";
import { type Column, categoricalColumn, numericColumn, takeRows } from "../../src/engine/table.ts";
import { drain, problemOf, sampleColumns } from "../support/sample-columns.ts";

const DEFAULTS: Hyperparameters = Object.fromEntries(glmnet.hyperparameters.map((schema) => [schema.name, schema.default]));

function fitted(
  problem: Problem,
  changes: Hyperparameters = {},
  context: Partial<FitContext> = {},
): { model: GlmnetModel; steps: FitStep[] } {
  const { result, steps } = drain(glmnet.fit(problem, { ...DEFAULTS, ...changes }, { seed: 7, validation: null, ...context }));
  return { model: result as GlmnetModel, steps };
}

function normals(count: number, seed: number): Float64Array {
  const random = randomStream(seed);
  return Float64Array.from({ length: count }, () => Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next()));
}

function regression(features: readonly Column[], target: ArrayLike<number>, weights: Float64Array | null = null): Problem {
  return { task: "regression", rows: target.length, features, target: Float64Array.from(target), classes: [], weights };
}

function classification(features: readonly Column[], codes: ArrayLike<number>, classes: readonly string[] = ["no", "yes"]): Problem {
  const task = classes.length === 2 ? "binary" : "multiclass";
  return { task, rows: codes.length, features, target: Float64Array.from(codes), classes, weights: null };
}

const slopesOf = (model: Model): number[] => Array.from((model as GlmnetModel).parts.slopes);

function expectProbabilities(predicted: Float64Array, classes: number): void {
  for (let i = 0; i < predicted.length; i += classes) {
    const row = Array.from(predicted.subarray(i, i + classes));
    expect(row.every((p) => p >= 0 && p <= 1)).toBe(true);
    expect(row.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 12);
  }
}

describe("what the mathematics says", () => {
  test("for orthonormal columns the lasso is the soft threshold of least squares", () => {
    const x1 = [1, 1, -1, -1];
    const x2 = [1, -1, 1, -1];
    const y = x1.map((a, i) => 5 + 3 * a + 0.4 * x2[i]!);
    const { model } = fitted(regression([numericColumn("a", x1), numericColumn("b", x2)], y), { lambda: 1, thresh: 1e-20 });
    expect(slopesOf(model)[0]).toBeCloseTo(2, 9);
    expect(slopesOf(model)[1]).toBe(0);
    expect(model.parts.intercepts[0]).toBeCloseTo(5, 9);
  });

  test("without a penalty it is least squares", () => {
    const columns = [normals(60, 1), normals(60, 2)];
    const y = columns[0]!.map((a, i) => 2 + 3 * a - 1.5 * columns[1]![i]!);
    const problem = regression(
      columns.map((values, j) => numericColumn(`x${j}`, values)),
      y,
    );
    const { model } = fitted(problem, { lambda: 0, thresh: 1e-20 });
    expect(slopesOf(model)[0]).toBeCloseTo(3, 8);
    expect(slopesOf(model)[1]).toBeCloseTo(-1.5, 8);
  });

  test("ridge shares a coefficient equally between identical columns", () => {
    const x = normals(80, 3);
    const y = x.map((value, i) => value + 0.3 * Math.sin(i));
    const { model } = fitted(regression([numericColumn("a", x), numericColumn("b", x)], y), { alpha: 0, lambda: 0.5, thresh: 1e-20 });
    const [a = 0, b = 1] = slopesOf(model);
    expect(a).toBeGreaterThan(0.1);
    expect(a).toBeCloseTo(b, 8);
  });

  test("cheapestShift is the median for the lasso, the mean for ridge, and the best of a grid between", () => {
    const values = Float64Array.of(-1, 0.2, 0.5, 3);
    expect(cheapestShift(Float64Array.of(-1, 0.5, 3), 1)).toBe(0.5);
    expect(cheapestShift(values, 0)).toBeCloseTo(0.675, 12);
    const cost = (c: number): number => values.reduce((sum, b) => sum + 0.3 * Math.abs(b - c) + 0.35 * (b - c) ** 2, 0);
    const found = cheapestShift(values, 0.3);
    for (let c = -2; c < 4; c += 0.001) expect(cost(found)).toBeLessThanOrEqual(cost(c) + 1e-12);
  });
});

describe("invariances", () => {
  const columns = sampleColumns("breast_cancer");
  const names = columns.slice(0, 6).map((column) => column.name);
  const weights = Float64Array.from({ length: 569 }, (_, i) => i % 3);
  const problem = problemOf(columns, "diagnosis", { features: names });
  const TIGHT: Hyperparameters = { lambda: 0.02, alpha: 0.5, thresh: 1e-18 };

  test("a weight of 2 is the same as the row twice, and a weight of 0 as the row left out", () => {
    const index = Int32Array.from(Array.from(weights).flatMap((weight, i) => new Array<number>(weight).fill(i)));
    const repeated = { ...problem, rows: index.length, features: problem.features.map((f) => takeRows(f, index)) };
    const twice = fitted({ ...repeated, target: Float64Array.from(index, (i) => problem.target[i]!) }, TIGHT).model;
    const weighted = fitted({ ...problem, weights }, TIGHT).model;
    for (const [j, slope] of slopesOf(weighted).entries()) expect(slope).toBeCloseTo(slopesOf(twice)[j]!, 6);
  });

  test("the order of rows and of columns does not matter", () => {
    const base = fitted(problem, TIGHT).model;
    const index = Int32Array.from({ length: 569 }, (_, i) => (i * 100) % 569);
    const shuffled: Problem = {
      ...problem,
      features: problem.features.map((f) => takeRows(f, index)).reverse(),
      target: Float64Array.from(index, (i) => problem.target[i]!),
    };
    const other = slopesOf(fitted(shuffled, TIGHT).model).reverse();
    for (const [j, slope] of slopesOf(base).entries()) expect(slope).toBeCloseTo(other[j]!, 6);
  });

  test("with standardised features the units do not change predictions", () => {
    const scaled = problem.features.map((f) => (f.kind === "numeric" ? { ...f, values: f.values.map((v) => 1000 * v - 5) } : f));
    const a = fitted(problem, TIGHT).model.predict(problem.features);
    const b = fitted({ ...problem, features: scaled }, TIGHT).model.predict(scaled);
    for (let i = 0; i < a.length; i += 50) expect(a[i]).toBeCloseTo(b[i]!, 7);
  });

  test("same seed, same bits; state goes through JSON and back to the same bits", () => {
    const first = fitted(problem).model;
    const again = fitted(problem).model;
    expect(slopesOf(again)).toEqual(slopesOf(first));
    const { meta, arrays } = first.state();
    const loaded = glmnet.load({ meta: JSON.parse(JSON.stringify(meta)), arrays });
    expect(loaded.predict(problem.features)).toEqual(first.predict(problem.features));
    expect(loaded.facts()).toEqual(first.facts());
    expect(loaded.importance()).toEqual(first.importance());
  });
});

describe("the path and its steps", () => {
  const problem = problemOf(sampleColumns("diabetes"), "progression");

  test("each step carries training, validation and cross-validated deviance; training never gets worse", () => {
    const { steps, model } = fitted(problem, {}, { validation: problem });
    expect(steps.map((step) => step.step)).toEqual(steps.map((_, i) => i + 1));
    for (const [k, { values, measure, total }] of steps.entries()) {
      expect(measure).toBe("deviance");
      expect(total).toBe(100);
      expect(Object.keys(values)).toEqual(["training", "validation", "cross-validation"]);
      expect(values.validation! / values.training!).toBeCloseTo(1, 6);
      if (k > 0) expect(values.training!).toBeLessThanOrEqual(steps[k - 1]!.values.training! * (1 + 1e-9));
    }
    expect(model.facts().lambda).toBe(model.facts().lambda_1se);
    expect(Number(model.facts().lambda_1se)).toBeGreaterThan(Number(model.facts().lambda_min));
  });

  test("a given lambda is fitted exactly there, as on the whole path", () => {
    const chosen = fitted(problem, { which_lambda_cv: "lambda.min", thresh: 1e-18 }).model;
    const direct = fitted(problem, { lambda: chosen.facts().lambda as number, thresh: 1e-18 }).model;
    expect(direct.facts().cv_folds).toBe(0);
    for (const [j, slope] of slopesOf(direct).entries()) expect(slope).toBeCloseTo(slopesOf(chosen)[j]!, 6);
  });

  test("when the passes run out, the model says so and stays finite", () => {
    const { model } = fitted(problem, { maxit: 30, thresh: 1e-14 });
    expect(model.facts().converged).toBe(false);
    expect(typeof model.facts().not_converged_at_lambda).toBe("number");
    expect(model.predict(problem.features).every(Number.isFinite)).toBe(true);
  });

  test("balancing the classes moves the mean predicted probability to a half", () => {
    const x = numericColumn("x", normals(200, 4));
    const codes = Array.from({ length: 200 }, (_, i) => (i % 10 === 0 ? 1 : 0));
    const mean = (model: Model): number => model.predict([x]).reduce((sum, p, i) => sum + (i % 2 === 1 ? p / 200 : 0), 0);
    expect(mean(fitted(classification([x], codes), { lambda: 10 }).model)).toBeCloseTo(0.1, 9);
    expect(mean(fitted(classification([x], codes), { lambda: 10, ifw: true }).model)).toBeCloseTo(0.5, 9);
  });
});

describe("difficult data", () => {
  test("perfect separation ends in finite coefficients and confident, correct predictions", () => {
    const x = numericColumn("x", [1, 2, 3, 4, 5, 11, 12, 13, 14, 15]);
    const problem = classification([x], [0, 0, 0, 0, 0, 1, 1, 1, 1, 1]);
    for (const changes of [{ nfolds: 3 }, { lambda: 0, maxit: 2000 }] as Hyperparameters[]) {
      const { model } = fitted(problem, changes);
      expect(slopesOf(model).every(Number.isFinite)).toBe(true);
      const predicted = model.predict([x]);
      expectProbabilities(predicted, 2);
      for (let i = 0; i < 10; i++) expect(predicted[2 * i + 1]! > 0.5).toBe(i >= 5);
    }
  });

  test("a jump to a weak penalty does not run away: Newton steps that overshoot are halved", () => {
    const rows = 400;
    const x = Float64Array.from({ length: rows }, (_, i) => (i < 20 ? (i % 2 === 1 ? 10 : 1) : (i % 7) / 7));
    const codes = Float64Array.from({ length: rows }, (_, i) => (i < 20 ? (i % 5 === 0 ? 0 : 1) : i % 97 === 0 ? 1 : 0));
    const options = { alpha: 1, thresh: 1e-14, maxit: 5000 };
    const solverFor = () => {
      const view = viewOf(standardMatrix(x, rows, 1), new Float64Array(rows).fill(1 / rows), { standardize: true, intercept: true });
      return likelihoodSolver(view, codes, 2, options);
    };
    const jump = solverFor();
    expect(jump.advance(1e-7).converged).toBe(true);
    const walk = solverFor();
    for (let lambda = walk.lambdaMax; lambda > 1e-7; lambda *= 0.8) walk.advance(lambda);
    walk.advance(1e-7);
    expect(jump.current().slopes[0]![0]).toBeCloseTo(walk.current().slopes[0]![0]!, 5);
  });

  test("more columns than rows: 50 × 2,000", () => {
    const features = Array.from({ length: 2000 }, (_, j) => numericColumn(`x${j}`, normals(50, 100 + j)));
    const signal = features[3]!.values.map((value, i) => 3 * value - 2 * features[9]!.values[i]!);
    for (const problem of [
      regression(features, signal),
      classification(
        features,
        signal.map((value) => (value > 0 ? 1 : 0)),
      ),
    ]) {
      const { model } = fitted(problem, { nfolds: 5 });
      expect(model.facts().converged).toBe(true);
      expect(Math.abs(slopesOf(model)[3]!)).toBeGreaterThan(0.05);
      expect(Number(model.facts().nonzero)).toBeLessThan(50);
      expect(model.importance().measures.coefficient!.every(Number.isFinite)).toBe(true);
    }
  });

  test("constant, all-missing and infinite values are harmless", () => {
    const x = normals(40, 6);
    const wild = x.map((value, i) =>
      i === 3 ? Number.POSITIVE_INFINITY : i === 4 ? Number.NEGATIVE_INFINITY : i === 5 ? Number.NaN : value,
    );
    const features = [
      numericColumn("constant", new Float64Array(40).fill(3)),
      numericColumn("empty", new Float64Array(40).fill(Number.NaN)),
      numericColumn("wild", wild),
    ];
    const { model } = fitted(regression(features, x), { lambda: 0.001 });
    expect(slopesOf(model).slice(0, 2)).toEqual([0, 0]);
    expect(slopesOf(model)[2]).toBeGreaterThan(0.5);
    expect(model.predict(features).every(Number.isFinite)).toBe(true);
  });

  test("nothing to learn from: the model without features", () => {
    const one = fitted(regression([numericColumn("x", [4])], [7])).model;
    expect(Array.from(one.predict([numericColumn("x", [1, 100])]))).toEqual([7, 7]);
    const two = fitted(regression([numericColumn("x", [1, 2])], [3, 5])).model;
    expect(two.predict([numericColumn("x", [9])])[0]).toBeCloseTo(4, 12);
    const flat = fitted(regression([numericColumn("x", normals(20, 8))], new Float64Array(20).fill(2.5))).model;
    expect(flat.predict([numericColumn("x", [9])])[0]).toBeCloseTo(2.5, 12);
    const none = fitted(regression([], [1, 2, 6])).model;
    expect(none.facts().columns).toBe(0);
  });

  test("one class gets almost all the probability; a class without rows almost none", () => {
    const x = numericColumn("x", normals(30, 9));
    const only = fitted(classification([x], new Float64Array(30).fill(1))).model.predict([x]);
    expectProbabilities(only, 2);
    expect(only[1]).toBeGreaterThan(0.999999);
    const three = classification(
      [x],
      Array.from(x.values, (value) => (value > 0 ? 2 : 0)),
      ["a", "b", "c"],
    );
    const predicted = fitted(three).model.predict([x]);
    expectProbabilities(predicted, 3);
    for (let i = 0; i < 30; i++) {
      expect(predicted[3 * i + 1]).toBeLessThan(1e-6);
      expect(predicted[3 * i + 2]! > 0.5).toBe(x.values[i]! > 0);
    }
  });

  test("a class too rare for every fold does not break the cross-validation", () => {
    const x = numericColumn("x", normals(60, 10));
    const codes = Array.from({ length: 60 }, (_, i) => (i === 0 ? 2 : i % 2));
    const { model } = fitted(classification([x], codes, ["a", "b", "rare"]));
    expectProbabilities(model.predict([x]), 3);
    expect(Number.isFinite(model.facts().cv_deviance as number)).toBe(true);
  });

  test("weights that are negative or all zero are refused with a sentence", () => {
    const x = numericColumn("x", [1, 2, 3]);
    expect(() => fitted(regression([x], [1, 2, 3], Float64Array.of(1, -1, 1)))).toThrow(/row 2/);
    expect(() => fitted(regression([x], [1, 2, 3], new Float64Array(3)))).toThrow(/zero/);
  });
});

test("a category has one column per level, zeros when unseen, and one importance", () => {
  const colour = categoricalColumn(
    "colour",
    Array.from({ length: 60 }, (_, i) => ["red", "green", "blue"][i % 3]!),
  );
  const y = Array.from({ length: 60 }, (_, i) => [5, 0, -5][i % 3]! + Math.sin(i));
  const { model } = fitted(regression([colour, numericColumn("noise", normals(60, 11))], y), { lambda: 0.01 });
  expect(model.parts.plan.names).toEqual(["colour=blue", "colour=green", "colour=red", "noise"]);
  const { variables, measures } = model.importance();
  expect(variables).toEqual(["colour", "noise"]);
  expect(measures.coefficient![0]).toBeGreaterThan(10 * measures.coefficient![1]!);
  const [red = 0, unseen = 0] = model.predict([categoricalColumn("colour", ["red", null], colour.levels), numericColumn("noise", [0, 0])]);
  expect(red).toBeGreaterThan(4);
  expect(Math.abs(unseen)).toBeLessThan(2);
});
