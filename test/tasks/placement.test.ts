import { expect, test } from "vitest";
import { nextMove, startPauseMs, type Yard } from "../../src/tasks/placement.ts";

const quiet: Yard = {
  queued: 0,
  idle: 0,
  starting: 0,
  busy: 0,
  stopping: 0,
  wanted: 2,
  floor: 0,
  mayStart: true,
  wantsSpare: false,
  hasSpare: false,
};

const rules: readonly [string, Partial<Yard>, ReturnType<typeof nextMove>][] = [
  ["nothing to do, nothing done", {}, null],
  ["an eager yard fills its slots with nothing queued", { floor: 2 }, "start"],
  ["a task goes to an idle daemon", { queued: 1, idle: 1 }, "assign"],
  ["a task waits when every slot is busy", { queued: 5, busy: 2 }, null],
  ["a queued task starts a daemon on demand", { queued: 1 }, "start"],
  ["one that is starting already is enough for one task", { queued: 1, starting: 1 }, null],
  ["two tasks start the second", { queued: 2, starting: 1 }, "start"],
  ["a process that is not gone holds its slot", { queued: 2, busy: 1, stopping: 1 }, null],
  ["no start during the pause", { queued: 1, mayStart: false }, null],
  ["surplus idle daemons leave, even with tasks queued", { queued: 3, idle: 1, busy: 2 }, "retire"],
  ["surplus busy ones finish first", { busy: 3 }, null],
  ["surplus starting ones leave", { starting: 3 }, "retire"],
  ["a spare takes a free slot, also during the pause", { queued: 1, hasSpare: true, wantsSpare: true, mayStart: false }, "promote_spare"],
  ["a spare is started beside working daemons", { busy: 2, wantsSpare: true }, "start_spare"],
  ["a spare waits until the slots have started", { starting: 1, busy: 1, wantsSpare: true }, null],
  ["a spare leaves when the last daemon has left", { hasSpare: true, wantsSpare: true }, "retire_spare"],
  ["a spare that nobody wants any more leaves", { idle: 1, hasSpare: true }, "retire_spare"],
];

test.each(rules)("%s", (_, yard, move) => {
  expect(nextMove({ ...quiet, ...yard })).toBe(move);
});

test("the pause doubles up to five seconds", () => {
  expect([1, 2, 3, 4, 10].map(startPauseMs)).toEqual([100, 200, 400, 800, 5000]);
});
