import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { shapeOf } from "../engine/train/shape.ts";
import { convertTypes, type TypeRequest } from "./convert.ts";
import { type ImportFormat, importTable } from "./import-table.ts";
import { profileTable } from "./profile.ts";
import { readTableFile, writeTableFile } from "./table-file.ts";

/** What a daemon gives a task; the part that an import uses. */
interface TaskContext {
  note(value: unknown): void;
  readonly signal: AbortSignal;
}

export interface ImportTaskArguments {
  /** File to read. */
  readonly source: string;
  /** `table`: a table file that was written before, to change its types. */
  readonly format: ImportFormat | "table";
  /** Existing or new folder that receives `table.bin`, `profile.json` and `shape.json`. */
  readonly folder: string;
  readonly types?: Readonly<Record<string, TypeRequest>>;
}

export interface ImportTaskResult {
  readonly rows: number;
  readonly cols: number;
  readonly warnings: readonly string[];
  readonly fingerprint: string;
}

/**
 * Reads a file, writes the table, its profile and its shape; runs in a daemon. Notes `{stage}` as it goes: `read`, `write`, `profile`.
 * `table.bin` is replaced before the two descriptions; their `fingerprint` tells which table they belong to.
 * @throws {BadInputError} for an unusable file, {InvalidArgumentError} for types that do not fit, the signal's reason when cancelled.
 */
export async function importTask(args: ImportTaskArguments, context: TaskContext): Promise<ImportTaskResult> {
  const { source, format, folder, types } = args;
  mkdirSync(folder, { recursive: true });
  context.note({ stage: "read" });
  const read =
    format === "table" ? { table: readTableFile(source), warnings: [] } : await importTable(source, { format, tempFolder: folder });
  const table = types === undefined ? read.table : convertTypes(read.table, types);
  context.signal.throwIfAborted();
  context.note({ stage: "write" });
  const { fingerprint } = writeTableFile(join(folder, "table.bin"), table);
  context.note({ stage: "profile" });
  writeJson(join(folder, "profile.json"), profileTable(table, { fingerprint, warnings: read.warnings }));
  writeJson(join(folder, "shape.json"), shapeOf(table));
  return { rows: table.rows, cols: table.columns.length, warnings: read.warnings, fingerprint };
}

function writeJson(path: string, value: unknown): void {
  const draft = `${path}.${process.pid}.part`;
  writeFileSync(draft, JSON.stringify(value), { flush: true });
  renameSync(draft, path);
}
