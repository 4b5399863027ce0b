import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Libsql from "libsql";
import { TrainyardError } from "../../core/errors.ts";

/**
 * Exclusive ownership of a data folder, held as an operating-system lock (SQLite's) on `owner.lock`. The lock ends with the
 * process however it dies, so there is never a stale one. `owner.json` beside it tells a second server who holds it.
 */
export class OwnerLock {
  readonly #connection: Libsql.Database;
  readonly #factsFile: string;

  /** @throws {TrainyardError} `data_folder_busy` when another server owns the folder. */
  static acquire(folder: string): OwnerLock {
    const connection = new Libsql(join(folder, "owner.lock"));
    const factsFile = join(folder, "owner.json");
    try {
      connection.exec("PRAGMA locking_mode=EXCLUSIVE");
      connection.exec("BEGIN EXCLUSIVE");
    } catch (error) {
      connection.close();
      throw new TrainyardError(
        "data_folder_busy",
        `The data folder ${folder} is in use by ${describeOwner(factsFile)}. Open that server, stop it, or choose another folder with --data-dir.`,
        { cause: error, details: { folder } },
      );
    }
    return new OwnerLock(connection, factsFile);
  }

  private constructor(connection: Libsql.Database, factsFile: string) {
    this.#connection = connection;
    this.#factsFile = factsFile;
    this.publish(null);
  }

  /** Tells other programs where this server listens. */
  publish(url: string | null): void {
    writeFileSync(this.#factsFile, `${JSON.stringify({ pid: process.pid, url, started_at: new Date().toISOString() })}\n`, { mode: 0o600 });
  }

  release(): void {
    if (!this.#connection.open) return;
    rmSync(this.#factsFile, { force: true });
    this.#connection.close();
  }
}

function describeOwner(factsFile: string): string {
  try {
    const facts = JSON.parse(readFileSync(factsFile, "utf8")) as { pid?: unknown; url?: unknown };
    const where = typeof facts.url === "string" ? ` at ${facts.url}` : "";
    return `another Trainyard server (process ${String(facts.pid)}${where})`;
  } catch {
    return "another Trainyard server";
  }
}
