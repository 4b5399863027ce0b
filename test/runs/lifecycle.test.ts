import { describe, expect, test } from "vitest";
import { FINAL_STATES, hasEnded, nextRunState, RUN_STATES, type RunEvent, type RunState } from "../../src/runs/lifecycle.ts";

const EVENTS: readonly RunEvent[] = [
  { type: "sign" },
  { type: "lease_lost" },
  { type: "abandoned" },
  { type: "stop_requested" },
  ...FINAL_STATES.map((state): RunEvent => ({ type: "finish", state })),
];

/** The state after a series of events; refused ones change nothing. */
function stateAfter(state: RunState, ...events: RunEvent[]): RunState {
  return events.reduce((now, event) => {
    const outcome = nextRunState(now, event);
    return outcome.type === "moved" ? outcome.to : now;
  }, state);
}

describe("the life of a run", () => {
  test.each(FINAL_STATES)("L-3: nothing but a resume leads out of %s; the same end again is no error, another one is refused", (state) => {
    for (const event of EVENTS) expect(stateAfter(state, event)).toBe(state);
    for (const other of FINAL_STATES) {
      const expected = other === state ? { type: "same" } : { type: "refused", state };
      expect(nextRunState(state, { type: "finish", state: other })).toEqual(expected);
    }
    expect(stateAfter(state, { type: "resume" })).toBe("running");
  });

  test("L-3: whatever happens in whatever order, the first final state is the last one", () => {
    const walk = (state: RunState, depth: number): void => {
      for (const event of depth === 0 ? [] : EVENTS) {
        const outcome = nextRunState(state, event);
        const next = outcome.type === "moved" ? outcome.to : state;
        if (hasEnded(state) && state !== "crashed") expect(next).toBe(state);
        walk(next, depth - 1);
      }
    };
    walk("pending", 4);
  });

  test("L-8: who was asked to stop and then reports failure has stopped; one that was done before it noticed has completed", () => {
    expect(stateAfter("running", { type: "stop_requested" }, { type: "finish", state: "failed" })).toBe("stopped");
    expect(stateAfter("running", { type: "stop_requested" }, { type: "lease_lost" })).toBe("stopped");
    expect(stateAfter("running", { type: "stop_requested" }, { type: "finish", state: "completed" })).toBe("completed");
  });

  test("L-7: silence makes a run stale, never dead; the next sign brings it back", () => {
    expect(stateAfter("running", { type: "lease_lost" })).toBe("stale");
    expect(stateAfter("stale", { type: "lease_lost" })).toBe("stale");
    expect(stateAfter("stale", { type: "sign" })).toBe("running");
  });

  test("L-6: a run that nobody vouches for after a restart has crashed; its reporter can still come back", () => {
    for (const state of ["running", "stale"] as const) expect(stateAfter(state, { type: "abandoned" })).toBe("crashed");
    expect(stateAfter("stopping", { type: "abandoned" })).toBe("stopped");
    expect(stateAfter("crashed", { type: "sign" })).toBe("running");
    expect(stateAfter("crashed", { type: "finish", state: "completed" })).toBe("completed");
  });

  test("a stop request ends a run that nobody has begun", () => expect(stateAfter("pending", { type: "stop_requested" })).toBe("stopped"));

  test("every state has an answer to every event", () => {
    for (const state of RUN_STATES) {
      for (const event of EVENTS) expect(["moved", "same", "refused"]).toContain(nextRunState(state, event).type);
    }
  });
});
