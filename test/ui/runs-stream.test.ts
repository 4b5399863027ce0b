import { describe, expect, test } from "vitest";
import { type RunFollower, type RunMessage, RunStream } from "../../src/client/index.ts";

/** Time that the test moves. */
class FakeClock {
  #at = 0;
  readonly #timers = new Set<{ due: number; run: () => void }>();
  now = () => this.#at;
  random = () => 0.5;
  setTimeout = (run: () => void, delayMs: number) => {
    const timer = { due: this.#at + delayMs, run };
    this.#timers.add(timer);
    return timer;
  };
  clearTimeout = (timer: unknown) => {
    this.#timers.delete(timer as { due: number; run: () => void });
  };
  advance(ms: number): void {
    const end = this.#at + ms;
    for (;;) {
      const next = [...this.#timers].filter(({ due }) => due <= end).sort((a, b) => a.due - b.due)[0];
      if (next === undefined) break;
      this.#timers.delete(next);
      this.#at = next.due;
      next.run();
    }
    this.#at = end;
  }
}

/** A server's side of sockets, by hand. */
class FakeSocket {
  static all: FakeSocket[] = [];
  binaryType = "";
  readyState = 0;
  bufferedAmount = 0;
  readonly sent: Record<string, unknown>[] = [];
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onerror: (() => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;
  readonly url: string;
  constructor(url: string) {
    this.url = url;
    FakeSocket.all.push(this);
  }
  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }
  close(): void {
    this.readyState = 3;
  }
  open(): void {
    this.readyState = 1;
    this.onopen?.();
    this.say({ type: "ready" });
  }
  say(message: unknown): void {
    this.onmessage?.({ data: JSON.stringify(message) });
  }
  drop(code = 1006): void {
    this.readyState = 3;
    this.onclose?.({ code, reason: "" });
  }
}

class Reader implements RunFollower {
  seq = 0;
  readonly got: RunMessage[] = [];
  limit = 100;
  readonly refusals: string[] = [];
  mayThin(lastSeq: number | null): boolean {
    return lastSeq !== null && lastSeq - this.seq > this.limit;
  }
  onMessage(message: RunMessage): void {
    this.got.push(message);
    if ("seq" in message && message.type !== "snapshot") this.seq = message.seq;
  }
  onRefused(message: string): void {
    this.refusals.push(message);
  }
}

function rig() {
  FakeSocket.all = [];
  const clock = new FakeClock();
  const states: string[] = [];
  const stream = new RunStream({
    url: "ws://127.0.0.1:1",
    token: "secret",
    webSocket: FakeSocket as never,
    clock,
    onState: (state) => states.push(state.at),
  });
  return { stream, clock, states, socket: () => FakeSocket.all.at(-1)! };
}

const snapshot = (seq: number) => ({ type: "snapshot", run: "a", seq, state: "running", name: "a" });
const batch = (seq: number) => ({ type: "points", run: "a", seq, steps: [seq], times: [0], values: { loss: [seq] } });

describe("the stream of runs", () => {
  test("the token is said first, in a message, and never in the address; then every run is subscribed on one socket", () => {
    const { stream, socket } = rig();
    stream.follow("a", new Reader());
    stream.follow("b", new Reader());
    socket().open();
    expect(FakeSocket.all).toHaveLength(1);
    expect(socket().url).toBe("ws://127.0.0.1:1/api/v2/stream");
    expect(socket().sent[0]).toEqual({ type: "auth", token: "secret" });
    expect(socket().sent.slice(1)).toEqual([
      { type: "subscribe", run: "a", ref: "a", since: 0, full: true },
      { type: "subscribe", run: "b", ref: "b", since: 0, full: true },
    ]);
  });

  test("L-100: after a lost link each run goes on after the last number that its reader has", () => {
    const { stream, clock, socket } = rig();
    const reader = new Reader();
    stream.follow("a", reader);
    socket().open();
    socket().say(snapshot(2));
    socket().say(batch(1));
    socket().say(batch(2));
    socket().drop();
    clock.advance(1_000);
    expect(FakeSocket.all).toHaveLength(2);
    socket().open();
    expect(socket().sent.at(-1)).toEqual({ type: "subscribe", run: "a", ref: "a", since: 2, full: true });
  });

  test("a reader that is far behind is subscribed again for a thinned log, and hears nothing of the first subscription", () => {
    const { stream, socket } = rig();
    const reader = new Reader();
    stream.follow("a", reader);
    socket().open();
    socket().say(snapshot(5_000));
    socket().say(batch(1));
    expect(socket().sent.at(-1)).toEqual({ type: "subscribe", run: "a", ref: "a", since: 0, full: false });
    socket().say(snapshot(5_001));
    socket().say(batch(1));
    expect(reader.got.map(({ type }) => type)).toEqual(["snapshot", "points"]);
  });

  test("U-13: a silent link is asked, doubted after 12 s and given up 2 s later", () => {
    const { stream, clock, states, socket } = rig();
    stream.follow("a", new Reader());
    socket().open();
    clock.advance(5_000);
    expect(socket().sent.at(-1)).toEqual({ type: "ping" });
    clock.advance(7_000);
    expect(states.at(-1)).toBe("suspect");
    clock.advance(2_000);
    expect(states.at(-1)).toBe("waiting");
  });

  test("U-8: attempts never end; a wrong token ends them", () => {
    const { stream, clock, states, socket } = rig();
    stream.follow("a", new Reader());
    for (let i = 0; i < 30; i++) {
      socket().drop();
      clock.advance(7_000);
    }
    expect(FakeSocket.all.length).toBeGreaterThan(20);
    socket().drop(4401);
    expect(states.at(-1)).toBe("closed");
  });

  test("who no longer follows is unsubscribed, and hears nothing", () => {
    const { stream, socket } = rig();
    const reader = new Reader();
    const stop = stream.follow("a", reader);
    socket().open();
    stop();
    expect(socket().sent.at(-1)).toEqual({ type: "unsubscribe", run: "a" });
    socket().say(snapshot(1));
    expect(reader.got).toEqual([]);
  });

  test("a refused run is told to its reader; the list is watched again on each link", () => {
    const { stream, clock, socket } = rig();
    const reader = new Reader();
    const heard: string[] = [];
    stream.follow("a", reader);
    stream.watchList((message) => heard.push(message.type));
    socket().open();
    socket().say({ type: "error", ref: "a", error: "not_found", message: "Run not found" });
    expect(reader.refusals).toEqual(["Run not found"]);
    socket().drop();
    clock.advance(1_000);
    socket().open();
    expect(socket().sent).toContainEqual({ type: "watch_runs" });
    socket().say({ type: "watching" });
    expect(heard).toEqual(["watching"]);
  });
});
