import { join } from "node:path";
import Libsql from "libsql";
import { TrainyardError } from "../core/errors.ts";
import { RUN_MIGRATIONS } from "./schema.ts";

type SqlValue = string | number | null | Uint8Array;
export type SqlRow = Readonly<Record<string, unknown>>;

interface Statement {
  run(...values: readonly SqlValue[]): { readonly changes: number; readonly lastInsertRowid: number };
  get(...values: readonly SqlValue[]): SqlRow | undefined;
  all(...values: readonly SqlValue[]): readonly SqlRow[];
}

/**
 * `runs.db` of a data folder: SQLite in WAL mode with `synchronous=FULL`. A file of its own, so that the stream of points
 * shares no lock and no log with sessions and jobs. One connection; calls are synchronous.
 */
export class RunStore {
  readonly #connection: Libsql.Database;
  readonly #statements = new Map<string, Statement>();

  /** @throws {TrainyardError} `unavailable` when the file is newer than this program. */
  constructor(folder: string) {
    this.#connection = new Libsql(join(folder, "runs.db"));
    for (const pragma of ["page_size=8192", "journal_mode=WAL", "synchronous=FULL", "cache_size=-8000", "wal_autocheckpoint=2000"]) {
      this.#connection.exec(`PRAGMA ${pragma}`);
    }
    this.#migrate(folder);
  }

  /** The statement for `sql`, prepared once. */
  sql(sql: string): Statement {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      // The binding's own types know neither the number nor the names of columns.
      statement = this.#connection.prepare(sql) as unknown as Statement;
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  /** All of `work` is on disk when this returns, or none of it. Does not nest. */
  transaction<Result>(work: () => Result): Result {
    this.#connection.exec("BEGIN IMMEDIATE");
    try {
      const result = work();
      this.#connection.exec("COMMIT");
      return result;
    } catch (error) {
      this.#connection.exec("ROLLBACK");
      throw error;
    }
  }

  close(): void {
    this.#statements.clear();
    if (this.#connection.open) this.#connection.close();
  }

  #migrate(folder: string): void {
    const { user_version: version } = this.#connection.prepare("PRAGMA user_version").get() as { user_version: number };
    if (version > RUN_MIGRATIONS.length) {
      throw new TrainyardError(
        "unavailable",
        `runs.db in ${folder} has format ${version}; this Trainyard knows formats up to ${RUN_MIGRATIONS.length}. Use a newer Trainyard or another --data-dir.`,
      );
    }
    RUN_MIGRATIONS.slice(version).forEach((script, i) => {
      this.transaction(() => {
        this.#connection.exec(script);
        this.#connection.exec(`PRAGMA user_version=${version + i + 1}`);
      });
    });
  }
}

/** A blob of a row. The binding gives a Buffer from `get` and an ArrayBuffer from `all`. */
export function bytesIn(value: unknown): Buffer {
  return Buffer.isBuffer(value) ? value : Buffer.from(value as ArrayBuffer);
}
