/** The rules for text exist twice: in JavaScript and in SQL. Whatever the cells, both give the same table. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { importCsv } from "../../src/data/csv-import.ts";
import type { Column } from "../../src/engine/table.ts";

const folder = mkdtempSync(join(tmpdir(), "trainyard-paths-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** More columns than DuckDB is used for. */
const PADDING = 300;

/** Writes columns of cells (shorter ones start again) as one file and reads it, with or without columns of padding. */
async function importColumns(columns: readonly (readonly string[])[], padding: number): Promise<readonly Column[]> {
  const path = join(folder, "cells.csv");
  const rows = Math.max(...columns.map((cells) => cells.length));
  const quoted = columns.map((cells) => cells.map((cell) => `"${cell.replaceAll('"', '""')}"`));
  const pad = ",0".repeat(padding);
  const names = [...columns.map((_, i) => `x${i}`), ...Array.from({ length: padding }, (_, i) => `p${i}`)];
  const lines = Array.from({ length: rows }, (_, row) => `k,${quoted.map((cells) => cells[row % cells.length]).join(",")}${pad}\n`);
  writeFileSync(path, `key,${names.join(",")}\n${lines.join("")}`);
  return (await importCsv(path, folder)).table.columns.slice(1, columns.length + 1);
}

const cell = fc.oneof(
  fc.constantFrom(
    "1",
    "-2",
    "+3",
    "0",
    "007",
    "1.5",
    "1.",
    ".5",
    "1e5",
    "1E-3",
    "1e400",
    "1_000",
    "0x1F",
    "5e",
    "+",
    "-",
    "--1",
    "1 2",
    "٣",
  ),
  fc.constantFrom("inf", "-Infinity", "INF", "+inf", "infin", "nan", "+nan", "NA", "na", "Null", "?", ".", "", " ", "#N/A", "<na>", "N/A "),
  fc.constantFrom("true", "FALSE", "True", "t", "yes", "1", "0"),
  fc.constantFrom(
    "2024-01-31",
    "2024-1-3",
    "2024/01/31",
    "2024-02-30",
    "20240131",
    "2024-01",
    "1899-12-31",
    "2024-01-31 10:00",
    "2024-13-01",
  ),
  fc.constantFrom(
    "2024-01-31T10:00:00Z",
    "2024-01-31T10:00:00+02:00",
    "2024-01-31 25:00:00",
    "2024-01-31T10:00:00.123456",
    "31.1.2024",
    "1/2/2024",
  ),
  fc.constantFrom("9007199254740991", "9007199254740993", "12345678901234567890", "-9007199254740992", " 4", "4\t", "3,14", "1,234"),
  fc.double({ noNaN: true }).map(String),
  fc.integer().map(String),
  fc.string({ maxLength: 6 }).map((text) => text.replaceAll("\0", "")),
);

/** Columns that agree on a kind more often than single cells would. */
const column = fc.oneof(
  fc.array(cell, { minLength: 1, maxLength: 12 }),
  fc.tuple(cell, fc.integer({ min: 1, max: 8 }), cell).map(([a, times, b]) => [...Array<string>(times).fill(a), b]),
);

test("SQL and JavaScript read every column alike", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(column, { minLength: 10, maxLength: 10 }), async (columns) => {
      expect(await importColumns(columns, 0)).toEqual(await importColumns(columns, PADDING));
    }),
    { numRuns: 20, seed: 7 },
  );
}, 60_000);

test("so do they where the surprise comes after the rows that were looked at first", async () => {
  const lates = ["1", "1.5", "x", "true", "2024-01-31", "007", "9007199254740993", "1_000", "inf", "", "NA ", " b"];
  const earlies = ["1", "0.5", "false", "2024-01-01", "2024-01-01T00:00:00Z", "a"];
  const columns = lates.flatMap((late) => earlies.map((early) => [...Array<string>(5200).fill(early), late]));
  const [sql, own] = [await importColumns(columns, 0), await importColumns(columns, PADDING)];
  for (const [i, cells] of columns.entries()) expect(sql[i], `${cells[0]} … ${cells.at(-1)}`).toEqual(own[i]);
}, 60_000);
