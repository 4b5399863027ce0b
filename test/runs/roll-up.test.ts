import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { lttb } from "../../src/runs/lttb.ts";
import { gridExponent, RollUp } from "../../src/runs/roll-up.ts";

type Point = readonly [x: number, value: number];

function rollUpOf(points: readonly Point[], bucketsMax: number): RollUp {
  const rollUp = new RollUp(bucketsMax);
  for (const [x, value] of points) rollUp.add(x, value);
  return rollUp;
}

const point = fc.tuple(
  fc.oneof(fc.integer({ min: -50, max: 5000 }), fc.double({ min: 0, max: 100, noNaN: true })),
  fc.oneof(
    fc.double({ min: -1e6, max: 1e6, noNaN: true }),
    fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY),
  ),
);
/** No two points at one x: then the order of arrival cannot matter. */
const points = fc.uniqueArray(point, { minLength: 1, maxLength: 300, selector: ([x]) => x + 0 });

describe("RollUp", () => {
  test("agrees with a plain count of all points, at every width", () => {
    fc.assert(
      fc.property(points, fc.integer({ min: 4, max: 64 }), fc.integer({ min: 0, max: 4 }), (given, max, wider) => {
        const rollUp = rollUpOf(given, max);
        const exponent = rollUp.exponent + wider;
        const width = 2 ** exponent;
        const buckets = rollUp.buckets(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY, exponent);
        expect(rollUp.bucketCount).toBeLessThanOrEqual(max);
        const sorted = given.toSorted((a, b) => a[0] - b[0]);
        const byIndex = new Map<number, Point[]>();
        for (const p of sorted) {
          const index = Math.floor(p[0] / width) + 0;
          byIndex.set(index, [...(byIndex.get(index) ?? []), p]);
        }
        expect(buckets.map(({ from }) => from / width + 0)).toEqual([...byIndex.keys()]);
        for (const bucket of buckets) {
          const inside = byIndex.get(bucket.from / width + 0)!;
          const finite = inside.map(([, value]) => value).filter(Number.isFinite);
          expect([bucket.firstX, bucket.first]).toEqual(inside[0]);
          expect([bucket.lastX, bucket.last]).toEqual(inside.at(-1));
          expect(bucket.count).toBe(inside.length);
          expect(bucket.nonFinite).toBe(inside.length - finite.length);
          if (finite.length === 0) expect(bucket.min).toBeNaN();
          else {
            expect([bucket.min, bucket.max]).toEqual([Math.min(...finite), Math.max(...finite)]);
            expect(inside).toContainEqual([bucket.minX, bucket.min]);
            expect(bucket.mean).toBeCloseTo(finite.reduce((sum, value) => sum + value, 0) / finite.length, 6);
          }
        }
      }),
    );
  });

  test("depends on the points, not on the order in which they came", () => {
    fc.assert(
      fc.property(points, fc.infiniteStream(fc.nat()), (given, order) => {
        const shuffled = given.map((p) => [order.next().value as number, p] as const).toSorted((a, b) => a[0] - b[0]);
        const a = rollUpOf(given, 16);
        const b = rollUpOf(
          shuffled.map(([, p]) => p),
          16,
        );
        expect(b.exponent).toBe(a.exponent);
        const everything = (rollUp: RollUp) =>
          rollUp.buckets(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY).map(({ mean: _, ...rest }) => rest);
        expect(everything(b)).toEqual(everything(a));
      }),
    );
  });

  test("one spike in a million points is in what is shown", () => {
    const rollUp = new RollUp();
    for (let i = 0; i < 1_000_000; i++) rollUp.add(i, i === 765_432 ? 1e9 : Math.sin(i));
    const exponent = gridExponent(0, 999_999, 2000);
    const buckets = rollUp.buckets(0, 999_999, exponent);
    expect(buckets.length).toBeLessThanOrEqual(2000);
    expect(buckets.length).toBeGreaterThan(900);
    expect(buckets.filter(({ max, maxX }) => max === 1e9 && maxX === 765_432)).toHaveLength(1);
    expect(buckets.reduce((sum, { count }) => sum + count, 0)).toBe(1_000_000);
  });

  test("a window gives whole buckets of the same grid as the whole", () => {
    const rollUp = rollUpOf(
      Array.from({ length: 1000 }, (_, i) => [i, i]),
      2048,
    );
    const whole = rollUp.buckets(0, 999, 3);
    expect(rollUp.buckets(100, 200, 3)).toEqual(whole.filter(({ from, to }) => to > 100 && from <= 200));
  });

  test.each([
    [0, 999, 1000, 0],
    [0, 1000, 1000, 1],
    [0, 0, 2, -40],
    [5, 5, 1, -40],
  ])("the finest grid for %d to %d with %d buckets is 2^%d", (from, to, max, exponent) =>
    expect(gridExponent(from, to, max)).toBe(exponent),
  );
});

test("LTTB keeps both ends, a lone spike, and the number of points asked for", () => {
  const xs = Array.from({ length: 1000 }, (_, i) => i);
  const ys = xs.map((x) => (x === 500 ? 100 : 0));
  const { x, y } = lttb(xs, ys, 20);
  expect(x).toHaveLength(20);
  expect([x[0], x.at(-1)]).toEqual([0, 999]);
  expect(x).toEqual(x.toSorted((a, b) => a - b));
  expect(y[x.indexOf(500)]).toBe(100);
});
