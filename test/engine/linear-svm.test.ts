import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { Problem } from "../../src/engine/algorithm.ts";
import { linearSvm } from "../../src/engine/algorithms/linear-svm/linear-svm.ts";
import type { LinearModel } from "../../src/engine/algorithms/linear-svm/model.ts";
import { problemOf, sampleColumns } from "../support/sample-columns.ts";
import { describeContract, fitter } from "./learner-contract.ts";
import { mixedProblem, rowsOf } from "./light-gbm-rig.ts";

const run = fitter(linearSvm);
const fitted = (problem: Problem, settings: object = {}, seed = 1): LinearModel =>
  run(problem, { ...settings }, { seed, validation: null }).result as LinearModel;

interface Case {
  sample: string;
  cost: number;
  weighted: boolean;
  coefficients: number[];
}
const reference = JSON.parse(readFileSync(new URL("../fixtures/svm/reference.json", import.meta.url), "utf8"));

function sampleProblem(sample: string, weighted = false): Problem {
  const columns = sampleColumns(sample);
  const whole = problemOf(columns, columns.at(-1)!.name);
  return { ...whole, weights: weighted ? Float64Array.from({ length: whole.rows }, (_, i) => 1 + (i % 3)) : null };
}

describe("coefficients agree with LIBLINEAR's", () => {
  for (const one of reference.linear as Case[]) {
    test(`${one.sample}, cost ${one.cost}${one.weighted ? ", weighted" : ""}`, () => {
      const problem = sampleProblem(one.sample, one.weighted);
      const model = fitted(problem, { cost: one.cost, tolerance: 1e-9, maxit: 1_000_000 });
      const own = model.parts.coefficients;
      expect(own.length).toBe(one.coefficients.length);
      // The problem is strictly convex in the coefficients.
      for (const [at, value] of one.coefficients.entries()) expect(Math.abs(own[at]! - value), `entry ${at}`).toBeLessThan(1e-6);
      expect(model.facts()).toMatchObject({ converged: true });
    });
  }
});

describe("machines", () => {
  test("a row of weight 2 is two rows", () => {
    const problem = rowsOf(
      sampleProblem("breast_cancer"),
      Int32Array.from({ length: 200 }, (_, i) => i),
    );
    const weights = Float64Array.from({ length: 200 }, (_, i) => 1 + (i % 2));
    const doubled = rowsOf(problem, Int32Array.from([...weights.keys()].flatMap((row) => (weights[row] === 2 ? [row, row] : [row]))));
    const settings = { tolerance: 1e-8, maxit: 100_000, cost: 0.1 };
    const a = fitted({ ...problem, weights }, settings).parts.coefficients;
    const b = fitted(doubled, settings).parts.coefficients;
    for (const [i, value] of a.entries()) expect(b[i]).toBeCloseTo(value, 6);
  });

  test("the seed orders visits and draws folds: coefficients move within the tolerance", () => {
    const problem = sampleProblem("wine");
    const [a, b] = [1, 2].map((seed) => fitted(problem, { tolerance: 1e-8, maxit: 100_000 }, seed).parts.coefficients);
    expect(b).not.toEqual(a);
    for (const [i, value] of a!.entries()) expect(b![i]).toBeCloseTo(value, 6);
  });

  test("units do not matter when standardised, for features and outcome alike", () => {
    const problem = sampleProblem("diabetes");
    const other: Problem = {
      ...problem,
      features: problem.features.map((column, j) =>
        column.kind === "numeric" ? { ...column, values: column.values.map((value) => value * 2 ** j) } : column,
      ),
      target: problem.target.map((y) => 4 * y - 100),
    };
    const a = fitted(problem).predict(problem.features);
    const b = fitted(other).predict(other.features);
    for (const [i, value] of a.entries()) expect((b[i]! + 100) / 4).toBeCloseTo(value, 6);
  });

  test("importance is larger where a feature matters; passes that run out are told", () => {
    const problem = sampleProblem("diabetes");
    const model = fitted(problem, { maxit: 3, tolerance: 1e-12 });
    expect(model.facts()).toMatchObject({ converged: false, passes: 3 });
    const { variables, measures } = fitted(problem).importance();
    const sorted = variables.toSorted(
      (a, b) => measures.coefficient![variables.indexOf(b)]! - measures.coefficient![variables.indexOf(a)]!,
    );
    expect(sorted.slice(0, 5)).toContain("bmi");
  });

  test("every pass is a step, with the violation of the machine that stays", () => {
    const { steps } = run(mixedProblem("binary", 300, 4));
    const shown = steps.map((step) => step.values.training).filter((value) => value !== undefined);
    expect(shown.length).toBeGreaterThan(2);
    expect(shown.at(-1)!).toBeLessThanOrEqual(0.01);
    expect(steps.length).toBeGreaterThan(shown.length);
  });
});

describeContract(linearSvm, { misspelt: ["costs", "cost"], rowOrder: null });
