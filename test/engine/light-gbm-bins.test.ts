import { describe, expect, test } from "vitest";
import { randomStream } from "../../src/core/random.ts";
import { binCodes, type NumericBins, planBins } from "../../src/engine/algorithms/light-gbm/bins.ts";
import { sortNumbers } from "../../src/engine/algorithms/light-gbm/sort.ts";
import { categoricalColumn, numericColumn } from "../../src/engine/table.ts";

describe("sortNumbers", () => {
  const random = randomStream(4);
  const kinds: Record<string, () => number> = {
    "normal numbers": () => (random.next() - 0.5) * 10 ** (random.integer(40) - 20),
    "few distinct ones": () => random.integer(7) - 3,
    "the extremes": () => [Number.MAX_VALUE, -Number.MAX_VALUE, Number.MIN_VALUE, -Number.MIN_VALUE, 0, -0][random.integer(6)]!,
    "one value": () => -2.5,
  };
  for (const [title, draw] of Object.entries(kinds)) {
    for (const count of [0, 1, 100, 5000]) {
      test(`${title}, ${count} of them`, () => {
        const values = Float64Array.from({ length: count + 3 }, draw);
        const expected = values
          .slice(0, count)
          .map((value) => value + 0)
          .sort();
        expect(sortNumbers(values, count, new Float64Array(count + 3))).toEqual(expected);
      });
    }
  }
});

describe("bins", () => {
  test("few distinct values have a bin each, with edges halfway", () => {
    const [plan] = planBins([numericColumn("x", [3, 1, 2, 2, 1, Number.NaN])], null, 255, 1);
    expect(plan).toMatchObject({ kind: "numeric", bins: 4, edges: Float64Array.from([1.5, 2.5]) });
  });

  test("many distinct values share bins of about equal size, never more than asked for", () => {
    const random = randomStream(2);
    const values = Float64Array.from({ length: 10_000 }, () => random.next() ** 3);
    for (const maxBin of [2, 17, 255]) {
      const plan = planBins([numericColumn("x", values)], null, maxBin, 1)[0] as NumericBins;
      expect(plan.edges.length).toBe(maxBin - 1);
      const counts = new Int32Array(maxBin);
      for (const value of values) counts[plan.edges.filter((edge) => edge < value).length]!++;
      expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(2);
    }
  });

  test("a value that fills half of the rows has a bin of its own", () => {
    const values = Float64Array.from({ length: 2000 }, (_, i) => (i % 2 === 0 ? 0.5 : i / 2000));
    const { edges } = planBins([numericColumn("x", values)], null, 16, 1)[0] as NumericBins;
    const above = edges.findIndex((edge) => edge >= 0.5);
    expect(values.filter((value) => value > edges[above - 1]! && value <= edges[above]! && value !== 0.5)).toHaveLength(0);
    expect(edges.length).toBe(15);
  });

  test("neighbouring doubles are told apart", () => {
    const next = 1 + Number.EPSILON;
    const { edges } = planBins([numericColumn("x", [1, next, 1, next])], null, 255, 1)[0] as NumericBins;
    expect(edges.length).toBe(1);
    expect(1 <= edges[0]! && edges[0]! < next).toBe(true);
  });

  test("constant, all-missing and infinite-only columns are left out; missing against one value stays", () => {
    const columns = [
      numericColumn("constant", [4, 4, 4]),
      numericColumn("missing", [Number.NaN, Number.NaN, Number.NaN]),
      numericColumn("infinite", [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]),
      categoricalColumn("one level", ["a", "a", "a"]),
      categoricalColumn("no level", [null, null, null]),
      numericColumn("marker", [4, Number.NaN, 4]),
      categoricalColumn("level or not", ["a", null, "a"]),
    ];
    expect(planBins(columns, null, 255, 1).map((plan) => plan.column)).toEqual([5, 6]);
  });

  test("rows of weight zero do not count", () => {
    const column = numericColumn("x", [1, 2, 3, 4]);
    const { edges } = planBins([column], Float64Array.from([1, 0, 0, 1]), 255, 1)[0] as NumericBins;
    expect([...edges]).toEqual([2.5]);
  });

  test("beyond max_bin levels the rare ones share a bin, which unseen ones join", () => {
    const labels = ["a", "a", "a", "b", "b", "c", "c", "d", "e"];
    const column = categoricalColumn("x", labels, ["a", "b", "c", "d", "e", "unseen"]);
    const [plan] = planBins([column], null, 4, 1);
    if (plan?.kind !== "categorical") throw new Error("expected categories");
    expect([...plan.binOfLevel]).toEqual([0, 1, 2, 3, 3, 3]);
    expect([...binCodes(Int32Array.from([-1, 0, 5, 99]), plan, new Uint8Array(4))]).toEqual([4, 0, 3, 4]);
  });

  test("without rare levels an unseen one counts as missing", () => {
    const [plan] = planBins([categoricalColumn("x", ["a", "b", "b"], ["a", "b", "unseen"])], null, 255, 1);
    if (plan?.kind !== "categorical") throw new Error("expected categories");
    expect([...plan.binOfLevel]).toEqual([0, 1, 2]);
    expect(plan.bins).toBe(3);
  });

  test("a text column with every value distinct is left out", () => {
    const labels = Array.from({ length: 600 }, (_, i) => `name ${i}`);
    expect(planBins([{ ...categoricalColumn("name", labels), type: "character" }], null, 255, 1)).toEqual([]);
  });
});
