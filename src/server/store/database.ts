import { join } from "node:path";
import Libsql from "libsql";
import { TrainyardError } from "../../core/errors.ts";
import { MIGRATIONS } from "./schema.ts";

/** One prepared statement. Rows are plain objects by column name. */
export interface Statement {
  run(...values: readonly SqlValue[]): void;
  get(...values: readonly SqlValue[]): Readonly<Record<string, unknown>> | undefined;
  all(...values: readonly SqlValue[]): readonly Readonly<Record<string, unknown>>[];
}
export type SqlValue = string | number | null;

/**
 * The metadata of a data folder: SQLite in WAL mode with `synchronous=FULL`, so what a committed transaction wrote survives a
 * killed process and a lost power supply. One connection; every call is synchronous and short.
 */
export class Database {
  readonly #connection: Libsql.Database;
  readonly #statements = new Map<string, Statement>();
  #depth = 0;
  #afterCommit: (() => void)[] = [];

  /** Opens or creates `trainyard.db` in `folder` and brings its tables up to date. @throws {TrainyardError} `unavailable` when it is newer than this program. */
  static open(folder: string): Database {
    const connection = new Libsql(join(folder, "trainyard.db"));
    connection.exec("PRAGMA journal_mode=WAL");
    connection.exec("PRAGMA synchronous=FULL");
    connection.exec("PRAGMA cache_size=-2000");
    const database = new Database(connection);
    database.#migrate(folder);
    return database;
  }

  private constructor(connection: Libsql.Database) {
    this.#connection = connection;
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

  /** Runs `work` in one transaction: all of it is on disk when this returns, or none of it. Calls may nest. */
  transaction<Result>(work: () => Result): Result {
    if (this.#depth > 0) return work();
    this.#connection.exec("BEGIN IMMEDIATE");
    this.#depth++;
    let result: Result;
    try {
      result = work();
      this.#connection.exec("COMMIT");
    } catch (error) {
      this.#afterCommit = [];
      // A full disk has already rolled it back.
      if (this.#connection.inTransaction) this.#connection.exec("ROLLBACK");
      throw error;
    } finally {
      this.#depth--;
    }
    const due = this.#afterCommit;
    this.#afterCommit = [];
    for (const act of due) act();
    return result;
  }

  /** Runs `act` once the transaction around this call is on disk (at once when there is none); never when it is rolled back. */
  afterCommit(act: () => void): void {
    if (this.#depth === 0) act();
    else this.#afterCommit.push(act);
  }

  close(): void {
    this.#statements.clear();
    if (this.#connection.open) this.#connection.close();
  }

  #migrate(folder: string): void {
    const row = this.#connection.prepare("PRAGMA user_version").get() as { user_version: number };
    const version = row.user_version;
    if (version > MIGRATIONS.length) {
      throw new TrainyardError(
        "unavailable",
        `The data folder ${folder} has format ${version}; this Trainyard knows formats up to ${MIGRATIONS.length}. Use a newer Trainyard or another --data-dir.`,
      );
    }
    for (let next = version; next < MIGRATIONS.length; next++) {
      this.transaction(() => {
        this.#connection.exec(MIGRATIONS[next]!);
        this.#connection.exec(`PRAGMA user_version=${next + 1}`);
      });
    }
  }
}
