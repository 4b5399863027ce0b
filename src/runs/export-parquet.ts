import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DuckDBAppender } from "@duckdb/node-api";
import { type LongPage, longPages } from "./long-pages.ts";
import type { Runs } from "./runs.ts";

/** Rows that DuckDB takes at once. */
const CHUNK_ROWS = 2048;

/**
 * Writes every value of a run to a Parquet file in a folder of its own, with the columns of the Arrow export. DuckDB is loaded on first use.
 * @returns the file; `remove` takes it away again. Nothing is left behind when this throws.
 */
export async function exportParquet(runs: Runs, runId: string): Promise<{ readonly path: string; remove(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), "trainyard-export-"));
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    const path = join(folder, "run.parquet");
    await writeParquet(runs, runId, { folder, path });
    return { path, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

async function writeParquet(
  runs: Runs,
  runId: string,
  { folder, path }: { readonly folder: string; readonly path: string },
): Promise<void> {
  const { DuckDBInstance } = await import("@duckdb/node-api");
  const options = { threads: "1", memory_limit: "512MiB", temp_directory: folder, autoinstall_known_extensions: "false" };
  // A file of its own, so that a long run need not fit in memory.
  const instance = await DuckDBInstance.create(join(folder, "values.duckdb"), options);
  const connection = await instance.connect();
  try {
    await connection.run("CREATE TABLE points (seq DOUBLE, step DOUBLE, time DOUBLE, key INTEGER, value DOUBLE)");
    await connection.run("CREATE TABLE keys (key INTEGER, name VARCHAR)");
    const keys = [...runs.open(runId).series.keys()];
    const names = await connection.createAppender("keys");
    keys.forEach((name, i) => {
      names.appendInteger(i);
      names.appendVarchar(name);
      names.endRow();
    });
    names.closeSync();
    const points = await connection.createAppender("points");
    for await (const page of longPages(runs, runId, keys)) await appendPage(points, page);
    points.closeSync();
    const rows = "SELECT seq::BIGINT AS seq, step, time, name AS key, value FROM points JOIN keys USING (key) ORDER BY points.rowid";
    await connection.run(`COPY (${rows}) TO '${path.replaceAll("'", "''")}' (FORMAT parquet, COMPRESSION zstd)`);
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

async function appendPage(appender: DuckDBAppender, { seqs, steps, times, keys, values, nulls }: LongPage): Promise<void> {
  const { DOUBLE, DuckDBDataChunk, INTEGER } = await import("@duckdb/node-api");
  for (let from = 0; from < values.length; from += CHUNK_ROWS) {
    const to = Math.min(values.length, from + CHUNK_ROWS);
    const chunk = DuckDBDataChunk.create([DOUBLE, DOUBLE, DOUBLE, INTEGER, DOUBLE]);
    const shown = Array.from(values.subarray(from, to), (value, i) => (nulls[from + i] === 1 ? null : value));
    chunk.setColumns([...[seqs, steps, times, keys].map((column) => [...column.subarray(from, to)]), shown]);
    appender.appendDataChunk(chunk);
  }
}
