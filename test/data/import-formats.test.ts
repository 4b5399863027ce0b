import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { tableToArrow } from "../../src/data/arrow.ts";
import { tableToCsv } from "../../src/data/csv.ts";
import { literal, Sql } from "../../src/data/duckdb.ts";
import { formatOfName, importTable } from "../../src/data/import-table.ts";
import { importTask } from "../../src/data/import-task.ts";
import { readTableFile } from "../../src/data/table-file.ts";
import { categoricalColumn, columnOf, numericColumn } from "../../src/engine/table.ts";

const folder = mkdtempSync(join(tmpdir(), "trainyard-formats-"));
const at = (name: string) => join(folder, name);
const context = { note: () => {}, signal: new AbortController().signal };
let sql: Sql;
beforeAll(async () => {
  sql = await Sql.open({ tempFolder: folder, fileBytes: 0 });
});
afterAll(() => {
  sql[Symbol.dispose]();
  rmSync(folder, { recursive: true, force: true });
});

const writeParquet = (name: string, query: string) => sql.run(`COPY (${query}) TO ${literal(at(name))} (FORMAT parquet)`);

describe("Parquet", () => {
  test("types become ours", async () => {
    await writeParquet(
      "types.parquet",
      `SELECT * FROM (VALUES
        (1::TINYINT, 5000000000::BIGINT, 9007199254740993::BIGINT, 0.5::FLOAT, 12.34::DECIMAL(9,2), true, DATE '2024-01-31',
         TIMESTAMP '2024-01-31 10:00:00', TIMESTAMPTZ '2024-01-31 10:00:00+02', 'b', NULL::VARCHAR),
        (NULL, NULL, NULL, 'nan'::FLOAT, NULL, NULL, NULL, NULL, NULL, '', NULL))
       AS t(tiny, big, huge, "float", "decimal", bool, day, moment, zoned, label, nothing)`,
    );
    const { table, warnings } = await importTable(at("types.parquet"), { format: "parquet" });
    expect(warnings).toEqual([]);
    expect(table.columns).toEqual([
      numericColumn("tiny", [1, Number.NaN], "integer"),
      numericColumn("big", [5e9, Number.NaN], "integer"),
      categoricalColumn("huge", ["9007199254740993", null]),
      numericColumn("float", [0.5, Number.NaN]),
      numericColumn("decimal", [12.34, Number.NaN]),
      numericColumn("bool", [1, Number.NaN], "logical"),
      numericColumn("day", [Date.UTC(2024, 0, 31), Number.NaN], "date"),
      numericColumn("moment", [Date.UTC(2024, 0, 31, 10), Number.NaN], "datetime"),
      numericColumn("zoned", [Date.UTC(2024, 0, 31, 8), Number.NaN], "datetime"),
      categoricalColumn("label", ["b", ""]),
      numericColumn("nothing", [Number.NaN, Number.NaN]),
    ]);
  });

  test("rows keep their order over many row groups", async () => {
    await sql.run(
      `COPY (SELECT i AS id, 'L' || (i % 5) AS label FROM range(30000) t(i)) TO ${literal(at("rows.parquet"))} (FORMAT parquet, ROW_GROUP_SIZE 4096)`,
    );
    const { table } = await importTable(at("rows.parquet"), { format: "parquet" });
    const [id, label] = table.columns;
    if (id?.kind !== "numeric" || label?.kind !== "categorical") throw new Error("wrong kinds");
    expect(id.values.every((value, row) => value === row)).toBe(true);
    expect(label.codes.every((code, row) => label.levels[code] === `L${row % 5}`)).toBe(true);
  });

  test.each([
    ["a list column", "SELECT 1 AS ok, [1, 2] AS tags", /Column "tags" has the Parquet type INTEGER\[\]/],
    ["a struct column", "SELECT {'a': 1} AS nested", /Column "nested" has the Parquet type STRUCT/],
    ["bytes", "SELECT 'x'::BLOB AS raw", /Column "raw" has the Parquet type BLOB/],
    ["no rows", "SELECT 1 AS a WHERE false", /no rows/],
  ])("%s is refused", async (_, query, message) => {
    await writeParquet("bad.parquet", query);
    await expect(importTable(at("bad.parquet"), { format: "parquet" })).rejects.toMatchObject({
      code: "bad_input",
      message: expect.stringMatching(message),
    });
  });

  test("a file that is not Parquet is refused", async () => {
    writeFileSync(at("text.parquet"), "a,b\n1,2\n");
    await expect(importTable(at("text.parquet"), { format: "parquet" })).rejects.toMatchObject({
      code: "bad_input",
      message: expect.stringMatching(/not a readable Parquet file/),
    });
  });
});

test("a table keeps its values through CSV and through Arrow", async () => {
  const table = {
    rows: 3,
    columns: [
      numericColumn("x", [0.1, Number.NaN, -Infinity]),
      numericColumn("n", [1, 2, Number.NaN], "integer"),
      numericColumn("flag", [1, 0, Number.NaN], "logical"),
      numericColumn("when", [1.7e12, 0.5e12, Number.NaN], "datetime"),
      categoricalColumn("label", ['a "b", c', "two\nlines", null]),
    ],
  };
  writeFileSync(at("t.csv"), tableToCsv(table));
  writeFileSync(at("t.arrow"), tableToArrow(table));
  expect((await importTable(at("t.csv"), { format: "csv" })).table).toEqual(table);
  expect((await importTable(at("t.arrow"), { format: "arrow-ipc" })).table).toEqual(table);
});

test("a file name promises a format", () => {
  expect(["a.csv", "b.TSV", "c.parquet", "d.Arrow", "e.feather", "f"].map(formatOfName)).toEqual([
    "csv",
    "csv",
    "parquet",
    "arrow-ipc",
    "arrow-ipc",
    "csv",
  ]);
});

test("an unknown format is refused by name", async () => {
  await expect(importTable(at("t.csv"), { format: "xlsx" as never })).rejects.toThrow(
    /format "xlsx" cannot be imported; use one of csv, parquet, arrow-ipc/,
  );
});

test("the import task changes types of a stored table in place", async () => {
  writeFileSync(at("codes.csv"), "zip,v\n00123,1\n04567,2\n00123,3\n");
  await importTask({ source: at("codes.csv"), format: "csv", folder: at("d") }, context);
  const before = readTableFile(at("d/table.bin"));
  expect(columnOf(before, "zip")!.type).toBe("factor");
  const types = { zip: "integer", v: { type: "factor", ordered: true } } as const;
  const result = await importTask({ source: at("d/table.bin"), format: "table", folder: at("d"), types }, context);
  const after = readTableFile(at("d/table.bin"));
  expect(columnOf(after, "zip")).toEqual(numericColumn("zip", [123, 4567, 123], "integer"));
  expect(columnOf(after, "v")).toMatchObject({ type: "factor", ordered: true, levels: ["1", "2", "3"] });
  expect(result.rows).toBe(3);
  const bad = importTask({ source: at("d/table.bin"), format: "table", folder: at("d"), types: { zip: "logical" } }, context);
  await expect(bad).rejects.toThrow(/"zip" cannot become logical: row 1 has "123"/);
  expect(readTableFile(at("d/table.bin"))).toEqual(after);
});

test("a path without a file, or with a folder, is refused", async () => {
  await expect(importTable(at("none.csv"), { format: "csv" })).rejects.toMatchObject({
    code: "bad_input",
    message: expect.stringMatching(/no file/),
  });
  await expect(importTable(folder, { format: "csv" })).rejects.toMatchObject({
    code: "bad_input",
    message: expect.stringMatching(/is not a file/),
  });
});
