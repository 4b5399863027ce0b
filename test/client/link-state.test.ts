import { describe, expect, test } from "vitest";
import { LINK_TIMES, type LinkEvent, type LinkState, nextLinkState, timerOf } from "../../src/client/link-state.ts";

const middle = (): number => 0.5;
const connecting: LinkState = { at: "connecting", attempt: 0, since: 0, downSince: null };
const live: LinkState = { at: "live", since: 100 };
const suspect: LinkState = { at: "suspect", since: 12_100 };

function play(state: LinkState, ...events: readonly LinkEvent[]): LinkState {
  return events.reduce((now, event) => nextLinkState(now, event, 1_000, middle), state);
}

describe("the link's states", () => {
  test("a start leads to an attempt, and a welcome to a live link", () => {
    expect(play({ at: "idle" }, { type: "start" })).toMatchObject({ at: "connecting", attempt: 0 });
    expect(play(connecting, { type: "welcomed" })).toEqual({ at: "live", since: 1_000 });
  });

  test("silence makes a live link suspect, and any answer makes it live again", () => {
    expect(play(live, { type: "silent" })).toEqual({ at: "suspect", since: 1_000 });
    expect(play(suspect, { type: "heard" })).toEqual({ at: "live", since: 1_000 });
  });

  test("waking up doubts a live link at once and ends a wait", () => {
    expect(play(live, { type: "woke" }).at).toBe("suspect");
    const waiting = play(live, { type: "lost", reason: "gone" });
    expect(play(waiting, { type: "woke" }).at).toBe("connecting");
  });

  test("waking up while an attempt is under way changes nothing, so that no second socket opens", () => {
    expect(play(connecting, { type: "woke" })).toBe(connecting);
    expect(play(connecting, { type: "try_now" })).toBe(connecting);
  });

  test("a suspect link without an answer is given up; the outage began when the silence was noticed", () => {
    expect(play(suspect, { type: "timer" })).toMatchObject({ at: "waiting", attempt: 0, downSince: 12_100 });
  });

  test("delays grow by 1.6 up to 5 s, spread by a fifth, and never end", () => {
    let state: LinkState = live;
    const delays: number[] = [];
    for (let i = 0; i < 40; i++) {
      state = play(state, { type: "lost", reason: "no" });
      if (state.at !== "waiting") throw new Error(`expected to wait, got ${state.at}`);
      delays.push(state.delayMs);
      state = play(state, { type: "timer" });
      expect(state.at).toBe("connecting");
    }
    expect(delays.slice(0, 3)).toEqual([250, 400, 640]);
    expect(delays.at(-1)).toBe(LINK_TIMES.longestDelayMs);
    const low = nextLinkState(live, { type: "lost", reason: "" }, 0, () => 0);
    const high = nextLinkState(live, { type: "lost", reason: "" }, 0, () => 0.999999);
    expect([timerOf(low), timerOf(high)]).toEqual([200, 300]);
  });

  test("the outage keeps its beginning over failed attempts", () => {
    const first = nextLinkState(live, { type: "lost", reason: "a" }, 5_000, middle);
    const second = nextLinkState(nextLinkState(first, { type: "timer" }, 5_250, middle), { type: "lost", reason: "b" }, 5_300, middle);
    expect(second).toMatchObject({ at: "waiting", attempt: 1, downSince: 5_000, reason: "b" });
  });

  test("a refusal ends the attempts until a person starts again", () => {
    const refused = play(connecting, { type: "refused", why: "token", reason: "wrong" });
    expect(refused).toEqual({ at: "closed", why: "token", reason: "wrong" });
    expect(play(refused, { type: "timer" }, { type: "woke" }, { type: "lost", reason: "" })).toBe(refused);
    expect(play(refused, { type: "start" }).at).toBe("connecting");
  });

  test("every state that waits for something has a timer", () => {
    expect([connecting, live, suspect].map(timerOf)).toEqual([LINK_TIMES.connectMs, LINK_TIMES.silenceMs, LINK_TIMES.answerMs]);
    expect(timerOf({ at: "idle" })).toBeNull();
    expect(timerOf({ at: "closed", why: "asked", reason: "" })).toBeNull();
  });
});
