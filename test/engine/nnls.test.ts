import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { randomStream } from "../../src/core/random.ts";
import type { Problem } from "../../src/engine/algorithm.ts";
import { leastSquares } from "../../src/engine/algorithms/nnls/lawson-hanson.ts";
import { type NnlsModel, nnls } from "../../src/engine/algorithms/nnls/nnls.ts";
import { numericColumn } from "../../src/engine/table.ts";
import { drain, problemOf, sampleColumns } from "../support/sample-columns.ts";
import { describeContract, fitter } from "./learner-contract.ts";
import { normal, rowsOf } from "./light-gbm-rig.ts";

const run = fitter(nnls);
const fitted = (problem: Problem, settings: object = {}): NnlsModel => run(problem, { ...settings }).result as NnlsModel;

interface Case {
  sample: string;
  weighted: boolean;
  intercept: boolean;
  coefficients: number[];
}
const reference = JSON.parse(readFileSync(new URL("../fixtures/nnls/reference.json", import.meta.url), "utf8"));

/** The sample's outcome, or whether it is the second class, as a number. */
function numberProblem(sample: string, weighted: boolean): Problem {
  const columns = sampleColumns(sample);
  const whole = problemOf(columns, columns.at(-1)!.name);
  const target = whole.classes.length === 0 ? whole.target : whole.target.map((code) => (code === 1 ? 1 : 0));
  const weights = weighted ? Float64Array.from({ length: whole.rows }, (_, i) => 1 + (i % 3)) : null;
  return { ...whole, task: "regression", classes: [], target, weights };
}

describe("coefficients agree with R's nnls", () => {
  for (const one of reference.cases as Case[]) {
    test(`${one.sample}${one.weighted ? ", weighted" : ""}${one.intercept ? ", intercept" : ""}`, () => {
      const problem = numberProblem(one.sample, one.weighted);
      const model = fitted(problem, { intercept: one.intercept });
      const { coefficients, deviations } = model.parts;
      // On the scale of the columns, because their units differ by a factor of ten thousand.
      for (const [at, value] of one.coefficients.entries()) {
        const size = at === 0 ? 1e-3 : deviations[at - 1]!;
        expect(Math.abs(coefficients[at]! - value) * size, `coefficient ${at}`).toBeLessThan(1e-6);
      }
    });
  }
});

describe("non-negative least squares", () => {
  test("the conditions of the optimum hold on random tables", () => {
    const random = randomStream(5);
    for (let turn = 0; turn < 30; turn++) {
      const [n, p] = [12, 4];
      const x = Float64Array.from({ length: n * p }, () => normal(random));
      const y = Float64Array.from({ length: n }, () => normal(random));
      const product = (j: number, k: number): number =>
        Array.from({ length: n }, (_, i) => x[j * n + i]! * x[k * n + i]!).reduce((a, b) => a + b, 0);
      const gram = Float64Array.from({ length: p * p }, (_, at) => product(Math.floor(at / p), at % p));
      const right = Float64Array.from({ length: p }, (_, j) => y.reduce((sum, value, i) => sum + value * x[j * n + i]!, 0));
      const own = drain(leastSquares(gram, right)).result;
      // Optimality: no slope points down where a coefficient may grow, and none is left where one is above zero.
      for (let j = 0; j < p; j++) {
        const slope = right[j]! - own.reduce((sum, value, k) => sum + value * gram[j * p + k]!, 0);
        expect(own[j]!).toBeGreaterThanOrEqual(0);
        if (own[j]! > 0) expect(Math.abs(slope)).toBeLessThan(1e-9);
        else expect(slope).toBeLessThan(1e-9);
      }
    }
  });

  test("copies and empty columns share one answer with finite coefficients", () => {
    const problem = numberProblem("diabetes", false);
    const [first] = problem.features;
    if (first?.kind !== "numeric") throw new Error("the sample has changed");
    const extra = [numericColumn("copy", first.values), numericColumn("none", new Float64Array(problem.rows))];
    const more = { ...problem, features: [...problem.features, ...extra] };
    const a = fitted(problem).predict(problem.features);
    const b = fitted(more).predict(more.features);
    for (const [i, value] of a.entries()) expect(b[i]).toBeCloseTo(value, 6);
  });

  test("a row of weight 2 is two rows; importance is zero where the coefficient is", () => {
    const problem = numberProblem("diabetes", false);
    const weights = Float64Array.from({ length: problem.rows }, (_, i) => 1 + (i % 2));
    const doubled = rowsOf(problem, Int32Array.from([...weights.keys()].flatMap((row) => (weights[row] === 2 ? [row, row] : [row]))));
    const a = fitted({ ...problem, weights }).parts.coefficients;
    const b = fitted(doubled).parts.coefficients;
    for (const [i, value] of a.entries()) expect(b[i]).toBeCloseTo(value, 9);
    const { variables, measures } = fitted(problem).importance();
    expect(measures.coefficient![variables.indexOf("bmi")]).toBeGreaterThan(0);
    expect([...measures.coefficient!].filter((value) => value === 0).length).toBeGreaterThan(0);
  });
});

describeContract(nnls, { misspelt: ["intercepts", "intercept"], quick: { intercept: true } });
