import { describe, expect, test } from "vitest";
import type { WebSocket } from "ws";
import { Outbox } from "../../src/server/live/outbox.ts";
import { decodeFrame } from "../../src/wire/live/codec.ts";

const MB = 1024 * 1024;
const KB = 1024;

/** A socket whose reader takes bytes only when the test says so. */
class SlowSocket {
  readonly OPEN = 1;
  readyState = 1;
  bufferedAmount = 0;
  closedWith: number | null = null;
  readonly headers: Record<string, unknown>[] = [];
  #callbacks: (() => void)[] = [];

  send(bytes: Uint8Array, _options: object, sent: () => void): void {
    this.bufferedAmount += bytes.length;
    this.headers.push(decodeFrame(bytes)!.frame.header as Record<string, unknown>);
    this.#callbacks.push(sent);
  }

  close(code: number): void {
    this.closedWith = code;
    this.readyState = 2;
  }

  /** The reader takes everything. */
  take(): void {
    this.bufferedAmount = 0;
    for (const sent of this.#callbacks.splice(0)) sent();
  }
}

function rig() {
  const socket = new SlowSocket();
  return { socket, outbox: new Outbox(socket as unknown as WebSocket) };
}

const progress = (seq: number, bytes = 10) => ({ seq, event: "job.progress", data: { message: "x".repeat(bytes) } });
const state = (seq: number, bytes = 10) => ({ seq, event: "job.complete", data: { message: "x".repeat(bytes) } });

describe("a reader that is too slow", () => {
  test("loses progress above the budget, and is told how much before the next thing it gets", () => {
    const { socket, outbox } = rig();
    for (let seq = 1; seq <= 20; seq++) outbox.event(progress(seq, 16 * KB));
    const sent = socket.headers.length;
    expect(sent).toBeLessThan(20);
    outbox.event(state(21));
    expect(socket.headers.slice(sent)).toEqual([
      { v: 1, event: "session.events_dropped", data: { events_dropped: 20 - sent, after: sent } },
      expect.objectContaining({ event: "job.complete", seq: 21 }),
    ]);
  });

  test("is told about the gap as soon as it has caught up, without waiting for another event", () => {
    const { socket, outbox } = rig();
    for (let seq = 1; seq <= 20; seq++) outbox.event(progress(seq, 16 * KB));
    socket.take();
    expect(socket.headers.at(-1)).toMatchObject({ event: "session.events_dropped" });
    outbox.event(progress(21));
    expect(socket.headers.at(-1)).toMatchObject({ event: "job.progress", seq: 21 });
    expect(socket.headers.filter((header) => header.event === "session.events_dropped")).toHaveLength(1);
  });

  test("never loses a change of state; beyond the cap it is closed with 1013 to come back with since", () => {
    const { socket, outbox } = rig();
    let seq = 0;
    while (socket.closedWith === null && seq < 200) outbox.event(state(++seq, 16 * KB));
    expect(socket.closedWith).toBe(1013);
    expect(socket.headers.map((header) => header.seq)).toEqual(Array.from({ length: seq - 1 }, (_, i) => i + 1));
    expect(socket.bufferedAmount).toBeLessThan(MB / 2);
  });

  test("is behind with many short messages too, and gets no heartbeats then", () => {
    const { socket, outbox } = rig();
    for (let beat = 0; beat < 10_000; beat++) outbox.notifyWhenIdle("heartbeat", { ts: "x" });
    expect(socket.headers.length).toBeLessThan(300);
    outbox.event(progress(1));
    outbox.event(state(2));
    expect(socket.headers.at(-1)).toMatchObject({ event: "job.complete", seq: 2 });
    expect(socket.headers.at(-2)).toMatchObject({ event: "session.events_dropped", data: { events_dropped: 1, after: 0 } });
    socket.take();
    outbox.notifyWhenIdle("heartbeat", { ts: "x" });
    expect(socket.headers.at(-1)).toMatchObject({ event: "heartbeat" });
  });

  test("drained waits until it has caught up, and does not wait for one that is gone", async () => {
    const { socket, outbox } = rig();
    await outbox.drained();
    outbox.reply({ result: null }, new Uint8Array(10 * MB));
    let isDrained = false;
    const waiting = outbox.drained().then(() => {
      isDrained = true;
    });
    await Promise.resolve();
    expect(isDrained).toBe(false);
    socket.take();
    await waiting;
    outbox.reply({ result: null }, new Uint8Array(10 * MB));
    const left = outbox.drained();
    outbox.closed();
    await left;
  });
});
