/** One event of a session's log. `seq` is null for events outside the log (`ready`, `heartbeat`). */
export interface SessionEvent {
  readonly seq: number | null;
  readonly event: string;
  readonly data: unknown;
}

/** What to do with events that just arrived. `missing` asks for the log from `after` on, up to before `until`. */
export interface OrderedEvents {
  readonly deliver: readonly SessionEvent[];
  readonly missing: { readonly after: number; readonly until: number } | null;
}

/** When this many events wait behind a gap, the gap is given up. */
const HELD_LIMIT = 50_000;

/**
 * Puts a session's events in order. Invariants: an event is delivered at most once; an event is delivered after all smaller
 * numbers, unless the server itself no longer has them (`skipTo`). Numbers start at 1 and have no gaps.
 */
export class EventOrder {
  #last: number;
  readonly #held = new Map<number, SessionEvent>();

  /** @param last number of the last event already known; delivery goes on with `last + 1`. */
  constructor(last: number) {
    this.#last = last;
  }

  /** Number of the last event delivered. */
  get last(): number {
    return this.#last;
  }

  accept(event: SessionEvent): OrderedEvents {
    if (event.seq === null) return { deliver: [event], missing: null };
    if (event.seq <= this.#last) return { deliver: [], missing: null };
    this.#held.set(event.seq, event);
    if (this.#held.size > HELD_LIMIT) return { deliver: this.skipTo(this.missing?.until ?? event.seq), missing: this.missing };
    const deliver = this.#release();
    return { deliver, missing: this.missing };
  }

  /** The stretch of the log that held events wait for; null when nothing is held. */
  get missing(): OrderedEvents["missing"] {
    if (this.#held.size === 0) return null;
    let until = Number.POSITIVE_INFINITY;
    for (const seq of this.#held.keys()) until = Math.min(until, seq);
    return { after: this.#last, until };
  }

  /** The server says that nothing between `last` and `seq` can be had any more: go on with `seq`. */
  skipTo(seq: number): readonly SessionEvent[] {
    if (seq - 1 > this.#last) this.#last = seq - 1;
    for (const held of this.#held.keys()) if (held <= this.#last) this.#held.delete(held);
    return this.#release();
  }

  #release(): readonly SessionEvent[] {
    const deliver: SessionEvent[] = [];
    for (let next = this.#held.get(this.#last + 1); next !== undefined; next = this.#held.get(this.#last + 1)) {
      this.#held.delete(this.#last + 1);
      this.#last++;
      deliver.push(next);
    }
    return deliver;
  }
}
