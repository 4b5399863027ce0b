import { expect, test } from "vitest";
import { EventOrder, type SessionEvent } from "../../src/client/event-order.ts";

const event = (seq: number | null): SessionEvent => ({ seq, event: "e", data: seq });
const numbers = (events: readonly SessionEvent[]): unknown[] => events.map((e) => e.seq);

test("events in order pass; repetitions are dropped", () => {
  const order = new EventOrder(4);
  expect(numbers(order.accept(event(5)).deliver)).toEqual([5]);
  expect(numbers(order.accept(event(5)).deliver)).toEqual([]);
  expect(numbers(order.accept(event(3)).deliver)).toEqual([]);
  expect(order.last).toBe(5);
});

test("events behind a gap wait, and follow once the gap is filled", () => {
  const order = new EventOrder(0);
  order.accept(event(1));
  expect(order.accept(event(4))).toEqual({ deliver: [], missing: { after: 1, until: 4 } });
  expect(order.accept(event(6)).missing).toEqual({ after: 1, until: 4 });
  expect(numbers(order.accept(event(2)).deliver)).toEqual([2]);
  expect(numbers(order.accept(event(3)).deliver)).toEqual([3, 4]);
  expect(order.missing).toEqual({ after: 4, until: 6 });
});

test("a gap that nobody can fill is skipped, and an older event cannot come back", () => {
  const order = new EventOrder(1);
  order.accept(event(5));
  expect(numbers(order.skipTo(5))).toEqual([5]);
  expect(order.last).toBe(5);
  expect(numbers(order.accept(event(3)).deliver)).toEqual([]);
});

test("events without a number pass at once and change nothing", () => {
  const order = new EventOrder(1);
  order.accept(event(3));
  expect(numbers(order.accept(event(null)).deliver)).toEqual([null]);
  expect(order.last).toBe(1);
});

test("any order of arrival, with repetitions, gives every event once", () => {
  let state = 12345;
  const random = (): number => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return state / 2 ** 32;
  };
  for (let round = 0; round < 50; round++) {
    const arrivals = Array.from({ length: 60 }, (_, i) => 1 + (i % 20)).sort(() => random() - 0.5);
    const order = new EventOrder(0);
    const delivered = arrivals.flatMap((seq) => order.accept(event(seq)).deliver);
    expect(numbers(delivered)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
  }
});
