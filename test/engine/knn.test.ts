import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { randomStream } from "../../src/core/random.ts";
import type { Problem } from "../../src/engine/algorithm.ts";
import { knn } from "../../src/engine/algorithms/knn/knn.ts";
import { NeighbourSearch, plainNeighbours } from "../../src/engine/algorithms/knn/neighbours.ts";
import { categoricalColumn, numericColumn } from "../../src/engine/table.ts";
import { problemOf, sampleColumns } from "../support/sample-columns.ts";
import { describeContract, fitter } from "./learner-contract.ts";
import { normal, rowsOf } from "./light-gbm-rig.ts";

const run = fitter(knn);

interface Case {
  sample: string;
  k: number;
  weights: string;
  scale: boolean;
  /** Whether the k-th neighbour of a row is unique. */
  clear: number[];
  predicted: number[];
}
const reference = JSON.parse(readFileSync(new URL("../fixtures/knn/reference.json", import.meta.url), "utf8"));

describe("shares and means agree with scikit-learn", () => {
  for (const one of reference.cases as Case[]) {
    test(`${one.sample}, k ${one.k}, ${one.weights}${one.scale ? ", scaled" : ""}`, () => {
      const columns = sampleColumns(one.sample);
      const whole = problemOf(columns, columns.at(-1)!.name);
      const half = (odd: number): Problem =>
        rowsOf(
          whole,
          Int32Array.from({ length: Math.floor((whole.rows + 1 - odd) / 2) }, (_, i) => 2 * i + odd),
        );
      const { result } = run(half(0), { k: one.k, weights: one.weights, scale: one.scale });
      const own = result.predict(half(1).features);
      const width = own.length / one.clear.length;
      // Both are exact; what differs is the last bits of distances, which weights by distance carry on.
      let compared = 0;
      for (const [at, value] of one.predicted.entries()) {
        if (one.clear[Math.floor(at / width)] === 0) continue;
        compared++;
        expect(Math.abs(own[at]! - value), `entry ${at}`).toBeLessThan(1e-9 * Math.max(1, Math.abs(value)));
      }
      expect(compared).toBeGreaterThan(0.7 * one.predicted.length);
    });
  }
});

describe("the search", () => {
  for (const columns of [1, 3, 10]) {
    test(`over ${columns} columns finds what a plain search finds, to the bit, ties included`, () => {
      const random = randomStream(4, columns);
      // Few distinct values: many ties.
      const table = Float64Array.from({ length: 157 * columns }, () => random.integer(4) + (columns > 3 ? normal(random) : 0));
      const queries = Float64Array.from({ length: 40 * columns }, () => random.integer(4));
      for (const k of [1, 7, 157]) {
        expect(new NeighbourSearch(table, columns, k).find(queries)).toEqual(plainNeighbours(table, columns, k, queries));
      }
    });
  }
});

describe("neighbours", () => {
  const line = (x: readonly number[], y: readonly number[]): Problem => ({
    task: "regression",
    rows: x.length,
    features: [numericColumn("x", x)],
    target: Float64Array.from(y),
    classes: [],
    weights: null,
  });

  test("by hand: the mean of the nearest; by distance nearer ones count more, and an equal row alone answers", () => {
    const problem = line([0, 1, 3, 10], [4, 8, 2, 100]);
    const at = (x: number, settings: object): number =>
      run(problem, { scale: false, ...settings }).result.predict([numericColumn("x", [x])])[0]!;
    expect(at(0.4, { k: 2 })).toBe(6);
    expect(at(2, { k: 3 })).toBeCloseTo((8 + 2 + 4) / 3, 12);
    expect(at(2.5, { k: 2, weights: "distance" })).toBeCloseTo((8 / 1.5 + 2 / 0.5) / (1 / 1.5 + 1 / 0.5), 12);
    expect(at(3, { k: 3, weights: "distance" })).toBe(2);
    expect(at(50, { k: 99 })).toBe(28.5);
  });

  test("units do not matter when scaled; rows of two categories are at distance 1, like rows one standard deviation apart", () => {
    const diabetes = problemOf(sampleColumns("diabetes"), "progression");
    const inMiles: Problem = {
      ...diabetes,
      features: diabetes.features.map((column, j) =>
        column.kind === "numeric" ? { ...column, values: column.values.map((value) => value * 2 ** (3 * j)) } : column,
      ),
    };
    expect(run(inMiles, { k: 3 }).result.predict(inMiles.features)).toEqual(run(diabetes, { k: 3 }).result.predict(diabetes.features));
    const mixed: Problem = {
      ...line([-1, 1, -1, 1], [1, 2, 3, 4]),
      features: [numericColumn("x", [-1, 1, -1, 1]), categoricalColumn("c", ["a", "a", "b", "b"])],
    };
    // x has standard deviation 1: the row with the same x in the other category (1 away) is nearer than the other x (2 away).
    const model = run(mixed, { k: 2 }).result;
    expect([...model.predict(mixed.features)]).toEqual([2, 3, 2, 3]);
  });

  test("rows as far as the k-th all answer: many equal rows give their mean, whatever their order", () => {
    const problem = line([0, 0, 0, 0, 5], [1, 2, 3, 6, 100]);
    expect([...run(problem, { k: 1 }).result.predict([numericColumn("x", [0, 2.5])])]).toEqual([3, 22.4]);
  });

  test("a heavy neighbour's vote counts more; balanced classes do too", () => {
    const problem: Problem = {
      task: "binary",
      rows: 4,
      features: [numericColumn("x", [0, 0, 0, 9])],
      target: Float64Array.of(0, 0, 1, 0),
      classes: ["a", "b"],
      weights: Float64Array.of(1, 1, 6, 1),
    };
    const here = [numericColumn("x", [0])];
    expect(run(problem, { k: 3 }).result.predict(here)[1]).toBeCloseTo(0.75, 12);
    expect(run({ ...problem, weights: null }, { k: 3 }).result.predict(here)[1]).toBeCloseTo(1 / 3, 12);
    expect(run({ ...problem, weights: null }, { k: 3, ifw: true }).result.predict(here)[1]).toBeCloseTo(0.6, 12);
  });

  test("the curve is the error of the rows judged so far; the last point is that of all", () => {
    const whole = problemOf(sampleColumns("breast_cancer"), "diagnosis");
    const { steps, result } = run(whole, { k: 1 }, { seed: 1, validation: whole });
    expect(steps.map((step) => step.step)).toEqual([1, 2]);
    const predicted = result.predict(whole.features);
    const wrong = whole.target.reduce((sum, y, i) => sum + (predicted[2 * i + y]! > 0.5 ? 0 : 1), 0);
    expect(steps.at(-1)).toMatchObject({ total: 2, values: { validation: wrong / whole.rows }, measure: "error rate" });
  });
});

describeContract(knn, { misspelt: ["weight", "weights"] });
