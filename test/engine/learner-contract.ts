import { describe, expect, test } from "vitest";
import { randomStream, shuffle } from "../../src/core/random.ts";
import type { Algorithm, FitContext, Model, Problem, Task } from "../../src/engine/algorithm.ts";
import type { Hyperparameters } from "../../src/engine/hyperparameter.ts";
import { type Column, categoricalColumn, numericColumn } from "../../src/engine/table.ts";
import { readHyperparameters } from "../../src/engine/train/validate-hyperparameters.ts";
import { drain } from "../support/sample-columns.ts";
import { mixedProblem, rowsOf } from "./light-gbm-rig.ts";

export interface ContractOptions {
  readonly tasks?: readonly Task[];
  /** Settings that keep a fit short. */
  readonly quick?: Hyperparameters;
  /** A misspelt name, and the one that it should be answered with. */
  readonly misspelt: readonly [string, string];
  /** How far predictions may move when rows change their order; null where order is part of the seed. Default 1e-6. */
  readonly rowOrder?: number | null;
  /** How far predictions may move when rows of weight zero are left out; null where the draw depends on the row count. Default 1e-6. */
  readonly zeroWeights?: number | null;
  /** What the learner can take of a table; default all of it. */
  readonly shape?: (problem: Problem) => Problem;
  /** Rows of the mixed table. Default 300. */
  readonly rows?: number;
}

/** A problem of `mixedProblem` that suits any learner. */
const CONTEXT: FitContext = { seed: 7, validation: null };

export function fitter(algorithm: Algorithm, quick: Hyperparameters = {}) {
  const defaults = Object.fromEntries(algorithm.hyperparameters.map((schema) => [schema.name, schema.default]));
  return (problem: Problem, settings: Hyperparameters = {}, context: FitContext = CONTEXT) =>
    drain(algorithm.fit(problem, { ...defaults, ...quick, ...settings }, context));
}

/** What every learner keeps, whatever it is: one suite, run on each of them. */
export function describeContract(algorithm: Algorithm, options: ContractOptions): void {
  const run = fitter(algorithm, options.quick);
  const tasks = options.tasks ?? (["binary", "multiclass", "regression"] as const);
  const rows = options.rows ?? 300;
  const shape = options.shape ?? ((problem: Problem) => problem);
  const mixed = (...given: Parameters<typeof mixedProblem>): Problem => shape(mixedProblem(...given));
  const close = (a: Float64Array, b: Float64Array, tolerance: number): void => {
    expect(a.length).toBe(b.length);
    for (let i = 0; i < a.length; i++) expect(Math.abs(a[i]! - b[i]!), `entry ${i}: ${a[i]} and ${b[i]}`).toBeLessThanOrEqual(tolerance);
  };

  describe(`${algorithm.name} keeps what every learner promises`, () => {
    for (const task of tasks) {
      const problem = mixed(task, rows, 5, true);
      const fresh = mixed(task, 100, 6);

      test(`${task}: same seed, same bits; a loaded model says the same to the bit; a probability is one`, () => {
        const { result: model, steps } = run(problem, {}, { seed: 3, validation: fresh });
        expect(steps.length).toBeGreaterThan(0);
        for (let i = 1; i < steps.length; i++) expect(steps[i]!.step).toBeGreaterThan(steps[i - 1]!.step);
        const predicted = model.predict(fresh.features);
        expect(run(problem, {}, { seed: 3, validation: fresh }).result.predict(fresh.features)).toEqual(predicted);
        expect(predicted.every(Number.isFinite)).toBe(true);
        expect(predicted.length).toBe(100 * Math.max(1, problem.classes.length));
        if (task !== "regression") assertProbabilities(predicted, problem.classes.length);
        const copy = loaded(algorithm, model);
        expect(copy.predict(fresh.features)).toEqual(predicted);
        expect(copy.facts()).toEqual(model.facts());
        expect(copy.importance()).toEqual(model.importance());
        expect(JSON.parse(JSON.stringify(model.facts()))).toEqual(model.facts());
      });

      test(`${task}: a row is predicted the same alone and among others`, () => {
        const { result: model } = run(problem);
        const all = model.predict(fresh.features);
        const k = Math.max(1, problem.classes.length);
        for (const row of [0, 41, 99]) {
          const alone = model.predict(rowsOf(fresh, Int32Array.of(row)).features);
          close(alone, all.slice(row * k, (row + 1) * k), 1e-12);
        }
        expect(model.predict(rowsOf(fresh, new Int32Array(0)).features).length).toBe(0);
      });

      if (options.rowOrder !== null) {
        test(`${task}: the order of rows does not matter`, () => {
          const order = shuffle(
            Int32Array.from({ length: rows }, (_, i) => i),
            randomStream(1),
          );
          const a = run(problem).result.predict(fresh.features);
          close(run(rowsOf(problem, order)).result.predict(fresh.features), a, options.rowOrder ?? 1e-6);
        });
      }

      if (options.zeroWeights !== null) {
        test(`${task}: a row of weight zero is the same as no row`, () => {
          const kept = Int32Array.from({ length: rows }, (_, i) => i).filter((i) => i % 3 !== 0);
          const weights = Float64Array.from({ length: rows }, (_, i) => (i % 3 === 0 ? 0 : 1 + (i % 2)));
          const zeros = run({ ...problem, weights }).result.predict(fresh.features);
          const without = run(rowsOf({ ...problem, weights }, kept)).result.predict(fresh.features);
          close(zeros, without, options.zeroWeights ?? 1e-6);
        });
      }

      test(`${task}: one row, constant and wholly missing columns, no spread in the outcome: an answer, and finite`, () => {
        const k = problem.classes.length;
        const odd = (n: number, target: number): Problem =>
          shape({
            ...problem,
            rows: n,
            features: [
              numericColumn("same", new Float64Array(n).fill(3)),
              numericColumn("gone", new Float64Array(n).fill(Number.NaN)),
              categoricalColumn("none", new Array<null>(n).fill(null), ["a", "b"]),
              numericColumn(
                "x",
                Float64Array.from({ length: n }, (_, i) => i),
              ),
            ],
            target: new Float64Array(n).fill(target),
            weights: null,
          });
        for (const n of [1, 2, 12]) {
          const one = odd(n, 1);
          const predicted = run(one).result.predict(one.features);
          for (let i = 0; i < n; i++) expect(predicted[k === 0 ? i : i * k + 1], `${n} rows`).toBeCloseTo(1, 6);
        }
      });
    }

    if (options.tasks?.includes("binary") ?? true) {
      test("levels and infinities that training never saw have a defined answer", () => {
        const problem = mixed("binary", 200, 8);
        const strange: Column[] = problem.features.map((column) =>
          column.kind === "numeric"
            ? { ...column, values: Float64Array.of(Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN, 1e300) }
            : { ...column, codes: Int32Array.of(-1, -1, -1, -1) },
        );
        const predicted = run(problem).result.predict(strange);
        expect(predicted.every(Number.isFinite)).toBe(true);
        assertProbabilities(predicted, 2);
      });
    }

    test("a misspelt hyperparameter is answered with the nearest name, before any fit (R-45)", () => {
      const problems: { path: string; message: string }[] = [];
      const [wrong, right] = options.misspelt;
      readHyperparameters({ [wrong]: 1 }, algorithm, problems);
      expect(problems).toHaveLength(1);
      expect(problems[0]!.message).toContain(`"${right}"`);
    });

    test("rows, weights and states that cannot be used are refused in a sentence", () => {
      const task = tasks[0]!;
      const problem = mixed(task, 40, 9);
      expect(() => run(rowsOf(problem, new Int32Array(0)))).toThrow(/no rows/);
      expect(() => run({ ...problem, weights: new Float64Array(40).fill(-1) })).toThrow(/weight/);
      expect(() => run({ ...problem, weights: new Float64Array(40) })).toThrow(/weights are zero|weight/);
      expect(() => algorithm.load({ meta: { version: 99 }, arrays: {} })).toThrow();
    });
  });
}

export function loaded(algorithm: Algorithm, model: Model): Model {
  const { meta, arrays } = model.state();
  return algorithm.load({ meta: JSON.parse(JSON.stringify(meta)), arrays });
}

export function assertProbabilities(values: Float64Array, classes: number): void {
  for (let i = 0; i < values.length; i += classes) {
    const own = values.subarray(i, i + classes);
    expect(own.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 9);
    for (const value of own) expect(value).toBeGreaterThanOrEqual(0);
  }
}
