import { createReadStream, type ReadStream } from "node:fs";
import type { ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { exportArrow, exportCsv, exportNdjson, exportParquet } from "../../runs/index.ts";
import { Refusal } from "./answer.ts";
import type { Call, TrainingApi } from "./route.ts";

const TYPES: Readonly<Record<string, string>> = {
  ndjson: "application/x-ndjson",
  csv: "text/csv; charset=utf-8",
  arrow: "application/vnd.apache.arrow.stream",
  parquet: "application/vnd.apache.parquet",
};

/** Everything at full resolution, as fast as the reader takes it. */
export async function sendExport({ runs }: TrainingApi, { runId, query, response }: Call): Promise<void> {
  runs.get(runId);
  const format = query.get("format") ?? "ndjson";
  const type = TYPES[format];
  if (type === undefined) {
    throw new Refusal(400, "invalid_input", `format must be one of ${Object.keys(TYPES).join(", ")}, got ${JSON.stringify(format)}.`);
  }
  const headers = { "Content-Type": type, "Content-Disposition": `attachment; filename="run-${runId}.${format}"` };
  if (format === "parquet") {
    const file = await exportParquet(runs, runId);
    try {
      response.writeHead(200, headers);
      await writeAll(response, createReadStream(file.path));
    } finally {
      await file.remove();
    }
    return;
  }
  const pieces = format === "csv" ? exportCsv(runs, runId) : format === "arrow" ? exportArrow(runs, runId) : exportNdjson(runs, runId);
  response.writeHead(200, headers);
  await writeAll(response, pieces);
}

/** A reader that leaves early is no fault. */
async function writeAll(response: ServerResponse, pieces: Iterable<string> | AsyncIterable<Uint8Array> | ReadStream): Promise<void> {
  try {
    await pipeline(Readable.from(pieces), response);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ERR_STREAM_PREMATURE_CLOSE") throw error;
  }
}
