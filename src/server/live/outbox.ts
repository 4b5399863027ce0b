import type { WebSocket } from "ws";
import { CLOSE_CODES } from "../../wire/live/close-codes.ts";
import { encodeFrame } from "../../wire/live/codec.ts";
import type { SessionEvent } from "../events.ts";

/** What waits to be sent to one reader may grow to this; beyond it, progress is left out. */
const BUDGET_BYTES = 8 * 1024 * 1024;
/** Changes of state are never left out. When so many bytes of them wait above the budget, the reader must come back with `since`. */
const HARD_CAP_BYTES = 32 * 1024 * 1024;

const PROGRESS: ReadonlySet<string> = new Set(["job.progress", "job.points"]);

/**
 * Everything on its way to one connection, within a budget. Invariants: replies and changes of state are sent in order and
 * never dropped; a gap in progress is announced by `session.events_dropped` before anything that comes after it.
 */
export class Outbox {
  readonly #socket: WebSocket;
  #dropped: { count: number; after: number } | null = null;
  #lastSeq = 0;
  #stateBytesOverBudget = 0;
  #waiting: (() => void)[] = [];

  constructor(socket: WebSocket) {
    this.#socket = socket;
  }

  reply(header: Readonly<Record<string, unknown>>, payload: Uint8Array | null): void {
    this.#send(encodeFrame(header, payload));
  }

  event(event: SessionEvent): void {
    const isOver = this.#socket.bufferedAmount > BUDGET_BYTES;
    if (isOver && PROGRESS.has(event.event)) {
      this.#dropped ??= { count: 0, after: this.#lastSeq };
      this.#dropped.count++;
      return;
    }
    this.#announceGap();
    const bytes = encodeFrame({ v: 1, event: event.event, data: event.data, seq: event.seq });
    this.#lastSeq = event.seq;
    this.#stateBytesOverBudget = isOver ? this.#stateBytesOverBudget + bytes.length : 0;
    if (this.#stateBytesOverBudget > HARD_CAP_BYTES) {
      this.#socket.close(CLOSE_CODES.tooSlow.code, "reading too slowly; join again with since");
      return;
    }
    this.#send(bytes);
  }

  /** An event outside the log. */
  notify(event: string, data: unknown): void {
    this.#send(encodeFrame({ v: 1, event, data }));
  }

  /** Resolves when less than half of the budget waits, or when the socket has closed. */
  drained(): Promise<void> {
    if (this.#socket.bufferedAmount <= BUDGET_BYTES / 2 || this.#socket.readyState !== this.#socket.OPEN) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Lets go of everybody who waits; to be called when the socket has closed. */
  closed(): void {
    this.#release();
  }

  #send(bytes: Uint8Array): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    this.#socket.send(bytes, { binary: true }, () => this.#onSent());
  }

  #onSent(): void {
    if (this.#socket.bufferedAmount > BUDGET_BYTES / 2) return;
    this.#announceGap();
    this.#release();
  }

  #announceGap(): void {
    if (this.#dropped === null) return;
    const { count, after } = this.#dropped;
    this.#dropped = null;
    this.notify("session.events_dropped", { events_dropped: count, after });
  }

  #release(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}
