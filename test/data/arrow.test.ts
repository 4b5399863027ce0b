import { tableFromIPC } from "@uwdata/flechette";
import {
  Table as ArrowTable,
  Bool,
  DateDay,
  Decimal,
  Dictionary,
  Field,
  Float32,
  Int8,
  Int32,
  Int64,
  List,
  Null,
  TimestampMicrosecond,
  tableToIPC,
  Uint16,
  Utf8,
  vectorFromArray,
} from "apache-arrow";
import { describe, expect, test } from "vitest";
import { tableFromArrow, tableToArrow } from "../../src/data/arrow.ts";
import { readArrow } from "../../src/data/arrow-read.ts";
import { categoricalColumn, numericColumn, type Table } from "../../src/engine/table.ts";

const DAY = 86_400_000;
const table: Table = {
  rows: 4,
  columns: [
    numericColumn("double", [0.1, Number.NaN, -Infinity, 1e300]),
    numericColumn("integer", [1, -2, Number.NaN, 2 ** 31 - 1], "integer"),
    numericColumn("large", [1, -2, Number.NaN, 2 ** 40], "integer"),
    numericColumn("logical", [1, 0, Number.NaN, 1], "logical"),
    numericColumn("date", [0, -DAY, Number.NaN, 19_753 * DAY], "date"),
    numericColumn("datetime", [1, -1, Number.NaN, 1.7e12], "datetime"),
    { ...categoricalColumn("factor", ["b", null, "ä", "b"], ["b", "unused", "ä"]), ordered: true },
    { ...categoricalColumn("text", ["x", null, "", "😀"]), type: "character" },
    categoricalColumn("empty", [null, null, null, null]),
  ],
};

test("a table goes to Arrow and comes back equal", () => {
  const back = tableFromArrow(tableToArrow(table));
  // A factor without levels needs one entry in its dictionary.
  const expected = { rows: 4, columns: table.columns.map((column) => (column.name === "empty" ? { ...column, levels: [""] } : column)) };
  expect(back).toEqual(expected);
});

test("the reader of the page understands the bytes", () => {
  const read = tableFromIPC(tableToArrow(table));
  expect(read.numRows).toBe(4);
  expect(read.schema.fields.map((field) => field.name)).toEqual(table.columns.map((column) => column.name));
  const values = (name: string) => Array.from(read.getChild(name)!.toArray() as Iterable<unknown>);
  expect(values("double")).toEqual([0.1, null, -Infinity, 1e300]);
  expect(values("integer")).toEqual([1, -2, null, 2 ** 31 - 1]);
  expect(values("large")).toEqual([1, -2, null, 2 ** 40]);
  expect(values("logical")).toEqual([true, false, null, true]);
  expect(values("date").map(Number)).toEqual([0, -DAY, 0, 19_753 * DAY]);
  expect(values("factor")).toEqual(["b", null, "ä", "b"]);
  expect(values("text")).toEqual(["x", null, "", "😀"]);
  expect(values("empty")).toEqual([null, null, null, null]);
});

test("both of Arrow's containers are read", () => {
  const arrow = new ArrowTable({ a: vectorFromArray([1, 2, null], new Int32()) });
  for (const container of ["stream", "file"] as const) {
    expect(tableFromArrow(tableToIPC(arrow, container))).toEqual({ rows: 3, columns: [numericColumn("a", [1, 2, Number.NaN], "integer")] });
  }
});

test("types from elsewhere become ours", () => {
  const cents = new Decimal(2, 10);
  const arrow = new ArrowTable({
    int8: vectorFromArray([1, null], new Int8()),
    uint16: vectorFromArray([65_535, 0], new Uint16()),
    int64: vectorFromArray([2n ** 40n, null], new Int64()),
    id64: vectorFromArray([2n ** 60n, 7n], new Int64()),
    float32: vectorFromArray([0.5, null], new Float32()),
    bool: vectorFromArray([true, null], new Bool()),
    utf8: vectorFromArray(["b", "a"], new Utf8()),
    dictionary: vectorFromArray(["z", "a"], new Dictionary(new Utf8(), new Int8())),
    date32: vectorFromArray([new Date(DAY), null], new DateDay()),
    micros: vectorFromArray([1500, null], new TimestampMicrosecond()),
    nothing: vectorFromArray([null, null], new Null()),
    decimal: vectorFromArray([Uint32Array.of(1234, 0, 0, 0), Uint32Array.of(0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff)], cents),
  });
  const read = tableFromArrow(tableToIPC(arrow, "stream"));
  expect(read.columns).toEqual([
    numericColumn("int8", [1, Number.NaN], "integer"),
    numericColumn("uint16", [65_535, 0], "integer"),
    numericColumn("int64", [2 ** 40, Number.NaN], "integer"),
    categoricalColumn("id64", ["1152921504606846976", "7"]),
    numericColumn("float32", [0.5, Number.NaN]),
    numericColumn("bool", [1, Number.NaN], "logical"),
    categoricalColumn("utf8", ["b", "a"]),
    categoricalColumn("dictionary", ["z", "a"], ["z", "a"]),
    numericColumn("date32", [DAY, Number.NaN], "date"),
    numericColumn("micros", [1500, Number.NaN], "datetime"),
    numericColumn("nothing", [Number.NaN, Number.NaN]),
    numericColumn("decimal", [12.34, -0.01]),
  ]);
});

test("columns in several batches are joined, with their own dictionaries", () => {
  const one = new ArrowTable({ x: vectorFromArray([1, null], new Int32()) });
  const two = new ArrowTable({ x: vectorFromArray([3], new Int32()) });
  expect(tableFromArrow(tableToIPC(one.concat(two), "stream"))).toEqual({
    rows: 3,
    columns: [numericColumn("x", [1, Number.NaN, 3], "integer")],
  });
});

describe("what is not a table of plain values is refused", () => {
  const list = new ArrowTable({
    good: vectorFromArray([1], new Int32()),
    tags: vectorFromArray([[1]], new List(new Field("item", new Int32()))),
  });
  test.each<[string, Uint8Array, RegExp]>([
    ["no bytes", new Uint8Array(), /Arrow data is empty/],
    ["other bytes", Buffer.from("a,b\n1,2\n"), /not a readable Arrow IPC stream|no columns/],
    ["a list column, by name", tableToIPC(list, "stream"), /Column "tags" has the Arrow type List.*flatten it or leave it out/],
    ["no rows", tableToIPC(new ArrowTable({ a: vectorFromArray([], new Int32()) }), "stream"), /no rows/],
  ])("%s", (_, bytes, message) => {
    expect(() => tableFromArrow(bytes)).toThrow(message);
    expect(() => tableFromArrow(bytes)).toThrow(expect.objectContaining({ code: "bad_input" }));
  });
});

test("cut-off bytes are refused rather than read in part", () => {
  const bytes = tableToArrow({ rows: 1000, columns: [numericColumn("x", new Float64Array(1000))] });
  expect(() => readArrow(bytes.subarray(0, bytes.length - 4000))).toThrow(expect.objectContaining({ code: "bad_input" }));
});
