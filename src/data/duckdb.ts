import { availableParallelism } from "node:os";
import type { DuckDBConnection, DuckDBDataChunk } from "@duckdb/node-api";
import { messageOf, TrainyardError } from "../core/errors.ts";

const MIB = 2 ** 20;
/** Per cell of a chunk; measured to keep the peak of a 50 MB import a tenth lower than without. Never touched, so it costs no memory. */
const SHADOW_BYTES = 128;

export interface SqlOptions {
  /** Folder for what does not fit in memory. */
  readonly tempFolder: string;
  /** Size of the file to be read; sets the memory limit (256 MiB to 1 GiB). */
  readonly fileBytes: number;
}

/** A private in-memory DuckDB for one import; close it when done. Rows keep the order of the file; times are UTC. */
export class Sql implements Disposable {
  readonly #connection: DuckDBConnection;
  readonly #close: () => void;

  private constructor(connection: DuckDBConnection, close: () => void) {
    this.#connection = connection;
    this.#close = close;
  }

  /** Loads DuckDB on first use: a server that imports nothing never pays for it. */
  static async open(options: SqlOptions): Promise<Sql> {
    const { DuckDBInstance } = await import("@duckdb/node-api");
    const limitMiB = Math.round(Math.min(1024, Math.max(256, (4 * options.fileBytes) / MIB)));
    const instance = await DuckDBInstance.create(":memory:", {
      threads: String(Math.min(4, Math.max(1, availableParallelism()))),
      memory_limit: `${limitMiB}MiB`,
      temp_directory: options.tempFolder,
      preserve_insertion_order: "true",
      autoinstall_known_extensions: "false",
      enable_external_file_cache: "false",
    });
    const connection = await instance.connect();
    await connection.run("SET TimeZone = 'UTC'");
    return new Sql(connection, () => {
      connection.closeSync();
      instance.closeSync();
    });
  }

  async run(statement: string): Promise<void> {
    await this.#connection.run(statement);
  }

  /** The rows of a small result. */
  async rows(statement: string): Promise<readonly (readonly unknown[])[]> {
    return (await this.#connection.runAndReadAll(statement)).getRows();
  }

  /** Calls `take` with each chunk of a result, in order; never holds more than a few. */
  async eachChunk(statement: string, take: (chunk: DuckDBDataChunk, firstRow: number) => void): Promise<number> {
    const result = await this.#connection.stream(statement);
    let row = 0;
    for (;;) {
      const chunk = await result.fetchChunk();
      if (chunk === null || chunk.rowCount === 0) return row;
      take(chunk, row);
      row += chunk.rowCount;
      // A chunk is freed when its handle is collected, and the collector does not see its size: this buffer makes up for it.
      Buffer.allocUnsafeSlow(chunk.rowCount * chunk.columnCount * SHADOW_BYTES);
    }
  }

  [Symbol.dispose](): void {
    this.#close();
  }
}

/**
 * Fills one typed array per SQL expression, in row order: DOUBLE expressions into Float64Array, INTEGER ones into Int32Array. Expressions
 * must not be NULL. @throws when the row count differs from the arrays' length.
 */
export async function readColumns(
  sql: Sql,
  expressions: readonly string[],
  source: string,
  targets: readonly (Float64Array | Int32Array)[],
): Promise<void> {
  const expected = targets[0]?.length;
  if (expected === undefined) return;
  const rows = await sql.eachChunk(`SELECT ${expressions.join(", ")} FROM ${source}`, (chunk, firstRow) => {
    const count = chunk.rowCount;
    if (firstRow + count > expected) assertRowCount(firstRow + count, expected);
    for (let i = 0; i < targets.length; i++) targets[i]!.set(rawItems(chunk, i).subarray(0, count), firstRow);
  });
  assertRowCount(rows, expected);
}

/** The raw values of a DOUBLE or INTEGER vector: a view over the chunk, without a JavaScript object per value. */
function rawItems(chunk: DuckDBDataChunk, column: number): Float64Array | Int32Array {
  // Vectors of fixed width hold their values in `items`; the declared type keeps it private.
  return (chunk.getColumnVector(column) as unknown as { readonly items: Float64Array | Int32Array }).items;
}

function assertRowCount(rows: number, expected: number): void {
  if (rows === expected) return;
  throw new TrainyardError("task_failed", `the reader returned ${rows} rows where the file has ${expected}; please report this file`);
}

/** A name as an SQL identifier, a text as an SQL literal. */
export const identifier = (name: string): string => `"${name.replaceAll('"', '""')}"`;
export const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** The first sentence of a DuckDB message, without the query it quotes. */
export function duckdbReason(error: unknown): string {
  return messageOf(error).split("\n", 1)[0]!.trim();
}
