import { link, mkdir, readFile, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { newId } from "../core/ids.ts";
import type { TableShape } from "../engine/train/shape.ts";
import type { ComputeProfile, TaskReference } from "../tasks/profile.ts";
import type { DataProfile, HandleSummary } from "../wire/live/messages.ts";
import type { ArrowTable } from "./data-tasks/arrow-table.ts";
import { describeProfile, type TableDescription } from "./describe-profile.ts";
import type { SessionEvents } from "./events.ts";
import type { Folders } from "./folders.ts";
import { WireError } from "./live/wire-error.ts";
import { Serial } from "./serial.ts";
import type { Database } from "./store/database.ts";
import { syncTree } from "./store/durable-files.ts";
import type { ArrivedFile, TableFormat } from "./uploads.ts";

/** What `importTask` gives back. */
interface ImportedTable {
  readonly rows: number;
  readonly cols: number;
  readonly warnings: readonly string[];
  readonly fingerprint: string;
}

export interface NewHandle extends HandleSummary {
  readonly warnings: readonly string[];
}

export interface DataOptions {
  readonly maxHandles: number;
  /** Where imports, previews and conversions run, so that the server itself does no heavy work. */
  readonly profile: ComputeProfile;
  readonly importTask: TaskReference;
  readonly now?: () => number;
}

interface HandleRow {
  readonly dataHandle: string;
  readonly sessionId: string;
  readonly name: string;
  readonly rows: number;
  readonly cols: number;
  readonly fingerprint: string;
  readonly warnings: readonly string[];
  readonly folder: string;
}

const PREVIEW_TASK: TaskReference = { module: new URL("./data-tasks/arrow-task.js", import.meta.url).href, export: "arrowTask" };

/** The tables of all sessions. A handle's files are complete and on disk before the handle exists. */
export class DataHandles {
  readonly #database: Database;
  readonly #events: SessionEvents;
  readonly #folders: Folders;
  readonly #options: DataOptions;
  readonly #perHandle = new Serial();
  /** Imports under way, by session: they count against the cap. */
  readonly #importing = new Map<string, number>();

  constructor(database: Database, events: SessionEvents, folders: Folders, options: DataOptions) {
    this.#database = database;
    this.#events = events;
    this.#folders = folders;
    this.#options = options;
  }

  /** Imports a file that has arrived and removes it. @throws {WireError} `too_many`; what the reader says about the file. */
  async addArrived(sessionId: string, file: ArrivedFile): Promise<NewHandle> {
    try {
      return await this.add(sessionId, { name: file.name, source: file.path, format: file.format });
    } finally {
      await rm(file.folder, { recursive: true, force: true });
    }
  }

  /** Imports a file that stays where it is. */
  async add(sessionId: string, from: { readonly name: string; readonly source: string; readonly format: TableFormat }): Promise<NewHandle> {
    this.checkRoom(sessionId);
    this.#countImport(sessionId, 1);
    const dataHandle = newId("data");
    const folder = this.#folders.data(dataHandle);
    try {
      await mkdir(folder, { recursive: true });
      const task = { source: from.source, format: from.format, folder };
      const table = await this.#options.profile.submit<ImportedTable>(this.#options.importTask, task).result;
      await syncTree(folder);
      return this.#insert(sessionId, dataHandle, from.name, table);
    } catch (error) {
      await rm(folder, { recursive: true, force: true });
      throw error;
    } finally {
      this.#countImport(sessionId, -1);
    }
  }

  checkRoom(sessionId: string): void {
    const used = this.list(sessionId).length + (this.#importing.get(sessionId) ?? 0);
    if (used < this.#options.maxHandles) return;
    throw new WireError(
      "too_many",
      `This session already has ${used} data sets; the limit is ${this.#options.maxHandles}. Delete one first.`,
    );
  }

  list(sessionId: string): HandleSummary[] {
    return this.#database.sql("SELECT * FROM data WHERE session_id = ? ORDER BY data_handle").all(sessionId).map(toHandle).map(summaryOf);
  }

  summary(sessionId: string, dataHandle: string): HandleSummary {
    return summaryOf(this.#get(sessionId, dataHandle));
  }

  async profile(sessionId: string, dataHandle: string): Promise<DataProfile> {
    const handle = this.#use(sessionId, dataHandle);
    const stored = await this.#readJson<DataProfile>(handle, "profile.json");
    return { ...stored, data_handle: dataHandle, name: handle.name, fingerprint: handle.fingerprint, warnings: handle.warnings };
  }

  async describe(sessionId: string, dataHandle: string): Promise<TableDescription> {
    return describeProfile(await this.profile(sessionId, dataHandle));
  }

  shape(sessionId: string, dataHandle: string): Promise<TableShape> {
    return this.#readJson<TableShape>(this.#use(sessionId, dataHandle), "shape.json");
  }

  fingerprint(sessionId: string, dataHandle: string): string {
    return this.#get(sessionId, dataHandle).fingerprint;
  }

  /** Rows `offset … offset + limit` of all columns. */
  preview(sessionId: string, dataHandle: string, offset: number, limit: number): Promise<ArrowTable> {
    const handle = this.#use(sessionId, dataHandle);
    const task = { tableFile: join(this.#folders.data(handle.folder), "table.bin"), rows: { from: offset, count: limit } };
    return this.#options.profile.submit<ArrowTable>(PREVIEW_TASK, task).result;
  }

  /** Path of the handle's table file, for reading at once. */
  tableFile(sessionId: string, dataHandle: string): string {
    return join(this.#folders.data(this.#use(sessionId, dataHandle).folder), "table.bin");
  }

  /** Gives a job a name of its own for the table, so that deleting or converting the handle does not touch the job. @returns its fingerprint. */
  async lend(sessionId: string, dataHandle: string, target: string): Promise<string> {
    const { folder, fingerprint } = this.#use(sessionId, dataHandle);
    const source = join(this.#folders.data(folder), "table.bin");
    try {
      await link(source, target);
    } catch (error) {
      // Some file systems have no hard links.
      if ((error as NodeJS.ErrnoException).code === "ENOENT") throw error;
      const { copyFile } = await import("node:fs/promises");
      await copyFile(source, target);
    }
    return fingerprint;
  }

  rename(sessionId: string, dataHandle: string, name: string): HandleSummary {
    const handle = this.#get(sessionId, dataHandle);
    this.#database.transaction(() => {
      this.#database.sql("UPDATE data SET name = ? WHERE data_handle = ?").run(name, dataHandle);
      this.#announceChange(sessionId, summaryOf({ ...handle, name }));
    });
    return summaryOf({ ...handle, name });
  }

  /** Writes a new table with other column types under the same handle; refused as a whole when a value does not fit. */
  setTypes(sessionId: string, dataHandle: string, types: Readonly<Record<string, unknown>>): Promise<HandleSummary> {
    return this.#perHandle.run(dataHandle, async () => {
      const handle = this.#get(sessionId, dataHandle);
      const version = Number(/\.v(\d+)$/.exec(handle.folder)?.[1] ?? 1) + 1;
      const folder = `${dataHandle}.v${version}`;
      const target = this.#folders.data(folder);
      const source = join(this.#folders.data(handle.folder), "table.bin");
      try {
        await mkdir(target, { recursive: true });
        const task = { source, format: "table", folder: target, types };
        const table = await this.#options.profile.submit<ImportedTable>(this.#options.importTask, task).result;
        await syncTree(target);
        this.#get(sessionId, dataHandle);
        this.#database.transaction(() => {
          this.#database
            .sql("UPDATE data SET folder = ?, fingerprint = ?, last_used_at = ? WHERE data_handle = ?")
            .run(folder, table.fingerprint, this.#now(), dataHandle);
          this.#announceChange(sessionId, summaryOf(handle));
        });
      } catch (error) {
        await rm(target, { recursive: true, force: true });
        throw error;
      }
      await rm(dirname(source), { recursive: true, force: true });
      return this.summary(sessionId, dataHandle);
    });
  }

  /** @returns whether it was there. Jobs that use the table keep it. */
  delete(sessionId: string, dataHandle: string): boolean {
    const handle = this.#find(sessionId, dataHandle);
    if (handle === null) return false;
    this.#database.transaction(() => {
      this.#database.sql("DELETE FROM data WHERE data_handle = ?").run(dataHandle);
      this.#touchSession(sessionId);
      this.#events.append(sessionId, [{ event: "data.removed", data: { data_handle: dataHandle } }]);
    });
    void rm(this.#folders.data(handle.folder), { recursive: true, force: true });
    return true;
  }

  dropSession(sessionId: string): void {
    const handles = this.#database.sql("SELECT * FROM data WHERE session_id = ?").all(sessionId).map(toHandle);
    this.#database.sql("DELETE FROM data WHERE session_id = ?").run(sessionId);
    this.#database.afterCommit(() => {
      for (const handle of handles) void rm(this.#folders.data(handle.folder), { recursive: true, force: true });
    });
  }

  /** Deletes handles that nobody used for `ttlMs`. */
  collect(ttlMs: number): void {
    const rows = this.#database
      .sql("SELECT * FROM data WHERE last_used_at < ?")
      .all(this.#now() - ttlMs)
      .map(toHandle);
    for (const { sessionId, dataHandle } of rows) this.delete(sessionId, dataHandle);
  }

  /** Names of the folders that handles refer to. */
  knownFolders(): Set<string> {
    return new Set(
      this.#database
        .sql("SELECT folder FROM data")
        .all()
        .map((row) => row.folder as string),
    );
  }

  #insert(sessionId: string, dataHandle: string, name: string, table: ImportedTable): NewHandle {
    const at = this.#now();
    const summary = { data_handle: dataHandle, name, rows: table.rows, cols: table.cols };
    this.#database.transaction(() => {
      const session = this.#database.sql("SELECT 1 AS it FROM sessions WHERE session_id = ?").get(sessionId);
      if (session === undefined) throw new WireError("not_attached", "The session was deleted while the table was being read.");
      this.#database
        .sql(
          `INSERT INTO data (data_handle, session_id, name, row_count, column_count, fingerprint, warnings, folder, created_at, last_used_at)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        )
        .run(dataHandle, sessionId, name, table.rows, table.cols, table.fingerprint, JSON.stringify(table.warnings), dataHandle, at, at);
      this.#touchSession(sessionId);
      this.#events.append(sessionId, [{ event: "data.added", data: summary }]);
    });
    return { ...summary, warnings: table.warnings };
  }

  /** As `#get`, and notes that the handle was used. */
  #use(sessionId: string, dataHandle: string): HandleRow {
    const handle = this.#get(sessionId, dataHandle);
    this.#database.sql("UPDATE data SET last_used_at = ? WHERE data_handle = ?").run(this.#now(), dataHandle);
    return handle;
  }

  #get(sessionId: string, dataHandle: string): HandleRow {
    const handle = this.#find(sessionId, dataHandle);
    if (handle === null) throw new WireError("not_found", `This session has no data set ${dataHandle}. data.list shows those it has.`);
    return handle;
  }

  #find(sessionId: string, dataHandle: string): HandleRow | null {
    const row = this.#database.sql("SELECT * FROM data WHERE data_handle = ? AND session_id = ?").get(dataHandle, sessionId);
    return row === undefined ? null : toHandle(row);
  }

  async #readJson<Document>(handle: HandleRow, file: string): Promise<Document> {
    return JSON.parse(await readFile(join(this.#folders.data(handle.folder), file), "utf8")) as Document;
  }

  #announceChange(sessionId: string, summary: HandleSummary): void {
    this.#touchSession(sessionId);
    this.#events.append(sessionId, [{ event: "data.changed", data: summary }]);
  }

  #touchSession(sessionId: string): void {
    this.#database.sql("UPDATE sessions SET last_seen_at = ? WHERE session_id = ?").run(this.#now(), sessionId);
  }

  #countImport(sessionId: string, by: number): void {
    const count = (this.#importing.get(sessionId) ?? 0) + by;
    if (count === 0) this.#importing.delete(sessionId);
    else this.#importing.set(sessionId, count);
  }

  #now(): number {
    return (this.#options.now ?? Date.now)();
  }
}

function toHandle(row: Readonly<Record<string, unknown>>): HandleRow {
  return {
    dataHandle: row.data_handle as string,
    sessionId: row.session_id as string,
    name: row.name as string,
    rows: row.row_count as number,
    cols: row.column_count as number,
    fingerprint: row.fingerprint as string,
    warnings: JSON.parse(row.warnings as string) as string[],
    folder: row.folder as string,
  };
}

function summaryOf(handle: HandleRow): HandleSummary {
  return { data_handle: handle.dataHandle, name: handle.name, rows: handle.rows, cols: handle.cols };
}
