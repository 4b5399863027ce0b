import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { tableFingerprint } from "../../src/data/fingerprint.ts";
import { readTableFile, readTableHead, writeTableFile } from "../../src/data/table-file.ts";
import { type CategoricalColumn, categoricalColumn, numericColumn, type Table } from "../../src/engine/table.ts";

const folder = mkdtempSync(join(tmpdir(), "trainyard-table-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const size: CategoricalColumn = { ...categoricalColumn("size", ["large", null, "small"], ["small", "medium", "large"]), ordered: true };
const table: Table = {
  rows: 3,
  columns: [
    numericColumn("x", [1.5, Number.NaN, -Infinity]),
    numericColumn("flag", [1, 0, Number.NaN], "logical"),
    numericColumn("day", [0, 86_400_000, Number.NaN], "date"),
    size,
    { ...categoricalColumn('näme "quoted"', ["日本", "", "😀"]), type: "character" },
    categoricalColumn("nothing", [null, null, null]),
  ],
};
const path = join(folder, "table.bin");
const written = writeTableFile(path, table);

test("a table reads back equal, in views over one buffer, and its head tells what is in it", () => {
  const read = readTableFile(path);
  expect(read).toEqual(table);
  const buffers = read.columns.map((column) => (column.kind === "numeric" ? column.values.buffer : column.codes.buffer));
  expect(new Set(buffers).size).toBe(1);
  expect(written.bytes).toBe(readFileSync(path).length);
  expect(readTableHead(path)).toEqual({
    rows: 3,
    fingerprint: written.fingerprint,
    columns: table.columns.map(({ name, type }) => ({ name, type })),
  });
  expect(readdirSync(folder)).toEqual(["table.bin"]);
});

test("columns and rows can be chosen; levels stay complete", () => {
  const read = readTableFile(path, { columns: ["size", "x"], rows: { from: 1, count: 10 } });
  expect(read.rows).toBe(2);
  expect(read.columns).toEqual([{ ...size, codes: Int32Array.of(-1, 0) }, numericColumn("x", [Number.NaN, -Infinity])]);
  expect(readTableFile(path, { rows: { from: 5, count: 1 } }).rows).toBe(0);
  expect(() => readTableFile(path, { columns: ["sice"] })).toThrow(/no column "sice".*Did you mean "size"/);
});

test("a column that is not asked for is not read: damage in it goes unnoticed, damage in a read one does not", () => {
  const damaged = join(folder, "damaged.bin");
  copyFileSync(path, damaged);
  const bytes = readFileSync(damaged);
  const at = bytes.indexOf(Buffer.from(Float64Array.of(1.5).buffer));
  bytes[at + 7]! ^= 1;
  writeFileSync(damaged, bytes);
  expect(readTableFile(damaged, { columns: ["flag"] }).rows).toBe(3);
  expect(() => readTableFile(damaged)).toThrow(/damaged \(column "x" fails its checksum\)/);
});

test.each<[string, (bytes: Buffer) => Buffer, RegExp]>([
  ["is cut off", (bytes) => bytes.subarray(0, -1), /cut off/],
  ["ends in the header", (bytes) => bytes.subarray(0, 40), /cut off/],
  [
    "has a changed header",
    (bytes) => Buffer.concat([bytes.subarray(0, 30), Buffer.from("?"), bytes.subarray(31)]),
    /header fails its checksum/,
  ],
  [
    "is of a later version",
    (bytes) => Buffer.concat([Buffer.from("TYTABLE2"), bytes.subarray(8)]),
    /version 2, this program reads version 1/,
  ],
  ["is something else", () => Buffer.from("a,b\n1,2\n, and so on"), /not a table file/],
])("a file that %s is refused", (_, change, message) => {
  const other = join(folder, "other.bin");
  writeFileSync(other, change(readFileSync(path)));
  expect(() => readTableFile(other)).toThrow(message);
  expect(() => readTableFile(other)).toThrow(expect.objectContaining({ code: "bad_input" }));
});

test("the fingerprint depends on content alone", () => {
  const same = structuredClone(table) as Table;
  const nan = new Uint32Array((same.columns[0] as { values: Float64Array }).values.buffer);
  nan[2] = 1; // another NaN
  expect(tableFingerprint(same)).toBe(written.fingerprint);
  expect(written.fingerprint).toMatch(/^[0-9a-f]{64}$/);
  const [x, ...rest] = table.columns;
  const variants: Table[] = [
    { rows: 3, columns: [numericColumn("x", [1.5, 0, -Infinity]), ...rest] },
    { rows: 3, columns: [numericColumn("y", [1.5, Number.NaN, -Infinity]), ...rest] },
    { rows: 3, columns: [...rest, x!] },
    { rows: 3, columns: [x!, ...rest.map((column) => (column === size ? { ...size, ordered: false } : column))] },
    { rows: 3, columns: [x!, ...rest.map((column) => (column === size ? { ...size, levels: ["small", "mediuml", "arge"] } : column))] },
    { rows: 3, columns: [{ ...x!, type: "integer" } as never, ...rest] },
  ];
  const prints = variants.map(tableFingerprint);
  expect(new Set([...prints, written.fingerprint]).size).toBe(variants.length + 1);
});

test("writing over a file replaces it whole", () => {
  const other = join(folder, "over.bin");
  writeTableFile(other, table);
  writeTableFile(other, { rows: 1, columns: [numericColumn("z", [7])] });
  expect(readTableFile(other)).toEqual({ rows: 1, columns: [numericColumn("z", [7])] });
  truncateSync(other, 3);
  expect(() => readTableHead(other)).toThrow(/damaged|not a table file/);
});
