import { readFileSync, statSync } from "node:fs";
import { BadInputError, InvalidArgumentError } from "../core/errors.ts";
import type { ImportedTable } from "./imported-table.ts";

export type { ImportedTable } from "./imported-table.ts";

export const IMPORT_FORMATS = ["csv", "parquet", "arrow-ipc"] as const;
export type ImportFormat = (typeof IMPORT_FORMATS)[number];

export interface ImportOptions {
  readonly format: ImportFormat;
  /** Where rewritten copies may go while reading. Default: the system's folder for such files. */
  readonly tempFolder?: string;
}

/**
 * Reads a file as a table. `csv` is any delimited text; see `csv-import.ts`, `parquet-import.ts` and `arrow.ts` for the rules of each
 * format. The reader of a format is loaded when it is first used.
 * @throws {BadInputError} when the file is not such a table: one sentence with the line or column and what to do.
 */
export async function importTable(path: string, options: ImportOptions): Promise<ImportedTable> {
  const file = statSync(path, { throwIfNoEntry: false });
  if (file === undefined) throw new BadInputError(`There is no file "${path}"; check the path.`);
  if (!file.isFile()) throw new BadInputError(`"${path}" is not a file; name a CSV, Parquet or Arrow file.`);
  switch (options.format) {
    case "csv":
      return (await import("./csv-import.ts")).importCsv(path, options.tempFolder);
    case "parquet":
      return (await import("./parquet-import.ts")).importParquet(path, options.tempFolder);
    case "arrow-ipc":
      return (await import("./arrow-read.ts")).readArrow(readFileSync(path));
    default:
      throw new InvalidArgumentError(`format "${String(options.format)}" cannot be imported; use one of ${IMPORT_FORMATS.join(", ")}`);
  }
}

/** The format that a file name promises; CSV when it promises nothing. */
export function formatOfName(name: string): ImportFormat {
  if (/\.(parquet|pq)$/i.test(name)) return "parquet";
  return /\.(arrow|arrows|feather|ipc)$/i.test(name) ? "arrow-ipc" : "csv";
}
