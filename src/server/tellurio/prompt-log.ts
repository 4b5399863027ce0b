import { mkdirSync } from "node:fs";
import { join } from "node:path";
import Libsql from "libsql";

/**
 * What a prompt training's log tells. `variable`: a text that is learned. `version`: one of its texts, with the numbers of the gradients
 * that led to it. `gradient`: criticism of a version. `graph`: the picture of the graph, when it changed. `score`: a mean over
 * evaluations. `step`: a step is through, with what was spent so far.
 */
export const PROMPT_KINDS = ["variable", "version", "gradient", "graph", "score", "step"] as const;
export type PromptKind = (typeof PROMPT_KINDS)[number];

export interface PromptEntry {
  /** 1, 2, 3 … within a run; old entries may be gone. */
  readonly seq: number;
  readonly kind: PromptKind;
  /** Epoch ms. */
  readonly at: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Entries and characters per run that are kept; beyond them the oldest of that kind go. The first version of a variable goes last. */
const LIMITS: Readonly<Record<PromptKind, { readonly entries: number; readonly characters: number }>> = {
  variable: { entries: 500, characters: 1_000_000 },
  version: { entries: 2000, characters: 16_000_000 },
  gradient: { entries: 4000, characters: 16_000_000 },
  graph: { entries: 50, characters: 8_000_000 },
  score: { entries: 20_000, characters: 4_000_000 },
  step: { entries: 20_000, characters: 4_000_000 },
};
/** How many entries may come between two looks at the limits. */
const PRUNE_EVERY = 200;

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS entries (
    run_id TEXT NOT NULL,
    seq INTEGER NOT NULL,
    kind TEXT NOT NULL,
    at REAL NOT NULL,
    -- JSON.
    body TEXT NOT NULL,
    PRIMARY KEY (run_id, seq)
  ) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS entries_by_kind ON entries(run_id, kind, seq);
`;

type Row = Readonly<Record<string, unknown>>;
interface Statement {
  run(...values: readonly unknown[]): unknown;
  get(...values: readonly unknown[]): Row | undefined;
  all(...values: readonly unknown[]): readonly Row[];
}

/**
 * The logs of prompt trainings, in `prompts.db` of the data folder (SQLite, WAL, synchronous=FULL): an entry is on disk before anybody
 * sees it, and numbers of a run never fall. Bounded per run, see `LIMITS`.
 */
export class PromptLog {
  readonly #connection: Libsql.Database;
  readonly #statements = new Map<string, Statement>();
  readonly #listeners = new Map<string, Set<() => void>>();
  readonly #last = new Map<string, number>();
  readonly #now: () => number;

  constructor(folder: string, now: () => number = Date.now) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    this.#connection = new Libsql(join(folder, "prompts.db"));
    for (const pragma of ["journal_mode=WAL", "synchronous=FULL"]) this.#connection.exec(`PRAGMA ${pragma}`);
    this.#connection.exec(SCHEMA);
    this.#now = now;
  }

  get isOpen(): boolean {
    return this.#connection.open;
  }

  /** Appends all of them or none. @returns their numbers. */
  append(runId: string, entries: readonly { readonly kind: PromptKind; readonly body: Row }[]): number[] {
    if (entries.length === 0 || !this.isOpen) return [];
    const before = this.lastSeq(runId);
    const at = this.#now();
    this.#transaction(() => {
      for (const [index, { kind, body }] of entries.entries()) {
        this.#sql("INSERT INTO entries (run_id, seq, kind, at, body) VALUES (?, ?, ?, ?, ?)").run(
          runId,
          before + index + 1,
          kind,
          at,
          JSON.stringify(body),
        );
      }
      const last = before + entries.length;
      if (Math.floor(before / PRUNE_EVERY) !== Math.floor(last / PRUNE_EVERY)) this.#prune(runId);
    });
    this.#last.set(runId, before + entries.length);
    for (const listener of [...(this.#listeners.get(runId) ?? [])]) listener();
    return entries.map((_, index) => before + index + 1);
  }

  lastSeq(runId: string): number {
    const known = this.#last.get(runId);
    if (known !== undefined) return known;
    const found = this.#sql("SELECT MAX(seq) AS seq FROM entries WHERE run_id = ?").get(runId)?.seq;
    const last = typeof found === "number" ? found : 0;
    if (this.#last.size > 1000) this.#last.clear();
    this.#last.set(runId, last);
    return last;
  }

  /** Entries after `seq`, oldest first. */
  read(runId: string, seq: number, limit: number): PromptEntry[] {
    if (!this.isOpen) return [];
    return this.#sql("SELECT seq, kind, at, body FROM entries WHERE run_id = ? AND seq > ? ORDER BY seq LIMIT ?")
      .all(runId, seq, limit)
      .map(toEntry);
  }

  /** The newest entry of a kind. */
  newest(runId: string, kind: PromptKind): PromptEntry | null {
    const row = this.#sql("SELECT seq, kind, at, body FROM entries WHERE run_id = ? AND kind = ? ORDER BY seq DESC LIMIT 1").get(
      runId,
      kind,
    );
    return row === undefined ? null : toEntry(row);
  }

  count(runId: string, kind: PromptKind): number {
    return this.#sql("SELECT COUNT(*) AS n FROM entries WHERE run_id = ? AND kind = ?").get(runId, kind)?.n as number;
  }

  /** Every run with a log. Jumps from run to run in the index, so that long logs cost nothing. */
  runIds(): string[] {
    const rows = this.#sql(`
      WITH RECURSIVE ids(id) AS (
        SELECT MIN(run_id) FROM entries UNION ALL SELECT (SELECT MIN(run_id) FROM entries WHERE run_id > id) FROM ids WHERE id IS NOT NULL
      ) SELECT id FROM ids WHERE id IS NOT NULL`).all();
    return rows.map((row) => row.id as string);
  }

  remove(runId: string): void {
    this.#sql("DELETE FROM entries WHERE run_id = ?").run(runId);
    this.#last.delete(runId);
    for (const listener of [...(this.#listeners.get(runId) ?? [])]) listener();
  }

  /** Calls `listener` after each append to that run, until the returned function is called. */
  watch(runId: string, listener: () => void): () => void {
    const listeners = this.#listeners.get(runId) ?? new Set();
    this.#listeners.set(runId, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#listeners.get(runId) === listeners) this.#listeners.delete(runId);
    };
  }

  close(): void {
    if (!this.#connection.open) return;
    this.#statements.clear();
    this.#connection.close();
  }

  #prune(runId: string): void {
    for (const [kind, { entries, characters }] of Object.entries(LIMITS)) {
      this.#sql(`
        DELETE FROM entries WHERE run_id = ?1 AND seq IN (
          SELECT seq FROM (
            SELECT seq, SUM(LENGTH(body)) OVER newest AS characters, ROW_NUMBER() OVER newest AS place
            FROM entries WHERE run_id = ?1 AND kind = ?2 AND NOT (kind = 'version' AND json_extract(body, '$.version') = 0)
            WINDOW newest AS (ORDER BY seq DESC)
          ) WHERE characters > ?3 OR place > ?4
        )`).run(runId, kind, characters, entries);
    }
  }

  #transaction(work: () => void): void {
    this.#connection.exec("BEGIN IMMEDIATE");
    try {
      work();
      this.#connection.exec("COMMIT");
    } catch (error) {
      this.#connection.exec("ROLLBACK");
      throw error;
    }
  }

  #sql(sql: string): Statement {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      // The binding's own types know neither the number nor the names of columns.
      statement = this.#connection.prepare(sql) as unknown as Statement;
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}

function toEntry(row: Row): PromptEntry {
  return {
    seq: row.seq as number,
    kind: row.kind as PromptKind,
    at: row.at as number,
    body: JSON.parse(row.body as string) as Row,
  };
}
