import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { Problem } from "../../src/engine/algorithm.ts";
import { lightCart } from "../../src/engine/algorithms/light-cart/light-cart.ts";
import { numericColumn } from "../../src/engine/table.ts";
import { problemOf, sampleColumns } from "../support/sample-columns.ts";
import { describeContract, fitter } from "./learner-contract.ts";
import { mixedProblem } from "./light-gbm-rig.ts";

const run = fitter(lightCart);
const reference = JSON.parse(readFileSync(new URL("../fixtures/light-cart/reference.json", import.meta.url), "utf8"));

function lossOf(problem: Problem, predicted: Float64Array): number {
  const k = problem.classes.length;
  const mean =
    problem.target.reduce((sum, y, i) => sum + (k === 0 ? (y - predicted[i]!) ** 2 : -Math.log(predicted[i * k + y]!)), 0) / problem.rows;
  return k === 0 ? Math.sqrt(mean) : mean;
}

describe("the loss of one tree is that of scikit-learn's histogram trees", () => {
  for (const one of reference.cases as { sample: string; leaves: number; size: number; loss: number }[]) {
    test(`${one.sample}, ${one.leaves} leaves of ${one.size} rows and more`, () => {
      const columns = sampleColumns(one.sample);
      const problem = problemOf(columns, columns.at(-1)!.name);
      const { result } = run(problem, { max_leaves: one.leaves, min_data_in_leaf: one.size });
      // Bin edges differ where a column has more than 255 values, so that splits may move by a row; 3 % covers it.
      expect(lossOf(problem, result.predict(problem.features)) / one.loss - 1).toBeGreaterThan(-0.03);
      expect(lossOf(problem, result.predict(problem.features)) / one.loss - 1).toBeLessThan(0.03);
    });
  }
});

describe("one tree", () => {
  test("by hand: the mean of each side, and one Newton step from the shares for classes", () => {
    const x = Array.from({ length: 40 }, (_, i) => i);
    const problem: Problem = {
      task: "regression",
      rows: 40,
      features: [numericColumn("x", x)],
      target: Float64Array.from(x, (value) => (value < 20 ? 1 : 5)),
      classes: [],
      weights: null,
    };
    expect([...run(problem).result.predict([numericColumn("x", [3, 33])])]).toEqual([1, 5]);
    const classes: Problem = { ...problem, task: "binary", target: Float64Array.from(x, (v) => (v < 20 ? 0 : 1)), classes: ["a", "b"] };
    // From one half: the step is (1 − ½) / ¼ = 2.
    expect(run(classes).result.predict([numericColumn("x", [33])])[1]).toBeCloseTo(1 / (1 + Math.exp(-2)), 12);
    expect(run(problem).result.facts()).toMatchObject({ trees: 1, leaves: 2 });
    expect(run(problem).steps).toHaveLength(1);
  });

  test("balanced classes raise the probability of the rare one", () => {
    const problem = mixedProblem("binary", 600, 9);
    const rare = { ...problem, target: problem.target.map((y, i) => (i % 4 === 0 ? y : 0)) };
    const mean = (ifw: boolean): number =>
      run(rare, { ifw, max_leaves: 4 })
        .result.predict(rare.features)
        .reduce((sum, value, i) => sum + (i % 2 === 1 ? value : 0), 0) / 600;
    expect(mean(true)).toBeGreaterThan(mean(false) + 0.15);
  });
});

describeContract(lightCart, { misspelt: ["max_leafs", "max_leaves"], zeroWeights: null });
