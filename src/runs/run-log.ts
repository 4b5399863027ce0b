import { decodeBatch, encodeBatch } from "./batch-codec.ts";
import type { RunState } from "./lifecycle.ts";
import type { PointBatch } from "./point-batch.ts";
import { bytesIn, type RunStore, type SqlRow } from "./run-store.ts";

export interface StateChange {
  readonly from: RunState;
  readonly to: RunState;
  /** What led to it, for people. */
  readonly cause: string;
  /** Who: `reporter`, `user`, `server`. */
  readonly actor: Actor;
  readonly reason: string | null;
}
export type Actor = "reporter" | "user" | "server";
export interface LogLine {
  readonly level: string;
  readonly message: string;
}
/** From here on the run is told anew: earlier points with a step from `from_step` on are superseded. */
export interface Rewind {
  readonly branch: number;
  readonly from_step: number | null;
}
export interface Alert {
  readonly rule: string;
  readonly key: string | null;
  readonly message: string;
  readonly step: number | null;
}

/** What an entry of a run's log holds, by kind. */
export type EntryBody =
  | { readonly kind: "points"; readonly batch: PointBatch }
  | { readonly kind: "state"; readonly state: StateChange }
  | { readonly kind: "line"; readonly line: LogLine }
  | { readonly kind: "rewind"; readonly rewind: Rewind }
  | { readonly kind: "alert"; readonly alert: Alert };
export type EntryKind = EntryBody["kind"];

/** One entry of a run's log. A batch of n rows takes the numbers seq − n + 1 … seq; everything else takes one. */
export type LogEntry = EntryBody & { readonly seq: number; readonly rowCount: number; readonly at: number };

/** Bodies of recent entries stay in memory up to this, per run: live subscribers read no disk. */
const RECENT_BYTES = 1024 * 1024;

/** The newest entries of a run. */
export class RecentEntries {
  #entries: { readonly entry: LogEntry; readonly bytes: number }[] = [];
  #bytes = 0;

  push(entry: LogEntry, bytes: number): void {
    this.#entries.push({ entry, bytes });
    this.#bytes += bytes;
    if (this.#bytes <= 2 * RECENT_BYTES) return;
    let drop = 0;
    while (this.#bytes > RECENT_BYTES && drop < this.#entries.length - 1) this.#bytes -= this.#entries[drop++]!.bytes;
    this.#entries = this.#entries.slice(drop);
  }

  /** Entries after `seq` while all of them are here, else null. */
  after(seq: number, lastSeq: number, rowsMax: number): LogEntry[] | null {
    if (seq >= lastSeq) return [];
    const first = this.#entries[0]?.entry;
    if (first === undefined || first.seq - first.rowCount > seq) return null;
    let low = 0;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#entries[middle]!.entry.seq <= seq) low = middle + 1;
      else high = middle;
    }
    const result: LogEntry[] = [];
    for (let rows = 0; low < this.#entries.length && rows < rowsMax; low++) {
      const { entry } = this.#entries[low]!;
      result.push(entry);
      rows += entry.rowCount;
    }
    return result;
  }
}

/** Writes one entry; inside a transaction. Returns the size of what it wrote. */
export function writeEntry(store: RunStore, run: number, { seq, rowCount, at, ...body }: LogEntry): number {
  const bytes = body.kind === "points" ? encodeBatch(body.batch) : Buffer.from(JSON.stringify(contentOf(body)));
  store
    .sql("INSERT INTO entries (run, seq, row_count, kind, at, body) VALUES (?, ?, ?, ?, ?, ?)")
    .run(run, seq, rowCount, body.kind, at, bytes);
  return bytes.length + 200;
}

/** Entries after `seq` from disk, oldest first, about `rowsMax` rows. The first may begin at or before `seq`. */
export function readEntries(store: RunStore, run: number, seq: number, rowsMax: number): LogEntry[] {
  const found = store
    .sql("SELECT seq, row_count, kind, at, body FROM entries WHERE run = ? AND seq > ? ORDER BY seq LIMIT 64")
    .all(run, seq);
  const result: LogEntry[] = [];
  let rows = 0;
  for (const row of found) {
    if (rows >= rowsMax) break;
    const entry = toEntry(row);
    result.push(entry);
    rows += entry.rowCount;
  }
  return result;
}

/** Everything after `seq` from disk, in pages. */
export function* entriesAfter(store: RunStore, run: number, seq: number): Generator<LogEntry> {
  for (let after = seq; ; ) {
    const page = readEntries(store, run, after, 50_000);
    if (page.length === 0) return;
    yield* page;
    after = page.at(-1)!.seq;
  }
}

/** The newest `limit` entries of a kind with `after < seq < before`, newest first. */
export function readKind(
  store: RunStore,
  run: number,
  kind: EntryKind,
  range: { readonly after: number; readonly before: number },
  limit: number,
): LogEntry[] {
  return store
    .sql(
      "SELECT seq, row_count, kind, at, body FROM entries WHERE run = ? AND kind = ? AND kind <> 'points' AND seq > ? AND seq < ? ORDER BY seq DESC LIMIT ?",
    )
    .all(run, kind, range.after, range.before, limit)
    .map(toEntry);
}

function contentOf(body: Exclude<EntryBody, { kind: "points" }>): unknown {
  switch (body.kind) {
    case "state":
      return body.state;
    case "line":
      return body.line;
    case "rewind":
      return body.rewind;
    case "alert":
      return body.alert;
  }
}

function toEntry(row: SqlRow): LogEntry {
  const kind = row.kind as EntryKind;
  const bytes = bytesIn(row.body);
  const place = { seq: row.seq as number, rowCount: row.row_count as number, at: row.at as number };
  if (kind === "points") return { ...place, kind, batch: decodeBatch(bytes) };
  // Written by `writeEntry` only.
  const content = JSON.parse(bytes.toString("utf8"));
  return { ...place, kind, [kind]: content } as LogEntry;
}
