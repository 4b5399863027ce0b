import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { fitRanger } from "../../src/engine/algorithms/ranger/fit.ts";
import type { Settings } from "../../src/engine/algorithms/ranger/hyperparameters.ts";
import { drain, problemOf, sampleColumns } from "../support/sample-columns.ts";

// Out-of-bag errors of R's ranger over eight seeds (make.R beside the data). Ours must lie where ranger's own seeds do.
interface Case {
  sample: string;
  target: string;
  trees: number;
  rule: "best" | "extratrees";
  replace: boolean;
  errors: number[];
  seconds: number[];
  first: string[];
}
const cases = JSON.parse(readFileSync(new URL("../fixtures/ranger/reference.json", import.meta.url), "utf8")).cases as Case[];

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
const deviation = (values: readonly number[]): number => Math.sqrt(mean(values.map((value) => (value - mean(values)) ** 2)));

/**
 * Distance that chance explains: four of ranger's own standard deviations for the difference of two means, and 2 % of the error (5 % for the random
 * cuts of extratrees, which we draw by rank and ranger by value).
 */
function expectNear(own: readonly number[], theirs: readonly number[], share: number): void {
  const spread = Math.max(deviation(own), deviation(theirs));
  expect(Math.abs(mean(own) - mean(theirs)), `${mean(own)} beside ${mean(theirs)} ± ${spread}`).toBeLessThan(
    4 * spread + share * Math.abs(mean(theirs)),
  );
}

describe("out-of-bag errors are ranger's", () => {
  for (const one of cases) {
    test(`${one.sample}, ${one.rule}${one.replace ? "" : ", without replacement"}`, () => {
      const problem = problemOf(sampleColumns(one.sample), one.target);
      const settings: Settings = {
        trees: one.trees,
        mtry: null,
        minNode: null,
        fraction: null,
        importance: one.rule === "best" ? "permutation" : "none",
        inverseFrequency: false,
        replace: one.replace,
        isExtra: one.rule === "extratrees",
        maxDepth: 0,
      };
      const models = [1, 2, 3].map((seed) => drain(fitRanger(problem, settings, { seed, validation: null })).result);
      const isClass = problem.task !== "regression";
      const fact = (name: string): number[] => models.map((model) => Number(model.facts()[name]));
      const share = one.rule === "best" ? 0.02 : 0.05;
      expectNear(fact(isClass ? "oob_brier" : "oob_rmse"), one.errors, share);
      expectNear(fact(isClass ? "oob_error" : "oob_r_squared"), one.seconds, share);
      if (one.rule === "extratrees") return;
      const { variables, measures } = models[0]!.importance()!;
      const [values = new Float64Array(0)] = Object.values(measures);
      const order = [...variables].sort((a, b) => values[variables.indexOf(b)]! - values[variables.indexOf(a)]!);
      expect(order.slice(0, 3)).toContain(one.first[0]);
    });
  }
});
