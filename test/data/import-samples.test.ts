import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, describe, expect, test } from "vitest";
import { importTable } from "../../src/data/import-table.ts";
import { importTask } from "../../src/data/import-task.ts";
import { profileTable } from "../../src/data/profile.ts";
import { SAMPLES, samplePath } from "../../src/data/samples.ts";
import { readTableFile } from "../../src/data/table-file.ts";

const folder = mkdtempSync(join(tmpdir(), "trainyard-samples-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.each(SAMPLES)("sample $name", (sample) => {
  test("has the rows, columns, target and task that the list promises, without warnings", async () => {
    const { table, warnings } = await importTable(samplePath(sample.name), { format: "csv" });
    const profile = profileTable(table);
    expect(warnings).toEqual([]);
    expect([table.rows, table.columns.length]).toEqual([sample.rows, sample.cols]);
    expect([profile.suggested_target, profile.suggested_task]).toEqual([sample.target, sample.task]);
  });
});

test("an unknown sample is refused with the nearest name", () => {
  expect(() => samplePath("irs")).toThrow(/Did you mean "iris"/);
});

test("the import task writes a table that reads back, a profile and a shape", async () => {
  const source = join(folder, "diamonds.csv");
  writeFileSync(source, gunzipSync(readFileSync(new URL("../fixtures/data/diamonds.csv.gz", import.meta.url))));
  const stages: unknown[] = [];
  const result = await importTask(
    { source, format: "csv", folder: join(folder, "d") },
    { note: (value) => stages.push(value), signal: new AbortController().signal },
  );
  expect(result).toMatchObject({ rows: 53_940, cols: 10, warnings: [] });
  expect(stages).toEqual([{ stage: "read" }, { stage: "write" }, { stage: "profile" }]);
  const table = readTableFile(join(folder, "d", "table.bin"));
  expect(table.columns.map((column) => `${column.name}:${column.type}`).join(" ")).toBe(
    "carat:double cut:factor color:factor clarity:factor depth:double table:double price:integer x:double y:double z:double",
  );
  const profile = JSON.parse(readFileSync(join(folder, "d", "profile.json"), "utf8"));
  expect(profile).toMatchObject({ suggested_target: "price", suggested_task: "regression", fingerprint: result.fingerprint });
  const price = profile.columns[6];
  expect(price.numeric).toMatchObject({ min: 326, max: 18_823, median: 2401 });
  expect(price.numeric.counts.reduce((a: number, b: number) => a + b, 0)).toBe(53_940);
  const shape = JSON.parse(readFileSync(join(folder, "d", "shape.json"), "utf8"));
  expect(shape.rows).toBe(53_940);
  expect(shape.columns).toHaveLength(10);
});
