import { newId } from "../core/ids.ts";
import type { SessionListEntry, SessionSnapshot } from "../wire/live/messages.ts";
import type { SessionEvents } from "./events.ts";
import { WireError } from "./live/wire-error.ts";
import type { Database } from "./store/database.ts";
import { wireTime } from "./wire-time.ts";

/** What this service needs of the two that own a session's content. */
export interface SessionContent {
  readonly jobs: { ofSession(sessionId: string): SessionSnapshot["jobs"]; dropSession(sessionId: string): void };
  readonly data: { list(sessionId: string): SessionSnapshot["data"]; dropSession(sessionId: string): void };
}

export interface SessionOptions {
  readonly maxSessions: number;
  readonly now?: () => number;
}

export interface SessionRow {
  readonly sessionId: string;
  readonly name: string;
  readonly createdAt: number;
  readonly lastSeenAt: number;
}

const NAME = /^[A-Za-z0-9_.-]{1,64}$/;

/** Named workspaces that outlive connections and restarts. Everything a session owns is found by its id. */
export class Sessions {
  readonly #database: Database;
  readonly #events: SessionEvents;
  readonly #options: SessionOptions;
  #content: SessionContent | null = null;

  constructor(database: Database, events: SessionEvents, options: SessionOptions) {
    this.#database = database;
    this.#events = events;
    this.#options = options;
  }

  /** Jobs and data know sessions, and sessions list jobs and data: the second arrow is drawn here, once, at start. */
  connect(content: SessionContent): void {
    this.#content = content;
  }

  /**
   * @param name a session name, or null for the lowest free `untitled-<n>`.
   * @param requestKey the same key again gives the session that it made, so that a client may repeat a request whose answer was lost.
   */
  create(name: unknown, requestKey: string | null): SessionRow {
    const repeated = requestKey === null ? null : this.#read("request_key = ?", requestKey);
    if (repeated !== null) return repeated;
    const wanted = name === null || name === undefined ? this.#untitled() : toSessionName(name);
    if (this.#read("name = ?", wanted) !== null) {
      throw new WireError("session_exists", `There is already a session named "${wanted}". Join it, or choose another name.`);
    }
    const limit = this.#options.maxSessions;
    if (this.count() >= limit) {
      throw new WireError("too_many", `There are already ${limit} sessions. Delete one, or start the server with a higher maxSessions.`);
    }
    const at = this.#now();
    const sessionId = newId("sess");
    this.#database
      .sql("INSERT INTO sessions (session_id, name, created_at, last_seen_at, delivered_seq, request_key) VALUES (?, ?, ?, ?, 0, ?)")
      .run(sessionId, wanted, at, at, requestKey);
    return { sessionId, name: wanted, createdAt: at, lastSeenAt: at };
  }

  /** The session with that id, else with that name. @throws {WireError} `session_not_found`. */
  find(sessionId: unknown, name: unknown): SessionRow {
    const byId = typeof sessionId === "string" ? this.get(sessionId) : null;
    const found = byId ?? (typeof name === "string" ? this.#read("name = ?", name) : null);
    if (found !== null) return found;
    const wanted = typeof sessionId === "string" ? sessionId : typeof name === "string" ? `"${name}"` : "without session_id and name";
    throw new WireError("session_not_found", `There is no session ${wanted}. session.list shows those that exist.`);
  }

  get(sessionId: string): SessionRow | null {
    return this.#read("session_id = ?", sessionId);
  }

  count(): number {
    return this.#database.sql("SELECT COUNT(*) AS n FROM sessions").get()?.n as number;
  }

  list(): SessionListEntry[] {
    const rows = this.#database.sql("SELECT * FROM sessions ORDER BY session_id").all().map(toSession);
    return rows.map((session) => {
      const jobs = this.#contentOf().jobs.ofSession(session.sessionId);
      return {
        ...this.#head(session),
        n_jobs: jobs.length,
        jobs_running: jobs.filter((job) => job.status === "running").length,
      };
    });
  }

  snapshot(sessionId: string): SessionSnapshot {
    const session = this.get(sessionId);
    if (session === null) throw new WireError("not_attached", "The session no longer exists. Create or join another one.");
    return {
      ...this.#head(session),
      jobs: this.#contentOf().jobs.ofSession(sessionId),
      data: this.#contentOf().data.list(sessionId),
      seq: this.#events.lastSeq(sessionId),
    };
  }

  /** Renaming to the present name changes nothing, not even `last_seen`. */
  rename(sessionId: string, given: unknown): { readonly session_id: string; readonly name: string } {
    const name = toSessionName(given);
    const other = this.#read("name = ?", name);
    if (other !== null && other.sessionId !== sessionId) {
      throw new WireError("session_exists", `There is already a session named "${name}". Choose another name.`);
    }
    if (other === null) {
      this.#database.transaction(() => {
        this.#database.sql("UPDATE sessions SET name = ?, last_seen_at = ? WHERE session_id = ?").run(name, this.#now(), sessionId);
        this.#events.append(sessionId, [{ event: "session.renamed", data: { session_id: sessionId, name } }]);
      });
    }
    return { session_id: sessionId, name };
  }

  /** Removes a session with its jobs and data, stops what runs, and tells and detaches everybody. Unknown ids: nothing. */
  delete(sessionId: string): void {
    if (this.get(sessionId) === null) return;
    this.#database.transaction(() => {
      this.#contentOf().jobs.dropSession(sessionId);
      this.#contentOf().data.dropSession(sessionId);
      this.#events.end(sessionId, { event: "session.deleted", data: { session_id: sessionId } });
      this.#database.sql("DELETE FROM sessions WHERE session_id = ?").run(sessionId);
    });
  }

  /** Notes that somebody used the session. */
  touch(sessionId: string): void {
    this.#database.sql("UPDATE sessions SET last_seen_at = ? WHERE session_id = ?").run(this.#now(), sessionId);
  }

  /** Deletes sessions that nobody is attached to and nobody used for `ttlMs`. @returns their ids. */
  collect(ttlMs: number): string[] {
    const rows = this.#database.sql("SELECT session_id FROM sessions WHERE last_seen_at < ?").all(this.#now() - ttlMs);
    const idle = rows.map((row) => row.session_id as string).filter((id) => this.#events.connectionCount(id) === 0);
    for (const sessionId of idle) this.delete(sessionId);
    return idle;
  }

  #head(session: SessionRow): Pick<SessionListEntry, "session_id" | "name" | "created" | "last_seen" | "n_connections"> {
    return {
      session_id: session.sessionId,
      name: session.name,
      created: wireTime(session.createdAt),
      last_seen: wireTime(session.lastSeenAt),
      n_connections: this.#events.connectionCount(session.sessionId),
    };
  }

  #untitled(): string {
    const rows = this.#database.sql("SELECT name FROM sessions WHERE name LIKE 'untitled-%'").all();
    const taken = new Set(rows.map((row) => row.name));
    for (let n = 1; ; n++) if (!taken.has(`untitled-${n}`)) return `untitled-${n}`;
  }

  #read(condition: string, value: string): SessionRow | null {
    const row = this.#database.sql(`SELECT * FROM sessions WHERE ${condition}`).get(value);
    return row === undefined ? null : toSession(row);
  }

  #contentOf(): SessionContent {
    if (this.#content === null) throw new Error("Sessions.connect was not called");
    return this.#content;
  }

  #now(): number {
    return (this.#options.now ?? Date.now)();
  }
}

function toSession(row: Readonly<Record<string, unknown>>): SessionRow {
  return {
    sessionId: row.session_id as string,
    name: row.name as string,
    createdAt: row.created_at as number,
    lastSeenAt: row.last_seen_at as number,
  };
}

/** @throws {WireError} `invalid_name` unless it is 1–64 characters of letters, digits, `_`, `.` and `-`. */
export function toSessionName(name: unknown): string {
  if (typeof name === "string" && NAME.test(name)) return name;
  throw new WireError(
    "invalid_name",
    `A session name has 1 to 64 characters from A–Z, a–z, 0–9, "_", "." and "-"; got ${JSON.stringify(name)?.slice(0, 80)}.`,
  );
}
