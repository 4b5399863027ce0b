import { describe, expect, test } from "vitest";
import type { Problem } from "../../src/engine/algorithm.ts";
import { boost } from "../../src/engine/algorithms/light-gbm/boosting.ts";
import { createKernel } from "../../src/engine/algorithms/light-gbm/kernel.ts";
import { toSettings } from "../../src/engine/algorithms/light-gbm/settings.ts";
import { lightRuleFit } from "../../src/engine/algorithms/light-rule-fit/light-rule-fit.ts";
import type { RuleModel } from "../../src/engine/algorithms/light-rule-fit/model.ts";
import { ruleColumns, rulesOf, treesOf } from "../../src/engine/algorithms/light-rule-fit/rules.ts";
import { categoricalColumn, numericColumn } from "../../src/engine/table.ts";
import { drain, problemOf, sampleColumns } from "../support/sample-columns.ts";
import { describeContract, fitter } from "./learner-contract.ts";
import { mixedProblem, rowsOf } from "./light-gbm-rig.ts";

const run = fitter(lightRuleFit, { nrounds: 20 });
const fitted = (problem: Problem, settings: object = {}): RuleModel => run(problem, { ...settings }).result as RuleModel;

describe("rules of trees", () => {
  test("the rules of leaves, times what the leaves say, are the trees' own prediction, on new rows too", () => {
    const problem = mixedProblem("regression", 400, 3, true);
    const fresh = mixedProblem("regression", 150, 4);
    const model = drain(boost(problem, toSettings({ nrounds: 7, max_leaves: 9 }), { seed: 1, validation: null }, createKernel)).result;
    const state = model.state();
    const trees = treesOf(state);
    const leaves = rulesOf(trees, problem.features).filter((rule) => trees.left[rule.node]! < 0);
    for (const { features, rows } of [problem, fresh]) {
      const columns = ruleColumns(
        trees,
        Int32Array.from(leaves, (rule) => rule.node),
        features,
        rows,
      );
      const sums = new Float64Array(rows).fill((state.meta.start as number[])[0]!);
      for (const [index, column] of columns.entries()) {
        if (column.kind !== "numeric") throw new Error("a rule is a number");
        for (let row = 0; row < rows; row++) sums[row]! += column.values[row]! * (state.arrays.value![leaves[index]!.node] as number);
      }
      const expected = model.predict(features);
      for (let row = 0; row < rows; row++) expect(sums[row]!).toBeCloseTo(expected[row]!, 9);
    }
  });

  test("are told in words, levels by name, and the words are true", () => {
    const n = 200;
    const labels = Array.from({ length: n }, (_, i) => ["red", "green", "blue"][i % 3]!);
    const x = Array.from({ length: n }, (_, i) => i / 10);
    const target = Float64Array.from(labels, (label, i) => (label === "red" && x[i]! > 8 ? 10 : 0));
    const problem: Problem = {
      task: "regression",
      rows: n,
      features: [categoricalColumn("colour", labels), numericColumn("x", x)],
      target,
      classes: [],
      weights: null,
    };
    const model = fitted(problem, { max_depth: 2, lambda: 0.001, min_data_in_leaf: 5 });
    const [first] = model.rules();
    expect(first!.text).toMatch(/colour in \{[a-z, ]+\}|x (<=|>) [\d.]+/);
    const predicted = model.predict(problem.features);
    const error = target.reduce((sum, y, i) => sum + (y - predicted[i]!) ** 2, 0) / n;
    expect(error).toBeLessThan(0.5);
    expect(model.rules().some((rule) => rule.text.includes("red"))).toBe(true);
    expect([...model.importance().measures.rules!].every((value) => value > 0)).toBe(true);
  });
});

describe("the sparse model", () => {
  const columns = sampleColumns("breast_cancer");
  const whole = problemOf(columns, "diagnosis");
  const half = (odd: number): Problem =>
    rowsOf(
      whole,
      Int32Array.from({ length: Math.floor((whole.rows + 1 - odd) / 2) }, (_, i) => 2 * i + odd),
    );

  test("keeps some of many rules and predicts new rows well", () => {
    const model = fitted(half(0));
    const { rules_offered, rules_kept } = model.facts();
    expect(Number(rules_kept)).toBeLessThan(Number(rules_offered) / 2);
    expect(Number(rules_kept)).toBeGreaterThan(2);
    expect(model.rules().length).toBe(rules_kept);
    const predicted = model.predict(half(1).features);
    const right = half(1).target.reduce((sum, y, i) => sum + (predicted[2 * i + y]! > 0.5 ? 1 : 0), 0);
    expect(right / half(1).rows).toBeGreaterThan(0.9);
  });

  test("a stronger penalty keeps fewer rules, the strongest none", () => {
    const kept = [0.001, 0.05, 100].map((lambda) => Number(fitted(half(0), { lambda }).facts().rules_kept));
    expect(kept[1]!).toBeLessThan(kept[0]!);
    expect(kept[2]).toBe(0);
    const shares = fitted(half(0), { lambda: 100 }).predict(half(1).features);
    expect(shares[1]).toBeCloseTo(half(0).target.reduce((sum, y) => sum + y, 0) / half(0).rows, 6);
  });

  test("the curve of the elastic net is that of new rows as well", () => {
    const { steps } = run(half(0), { lambda: 0.02 }, { seed: 1, validation: half(1) });
    const shown = steps.filter((step) => step.values.validation !== undefined);
    expect(shown.length).toBeGreaterThan(5);
    expect(shown.at(-1)!.values.validation!).toBeLessThan(shown[0]!.values.validation!);
    expect(steps.length).toBeGreaterThan(shown.length + 10);
  });

  test("balanced classes raise the probability of the rare one", () => {
    const problem = mixedProblem("binary", 400, 9);
    const rare = { ...problem, target: problem.target.map((y, i) => (i % 4 === 0 ? y : 0)) };
    const mean = (ifw: boolean): number =>
      fitted(rare, { ifw })
        .predict(rare.features)
        .reduce((sum, value, i) => sum + (i % 2 === 1 ? value : 0), 0) / 400;
    expect(mean(true)).toBeGreaterThan(mean(false) + 0.15);
  });
});

describeContract(lightRuleFit, {
  misspelt: ["max_depths", "max_depth"],
  quick: { nrounds: 10, nfolds: 3 },
  rowOrder: null,
  zeroWeights: null,
});
