import type { Database } from "./store/database.ts";

/** One entry of a session's log, as stored and as sent. */
export interface SessionEvent {
  /** Position in the session's log: 1, 2, 3 … without gaps. */
  readonly seq: number;
  readonly event: string;
  readonly data: unknown;
}

/** What is said to a session. Progress may be dropped for a reader that is too slow; a change of state never is. */
export interface EventDraft {
  readonly event: string;
  readonly data: unknown;
  readonly jobId?: string;
}

/** Someone attached to a session. `deliver` must not throw and must not wait. */
export interface Subscriber {
  deliver(event: SessionEvent): void;
}

/** Version 1 replays at most so many events to a client that does not say what it has seen. */
export const UNSEEN_LIMIT = 256;

/**
 * The logs of all sessions and who listens to them. Invariants: an event is on disk before anybody gets it; every subscriber
 * gets the events of its session in order of `seq`; what nobody was there to get is replayed to the next one.
 */
export class SessionEvents {
  readonly #database: Database;
  readonly #subscribers = new Map<string, Set<Subscriber>>();
  readonly #now: () => number;

  constructor(database: Database, now: () => number = Date.now) {
    this.#database = database;
    this.#now = now;
  }

  /** To be called once at start: whoever was attached when the last server ended has seen everything up to its end. */
  recover(): void {
    this.#database
      .sql(
        "UPDATE sessions SET delivered_seq = (SELECT COALESCE(MAX(seq), 0) FROM events e WHERE e.session_id = sessions.session_id) WHERE delivered_seq IS NULL",
      )
      .run();
  }

  /** Writes events to the session's log and then delivers them. Inside a transaction: delivers when it commits. */
  append(sessionId: string, drafts: readonly EventDraft[]): void {
    if (drafts.length === 0) return;
    this.#database.transaction(() => {
      let seq = this.lastSeq(sessionId);
      const at = this.#now();
      const insert = this.#database.sql("INSERT INTO events (session_id, seq, event, data, job_id, at) VALUES (?, ?, ?, ?, ?, ?)");
      const events = drafts.map(({ event, data, jobId }) => {
        seq++;
        insert.run(sessionId, seq, event, JSON.stringify(data), jobId ?? null, at);
        return { seq, event, data };
      });
      if (this.connectionCount(sessionId) === 0) {
        this.#database.sql("UPDATE sessions SET last_seen_at = ? WHERE session_id = ?").run(at, sessionId);
      }
      this.#database.afterCommit(() => this.#deliver(sessionId, events));
    });
  }

  lastSeq(sessionId: string): number {
    const row = this.#database.sql("SELECT COALESCE(MAX(seq), 0) AS seq FROM events WHERE session_id = ?").get(sessionId);
    return row?.seq as number;
  }

  /** Events after `seq`, oldest first, at most `limit`. */
  since(sessionId: string, seq: number, limit: number): SessionEvent[] {
    const rows = this.#database
      .sql("SELECT seq, event, data FROM events WHERE session_id = ? AND seq > ? ORDER BY seq LIMIT ?")
      .all(sessionId, seq, limit);
    return rows.map(toEvent);
  }

  /** Everything the log holds about one job. */
  ofJob(jobId: string): (SessionEvent & { readonly at: number })[] {
    const rows = this.#database.sql("SELECT seq, event, data, at FROM events WHERE job_id = ? ORDER BY seq").all(jobId);
    return rows.map((row) => ({ ...toEvent(row), at: row.at as number }));
  }

  /** What happened while nobody was attached: events above `after`, at most the last 256, and how many more there were. */
  unseen(sessionId: string): { readonly after: number; readonly dropped: number } {
    const last = this.lastSeq(sessionId);
    const row = this.#database.sql("SELECT delivered_seq FROM sessions WHERE session_id = ?").get(sessionId);
    const delivered = row?.delivered_seq as number | null | undefined;
    if (delivered === null || delivered === undefined) return { after: last, dropped: 0 };
    const after = Math.max(delivered, last - UNSEEN_LIMIT);
    return { after, dropped: after - delivered };
  }

  /** Shrinks what the log keeps of a deleted job; the numbering stays without gaps. */
  forgetJob(jobId: string): void {
    const empty = JSON.stringify({ job_id: jobId, points: [] });
    this.#database.sql("UPDATE events SET data = ? WHERE job_id = ? AND event = 'job.points'").run(empty, jobId);
    const silent = JSON.stringify({ job_id: jobId, stage: null, message: "" });
    this.#database.sql("UPDATE events SET data = ? WHERE job_id = ? AND event = 'job.progress'").run(silent, jobId);
  }

  /** Attaching twice is the same as once. */
  attach(sessionId: string, subscriber: Subscriber): void {
    const attached = this.#subscribers.get(sessionId);
    if (attached !== undefined) {
      attached.add(subscriber);
      return;
    }
    this.#database.sql("UPDATE sessions SET delivered_seq = NULL WHERE session_id = ?").run(sessionId);
    this.#subscribers.set(sessionId, new Set([subscriber]));
  }

  detach(sessionId: string, subscriber: Subscriber): void {
    const attached = this.#subscribers.get(sessionId);
    if (attached === undefined || !attached.delete(subscriber) || attached.size > 0) return;
    this.#subscribers.delete(sessionId);
    this.#database.sql("UPDATE sessions SET delivered_seq = ? WHERE session_id = ?").run(this.lastSeq(sessionId), sessionId);
  }

  connectionCount(sessionId: string): number {
    return this.#subscribers.get(sessionId)?.size ?? 0;
  }

  subscribersOf(sessionId: string): readonly Subscriber[] {
    return [...(this.#subscribers.get(sessionId) ?? [])];
  }

  /** Ends a session's log: its subscribers get `farewell` as the last event and are detached. */
  end(sessionId: string, farewell: EventDraft): void {
    const last = { seq: this.lastSeq(sessionId) + 1, event: farewell.event, data: farewell.data };
    this.#database.sql("DELETE FROM events WHERE session_id = ?").run(sessionId);
    const attached = this.subscribersOf(sessionId);
    this.#subscribers.delete(sessionId);
    this.#database.afterCommit(() => {
      for (const subscriber of attached) subscriber.deliver(last);
    });
  }

  #deliver(sessionId: string, events: readonly SessionEvent[]): void {
    for (const subscriber of this.subscribersOf(sessionId)) {
      for (const event of events) subscriber.deliver(event);
    }
  }
}

function toEvent(row: Readonly<Record<string, unknown>>): SessionEvent {
  return { seq: row.seq as number, event: row.event as string, data: JSON.parse(row.data as string) };
}
