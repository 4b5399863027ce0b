import { expect, test } from "vitest";
import { randomStream } from "../../src/core/random.ts";
import { descendingOrder } from "../../src/engine/metrics/order.ts";

/** As a comparison sort has it: largest first, equal values in row order. */
function expectSorted(values: Float64Array): void {
  const expected = Array.from(values, (_, i) => i).sort((a, b) => (values[a] === values[b] ? a - b : values[a]! < values[b]! ? 1 : -1));
  expect(Array.from(descendingOrder(values))).toEqual(expected);
}

test("orders values of every sign and size as a comparison sort does, on both sides of its switch", () => {
  const random = randomStream(8);
  const special = [
    0,
    -0,
    1,
    -1,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    Number.MIN_VALUE,
    -Number.MIN_VALUE,
    Number.MAX_VALUE,
    0.5,
  ];
  for (const n of [0, 1, 20, 1500, 1501, 4000]) {
    expectSorted(Float64Array.from({ length: n }, () => random.next()));
    expectSorted(Float64Array.from({ length: n }, () => (random.next() - 0.5) * 10 ** (random.integer(600) - 300)));
    expectSorted(Float64Array.from({ length: n }, () => special[random.integer(special.length)]!));
    expectSorted(Float64Array.from({ length: n }, () => random.integer(3) / 2));
    expectSorted(new Float64Array(n).fill(0.25));
  }
});
