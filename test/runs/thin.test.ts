import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { PointBatch } from "../../src/runs/point-batch.ts";
import { rowsOf } from "../../src/runs/point-batch.ts";
import { RowBuilder } from "../../src/runs/row-builder.ts";
import { rowsToKeep, thinned } from "../../src/runs/thin.ts";

type Row = Readonly<Record<string, number>>;

const row = fc.dictionary(
  fc.constantFrom("a", "b", "c"),
  fc.oneof(
    { weight: 20, arbitrary: fc.integer({ min: -50, max: 50 }) },
    { weight: 1, arbitrary: fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY) },
  ),
  { minKeys: 1 },
);
const stretch = fc.array(fc.array(row, { minLength: 1, maxLength: 60 }), { minLength: 1, maxLength: 5 });

/** Consecutive batches; the step of each row is its number. */
function batchesOf(parts: readonly (readonly Row[])[]): PointBatch[] {
  let step = 0;
  return parts.map((rows) => {
    const builder = new RowBuilder();
    for (const values of rows) {
      const at = builder.row(step++, 0);
      for (const [key, value] of Object.entries(values)) builder.put(key, at, value);
    }
    return builder.take()!;
  });
}

/** [step, value] of one series. */
function curve(batches: readonly PointBatch[], key: string): [number, number][] {
  return batches
    .flatMap(rowsOf)
    .flatMap(({ step, values }) => (values[key] === undefined ? [] : [[step, values[key]!] as [number, number]]));
}

const usual = (points: readonly (readonly [number, number])[]): number[] =>
  points.map(([, value]) => value).filter((value) => Number.isFinite(value));

describe("a thinned stretch", () => {
  test("L-74: has first, last, least and greatest of every series, and what is not finite; little more; and nothing that was not there", () => {
    fc.assert(
      fc.property(stretch, fc.integer({ min: 1, max: 8 }), (parts, bucketsMax) => {
        const batches = batchesOf(parts);
        const thin = thinned(batches, bucketsMax);
        for (const key of ["a", "b", "c"]) {
          const [all, kept] = [curve(batches, key), curve(thin, key)];
          if (all.length === 0) continue;
          expect([kept[0], kept.at(-1)]).toEqual([all[0], all.at(-1)]);
          expect(Math.min(...usual(kept))).toBe(Math.min(...usual(all)));
          expect(Math.max(...usual(kept))).toBe(Math.max(...usual(all)));
          const odd = (points: readonly [number, number][]) => points.filter(([, value]) => !Number.isFinite(value));
          expect(odd(kept)).toEqual(odd(all));
          expect(kept.length).toBeLessThanOrEqual(4 * (bucketsMax + 1) + odd(all).length);
          const known = new Map(all);
          for (const [step, value] of kept) expect(known.get(step)).toBe(value);
        }
      }),
      { numRuns: 200, seed: 7 },
    );
  });

  test("keeps for each series what it keeps for one of its own", () => {
    fc.assert(
      fc.property(stretch, fc.integer({ min: 1, max: 8 }), (parts, bucketsMax) => {
        const batches = batchesOf(parts);
        const rows = rowsToKeep(batches, bucketsMax).reduce((sum, { length }) => sum + length, 0);
        expect(thinned(batches, bucketsMax).reduce((sum, { steps }) => sum + steps.length, 0)).toBe(rows);
      }),
      { numRuns: 100, seed: 8 },
    );
  });
});
