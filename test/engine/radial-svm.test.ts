import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { randomStream } from "../../src/core/random.ts";
import type { Problem } from "../../src/engine/algorithm.ts";
import { couple, fitSigmoid, sigmoidAt } from "../../src/engine/algorithms/radial-svm/calibration.ts";
import { fitRadial } from "../../src/engine/algorithms/radial-svm/fit.ts";
import { settingsOf } from "../../src/engine/algorithms/radial-svm/hyperparameters.ts";
import { KernelRows } from "../../src/engine/algorithms/radial-svm/kernel.ts";
import type { RadialModel } from "../../src/engine/algorithms/radial-svm/model.ts";
import { radialSvm } from "../../src/engine/algorithms/radial-svm/radial-svm.ts";
import { layoutOf } from "../../src/engine/algorithms/radial-svm/rows.ts";
import { PlainRows } from "../../src/engine/algorithms/radial-svm/twin.ts";
import { numericColumn } from "../../src/engine/table.ts";
import { drain, problemOf, sampleColumns } from "../support/sample-columns.ts";
import { describeContract, fitter } from "./learner-contract.ts";
import { mixedProblem, normal, rowsOf } from "./light-gbm-rig.ts";

const run = fitter(radialSvm);
const fitted = (problem: Problem, settings: object = {}, seed = 1): RadialModel =>
  run(problem, { ...settings }, { seed, validation: null }).result as RadialModel;

interface Case {
  sample: string;
  cost: number;
  gamma: number;
  weighted: boolean;
  decisions: number[];
}
const reference = JSON.parse(readFileSync(new URL("../fixtures/svm/reference.json", import.meta.url), "utf8"));

function sampleProblem(sample: string, weighted: boolean): Problem {
  const columns = sampleColumns(sample);
  const whole = problemOf(columns, columns.at(-1)!.name);
  return { ...whole, weights: weighted ? Float64Array.from({ length: whole.rows }, (_, i) => 1 + (i % 3)) : null };
}

describe("decisions agree with libsvm's", () => {
  for (const one of reference.radial as Case[]) {
    test(`${one.sample}, cost ${one.cost}, gamma ${one.gamma}${one.weighted ? ", weighted" : ""}`, () => {
      const problem = sampleProblem(one.sample, one.weighted);
      const model = fitted(problem, { cost: one.cost, gamma: one.gamma, tolerance: 1e-9 });
      const own = model.decisions(problem.features);
      expect(own.length).toBe(one.decisions.length);
      // The problem is convex and its decisions unique; both sides keep kernel values in single precision, whose rounding the cost multiplies.
      for (const [at, value] of one.decisions.entries()) {
        expect(Math.abs(own[at]! - value), `entry ${at}`).toBeLessThan(1e-6 * Math.max(1, one.cost / 10));
      }
      expect(model.facts()).toMatchObject({ converged: true });
    });
  }
});

describe("the kernel and its plain twin", () => {
  for (const task of ["binary", "multiclass", "regression"] as const) {
    test(`${task}: same bits, whatever the shape`, () => {
      for (const rows of [3, 24, 61]) {
        const problem = mixedProblem(task, rows, 3, true);
        const settings = settingsOf({ cost: 2, gamma: 0.2, epsilon: 0.05, scale: true, ifw: false, tolerance: 1e-4 });
        const context = { seed: 5, validation: null };
        const fast = drain(fitRadial(problem, settings, context)).result;
        const plain = drain(fitRadial(problem, settings, context, (...args) => new PlainRows(...args))).result;
        expect(fast.parts.coefficients).toEqual(plain.parts.coefficients);
        expect(fast.parts.biases).toEqual(plain.parts.biases);
        expect(fast.parts.sigmoids).toEqual(plain.parts.sigmoids);
        expect(fast.facts()).toEqual(plain.facts());
      }
    });
  }

  test("kernel values are those of the definition, and come back after others have taken their place", () => {
    const random = randomStream(1);
    const table = Float64Array.from({ length: 20 * 3 }, () => normal(random));
    const layout = layoutOf([Array.from({ length: 9 }, (_, i) => i), Array.from({ length: 11 }, (_, i) => 9 + i)]);
    const rows = new KernelRows(table, 3, 0.7, layout);
    expect(layout.segments).toEqual([
      { from: 0, to: 16 },
      { from: 16, to: 32 },
    ]);
    for (const [i, j] of [
      [0, 1],
      [8, 16],
      [26, 3],
      [0, 1],
    ] as const) {
      const [a, b] = [layout.rowAt[i]!, layout.rowAt[j]!];
      let distance = 0;
      for (let c = 0; c < 3; c++) distance += (table[a * 3 + c]! - table[b * 3 + c]!) ** 2;
      expect(rows.value(i, j)).toBeCloseTo(Math.exp(-0.7 * distance), 6);
    }
    expect(rows.value(5, 5)).toBe(1);
  });
});

describe("calibration", () => {
  test("recovers the sigmoid that drew the classes; separated classes have a finite one", () => {
    const random = randomStream(2);
    const n = 20_000;
    const decisions = Float64Array.from({ length: n }, () => 2 * normal(random));
    const labels = Uint8Array.from(decisions, (d) => (random.next() < 1 / (1 + Math.exp(-1.5 * d + 0.5)) ? 1 : 0));
    const { slope, offset } = fitSigmoid(decisions, labels, new Float64Array(n).fill(1));
    // Standard errors are about 0.02 at this size.
    expect(slope).toBeCloseTo(-1.5, 0);
    expect(Math.abs(slope + 1.5)).toBeLessThan(0.1);
    expect(Math.abs(offset - 0.5)).toBeLessThan(0.1);
    const apart = fitSigmoid(Float64Array.of(-2, -1, 1, 2), Uint8Array.of(0, 0, 1, 1), new Float64Array(4).fill(1));
    // Targets are 3/4 and 1/4: the probability at the middle of each side is near them.
    expect(sigmoidAt(apart, 1.5)).toBeCloseTo(0.75, 1);
    expect(sigmoidAt(apart, 0)).toBeCloseTo(0.5, 6);
  });

  test("a row of weight 3 is three rows", () => {
    const decisions = [-1, 0.5, 0.2, 2, -0.3];
    const labels = [0, 1, 0, 1, 1];
    const thrice = (values: readonly number[]): number[] => values.flatMap((value) => [value, value, value]);
    const weighted = fitSigmoid(Float64Array.from(decisions), Uint8Array.from(labels), new Float64Array(5).fill(3));
    const repeated = fitSigmoid(Float64Array.from(thrice(decisions)), Uint8Array.from(thrice(labels)), new Float64Array(15).fill(1));
    expect(weighted.slope).toBeCloseTo(repeated.slope, 9);
    expect(weighted.offset).toBeCloseTo(repeated.offset, 9);
  });

  test("pairs that agree with one set of probabilities are coupled to it", () => {
    const p = [0.2, 0.5, 0.05, 0.25];
    const pairs = Float64Array.from({ length: 16 }, (_, at) => p[Math.floor(at / 4)]! / (p[Math.floor(at / 4)]! + p[at % 4]!));
    for (const [i, value] of couple(pairs, 4).entries()) expect(value).toBeCloseTo(p[i]!, 4);
    expect([...couple(new Float64Array(1), 1)]).toEqual([1]);
  });

  test("probabilities are honest: log-loss on new rows within 5 % of the true probabilities' own", () => {
    const random = randomStream(9);
    const draw = (n: number): { problem: Problem; loss: number } => {
      const x = Float64Array.from({ length: n }, () => normal(random));
      const z = Float64Array.from({ length: n }, () => normal(random));
      const truth = x.map((value, i) => 1 / (1 + Math.exp(-2 * value - z[i]!)));
      const target = truth.map((p) => (random.next() < p ? 1 : 0));
      const loss = truth.reduce((sum, p, i) => sum - Math.log(target[i] === 1 ? p : 1 - p), 0) / n;
      const features = [numericColumn("x", x), numericColumn("z", z)];
      return { problem: { task: "binary", rows: n, features, target, classes: ["a", "b"], weights: null }, loss };
    };
    const model = fitted(draw(1000).problem, { gamma: 0.01 });
    const fresh = draw(2000);
    const p = model.predict(fresh.problem.features);
    const loss = fresh.problem.target.reduce((sum, y, i) => sum - Math.log(p[2 * i + y]!), 0) / 2000;
    expect(loss / fresh.loss).toBeLessThan(1.05);
  });
});

describe("machines", () => {
  test("a row of weight 2 is two rows: the same decisions", () => {
    const problem = rowsOf(
      sampleProblem("breast_cancer", false),
      Int32Array.from({ length: 120 }, (_, i) => i),
    );
    const weights = Float64Array.from({ length: 120 }, (_, i) => 1 + (i % 2));
    const doubled = rowsOf(problem, Int32Array.from([...weights.keys()].flatMap((row) => (weights[row] === 2 ? [row, row] : [row]))));
    // Means and variances agree too, because rows count in them by weight.
    const a = fitted({ ...problem, weights }, { tolerance: 1e-8 }).decisions(problem.features);
    const b = fitted(doubled, { tolerance: 1e-8 }).decisions(problem.features);
    for (const [i, value] of a.entries()) expect(b[i]).toBeCloseTo(value, 5);
  });

  test("the order of rows changes decisions by no more than the tolerance lets it", () => {
    const problem = sampleProblem("wine", false);
    const reversed = rowsOf(
      problem,
      Int32Array.from({ length: problem.rows }, (_, i) => problem.rows - 1 - i),
    );
    const a = fitted(problem, { tolerance: 1e-8 }).decisions(problem.features);
    const b = fitted(reversed, { tolerance: 1e-8 }).decisions(problem.features);
    for (const [i, value] of a.entries()) expect(b[i]).toBeCloseTo(value, 5);
  });

  test("the seed moves probabilities by the draw of folds only, never decisions", () => {
    const problem = sampleProblem("iris", false);
    const [a, b] = [fitted(problem, {}, 1), fitted(problem, {}, 2)];
    expect(b.decisions(problem.features)).toEqual(a.decisions(problem.features));
    expect(b.predict(problem.features)).not.toEqual(a.predict(problem.features));
  });

  test("balanced classes raise the probability of the rare one's side", () => {
    const problem = mixedProblem("binary", 400, 9);
    const rare = { ...problem, target: problem.target.map((y, i) => (i % 5 === 0 ? y : 0)) };
    const mean = (ifw: boolean): number => {
      const values = fitted(rare, { ifw, gamma: 0.1 }).decisions(rare.features);
      return values.reduce((sum, value) => sum + value, 0) / values.length;
    };
    expect(mean(true)).toBeGreaterThan(mean(false) + 0.2);
  });

  test("a fit can be left at any step, and shows the violation falling", () => {
    const problem = mixedProblem("binary", 600, 4);
    const { steps } = run(problem, { cost: 100, gamma: 0.5, tolerance: 1e-6 });
    const shown = steps.filter((step) => step.values.training !== undefined);
    expect(shown.length).toBeGreaterThan(0);
    expect(steps[0]).toMatchObject({ step: 1, total: null, measure: "violation" });
    const running = radialSvm.fit(
      problem,
      Object.fromEntries(radialSvm.hyperparameters.map((schema) => [schema.name, schema.name === "cost" ? 100 : schema.default])),
      { seed: 1, validation: null },
    );
    running.next();
    expect(running.return(undefined as never).done).toBe(true);
  });
});

describeContract(radialSvm, { misspelt: ["costs", "cost"], rowOrder: null });
