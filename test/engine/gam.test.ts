import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { randomStream } from "../../src/core/random.ts";
import type { Problem } from "../../src/engine/algorithm.ts";
import { basisAt, complementOf, differencePenalty } from "../../src/engine/algorithms/gam/basis.ts";
import { gam } from "../../src/engine/algorithms/gam/gam.ts";
import { numericColumn } from "../../src/engine/table.ts";
import { problemOf, sampleColumns } from "../support/sample-columns.ts";
import { describeContract, fitter } from "./learner-contract.ts";
import { normal } from "./light-gbm-rig.ts";

const run = fitter(gam);

interface Case {
  sample: string;
  target: string;
  features: string[];
  k: number;
  weighted: boolean;
  edf: number[];
  predictor: number[];
  fixed_edf: number[];
  fixed_predictor: number[];
}
const reference = JSON.parse(readFileSync(new URL("../fixtures/gam/reference.json", import.meta.url), "utf8"));

describe("agreement with mgcv's P-splines", () => {
  for (const one of reference.cases as Case[]) {
    const columns = sampleColumns(one.sample);
    const whole = problemOf(columns, one.target, { features: one.features });
    const weights = one.weighted ? Float64Array.from({ length: whole.rows }, (_, i) => 1 + (i % 3)) : null;
    const problem: Problem = { ...whole, weights };
    const isClass = whole.classes.length > 0;
    const predictorOf = (settings: object): { values: number[]; edf: number } => {
      const { result } = run(problem, { k: one.k, ...settings });
      const predicted = result.predict(problem.features);
      const values = Array.from({ length: problem.rows }, (_, i) =>
        isClass ? Math.log(predicted[2 * i + 1]! / predicted[2 * i]!) : predicted[i]!,
      );
      return { values, edf: Number(result.facts().effective_degrees) };
    };
    const label = `${one.sample}, ${one.features.join(" and ")}, k ${one.k}${one.weighted ? ", weighted" : ""}`;
    const spread = Math.sqrt(one.predictor.reduce((sum, value) => sum + value * value, 0) / one.predictor.length);

    test(`${label}: at the same smoothness the same predictor, which is unique`, () => {
      const own = predictorOf({ lambda: 10 });
      for (const [i, value] of one.fixed_predictor.entries()) {
        expect(Math.abs(own.values[i]! - value), `row ${i}`).toBeLessThan(1e-6 * Math.max(1, spread));
      }
      expect(own.edf).toBeCloseTo(one.fixed_edf[0]!, 4);
    });

    test(`${label}: the smoothness that restricted likelihood chooses`, () => {
      const own = predictorOf({});
      // For numbers both reach the same optimum, which is flat; for classes the update here leaves one term out.
      const tolerance = isClass ? 0.05 : 0.002;
      for (const [i, value] of one.predictor.entries()) {
        expect(Math.abs(own.values[i]! - value), `row ${i}`).toBeLessThan(tolerance * spread);
      }
      expect(Math.abs(own.edf - one.edf[0]!)).toBeLessThan(isClass ? 0.5 : 0.05);
    });
  }
});

describe("the basis", () => {
  const term = { low: -1, high: 3, size: 7 };

  test("sums to one, reproduces straight lines, and is smooth across knots", () => {
    const out = new Float64Array(7);
    // Greville points: coefficients that make the function x.
    const points = Array.from({ length: 7 }, (_, m) => -1 + (m - 1));
    for (const x of [-1, -0.3, 0, 0.5, 1.999, 3, 3.7, -2]) {
      basisAt(term, x, out);
      expect(out.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 12);
      expect(out.reduce((sum, value, m) => sum + value * points[m]!, 0)).toBeCloseTo(x, 12);
    }
    const before = new Float64Array(7);
    basisAt(term, 1 - 1e-9, before);
    basisAt(term, 1 + 1e-9, out);
    for (const [m, value] of before.entries()) expect(out[m]!).toBeCloseTo(value, 7);
    basisAt(term, 1e9, before);
    basisAt(term, 7, out);
    expect(out).toEqual(before);
  });

  test("the penalty of a straight line is zero; the complement is at right angles", () => {
    const penalty = differencePenalty(6);
    const line = [1, 3, 5, 7, 9, 11];
    let value = 0;
    for (let a = 0; a < 6; a++) for (let b = 0; b < 6; b++) value += line[a]! * line[b]! * penalty[a * 6 + b]!;
    expect(value).toBe(0);
    const against = Float64Array.of(1, 2, 3, 4);
    const basis = complementOf(against);
    for (let j = 0; j < 3; j++) {
      expect(against.reduce((sum, entry, i) => sum + entry * basis[i * 3 + j]!, 0)).toBeCloseTo(0, 12);
      for (let k = 0; k < 3; k++) {
        let dot = 0;
        for (let i = 0; i < 4; i++) dot += basis[i * 3 + j]! * basis[i * 3 + k]!;
        expect(dot).toBeCloseTo(j === k ? 1 : 0, 12);
      }
    }
  });
});

describe("curves", () => {
  const wave = (n: number, seed: number): Problem => {
    const random = randomStream(seed);
    const x = Float64Array.from({ length: n }, () => 6 * random.next());
    const noise = Float64Array.from({ length: n }, () => normal(random));
    const target = x.map((value, i) => Math.sin(value) + 0.5 * noise[i]! + 1);
    const z = Float64Array.from({ length: n }, () => normal(random));
    return { task: "regression", rows: n, features: [numericColumn("x", x), numericColumn("z", z)], target, classes: [], weights: null };
  };

  test("a curve is found, a feature of noise is flattened, and importance says so", () => {
    const { result } = run(wave(800, 1), { k: 12 });
    const grid = Array.from({ length: 50 }, (_, i) => 0.2 + (i * 5.6) / 49);
    const own = result.predict([numericColumn("x", grid), numericColumn("z", new Float64Array(50))]);
    for (const [i, x] of grid.entries()) expect(Math.abs(own[i]! - 1 - Math.sin(x))).toBeLessThan(0.2);
    const { measures } = result.importance()!;
    expect(measures.effect![0]).toBeGreaterThan(5 * measures.effect![1]!);
    expect(measures.edf![1]).toBeLessThan(3);
    expect(result.facts()).toMatchObject({ converged: true, smooth_terms: 2 });
  });

  test("more smoothness, fewer effective degrees, down to a straight line", () => {
    const edf = [0.01, 1, 100, 1e6].map((lambda) => Number(run(wave(300, 2), { k: 10, lambda }).result.facts().effective_degrees));
    for (let i = 1; i < edf.length; i++) expect(edf[i]!).toBeLessThan(edf[i - 1]!);
    expect(edf.at(-1)).toBeCloseTo(3, 2);
  });

  test("a copy of a feature shares its effect: predictions stay", () => {
    const whole = wave(200, 3);
    const problem = { ...whole, features: whole.features.slice(0, 1) };
    const more = { ...problem, features: [...problem.features, { ...problem.features[0]!, name: "copy" }] };
    const a = run(problem, { lambda: 1 }).result.predict(problem.features);
    const b = run(more, { lambda: 2 }).result.predict(more.features);
    // Two curves of half the size under twice the penalty bend as one.
    for (const [i, value] of a.entries()) expect(b[i]!).toBeCloseTo(value, 4);
  });

  test("balanced classes raise the probability of the rare one", () => {
    const problem = wave(400, 4);
    const rare: Problem = { ...problem, task: "binary", classes: ["a", "b"], target: problem.target.map((y) => (y > 2 ? 1 : 0)) };
    const mean = (ifw: boolean): number =>
      run(rare, { ifw })
        .result.predict(rare.features)
        .reduce((sum, value, i) => sum + (i % 2 === 1 ? value : 0), 0) / 400;
    expect(mean(true)).toBeGreaterThan(mean(false) + 0.1);
  });
});

describeContract(gam, { misspelt: ["lamda", "lambda"], rowOrder: 1e-3, zeroWeights: 1e-3 });
