import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { FitContext, Problem } from "../../src/engine/algorithm.ts";
import { lightRf } from "../../src/engine/algorithms/light-rf/light-rf.ts";
import type { Hyperparameters } from "../../src/engine/hyperparameter.ts";
import { numericColumn } from "../../src/engine/table.ts";
import { drain, problemOf, sampleColumns } from "../support/sample-columns.ts";
import { mixedProblem, rowsOf } from "./light-gbm-rig.ts";

const DEFAULTS: Hyperparameters = Object.fromEntries(lightRf.hyperparameters.map((schema) => [schema.name, schema.default]));
const CONTEXT: FitContext = { seed: 3, validation: null };
const run = (problem: Problem, settings: Hyperparameters = {}, context: FitContext = CONTEXT) =>
  drain(lightRf.fit(problem, { ...DEFAULTS, nrounds: 30, ...settings }, context));

function lossOf(problem: Problem, predicted: Float64Array): number {
  const k = problem.classes.length;
  const mean =
    problem.target.reduce((sum, y, i) => sum + (k === 0 ? (y - predicted[i]!) ** 2 : -Math.log(predicted[i * k + y]!)), 0) / problem.rows;
  return k === 0 ? Math.sqrt(mean) : mean;
}

// LightGBM's forests over eight seeds (make.py beside the data), trained on even rows, judged on odd ones.
const reference = JSON.parse(readFileSync(new URL("../fixtures/light-rf/reference.json", import.meta.url), "utf8"));

describe("errors on new rows are those of LightGBM's forests", () => {
  for (const { sample, rounds, losses } of reference.cases as { sample: string; rounds: number; losses: number[] }[]) {
    test(sample, () => {
      const columns = sampleColumns(sample);
      const whole = problemOf(columns, columns.at(-1)!.name);
      const half = (odd: number): Problem =>
        rowsOf(
          whole,
          Int32Array.from({ length: Math.floor((whole.rows + 1 - odd) / 2) }, (_, i) => 2 * i + odd),
        );
      const own = [1, 2, 3].map((seed) => {
        const { result } = run(half(0), { nrounds: rounds }, { seed, validation: null });
        return lossOf(half(1), result.predict(half(1).features));
      });
      const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
      const spread = Math.sqrt(mean(losses.map((loss) => (loss - mean(losses)) ** 2)));
      // Four standard deviations between seeds, and 3 % for bin edges, which are not LightGBM's.
      expect(Math.abs(mean(own) - mean(losses)), `${mean(own)} beside ${mean(losses)} ± ${spread}`).toBeLessThan(
        4 * spread + 0.03 * mean(losses),
      );
    });
  }
});

describe("a forest of histogram trees", () => {
  test("R-36: `nrounds` is a tunable integer of 500, `force_col_wise` cannot be tuned", () => {
    const schema = (name: string) => lightRf.hyperparameters.find((one) => one.name === name);
    expect(schema("nrounds")).toMatchObject({ type: "integer", default: 500, tunable: true });
    expect(schema("force_col_wise")).toMatchObject({ type: "logical", tunable: false });
    expect(lightRf.check!({ ...DEFAULTS, subsample: 1, feature_fraction: 1 })).toHaveLength(1);
    expect(lightRf.check!(DEFAULTS)).toEqual([]);
  });

  for (const task of ["regression", "binary", "multiclass"] as const) {
    test(`${task}: same seed, same bits; loaded, same bits; curves of new rows and of rows not drawn`, () => {
      const problem = mixedProblem(task, 600, 5, true);
      const fresh = mixedProblem(task, 600, 6);
      const first = run(problem, {}, { seed: 1, validation: fresh });
      const p = first.result.predict(problem.features);
      expect(run(problem, {}, { seed: 1, validation: null }).result.predict(problem.features)).toEqual(p);
      expect(run(problem, {}, { seed: 2, validation: null }).result.predict(problem.features)).not.toEqual(p);
      const state = first.result.state();
      const copy = lightRf.load({ meta: JSON.parse(JSON.stringify(state.meta)), arrays: state.arrays });
      expect(copy.predict(problem.features)).toEqual(p);
      expect(copy.facts()).toEqual(first.result.facts());
      expect(first.steps.map((step) => step.step)).toEqual(Array.from({ length: 30 }, (_, i) => i + 1));
      const last = first.steps.at(-1)!.values;
      expect(last.validation).toBeCloseTo(lossOf(fresh, first.result.predict(fresh.features)), 9);
      expect(last.validation!).toBeLessThan(first.steps[0]!.values.validation!);
      expect(Math.abs(last["out-of-bag"]! / last.validation! - 1)).toBeLessThan(0.2);
      const fact = first.result.facts()[task === "regression" ? "oob_rmse" : "oob_log_loss"];
      expect(fact).toBe(last["out-of-bag"]);
    });
  }

  test("one class, one row, and a forest of constants have an answer", () => {
    const one: Problem = {
      task: "regression",
      rows: 1,
      features: [numericColumn("x", [1])],
      target: Float64Array.of(2.5),
      classes: [],
      weights: null,
    };
    expect([...run(one).result.predict([numericColumn("x", [7])])]).toEqual([2.5]);
    expect(run(one).result.facts()).toMatchObject({ oob_rmse: null });
    const same: Problem = {
      ...one,
      task: "binary",
      rows: 3,
      features: [numericColumn("x", [1, 2, 3])],
      target: Float64Array.of(1, 1, 1),
      classes: ["a", "b"],
    };
    expect(run(same).result.predict([numericColumn("x", [5])])[1]).toBeCloseTo(1, 9);
    expect(() => lightRf.load({ meta: { version: 1 }, arrays: {} })).toThrow(/not the state of a LightRF/);
  });

  test("balanced classes raise the probability of the rare one", () => {
    const rare = mixedProblem("binary", 600, 9);
    const problem = { ...rare, target: rare.target.map((y, i) => (i % 4 === 0 ? y : 0)) };
    const mean = (ifw: boolean): number =>
      run(problem, { ifw, max_leaves: 4 })
        .result.predict(problem.features)
        .reduce((sum, value, i) => sum + (i % 2 === 1 ? value : 0), 0) / problem.rows;
    expect(mean(true)).toBeGreaterThan(mean(false) + 0.15);
  });
});
