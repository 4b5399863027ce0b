import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { randomStream } from "../../src/core/random.ts";
import type { FitContext, Problem } from "../../src/engine/algorithm.ts";
import { normalTails, studentTails } from "../../src/engine/algorithms/glm/distributions.ts";
import { fitGlm } from "../../src/engine/algorithms/glm/fit.ts";
import { glm } from "../../src/engine/algorithms/glm/glm.ts";
import type { Settings } from "../../src/engine/algorithms/glm/hyperparameters.ts";
import { type Column, categoricalColumn, numericColumn, takeRows } from "../../src/engine/table.ts";
import { drain, problemOf, sampleColumns } from "../support/sample-columns.ts";

// The fixtures come from R's glm and nnet (make.R beside them), both at full convergence; the problems are convex, so 1e-6 is generous.
interface Case {
  sample: string;
  target: string;
  features: string[];
  family: "gaussian" | "poisson" | "Gamma" | "binomial" | "multinomial";
  weighted: boolean;
  intercept: boolean;
  coefficients: number[];
  errors: number[];
  statistics: number[];
  p_values: number[];
  deviance: number;
  null_deviance: number | null;
  df: number | null;
  aic: number | null;
  dispersion: number;
}
const reference = JSON.parse(readFileSync(new URL("../fixtures/glm/reference.json", import.meta.url), "utf8"));
const cases = reference.cases as Case[];

const SETTINGS: Settings = { inverseFrequency: false, family: "gaussian", intercept: true, missingFlags: false, epsilon: 1e-8, maxit: 50 };
const CONTEXT: FitContext = { seed: 1, validation: null };
const fitted = (problem: Problem, settings: Partial<Settings> = {}) => drain(fitGlm(problem, { ...SETTINGS, ...settings }, CONTEXT)).result;

function binary(x: readonly number[], y: readonly number[], weights: readonly number[] | null = null): Problem {
  return {
    task: "binary",
    rows: x.length,
    features: [numericColumn("x", x)],
    target: Float64Array.from(y),
    classes: ["no", "yes"],
    weights: weights === null ? null : Float64Array.from(weights),
  };
}

describe("coefficients, errors and tests agree with R", () => {
  for (const one of cases) {
    const label = `${one.family}, ${one.sample}${one.weighted ? ", weighted" : ""}${one.intercept ? "" : ", no intercept"}`;
    test(label, () => {
      const columns = sampleColumns(one.sample);
      const rows = columns[0]?.kind === "numeric" ? columns[0].values.length : 0;
      const weights = Float64Array.from({ length: rows }, (_, i) => 1 + (i % 3));
      const problem = problemOf(columns, one.target, { features: one.features, ...(one.weighted ? { weights } : {}) });
      const family = one.family === "binomial" || one.family === "multinomial" ? "gaussian" : one.family;
      const { table, facts } = fitted(problem, { family, intercept: one.intercept }).parts;

      const skip = one.intercept ? 0 : 1;
      const own = (values: Float64Array): number[] => [...values].filter((_, at) => at % table.width >= skip);
      const close = (mine: number[], theirs: number[]): void => {
        expect(mine.length).toBe(theirs.length);
        for (const [at, value] of theirs.entries()) {
          const relative = Math.abs(mine[at]! - value) / Math.max(Math.abs(value), 1e-12);
          expect(relative, `entry ${at}: ${mine[at]} beside ${value}`).toBeLessThan(1e-6);
        }
      };
      close(own(table.coefficients), one.coefficients);
      close(own(table.errors), one.errors);
      close(own(table.statistics), one.statistics);
      // Where the statistic is large its own error counts many times in the tail.
      for (const [at, p] of one.p_values.entries()) expect(Math.abs(own(table.pValues)[at]! - p)).toBeLessThan(1e-6 * Math.max(p, 1e-6));
      expect(Number(facts.deviance) / one.deviance).toBeCloseTo(1, 9);
      if (one.null_deviance !== null) expect(Number(facts.null_deviance) / one.null_deviance).toBeCloseTo(1, 9);
      if (one.df !== null) expect(facts.residual_df).toBe(one.df);
      if (one.aic !== null) expect(Number(facts.aic) / one.aic).toBeCloseTo(1, 9);
      expect(Number(facts.dispersion) / one.dispersion).toBeCloseTo(1, 6);
      expect(facts).toMatchObject({ converged: true, separated: false, dropped_columns: 0 });
    });
  }

  test("tail probabilities are those of pnorm and pt", () => {
    const near = (mine: number, theirs: number): void => expect(Math.abs(mine - theirs) / Math.max(theirs, 1e-300)).toBeLessThan(1e-9);
    for (const [i, z] of (reference.normal.z as number[]).entries()) near(normalTails(z), reference.normal.p[i]);
    for (const [i, t] of (reference.student.t as number[]).entries())
      near(studentTails(t, reference.student.freedom[i]), reference.student.p[i]);
    expect(normalTails(Number.NaN)).toBeNaN();
    expect(studentTails(Number.POSITIVE_INFINITY, 3)).toBe(0);
    expect(studentTails(1, 0)).toBeNaN();
  });
});

describe("what cannot be estimated is said, not hidden", () => {
  test("separated classes: finite coefficients, no errors, and the fact", () => {
    const apart = fitted(binary([1, 2, 3, 4, 5, 6], [0, 0, 0, 1, 1, 1]));
    expect(apart.facts()).toMatchObject({ separated: true, converged: false });
    expect(apart.parts.table.coefficients.every(Number.isFinite)).toBe(true);
    expect(apart.parts.table.errors.every(Number.isNaN)).toBe(true);
    const p = apart.predict([numericColumn("x", [1, 6])]);
    expect(p[0]).toBeGreaterThan(0.999);
    expect(p[3]).toBeGreaterThan(0.999);
    expect(fitted(binary([1, 2, 3, 3, 4, 5], [0, 0, 0, 1, 1, 1])).facts()).toMatchObject({ separated: true });
    expect(fitted(binary([1, 2, 4, 3, 5, 6], [0, 0, 0, 1, 1, 1])).facts()).toMatchObject({ separated: false, converged: true });
  });

  test("three classes of which one stands apart are separated too", () => {
    const problem = problemOf(sampleColumns("wine"), "cultivar");
    const model = fitted(problem);
    expect(model.facts()).toMatchObject({ separated: true });
    const p = model.predict(problem.features);
    for (let i = 0; i < problem.rows; i++) expect(p[3 * i]! + p[3 * i + 1]! + p[3 * i + 2]!).toBeCloseTo(1, 12);
  });

  test("a constant, a copy and a sum of columns get no coefficient; predictions are those without them", () => {
    const columns = sampleColumns("diabetes");
    const [age, , bmi] = columns;
    if (age?.kind !== "numeric" || bmi?.kind !== "numeric") throw new Error("the sample has changed");
    const extra = [
      numericColumn(
        "seven",
        age.values.map(() => 7),
      ),
      numericColumn("copy", age.values),
      numericColumn(
        "sum",
        age.values.map((value, i) => 2 * value - bmi.values[i]! + 3),
      ),
    ];
    const plain = problemOf(columns, "progression");
    const model = fitted({ ...plain, features: [...plain.features, ...extra] });
    expect(model.facts()).toMatchObject({ dropped_columns: 3, converged: true });
    expect([...model.parts.table.coefficients.slice(-3)]).toEqual([0, 0, 0]);
    expect([...model.parts.table.errors.slice(-3)]).toEqual([Number.NaN, Number.NaN, Number.NaN]);
    const expected = fitted(plain).predict(plain.features);
    const own = model.predict([...plain.features, ...extra]);
    for (const [i, value] of expected.entries()) expect(own[i]).toBeCloseTo(value, 6);
  });

  test("one class alone, classes without rows, one row, no features", () => {
    expect([...fitted(binary([1, 2, 3], [1, 1, 1])).predict([numericColumn("x", [9])])]).toEqual([1e-9, 1 - 1e-9]);
    const three: Problem = { ...binary([1, 2, 3, 4, 5], [0, 2, 0, 2, 0]), task: "multiclass", classes: ["a", "b", "c"] };
    const [a = 0, b = 0, c = 0] = fitted(three).predict([numericColumn("x", [3])]);
    expect(b).toBe(1e-9);
    expect(a + b + c).toBeCloseTo(1, 14);
    const single: Problem = { ...binary([4], [0]), task: "regression", target: Float64Array.of(2.5), classes: [] };
    expect([...fitted(single).predict([numericColumn("x", [8])])]).toEqual([2.5]);
    expect(fitted(single).facts()).toMatchObject({ converged: true, residual_df: 0, dispersion: null });
    const none: Problem = { ...single, rows: 3, features: [], target: Float64Array.of(1, 2, 6) };
    expect(fitted(none).facts()).toMatchObject({ coefficients: 1, converged: true });
  });

  test("an outcome the family cannot take names the row and the remedy", () => {
    const negative: Problem = { ...binary([1, 2, 3], [0, 0, 0]), task: "regression", target: Float64Array.of(1, -2, 3), classes: [] };
    expect(() => fitted(negative, { family: "poisson" })).toThrow(/-2 in row 2.*choose family gaussian/);
    expect(() => fitted({ ...negative, target: Float64Array.of(1, 0, 3) }, { family: "Gamma" })).toThrow(/0 in row 2/);
    expect(() => fitted({ ...negative, rows: 0, features: [numericColumn("x", [])], target: new Float64Array(0) })).toThrow(/no rows/);
  });

  test("steps run out: not converged, finite", () => {
    const problem = problemOf(sampleColumns("breast_cancer"), "diagnosis", { features: ["mean radius", "mean texture"] });
    const model = fitted(problem, { maxit: 2 });
    expect(model.facts()).toMatchObject({ converged: false, separated: false, iterations: 2 });
    expect(model.parts.table.coefficients.every(Number.isFinite)).toBe(true);
  });
});

describe("invariances", () => {
  const problem = problemOf(sampleColumns("breast_cancer"), "diagnosis", { features: ["mean radius", "mean texture"] });
  const base = fitted(problem);

  test("duplicated rows are weights, and weight zero is no row", () => {
    const rows = Int32Array.from({ length: 900 }, (_, i) => (i * 7) % 500);
    const counts = new Float64Array(problem.rows);
    for (const row of rows) counts[row]! += 1;
    const repeated = fitted({
      ...problem,
      rows: rows.length,
      features: problem.features.map((column) => takeRows(column, rows)),
      target: Float64Array.from(rows, (row) => problem.target[row]!),
    }).parts.table;
    const weighted = fitted({ ...problem, weights: counts }).parts.table;
    for (let at = 0; at < repeated.width; at++) {
      expect(weighted.coefficients[at]! / repeated.coefficients[at]!).toBeCloseTo(1, 8);
      expect(weighted.errors[at]! / repeated.errors[at]!).toBeCloseTo(1, 8);
    }
  });

  test("units of a feature only scale its coefficient, over twelve orders of magnitude", () => {
    const scaled = fitted({
      ...problem,
      features: problem.features.map((column, j) =>
        column.kind === "numeric"
          ? { ...column, values: column.values.map((value) => value * (j === 0 ? 1e-6 : 1e6) + (j === 0 ? 0 : 5e6)) }
          : column,
      ),
    });
    expect((scaled.parts.table.coefficients[1]! * 1e-6) / base.parts.table.coefficients[1]!).toBeCloseTo(1, 6);
    expect((scaled.parts.table.coefficients[2]! * 1e6) / base.parts.table.coefficients[2]!).toBeCloseTo(1, 6);
    expect(scaled.parts.table.pValues[2]! / base.parts.table.pValues[2]!).toBeCloseTo(1, 5);
  });

  test("more columns than the kernel's table of products give the same as fewer", () => {
    const random = randomStream(5);
    const rows = 800;
    const columns: Column[] = Array.from({ length: 260 }, (_, j) =>
      numericColumn(
        `x${j}`,
        Float64Array.from({ length: rows }, () => random.next() - 0.5),
      ),
    );
    const target = Float64Array.from(
      { length: rows },
      (_, i) => (columns[3]!.kind === "numeric" ? columns[3]!.values[i]! : 0) * 2 + random.next(),
    );
    const wide: Problem = { task: "regression", rows, features: columns, target, classes: [], weights: null };
    const narrow = { ...wide, features: columns.slice(0, 250) };
    // The last ten are copies of the first, so both have the same answer.
    const copies = { ...wide, features: [...columns.slice(0, 250), ...columns.slice(0, 10).map((c, j) => ({ ...c, name: `copy${j}` }))] };
    const expected = fitted(narrow).predict(narrow.features);
    const own = fitted(copies);
    expect(own.facts().dropped_columns).toBe(10);
    for (const [i, value] of own.predict(copies.features).entries()) expect(value).toBeCloseTo(expected[i]!, 8);
  });

  test("balanced classes: the mean probability of the positive class is one half (R-35)", () => {
    const few: Problem = binary(
      Array.from({ length: 200 }, (_, i) => Math.sin(i)),
      Array.from({ length: 200 }, (_, i) => (i % 10 === 0 ? 1 : 0)),
    );
    const mean = (ifw: boolean): number => {
      const p = fitted(few, { inverseFrequency: ifw }).predict(few.features);
      return p.reduce((sum, value, i) => sum + (i % 2 === 1 ? value : 0), 0) / few.rows;
    };
    expect(mean(false)).toBeCloseTo(0.1, 6);
    expect(mean(true)).toBeCloseTo(0.5, 1);
  });
});

describe("as a learner", () => {
  test("R-35: `ifw` is logical, off, and can be tuned", () => {
    expect(glm.name).toBe("GLM");
    expect(glm.hyperparameters.find((schema) => schema.name === "ifw")).toMatchObject({ type: "logical", default: false, tunable: true });
  });

  test("missing values, categories and unseen levels have an answer; a loaded model gives the same bits", () => {
    const holes = sampleColumns("titanic").map((column, j) =>
      column.kind === "categorical" && j === 0 ? { ...column, codes: column.codes.map((code, i) => (i % 9 === 0 ? -1 : code)) } : column,
    );
    const age = numericColumn(
      "fare",
      Float64Array.from({ length: 2201 }, (_, i) => (i % 5 === 0 ? Number.NaN : i % 37)),
    );
    const survived = problemOf([age, ...holes], "Survived");
    const { steps, result: model } = drain(
      fitGlm(survived, { ...SETTINGS, missingFlags: true }, { seed: 1, validation: { ...survived, weights: null } }),
    );
    expect(steps.at(-1)!.values.validation).toBeCloseTo(steps.at(-1)!.values.training!, 10);
    const p = model.predict(survived.features);
    expect(p.every((value) => value > 0 && value < 1)).toBe(true);
    const state = model.state();
    const copy = glm.load({ meta: JSON.parse(JSON.stringify(state.meta)), arrays: state.arrays });
    expect(copy.predict(survived.features)).toEqual(p);
    expect(copy.facts()).toEqual(model.facts());
    expect(() => glm.load({ meta: { version: 2 }, arrays: {} })).toThrow(/version 2/);
    expect(() => glm.load({ meta: state.meta, arrays: {} })).toThrow(/has no array/);
    const unseen = survived.features.map((column) =>
      column.kind === "categorical" ? { ...categoricalColumn(column.name, [null], column.levels) } : takeRows(column, Int32Array.of(0)),
    );
    expect(model.predict(unseen).every(Number.isFinite)).toBe(true);
    expect(model.importance().variables).toEqual(survived.features.map((column) => column.name));
    expect(model.importance().measures.statistic!.some((value) => value > 5)).toBe(true);
  });
});
