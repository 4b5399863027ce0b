import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { Problem } from "../../src/engine/algorithm.ts";
import { chooseLambda } from "../../src/engine/algorithms/glmnet/cross-validation.ts";
import { planPath, prepare, walkPath } from "../../src/engine/algorithms/glmnet/fit.ts";
import type { Settings } from "../../src/engine/algorithms/glmnet/hyperparameters.ts";
import { takeRows } from "../../src/engine/table.ts";
import { drain, problemOf, sampleColumns } from "../support/sample-columns.ts";

// The fixtures come from R's glmnet with thresh 1e-20 (make.R beside them); both sides are then at the
// optimum, which is unique in every case.
interface Case {
  sample: string;
  step: number;
  target: string;
  family: string;
  alpha: number;
  weighted: boolean;
  lambda: number[];
}
interface PathCase extends Case {
  standardize: boolean;
  intercept: boolean;
  nlambda: number;
  explained: number[];
  /** [set][lambda][intercept, slopes …] */
  coefficients: number[][][];
}
interface CrossValidationCase extends Case {
  folds: number;
  mean: number[];
  deviation: number[];
  lambda_min: number;
  lambda_1se: number;
}

function read<T>(name: string): T[] {
  return JSON.parse(readFileSync(new URL(`../fixtures/glmnet/${name}.json`, import.meta.url), "utf8")).cases as T[];
}

function problemFor(one: Case): Problem {
  const all = sampleColumns(one.sample).filter((column) => !(one.family === "gaussian" && column.name === "diagnosis"));
  const rows = all[0]?.kind === "numeric" ? all[0].values.length : 0;
  const index = Int32Array.from({ length: Math.ceil(rows / one.step) }, (_, i) => i * one.step);
  const weights = Float64Array.from(index, (_, i) => 1 + (i % 3));
  return problemOf(
    all.map((column) => takeRows(column, index)),
    one.target,
    one.weighted ? { weights } : {},
  );
}

const SETTINGS: Settings = {
  alpha: 1,
  lambda: null,
  rule: "lambda.1se",
  folds: 10,
  inverseFrequency: false,
  lambdas: 100,
  minRatio: null,
  standardize: true,
  intercept: true,
  missingFlags: false,
  thresh: 1e-20,
  maxit: 10_000_000,
};

describe("the whole path agrees with glmnet", () => {
  for (const one of read<PathCase>("paths")) {
    const variant = `${one.standardize ? "" : ", not standardised"}${one.intercept ? "" : ", no intercept"}`;
    test(`${one.family}, ${one.sample}, every ${one.step}, alpha ${one.alpha}${one.weighted ? ", weighted" : ""}${variant}`, () => {
      const settings = { ...SETTINGS, alpha: one.alpha, lambdas: one.nlambda, standardize: one.standardize, intercept: one.intercept };
      const prepared = prepare(problemFor(one), settings);
      const { solver, lambdas, automatic } = planPath(prepared);
      const { result } = drain(walkPath(prepared, solver, lambdas, { automatic, fold: null, folds: 0, validation: null }));

      expect(result.lambda.length).toBe(one.lambda.length);
      expect(result.points.every((point) => point.converged)).toBe(true);
      for (const [k, expected] of one.lambda.entries()) {
        expect(result.lambda[k]! / expected).toBeCloseTo(1, 9);
        expect(result.points[k]!.explained).toBeCloseTo(one.explained[k]!, 7);
        for (const [set, path] of one.coefficients.entries()) {
          const [intercept = Number.NaN, ...slopes] = path[k]!;
          expect(Math.abs(result.intercepts[k]![set]! - intercept) / Math.max(1, Math.abs(intercept))).toBeLessThan(1e-6);
          for (const [j, slope] of slopes.entries()) {
            // In standard deviations of the feature: columns differ in size by a factor of 100,000.
            const scaled = slope * prepared.matrix.deviations[j]!;
            const own = result.slopes[k]![set]![j]! * prepared.matrix.deviations[j]!;
            expect(Math.abs(own - scaled) / Math.max(1, Math.abs(scaled)), `lambda ${k}, set ${set}, column ${j}`).toBeLessThan(1e-6);
          }
        }
      }
    });
  }
});

describe("cross-validation agrees with cv.glmnet on the same folds and penalties", () => {
  for (const one of read<CrossValidationCase>("cross-validation")) {
    test(`${one.family}, ${one.sample}`, () => {
      const prepared = prepare(problemFor(one), { ...SETTINGS, alpha: one.alpha });
      const { solver } = planPath(prepared);
      const fold = Int32Array.from({ length: prepared.problem.rows }, (_, i) => i % one.folds);
      const options = { automatic: false, fold, folds: one.folds, validation: null };
      const { result } = drain(walkPath(prepared, solver, Float64Array.from(one.lambda), options));

      for (const [k, expected] of one.mean.entries()) {
        expect(result.errors[k]!.mean / expected).toBeCloseTo(1, 6);
        expect(result.errors[k]!.deviation / one.deviation[k]!).toBeCloseTo(1, 6);
      }
      const { min, oneSe } = chooseLambda(result.errors);
      expect(result.lambda[min]).toBeCloseTo(one.lambda_min, 10);
      expect(result.lambda[oneSe]).toBeCloseTo(one.lambda_1se, 10);
    });
  }
});
