import fc from "fast-check";
import { expect, test } from "vitest";
import { ratesOf, ThresholdCurve } from "../../src/ui/view/job/results/threshold-model.ts";

const rows = fc.array(fc.record({ p: fc.integer({ min: 0, max: 20 }).map((n) => n / 20), y: fc.integer({ min: 0, max: 1 }) }), {
  minLength: 1,
  maxLength: 40,
});

test("U-39: counts at any threshold are those of a count row by row", () => {
  fc.assert(
    fc.property(rows, fc.double({ min: 0, max: 1, noNaN: true }), (all, threshold) => {
      const curve = new ThresholdCurve(
        Float64Array.from(all, ({ p }) => p),
        Uint8Array.from(all, ({ y }) => y),
      );
      const count = (y: number, called: boolean): number => all.filter((row) => row.y === y && row.p >= threshold === called).length;
      expect(curve.at(threshold)).toEqual({
        truePositive: count(1, true),
        falsePositive: count(0, true),
        falseNegative: count(1, false),
        trueNegative: count(0, false),
      });
    }),
  );
});

test("the best threshold beats every other one", () => {
  fc.assert(
    fc.property(rows, fc.integer({ min: 1, max: 9 }), (all, cost) => {
      const curve = new ThresholdCurve(
        Float64Array.from(all, ({ p }) => p),
        Uint8Array.from(all, ({ y }) => y),
      );
      const figure = ({ falsePositive, falseNegative }: { falsePositive: number; falseNegative: number }): number =>
        -(falsePositive + cost * falseNegative);
      const best = figure(curve.at(curve.best(figure)));
      for (let threshold = 0; threshold <= 1; threshold += 0.025) expect(figure(curve.at(threshold))).toBeLessThanOrEqual(best);
    }),
  );
});

test("rows without a probability count for nothing; rates without rows are NaN", () => {
  const curve = new ThresholdCurve(Float64Array.of(0.9, Number.NaN, 0.2), Uint8Array.of(1, 1, 0));
  expect(curve.at(0.5)).toEqual({ truePositive: 1, falsePositive: 0, falseNegative: 0, trueNegative: 1 });
  expect(ratesOf({ truePositive: 0, falsePositive: 0, falseNegative: 0, trueNegative: 3 })).toMatchObject({
    sensitivity: Number.NaN,
    specificity: 1,
    accuracy: 1,
  });
});
