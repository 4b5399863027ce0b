import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { Problem } from "../../src/engine/algorithm.ts";
import { knn } from "../../src/engine/algorithms/knn/knn.ts";
import { superLearner } from "../../src/engine/algorithms/super-learner/super-learner.ts";
import { mixtureOf, onlyBest, riskOf } from "../../src/engine/algorithms/super-learner/weights.ts";
import { problemOf, sampleColumns } from "../support/sample-columns.ts";
import { describeContract, fitter } from "./learner-contract.ts";
import { mixedProblem, rowsOf } from "./light-gbm-rig.ts";

const NONE = Object.fromEntries(
  superLearner.hyperparameters.filter((schema) => schema.name.startsWith("use_")).map((schema) => [schema.name, false]),
);
const SHORT = { ...NONE, use_glm: true, use_cart: true, use_knn: true, nfolds: 3 };
const run = fitter(superLearner);

interface Case {
  outcome: number[];
  weights: number[];
  predictions: number[][];
  mixture: number[];
}
const reference = JSON.parse(readFileSync(new URL("../fixtures/super-learner/reference.json", import.meta.url), "utf8"));

describe("weights", () => {
  for (const [index, one] of (reference.cases as Case[]).entries()) {
    test(`agree with R's nnls, scaled to sum 1: ${one.predictions.length} members, case ${index + 1}`, () => {
      const problem: Problem = {
        task: "regression",
        rows: one.outcome.length,
        features: [],
        target: Float64Array.from(one.outcome),
        classes: [],
        weights: null,
      };
      const members = one.predictions.map((values) => Float64Array.from(values));
      for (const [i, weight] of mixtureOf(members, problem, Float64Array.from(one.weights)).entries()) {
        expect(weight).toBeCloseTo(one.mixture[i]!, 9);
      }
    });
  }

  const problem = mixedProblem("regression", 60, 1);
  const ones = new Float64Array(60).fill(1);
  const near = problem.target.map((y, i) => y + 0.1 * Math.sin(i));
  const far = problem.target.map((_, i) => Math.cos(3 * i));

  test("are from 0 up with sum 1, and no worse than any on a grid before they are scaled", () => {
    const mixture = mixtureOf([near, far], problem, ones);
    expect(mixture.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 12);
    expect(mixture[0]!).toBeGreaterThan(0.95);
    const twins = mixtureOf(
      [problem.target.map((y, i) => y + Math.sin(7 * i)), problem.target.map((y, i) => y + Math.cos(7 * i))],
      problem,
      ones,
    );
    // Errors of equal size at right angles: about half each.
    expect(Math.abs(twins[0]! - 0.5)).toBeLessThan(0.1);
  });

  test("without a member that helps, the least bad one has all; discrete takes the best", () => {
    const minus = problem.target.map((y) => -y);
    const worse = problem.target.map((y) => -2 * y);
    expect([...mixtureOf([worse, minus], problem, ones)]).toEqual([0, 1]);
    expect([...onlyBest([far, near], problem, ones)]).toEqual([0, 1]);
    expect(riskOf(problem.target, problem, ones)).toBe(0);
  });

  test("of classes are one per member; the risk is the Brier score", () => {
    const classes = mixedProblem("multiclass", 60, 2);
    const k = classes.classes.length;
    const sure = new Float64Array(60 * k);
    for (let i = 0; i < 60; i++) sure[i * k + classes.target[i]!] = 1;
    const flat = new Float64Array(60 * k).fill(1 / k);
    expect(riskOf(sure, classes, ones)).toBe(0);
    expect(riskOf(flat, classes, ones)).toBeCloseTo(1 - 1 / k, 12);
    expect([...mixtureOf([flat, sure], classes, ones)].map((weight) => Math.round(weight * 1e6) / 1e6)).toEqual([0, 1]);
  });
});

describe("the mixture", () => {
  test("of one member is that member", () => {
    const problem = mixedProblem("binary", 120, 3, true);
    const { result } = run(problem, { ...NONE, use_knn: true });
    expect(result.facts()).toMatchObject({ members: 1, folds: 0, weight_KNN: 1, risk_KNN: null });
    expect(result.predict(problem.features)).toEqual(fitter(knn)(problem).result.predict(problem.features));
    expect(result.importance()).toBeNull();
    const linear = run(problem, { ...NONE, use_glmnet: true }).result.importance()!;
    expect(linear.variables).toEqual(problem.features.map((column) => column.name));
    expect(linear.measures.share!.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 12);
  });

  test("does about as well on new rows as its best member, or better", () => {
    const columns = sampleColumns("diabetes");
    const whole = problemOf(columns, "progression");
    const half = (odd: number): Problem =>
      rowsOf(
        whole,
        Int32Array.from({ length: Math.floor((whole.rows + 1 - odd) / 2) }, (_, i) => 2 * i + odd),
      );
    const errorOf = (settings: object): number => {
      const predicted = run(half(0), { ...settings, nfolds: 5 }).result.predict(half(1).features);
      return half(1).target.reduce((sum, y, i) => sum + (y - predicted[i]!) ** 2, 0) / half(1).rows;
    };
    const alone = ["use_glm", "use_cart", "use_knn"].map((key) => errorOf({ ...NONE, [key]: true }));
    expect(errorOf(SHORT)).toBeLessThan(1.1 * Math.min(...alone));
    expect(errorOf({ ...SHORT, discrete: true })).toBeLessThan(1.05 * Math.max(...alone));
  });

  test("weights and risks of all members are told; those without weight are not fitted", () => {
    const { result } = run(mixedProblem("regression", 200, 4), { ...SHORT, discrete: true });
    const facts = result.facts();
    const weights = ["GLM", "CART", "KNN"].map((name) => Number(facts[`weight_${name}`]));
    expect(weights.toSorted()).toEqual([0, 0, 1]);
    const risks = ["GLM", "CART", "KNN"].map((name) => Number(facts[`risk_${name}`]));
    expect(weights[risks.indexOf(Math.min(...risks))]).toBe(1);
    expect((result.state().meta.members as unknown[]).length).toBe(1);
  });

  test("no member at all is a fault that is found before any fit", () => {
    expect(superLearner.check!({ ...NONE })).toEqual([
      { name: "use_glm", message: "SuperLearner needs at least one member; switch one on." },
    ]);
    expect(superLearner.check!(SHORT)).toEqual([]);
  });
});

describeContract(superLearner, { misspelt: ["nfold", "nfolds"], quick: SHORT, rowOrder: null, zeroWeights: null, rows: 150 });
