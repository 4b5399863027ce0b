import { describe, expect, test, vi } from "vitest";
import { startDeadline } from "../../src/client/deadline.ts";
import { LINK_TIMES, reconnectDelayMs } from "../../src/client/link-state.ts";
import { PendingCalls } from "../../src/wire/pending-calls.ts";

/** What the live client and the prompt client share: open calls, their deadlines, and how long a lost link waits. */
describe("calls of both clients", () => {
  test("each settles once, in the order in which they were made when all fail; what comes late is told apart", async () => {
    const calls = new PendingCalls<string, number, string>();
    const first = calls.add("a", "first");
    const second = calls.add("b", "second");
    const third = calls.add("c", "third");
    expect([calls.size, calls.notes(), calls.noteOf("b")]).toEqual([3, ["first", "second", "third"], "second"]);
    expect([calls.resolve("b", 2), calls.resolve("b", 3), calls.reject("b", new Error("late")), calls.resolve("x", 1)]).toEqual([
      true,
      false,
      false,
      false,
    ]);
    expect(await second).toBe(2);
    const asked: string[] = [];
    calls.rejectAll((note) => {
      asked.push(note);
      return new Error(`${note} is lost`);
    });
    await expect(first).rejects.toThrow("first is lost");
    await expect(third).rejects.toThrow("third is lost");
    expect([asked, calls.size, calls.noteOf("a")]).toEqual([["first", "third"], 0, undefined]);
  });

  test("a plain deadline is one time-out; one with signs of life counts silence, in slices", () => {
    vi.useFakeTimers({ now: 0 });
    try {
      const clock = {
        now: () => Date.now(),
        random: () => 0.5,
        setTimeout,
        clearTimeout: (timer: unknown) => clearTimeout(timer as NodeJS.Timeout),
      };
      const plain = vi.fn();
      startDeadline(clock, { timeoutMs: 1000, onLate: plain });
      const stopped = vi.fn();
      startDeadline(clock, { timeoutMs: 1000, onLate: stopped })();
      let heardAt = 0;
      const long = vi.fn();
      startDeadline(clock, { timeoutMs: 1000, onLate: long, heardAt: () => heardAt });
      vi.advanceTimersByTime(500);
      heardAt = 500;
      vi.advanceTimersByTime(1499);
      expect([plain.mock.calls.length, stopped.mock.calls.length, long.mock.calls.length]).toEqual([1, 0, 0]);
      vi.advanceTimersByTime(1);
      expect(long).toHaveBeenCalledTimes(1);
      vi.advanceTimersByTime(10_000);
      expect([plain.mock.calls.length, long.mock.calls.length]).toEqual([1, 1]);
    } finally {
      vi.useRealTimers();
    }
  });

  test("a lost link waits longer each time, never beyond the limit, and spread around it", () => {
    const middle = Array.from({ length: 12 }, (_, attempt) => reconnectDelayMs(attempt, () => 0.5));
    expect(middle[0]).toBe(LINK_TIMES.firstDelayMs);
    expect(middle.every((delay, i) => i === 0 || delay >= middle[i - 1]!)).toBe(true);
    expect(middle.at(-1)).toBe(LINK_TIMES.longestDelayMs);
    expect([reconnectDelayMs(0, () => 0), reconnectDelayMs(0, () => 1)]).toEqual([200, 300]);
  });
});
