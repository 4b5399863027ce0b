import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { randomStream } from "../../src/core/random.ts";
import type { Problem } from "../../src/engine/algorithm.ts";
import { isotonic } from "../../src/engine/algorithms/isotonic/isotonic.ts";
import { poolAdjacent, valueAt } from "../../src/engine/algorithms/isotonic/pava.ts";
import { categoricalColumn, numericColumn } from "../../src/engine/table.ts";
import { problemOf, sampleColumns } from "../support/sample-columns.ts";
import { describeContract, fitter } from "./learner-contract.ts";

const run = fitter(isotonic);

interface Case {
  sample: string;
  feature: string;
  weighted: boolean;
  direction: string;
  fresh: number[];
  predicted: number[];
}
const reference = JSON.parse(readFileSync(new URL("../fixtures/isotonic/reference.json", import.meta.url), "utf8"));

function oneFeature(sample: string, feature: string): Problem {
  const columns = sampleColumns(sample);
  return problemOf(columns, columns.at(-1)!.name, { features: [feature] });
}

describe("functions agree with scikit-learn's", () => {
  for (const one of reference.cases as Case[]) {
    test(`${one.sample}, ${one.feature}, ${one.direction}${one.weighted ? ", weighted" : ""}`, () => {
      const problem = oneFeature(one.sample, one.feature);
      const weights = one.weighted ? Float64Array.from({ length: problem.rows }, (_, i) => 1 + (i % 3)) : null;
      const { result } = run({ ...problem, weights }, { direction: one.direction });
      const own = result.predict([numericColumn(one.feature, one.fresh)]);
      const k = problem.classes.length;
      // The answer is unique; sums differ in their last bits, and probabilities are held 1e-9 off 0 and 1.
      for (const [i, value] of one.predicted.entries()) {
        const mine = k === 0 ? own[i]! : own[2 * i + 1]!;
        expect(Math.abs(mine - value), `point ${i}`).toBeLessThan(2e-9 * Math.max(1, Math.abs(value)));
      }
    });
  }
});

describe("pooling", () => {
  test("by hand: violators are pooled, equal x merged, weights count", () => {
    const steps = poolAdjacent(Float64Array.of(1, 2, 3, 4), Float64Array.of(1, 3, 2, 4), Float64Array.of(1, 1, 1, 1), false);
    expect([...steps.x]).toEqual([1, 2, 3, 4]);
    expect([...steps.y]).toEqual([1, 2.5, 2.5, 4]);
    const heavy = poolAdjacent(Float64Array.of(1, 2), Float64Array.of(4, 0), Float64Array.of(3, 1), false);
    expect([...heavy.y]).toEqual([3, 3]);
    const equal = poolAdjacent(Float64Array.of(5, 5, 1), Float64Array.of(1, 3, 9), Float64Array.of(1, 1, 1), true);
    expect([...equal.x]).toEqual([1, 5]);
    expect([...equal.y]).toEqual([9, 2]);
    expect(valueAt(equal, 3)).toBe(5.5);
    expect(valueAt(equal, -99)).toBe(9);
    expect(valueAt(equal, 99)).toBe(2);
  });

  test("no monotone function of few points does better: brute force over pooled means", () => {
    const random = randomStream(3);
    for (let turn = 0; turn < 50; turn++) {
      const n = 6;
      const x = Float64Array.from({ length: n }, (_, i) => i);
      const y = Float64Array.from({ length: n }, () => random.integer(10));
      const w = Float64Array.from({ length: n }, () => 1 + random.integer(3));
      const steps = poolAdjacent(x, y, w, false);
      const own = x.map((value) => valueAt(steps, value));
      const errorOf = (values: ArrayLike<number>): number => y.reduce((sum, value, i) => sum + w[i]! * (value - values[i]!) ** 2, 0);
      // Every way to cut the points into stretches of one mean each.
      let best = Number.POSITIVE_INFINITY;
      for (let cuts = 0; cuts < 2 ** (n - 1); cuts++) {
        const values: number[] = [];
        for (let from = 0; from < n; ) {
          let to = from;
          while (to < n - 1 && (cuts & (1 << to)) === 0) to++;
          let sum = 0;
          let total = 0;
          for (let i = from; i <= to; i++) {
            sum += w[i]! * y[i]!;
            total += w[i]!;
          }
          for (let i = from; i <= to; i++) values.push(sum / total);
          from = to + 1;
        }
        if (values.every((value, i) => i === 0 || value >= values[i - 1]!)) best = Math.min(best, errorOf(values));
      }
      expect(errorOf(own)).toBeCloseTo(best, 9);
      for (let i = 1; i < n; i++) expect(own[i]!).toBeGreaterThanOrEqual(own[i - 1]!);
    }
  });
});

describe("one feature", () => {
  test("auto takes the direction that fits better", () => {
    expect(run(oneFeature("diabetes", "bmi")).result.facts().direction).toBe("increasing");
    expect(run(oneFeature("breast_cancer", "mean radius")).result.facts().direction).toBe(
      problemOf(sampleColumns("breast_cancer"), "diagnosis").classes[1] === "malignant" ? "increasing" : "decreasing",
    );
  });

  test("several features, or one without an order, are refused in a sentence that names the remedy", () => {
    expect(() => run(problemOf(sampleColumns("diabetes"), "progression"))).toThrow(/exactly one feature and got 10; choose one/);
    const problem = oneFeature("diabetes", "bmi");
    const colours = categoricalColumn(
      "colour",
      Array.from({ length: problem.rows }, (_, i) => (i % 2 === 0 ? "red" : "blue")),
    );
    expect(() => run({ ...problem, features: [colours] })).toThrow(/"colour" holds unordered categories/);
    expect(run({ ...problem, features: [{ ...colours, ordered: true }] }).result.predict([colours]).length).toBe(problem.rows);
  });
});

describeContract(isotonic, {
  misspelt: ["directions", "direction"],
  shape: (problem) => ({ ...problem, features: problem.features.slice(0, 1) }),
});
