import { describe, expect, test } from "vitest";
import { type Random, randomStream } from "../../src/core/random.ts";
import { type CategoricalColumn, categoricalColumn, type NumericColumn, numericColumn } from "../../src/engine/table.ts";
import { fitModel, regression } from "./light-gbm-rig.ts";

const LEVELS = ["a", "b", "c", "d"];

describe("the first split is the best of all", () => {
  for (let seed = 1; seed <= 60; seed++) {
    test(`tiny table ${seed}`, () => {
      const random = randomStream(seed);
      const { numbers, labels, target } = tinyTable(random);
      const settings = { lambda2: seed % 3, minData: 1 + (seed % 2), lambda1: seed % 5 === 0 ? 0.7 : 0 };
      const { model } = fitModel(regression([...numbers, labels], target), {
        nrounds: 1,
        max_leaves: 2,
        min_data_in_leaf: settings.minData,
        min_sum_hessian_in_leaf: 0,
        lambda_l1: settings.lambda1,
        lambda_l2: settings.lambda2,
      });
      const found = model.state().arrays.gain?.[0] ?? 0;
      const mean = target.reduce((sum, y) => sum + y, 0) / target.length;
      const gradients = target.map((y) => mean - y);
      const sides = [...numbers.flatMap(numericSides), ...categorySides(labels)];
      const best = Math.max(...sides.map((side) => gainOf(side, gradients, settings)));
      expect(found).toBeCloseTo(Math.max(best, 0), 8);
    });
  }
});

interface Limits {
  readonly lambda1: number;
  readonly lambda2: number;
  readonly minData: number;
}

function tinyTable(random: Random): { numbers: NumericColumn[]; labels: CategoricalColumn; target: number[] } {
  const rows = 6 + random.integer(8);
  const draw = <T>(make: () => T): T[] => Array.from({ length: rows }, make);
  return {
    numbers: [
      numericColumn(
        "x",
        draw(() => random.integer(6)),
      ),
      numericColumn(
        "holes",
        draw(() => (random.next() < 0.3 ? Number.NaN : random.next())),
      ),
    ],
    labels: categoricalColumn(
      "level",
      draw(() => LEVELS[random.integer(4)]!),
    ),
    target: draw(() => random.integer(20)),
  };
}

/** Gain of sending the marked rows left, straight from the definition; -1 when a side is too small. */
function gainOf(isLeft: readonly boolean[], gradients: readonly number[], limits: Limits): number {
  const score = (side: boolean | null): number => {
    const own = gradients.filter((_, row) => side === null || isLeft[row] === side);
    const shrunk = Math.max(Math.abs(own.reduce((sum, g) => sum + g, 0)) - limits.lambda1, 0);
    return shrunk ** 2 / (own.length + limits.lambda2);
  };
  const left = isLeft.filter((own) => own).length;
  if (Math.min(left, isLeft.length - left) < limits.minData) return -1;
  return score(true) + score(false) - score(null);
}

/** Every cut, with missing values on either side. */
function numericSides(column: NumericColumn): boolean[][] {
  const rows = [...column.values];
  const cuts = [...new Set(rows)].filter((value) => !Number.isNaN(value));
  return cuts.flatMap((cut) => [false, true].map((missingLeft) => rows.map((x) => (Number.isNaN(x) ? missingLeft : x <= cut))));
}

/** Every subset of the levels. */
function categorySides(column: CategoricalColumn): boolean[][] {
  return Array.from({ length: 2 ** LEVELS.length }, (_, subset) => [...column.codes].map((code) => ((subset >> code) & 1) === 1));
}
