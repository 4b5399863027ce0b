import { hasEnded } from "./lifecycle.ts";
import { type RunMessage, wireTimestamp } from "./messages.ts";
import { type Dialect, encode, type Page, Pages } from "./pages.ts";
import { RunNotFoundError } from "./run-ended-error.ts";
import type { RunRecord } from "./run-record.ts";
import type { Runs } from "./runs.ts";

/** Where messages go: a WebSocket, a stream of server-sent events. */
export interface Sink {
  /** Bytes handed over that the system has not taken yet. */
  readonly bufferedBytes: number;
  /** `whenTaken` is called once the system took the frame; also when the link is gone. */
  send(frame: Buffer, whenTaken: () => void): void;
}

export interface SubscribeOptions {
  readonly dialect?: Dialect;
  /** The reader has everything up to here. Default 0: all of the log. */
  readonly since?: number;
  /** Never thin: what the reader is too slow for waits in the log. */
  readonly isFull?: boolean;
  readonly keys?: readonly string[];
  /** The last message went out. `deleted` when the run is no more. */
  readonly onEnd?: (state: string) => void;
  /** A reader of the compatible protocol is too far behind: it cannot be told of a gap. */
  readonly onLagging?: () => void;
}

/** What may wait for one reader. */
const BUDGET_BYTES = 256 * 1024;
/** Gathers what comes in this time into one batch. */
const BATCH_MS = 50;
const LONG_ROWS = 1000;
/** How far a reader of the compatible protocol may fall behind. */
const COMPATIBLE_ROWS_MAX = 10_000;

/**
 * Sends run logs to readers. A subscription is a place in a log: it sends what lies after it and moves on. Joining late,
 * reconnecting and following live are the same thing, so there is neither a gap nor a repeat between them. What a slow reader
 * does not take stays in the log and not in memory; when it is far behind, points are thinned and the reader is told.
 */
export class Subscriptions {
  readonly runs: Runs;
  readonly pages: Pages;
  readonly #due = new Set<Subscription>();
  #timer: NodeJS.Timeout | null = null;
  #count = 0;

  constructor(runs: Runs) {
    this.runs = runs;
    this.pages = new Pages(runs);
  }

  get count(): number {
    return this.#count;
  }

  /** Begins at once. @throws {RunNotFoundError} */
  open(runId: string, sink: Sink, options: SubscribeOptions = {}): Subscription {
    const subscription = new Subscription(this, runId, sink, options, () => this.#count--);
    this.#count++;
    subscription.start();
    return subscription;
  }

  /** Has `subscription` look at its log within 50 ms. */
  schedule(subscription: Subscription): void {
    this.#due.add(subscription);
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      const due = [...this.#due];
      this.#due.clear();
      for (const one of due) one.pump();
    }, BATCH_MS);
  }

  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#due.clear();
  }
}

export class Subscription {
  readonly runId: string;
  readonly #owner: Subscriptions;
  readonly #sink: Sink;
  readonly #options: SubscribeOptions;
  readonly #onClosed: () => void;
  readonly #unwatch: () => void;
  #at: number;
  #isClosed = false;
  #isPumpDue = false;
  /** The reader was too slow: its next taken frame wakes it. */
  #isHeldUp = false;
  #hasCaughtUp = false;

  constructor(owner: Subscriptions, runId: string, sink: Sink, options: SubscribeOptions, onClosed: () => void) {
    this.runId = runId;
    this.#owner = owner;
    this.#sink = sink;
    this.#options = options;
    this.#onClosed = onClosed;
    this.#at = Math.max(0, options.since ?? 0);
    owner.runs.get(runId);
    this.#unwatch = owner.runs.watch(runId, () => owner.schedule(this));
  }

  start(): void {
    const { runs } = this.#owner;
    const { state, name } = runs.get(this.runId);
    const lastSeq = runs.lastSeq(this.runId);
    // A place that the log has not reached is none of this log: begin anew rather than wait for it.
    if (this.#at > lastSeq) this.#at = 0;
    if (this.#options.dialect === "compatible") {
      // L-70: a run that has ended answers with its state alone, unless the reader names a place.
      if (hasEnded(state) && this.#options.since === undefined) this.#at = lastSeq;
    } else this.#send(encode({ type: "snapshot", run: this.runId, seq: lastSeq, state, name } satisfies RunMessage));
    this.pump();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#unwatch();
    this.#onClosed();
  }

  /** Sends what lies after the place where this reader is, as long as it takes it. */
  pump(): void {
    try {
      while (!this.#isClosed && this.#sink.bufferedBytes < BUDGET_BYTES) {
        const page = this.#nextPage();
        if (page === null) return;
        if (page.to === this.#at) {
          this.#hasCaughtUp = true;
          this.#maybeEnd();
          return;
        }
        const rowCount = page.to - this.#at;
        this.#at = page.to;
        for (const frame of page.frames) this.#send(frame);
        // Others have their turn before the next long page.
        if (rowCount > LONG_ROWS) {
          this.#later();
          return;
        }
      }
      this.#isHeldUp = !this.#isClosed;
    } catch (error) {
      if (!(error instanceof RunNotFoundError)) throw error;
      this.#end(null);
    }
  }

  /** The next page, or null for a reader that must come again. */
  #nextPage(): Page | null {
    const { dialect = "v2", isFull = false, keys, onLagging } = this.#options;
    const { runs, pages } = this.#owner;
    if (dialect === "compatible" && this.#hasCaughtUp && runs.lastSeq(this.runId) - this.#at > COMPATIBLE_ROWS_MAX) {
      this.close();
      onLagging?.();
      return null;
    }
    const mayThin = !isFull && (dialect === "v2" || (!this.#hasCaughtUp && this.#options.since === undefined));
    return pages.next({ runId: this.runId, after: this.#at, dialect, mayThin, ...(keys === undefined ? {} : { keys }) });
  }

  #later(): void {
    if (this.#isPumpDue) return;
    this.#isPumpDue = true;
    setImmediate(() => {
      this.#isPumpDue = false;
      this.pump();
    });
  }

  #maybeEnd(): void {
    const record = this.#owner.runs.get(this.runId);
    if (hasEnded(record.state)) this.#end(record);
  }

  /** Says how it ended; null: the run was removed. */
  #end(record: RunRecord | null): void {
    if (this.#isClosed) return;
    const { dialect = "v2", onEnd } = this.#options;
    this.#send(encode(dialect === "compatible" ? statusMessage(record) : endMessage(this.runId, record)));
    this.close();
    onEnd?.(record?.state ?? "deleted");
  }

  #send(frame: Buffer): void {
    this.#sink.send(frame, () => {
      if (!this.#isHeldUp || this.#isClosed || this.#sink.bufferedBytes > BUDGET_BYTES / 2) return;
      this.#isHeldUp = false;
      this.#later();
    });
  }
}

function endMessage(run: string, record: RunRecord | null): RunMessage {
  if (record === null) return { type: "end", run, state: "deleted", reason: null, exit_code: null, finished_at: null };
  const { state, reason, exitCode, finishedAt } = record;
  return { type: "end", run, state, reason, exit_code: exitCode, finished_at: finishedAt };
}

/** The last message of the compatible protocol: the exact state and the stored time (L-67). */
function statusMessage(record: RunRecord | null): unknown {
  if (record === null) return { type: "status", data: { status: "deleted" } };
  const completed = record.finishedAt === null ? {} : { completed_at: wireTimestamp(record.finishedAt) };
  return { type: "status", data: { status: record.state === "crashed" ? "failed" : record.state, ...completed } };
}
