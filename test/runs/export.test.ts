import { existsSync } from "node:fs";
import { DuckDBInstance } from "@duckdb/node-api";
import { tableFromIPC } from "apache-arrow";
import { describe, expect, test } from "vitest";
import { exportArrow } from "../../src/runs/export-arrow.ts";
import { exportParquet } from "../../src/runs/export-parquet.ts";
import { points, RunsRig } from "./rig.ts";

type Row = readonly [seq: number, step: number, time: number, key: string, value: number | null];

/** Rows with a null, what JSON lacks, a key with a quote, and more than a chunk of plain ones. */
async function sample(rig: RunsRig): Promise<{ readonly runId: string; readonly rows: Row[] }> {
  const { runId } = rig.runs.create("r", {});
  await rig.runs.append(
    runId,
    points({ a: [1, null, "NaN"], "b'\"": { rows: [1, 2], values: ["Inf", "-Inf"] } }, { steps: [3, 2, 0.5], times: [10, 20, 30.25] }),
  );
  const rows: Row[] = [
    [2, 3, 10, "a", 1],
    [3, 2, 20, "a", null],
    [3, 2, 20, "b'\"", Number.POSITIVE_INFINITY],
    [4, 0.5, 30.25, "a", Number.NaN],
    [4, 0.5, 30.25, "b'\"", Number.NEGATIVE_INFINITY],
  ];
  // The state took number 1; the alerts come behind the rows.
  const last = rig.runs.lastSeq(runId);
  const steps = Array.from({ length: 5000 }, (_, i) => i);
  await rig.runs.append(runId, points({ a: steps.map((step) => step / 3) }, { steps, times: steps }));
  return {
    runId,
    rows: [...rows, ...steps.map((step): Row => [last + 1 + step, step, step, "a", step / 3])],
  };
}

async function arrowRows(rig: RunsRig, runId: string): Promise<Row[]> {
  const pieces: Uint8Array[] = [];
  for await (const piece of exportArrow(rig.runs, runId)) pieces.push(piece);
  return tableFromIPC(Buffer.concat(pieces))
    .toArray()
    .map(({ seq, step, time, key, value }) => [Number(seq), step, time, key, value]);
}

async function parquetRows(rig: RunsRig, runId: string): Promise<Row[]> {
  const file = await exportParquet(rig.runs, runId);
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  const reader = await connection.runAndReadAll(`SELECT seq, step, time, key, value FROM '${file.path}'`);
  connection.closeSync();
  instance.closeSync();
  await file.remove();
  expect(existsSync(file.path)).toBe(false);
  return reader.getRows().map(([seq, ...rest]) => [Number(seq), ...rest] as unknown as Row);
}

describe.each([
  ["Arrow", arrowRows],
  ["Parquet", parquetRows],
])("the %s export", (_, read) => {
  test("L-17, L-44: has every value at full resolution, null, NaN and infinities apart, of a run that goes on as well", async () => {
    const rig = new RunsRig();
    const { runId, rows } = await sample(rig);
    expect(await read(rig, runId)).toEqual(rows);
  });

  test("of a run without points is a table without rows", async () => {
    const rig = new RunsRig();
    expect(await read(rig, rig.runs.create("r", {}).runId)).toEqual([]);
  });
});
