import type { WebSocket } from "ws";
import { CLOSE_CODES } from "../../wire/live/close-codes.ts";
import { encodeFrame } from "../../wire/live/codec.ts";
import type { SessionEvent } from "../events.ts";

/** What waits to be sent to one reader may grow to this; beyond it, progress is left out. */
const BUDGET_BYTES = 192 * 1024;
/** Each message that waits costs some memory of its own, however short it is: so many are over the budget too. */
const BUDGET_MESSAGES = 256;
/** Changes of state are never left out. When so many bytes of them wait above the budget, the reader must come back with `since`. */
const HARD_CAP_BYTES = 192 * 1024;

const PROGRESS: ReadonlySet<string> = new Set(["job.progress", "job.points"]);

/** Frames of events that were just sent to somebody: two hundred readers of a session share one copy. */
const frames = new WeakMap<SessionEvent, Uint8Array>();

/**
 * Everything on its way to one connection, within a budget, so that a reader that stalls costs less than 0.5 MB. Invariants: replies
 * and changes of state are sent in order and never dropped; a gap in progress is announced by `session.events_dropped` before
 * anything that comes after it.
 */
export class Outbox {
  readonly #socket: WebSocket;
  #dropped: { count: number; after: number } | null = null;
  #lastSeq = 0;
  #messages = 0;
  #stateBytesOverBudget = 0;
  #waiting: (() => void)[] = [];

  constructor(socket: WebSocket) {
    this.#socket = socket;
  }

  reply(header: Readonly<Record<string, unknown>>, payload: Uint8Array | null): void {
    this.#send(encodeFrame(header, payload));
  }

  event(event: SessionEvent): void {
    const isOver = this.#isOverBudget();
    if (isOver && PROGRESS.has(event.event)) {
      this.#dropped ??= { count: 0, after: this.#lastSeq };
      this.#dropped.count++;
      return;
    }
    this.#announceGap();
    const bytes = frameOf(event);
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

  /** As `notify`, and nothing when the reader is behind: the next one says it better. */
  notifyWhenIdle(event: string, data: unknown): void {
    if (!this.#isOverBudget()) this.notify(event, data);
  }

  /** Resolves when less than half of the budget waits, or when the socket has closed. */
  drained(): Promise<void> {
    if (this.hasRoom || this.#socket.readyState !== this.#socket.OPEN) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Whether less than half of the budget waits. */
  get hasRoom(): boolean {
    return this.#socket.bufferedAmount <= BUDGET_BYTES / 2 && this.#messages <= BUDGET_MESSAGES / 2;
  }

  /** Lets go of everybody who waits; to be called when the socket has closed. */
  closed(): void {
    this.#release();
  }

  #isOverBudget(): boolean {
    return this.#socket.bufferedAmount > BUDGET_BYTES || (this.#messages > BUDGET_MESSAGES && this.#socket.bufferedAmount > 0);
  }

  #send(bytes: Uint8Array): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    this.#messages++;
    this.#socket.send(bytes, { binary: true }, () => this.#onSent());
  }

  #onSent(): void {
    this.#messages--;
    if (!this.hasRoom) return;
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

function frameOf(event: SessionEvent): Uint8Array {
  const known = frames.get(event);
  if (known !== undefined) return known;
  const bytes = encodeFrame({ v: 1, event: event.event, data: event.data, seq: event.seq });
  frames.set(event, bytes);
  return bytes;
}
