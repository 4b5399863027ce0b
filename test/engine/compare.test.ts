import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { holmAdjusted, pairedDifference } from "../../src/engine/metrics/compare.ts";
import { studentQuantile, studentTwoSided } from "../../src/engine/metrics/student.ts";

interface Fixture {
  readonly tails: readonly { t: number; df: number; p: number }[];
  readonly quantiles: readonly { level: number; df: number; t: number }[];
  readonly cases: readonly { a: number[]; b: number[]; share: number; mean: number; sd: number; low: number; high: number; p: number }[];
}
const fixture = JSON.parse(readFileSync("test/fixtures/compare/compare.json", "utf8")) as Fixture;

const near = (actual: number, expected: number): void =>
  expect(Math.abs(actual - expected)).toBeLessThan(1e-10 * Math.abs(expected) + 1e-300);

describe("Student's t", () => {
  test("tails and quantiles are SciPy's to ten digits, also far out and for one degree of freedom", () => {
    for (const { t, df, p } of fixture.tails) near(studentTwoSided(t, df), p);
    for (const { level, df, t } of fixture.quantiles) near(studentQuantile(level, df), t);
  });

  test("both directions count, and the ends are 1 and 0", () => {
    expect(studentTwoSided(-1.3, 7)).toBe(studentTwoSided(1.3, 7));
    expect([studentTwoSided(0, 3), studentTwoSided(Number.POSITIVE_INFINITY, 3)]).toEqual([1, 0]);
    expect(studentTwoSided(Number.NaN, 3)).toBeNaN();
  });
});

describe("paired differences over the same folds", () => {
  test("the corrected resampled t interval and its p are those computed with SciPy", () => {
    for (const { a, b, share, mean, sd, low, high, p } of fixture.cases) {
      const found = pairedDifference(a, b, share)!;
      near(found.mean, mean);
      near(found.sd, sd);
      near(found.low, low);
      near(found.high, high);
      near(found.p, p);
    }
  });

  test("worked by hand: differences 1, 2, 3 with a test share of 1/2", () => {
    const found = pairedDifference([0, 0, 0], [1, 2, 3], 0.5)!;
    // s = 1, error = sqrt(1/3 + 1/2); with two degrees of freedom the quantile has a closed form.
    expect(found.low).toBeCloseTo(2 - (0.95 / Math.sqrt(2 * 0.975 * 0.025)) * Math.sqrt(5 / 6), 10);
  });

  test("overlapping training sets widen it; without overlap it is the plain paired t", () => {
    const [a, b] = [
      [0.8, 0.9, 0.7, 0.85],
      [0.82, 0.95, 0.75, 0.86],
    ];
    const plain = pairedDifference(a, b, 0)!;
    const corrected = pairedDifference(a, b, 1 / 3)!;
    expect((corrected.high - corrected.low) / (plain.high - plain.low)).toBeCloseTo(Math.sqrt(1 / 4 + 1 / 3) / Math.sqrt(1 / 4), 10);
  });

  test("swapping the two turns the sign", () => {
    const [a, b] = [
      [1, 2, 4],
      [2, 2, 7],
    ];
    const there = pairedDifference(a, b, 0.2)!;
    const back = pairedDifference(b, a, 0.2)!;
    expect([back.mean, back.low, back.high, back.p]).toEqual([-there.mean, -there.high, -there.low, there.p]);
  });

  test("folds without a value on one side are left out; one fold says nothing; no spread has no width", () => {
    expect(pairedDifference([1, null, 3, 4], [2, 5, Number.NaN, 7], 0.1)).toMatchObject({ folds: 2, mean: 2 });
    expect(pairedDifference([1, null], [2, 5], 0.1)).toBeNull();
    expect(pairedDifference([1, 2], [2, 3], 0.1)).toEqual({ folds: 2, mean: 1, sd: 0, low: 1, high: 1, p: 0 });
    expect(pairedDifference([1, 2], [1, 2], 0.1)).toMatchObject({ mean: 0, p: 1 });
  });
});

describe("Holm's correction", () => {
  test("the smallest is multiplied by the number of comparisons, later ones never fall below it", () => {
    const adjusted = holmAdjusted([0.01, 0.04, 0.03, 0.005]);
    expect(adjusted.map((value) => Number(value.toFixed(12)))).toEqual([0.03, 0.06, 0.06, 0.02]);
    expect(holmAdjusted([0.9, 0.8])).toEqual([1, 1]);
    expect([holmAdjusted([0.2]), holmAdjusted([])]).toEqual([[0.2], []]);
  });
});
