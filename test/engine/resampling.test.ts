import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { describeResampler, type Resample, type ResampleBy, resample, resampleCount } from "../../src/engine/resampling/index.ts";
import { strataOf } from "../../src/engine/resampling/strata.ts";
import type { ResamplerConfig, ResamplerType } from "../../src/engine/train/config.ts";

function config(type: ResamplerType, fields: Partial<ResamplerConfig> = {}): ResamplerConfig {
  return {
    type,
    n_resamples: 5,
    train_p: 0.75,
    stratify_var: null,
    strat_n_bins: 4,
    target_length: null,
    id_strat: null,
    seed: null,
    ...fields,
  };
}

const classes = (codes: readonly number[]): ResampleBy => ({ stratify: { kind: "classes", values: Int32Array.from(codes) } });
const TYPES: readonly ResamplerType[] = ["KFold", "StratSub", "StratBoot", "Bootstrap", "LOOCV"];

function countOf(rows: Int32Array, codes: readonly number[], code: number): number {
  return rows.filter((row) => codes[row] === code).length;
}

/** What holds for every split of every kind: rows exist, are sorted, and train and test share none. */
function expectSound(resamples: readonly Resample[], n: number, groups: Int32Array | null): void {
  for (const { train, test: held } of resamples) {
    expect(train.length).toBeGreaterThan(0);
    expect(held.length).toBeGreaterThan(0);
    for (const rows of [train, held]) {
      expect([...rows]).toEqual([...rows].sort((a, b) => a - b));
      expect(rows.every((row) => row >= 0 && row < n)).toBe(true);
    }
    const side = (row: number): number => (groups === null || groups[row]! < 0 ? -1 - row : groups[row]!);
    const trained = new Set(Array.from(train, side));
    expect(held.some((row) => trained.has(side(row)))).toBe(false);
    expect(new Set(held).size).toBe(held.length);
  }
}

describe("every resampler", () => {
  test("keeps training and test rows, and groups, apart: any rows, strata, groups and seed", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...TYPES),
        fc.integer({ min: 6, max: 60 }),
        fc.integer({ min: 0, max: 2 ** 40 }),
        fc.boolean(),
        fc.infiniteStream(fc.integer({ min: -1, max: 7 })),
        (type, n, seed, isGrouped, stream) => {
          const draw = (): Int32Array => Int32Array.from({ length: n }, () => stream.next().value);
          const by = { stratify: { kind: "classes" as const, values: draw() }, groups: isGrouped ? draw() : null };
          const count = by.groups === null ? n : new Set(Array.from(by.groups, (group, row) => (group < 0 ? -1 - row : group))).size;
          fc.pre(count >= 6);
          const resamples = resample(config(type, { train_p: 0.5 }), n, by, seed);
          expect(resamples).toHaveLength(resampleCount(config(type), count));
          expectSound(resamples, n, by.groups);
          if (type === "KFold" || type === "LOOCV") {
            const tested = resamples.flatMap((each) => [...each.test]).sort((a, b) => a - b);
            expect(tested).toEqual(Array.from({ length: n }, (_, row) => row));
            for (const each of resamples) expect(each.train.length + each.test.length).toBe(n);
          }
        },
      ),
      { numRuns: 200, seed: 20260211 },
    );
  });

  test("gives the same splits for the same seed and others for another", () => {
    for (const type of ["KFold", "StratSub", "StratBoot", "Bootstrap"] as const) {
      expect(resample(config(type), 50, {}, 1)).toEqual(resample(config(type), 50, {}, 1));
      expect(resample(config(type), 50, {}, 1)).not.toEqual(resample(config(type), 50, {}, 2));
    }
    const five = resample(config("Bootstrap"), 50, {}, 1);
    expect(resample(config("Bootstrap", { n_resamples: 9 }), 50, {}, 1).slice(0, 5)).toEqual(five);
  });

  test("labels its splits", () => {
    const first = TYPES.map((type) => resample(config(type), 20, {}, 1)[0]!.label);
    expect(first).toEqual(["Fold_1", "Subsample_1", "StratBoot_1", "Bootstrap_1", "LOO_1"]);
    expect(resample(config("KFold"), 20, {}, 1).at(-1)!.label).toBe("Fold_5");
  });
});

describe("KFold", () => {
  test("spreads every class over the folds, to one row", () => {
    const codes = Array.from({ length: 103 }, (_, i) => (i < 11 ? 2 : i < 40 ? 1 : 0));
    const folds = resample(config("KFold"), 103, classes(codes), 3);
    expect(folds.map((fold) => fold.test.length).sort()).toEqual([20, 20, 21, 21, 21]);
    for (const [code, size] of [
      [0, 63],
      [1, 29],
      [2, 11],
    ] as const) {
      for (const fold of folds) {
        expect(Math.abs(countOf(fold.test, codes, code) - size / 5)).toBeLessThan(1);
      }
    }
  });

  test("spreads a numeric outcome by its quantile bins", () => {
    const values = Float64Array.from({ length: 100 }, (_, i) => (i * 37) % 100);
    for (const fold of resample(config("KFold"), 100, { stratify: { kind: "numbers", values } }, 1)) {
      for (let bin = 0; bin < 4; bin++) {
        expect(fold.test.filter((row) => Math.floor(values[row]! / 25) === bin)).toHaveLength(5);
      }
    }
  });

  test("without strata deals rows out at random, not in order", () => {
    const [fold] = resample(config("KFold"), 100, {}, 1);
    expect([...fold!.test]).not.toEqual(Array.from({ length: 20 }, (_, i) => i * 5));
    expect(Math.max(...fold!.test) - Math.min(...fold!.test)).toBeGreaterThan(50);
  });

  test("balances folds of unequal groups in size and in classes", () => {
    // 60 groups of 1 … 6 rows; the first 20 groups are of class 1.
    const groups = Int32Array.from(Array.from({ length: 60 }, (_, g) => new Array<number>((g % 6) + 1).fill(g)).flat());
    const codes = Array.from(groups, (g) => (g < 20 ? 1 : 0));
    const folds = resample(config("KFold"), groups.length, { ...classes(codes), groups }, 1);
    const ones = codes.filter((code) => code === 1).length;
    for (const fold of folds) {
      expect(Math.abs(fold.test.length - groups.length / 5)).toBeLessThanOrEqual(3);
      expect(Math.abs(countOf(fold.test, codes, 1) - ones / 5)).toBeLessThanOrEqual(2);
    }
  });

  test("gives every fold a group when each group is a class of its own", () => {
    const groups = Int32Array.from({ length: 20 }, (_, row) => row >> 2);
    const folds = resample(config("KFold"), 20, { ...classes([...groups]), groups }, 1);
    expect(folds.map((fold) => fold.test.length)).toEqual([4, 4, 4, 4, 4]);
  });

  test("never leaves a fold empty when one group holds most rows", () => {
    const groups = Int32Array.of(...new Array<number>(90).fill(0), 1, 2, 3, 4);
    for (const fold of resample(config("KFold"), 94, { groups }, 1)) expect(fold.test.length).toBeGreaterThan(0);
  });
});

describe("StratSub and StratBoot", () => {
  test("train on the share of every class, and a class of two is on both sides", () => {
    const codes = Array.from({ length: 102 }, (_, i) => (i < 2 ? 2 : i < 22 ? 1 : 0));
    for (const { train, test: held } of resample(config("StratSub"), 102, classes(codes), 1)) {
      expect([0, 1, 2].map((code) => countOf(train, codes, code))).toEqual([60, 15, 1]);
      expect(held).toHaveLength(26);
    }
  });

  test("a class of one row always trains", () => {
    for (const { train } of resample(config("StratSub"), 9, classes([0, 0, 0, 0, 0, 0, 0, 0, 1]), 1)) expect([...train]).toContain(8);
  });

  test("StratBoot fills up to the length asked for, with every sampled row and the classes' shares", () => {
    const codes = Array.from({ length: 80 }, (_, i) => (i < 20 ? 1 : 0));
    for (const [length, ones] of [
      [null, 20],
      [60, 15],
      [240, 60],
    ] as const) {
      for (const { train, test: held } of resample(config("StratBoot", { target_length: length }), 80, classes(codes), 1)) {
        expect(train).toHaveLength(length ?? 80);
        expect(held).toHaveLength(20);
        expect(new Set(train).size).toBe(60);
        expect(countOf(train, codes, 1)).toBe(ones);
      }
    }
  });
});

describe("Bootstrap", () => {
  test("draws n rows and tests on about 36.8 % that were not drawn", () => {
    const resamples = resample(config("Bootstrap", { n_resamples: 50 }), 400, {}, 1);
    const out = resamples.reduce((sum, each) => sum + each.test.length / 400, 0) / 50;
    expect(out).toBeGreaterThan(0.355);
    expect(out).toBeLessThan(0.38);
    for (const { train, test: held } of resamples) {
      expect(train).toHaveLength(400);
      expect(new Set(train).size + held.length).toBe(400);
    }
  });

  test("draws whole groups", () => {
    const groups = Int32Array.from({ length: 60 }, (_, row) => row >> 2);
    for (const { train } of resample(config("Bootstrap"), 60, { groups }, 1)) {
      for (let group = 0; group < 15; group++) {
        const times = [0, 1, 2, 3].map((k) => train.filter((row) => row === 4 * group + k).length);
        expect(new Set(times).size).toBe(1);
      }
    }
  });

  test("always leaves a row to test on, with as few as two", () => {
    for (let seed = 0; seed < 20; seed++) {
      for (const { test: held } of resample(config("Bootstrap"), 2, {}, seed)) expect(held).toHaveLength(1);
    }
  });
});

describe("strata", () => {
  test("numbers are cut at quantiles; equal values stay together; missing ones stand apart", () => {
    const values = Float64Array.of(1, 2, 3, 4, 5, 6, 7, 8, Number.NaN);
    expect([...strataOf({ kind: "numbers", values }, 4)]).toEqual([0, 0, 1, 1, 2, 2, 3, 3, 4]);
    const skewed = Float64Array.of(0, 0, 0, 0, 0, 0, 0, 1, 2, 3);
    expect([...strataOf({ kind: "numbers", values: skewed }, 3)]).toEqual([0, 0, 0, 0, 0, 0, 0, 1, 1, 1]);
    const infinite = Float64Array.of(Number.NEGATIVE_INFINITY, 1, 2, Number.POSITIVE_INFINITY);
    expect([...strataOf({ kind: "numbers", values: infinite }, 2)]).toEqual([0, 0, 1, 1]);
  });

  test("a few distinct numbers are classes; a constant is one stratum", () => {
    expect([...strataOf({ kind: "numbers", values: Float64Array.of(5, 9, 9, 5, 7) }, 4)]).toEqual([0, 2, 2, 0, 1]);
    expect([...strataOf({ kind: "numbers", values: Float64Array.of(5, 5, 5) }, 4)]).toEqual([0, 0, 0]);
    expect([...strataOf({ kind: "classes", values: Int32Array.of(3, -1, 0) }, 4)]).toEqual([1, 2, 0]);
  });
});

describe("bounds", () => {
  const refusal =
    (of: ResamplerConfig, n: number, by: ResampleBy = {}) =>
    () =>
      resample(of, n, by, 1);

  test("are checked with a sentence that says what to change", () => {
    expect(refusal(config("KFold", { n_resamples: 11 }), 10)).toThrow(/11 folds need at least 11 rows, there are 10; use at most 10 folds/);
    expect(refusal(config("KFold"), 10, { groups: Int32Array.from({ length: 10 }, (_, i) => i % 3) })).toThrow(
      /at least 5 groups, there are 3/,
    );
    expect(refusal(config("KFold", { n_resamples: 1 }), 10)).toThrow(/at least 2, got 1/);
    expect(refusal(config("StratSub", { train_p: 1 }), 10)).toThrow(/train_p must lie between 0 and 1, got 1/);
    expect(refusal(config("StratSub", { train_p: Number.NaN }), 10)).toThrow(/train_p/);
    expect(refusal(config("StratSub", { train_p: 0.99 }), 3, classes([0, 1, 2]))).toThrow(/leaves nothing/);
    expect(refusal(config("StratBoot", { target_length: 10 }), 100)).toThrow(/target_length is 10, but the sample already has 75 rows/);
    expect(refusal(config("Bootstrap", { n_resamples: 2.5 }), 10)).toThrow(/whole number/);
    expect(refusal(config("LOOCV"), 1)).toThrow(/at least 2 rows to train and to test, there is 1/);
    expect(refusal(config("LOOCV"), 0)).toThrow(/there are 0/);
    expect(refusal(config("LOOCV"), 54_000)).toThrow(/too many to hold/);
    expect(refusal(config("KFold"), 10, classes([1, 2]))).toThrow(/stratify: expected 10 values, got 2/);
    expect(refusal(config("KFold"), 10, { groups: Int32Array.of(1) })).toThrow(/groups: expected 10 values, got 1/);
  });
});

test("a resampler is described in one sentence", () => {
  expect(describeResampler(config("KFold"))).toBe("5-fold cross-validation, stratified on the outcome.");
  expect(describeResampler(config("KFold", { stratify_var: "age", id_strat: "patient" }))).toBe(
    "5-fold cross-validation, stratified on age; rows with the same patient stay together.",
  );
  expect(describeResampler(config("StratSub", { train_p: 0.8, n_resamples: 1 }))).toBe(
    "80 % of the rows train and the rest tests, 1 time, stratified on the outcome.",
  );
  expect(describeResampler(config("StratBoot", { target_length: 300 }))).toContain("drawn up to 300 rows");
  expect(describeResampler(config("Bootstrap"))).toBe("5 bootstrap samples, tested on the rows not drawn.");
  expect(describeResampler(config("LOOCV"))).toBe("Leave one row out, each in turn.");
});
