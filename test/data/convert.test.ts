import { describe, expect, test } from "vitest";
import { convertTypes, type TypeRequest } from "../../src/data/convert.ts";
import { tableToCsv } from "../../src/data/csv.ts";
import { type Column, categoricalColumn, numericColumn, type Table } from "../../src/engine/table.ts";

const one = (column: Column): Table => ({
  rows: column.kind === "numeric" ? column.values.length : column.codes.length,
  columns: [column],
});
const convert = (column: Column, type: TypeRequest): Column => convertTypes(one(column), { [column.name]: type }).columns[0]!;
const NaN_ = Number.NaN;
const DAY = 86_400_000;
const text = (labels: (string | null)[]) => categoricalColumn("x", labels);

describe("conversions", () => {
  test.each<[string, Column, TypeRequest, Column]>([
    ["text to double", text(["1.5", null, " 2 ", "NA", "3,5", "inf"]), "double", numericColumn("x", [1.5, NaN_, 2, NaN_, 3.5, Infinity])],
    ["codes to integer", text(["007", "12"]), "integer", numericColumn("x", [7, 12], "integer")],
    ["yes and no to logical", text(["yes", "no", null]), "logical", numericColumn("x", [1, 0, NaN_], "logical")],
    ["text to date", text(["2024-01-31", null]), "date", numericColumn("x", [Date.UTC(2024, 0, 31), NaN_], "date")],
    [
      "integer to factor, in the order of numbers",
      numericColumn("x", [10, 9, NaN_], "integer"),
      "factor",
      categoricalColumn("x", ["10", "9", null], ["9", "10"]),
    ],
    ["logical to factor", numericColumn("x", [1, 0], "logical"), "factor", categoricalColumn("x", ["true", "false"], ["false", "true"])],
    ["integer to logical", numericColumn("x", [1, 0, NaN_], "integer"), "logical", numericColumn("x", [1, 0, NaN_], "logical")],
    ["double to integer", numericColumn("x", [1, -2, NaN_]), "integer", numericColumn("x", [1, -2, NaN_], "integer")],
    ["datetime to date", numericColumn("x", [DAY + 5, -5, NaN_], "datetime"), "date", numericColumn("x", [DAY, -DAY, NaN_], "date")],
    ["factor to character", text(["b", "a"]), "character", { ...categoricalColumn("x", ["b", "a"]), type: "character" }],
    ["to its own type", numericColumn("x", [0.5]), "double", numericColumn("x", [0.5])],
    [
      "levels in order",
      text(["small", "large", null]),
      { type: "factor", levels: ["small", "medium", "large"], ordered: true },
      { ...categoricalColumn("x", ["small", "large", null], ["small", "medium", "large"]), ordered: true },
    ],
  ])("%s", (_, column, type, expected) => {
    expect(convert(column, type)).toEqual(expected);
  });

  test.each<[Column, "factor" | "character"]>([
    [numericColumn("x", [0.1, 1e-300, -Infinity, NaN_, 12]), "character"],
    [numericColumn("x", [3, 20, NaN_], "integer"), "factor"],
    [numericColumn("x", [1, 0, NaN_], "logical"), "factor"],
    [numericColumn("x", [0, -DAY, NaN_], "date"), "factor"],
    [numericColumn("x", [1, -1, NaN_], "datetime"), "character"],
  ])("there and back gives the same column (%#)", (column, type) => {
    expect(convert(convert(column, type), column.type)).toEqual(column);
  });

  test("other columns are shared, not copied", () => {
    const table: Table = { rows: 1, columns: [numericColumn("a", [1]), numericColumn("b", [1])] };
    expect(convertTypes(table, { b: "integer" }).columns[0]).toBe(table.columns[0]);
  });
});

describe("what does not convert is refused with its row", () => {
  test.each<[string, Column, TypeRequest, RegExp]>([
    ["text to number", text(["1", "2", "two"]), "double", /"x" cannot become double: row 3 has "two"/],
    ["a fraction to integer", numericColumn("x", [1, 1.5]), "integer", /row 2 has "1.5"/],
    ["two to logical", numericColumn("x", [1, 2], "integer"), "logical", /row 2 has "2"/],
    ["a number that is no midnight to date", numericColumn("x", [5]), "date", /row 1 has "5"/],
    ["infinity to integer", numericColumn("x", [Infinity]), "integer", /row 1 has "Inf"/],
    ["a level left out", text(["a", "b"]), { type: "factor", levels: ["a"] }, /leave out "b", which row 2 has/],
    ["a level twice", text(["a"]), { type: "factor", levels: ["a", "a"] }, /list "a" twice/],
    ["an unknown type", text(["a"]), "number" as never, /cannot become "number"; types are double/],
  ])("%s", (_, column, type, message) => {
    expect(() => convert(column, type)).toThrow(message);
  });

  test("an unknown column, with the nearest name", () => {
    expect(() => convertTypes(one(numericColumn("weight", [1])), { wieght: "integer" })).toThrow(/Did you mean "weight"/);
  });
});

test("CSV: quotes where needed, exact numbers, empty for missing", () => {
  const table: Table = {
    rows: 3,
    columns: [
      numericColumn("n", [0.1, NaN_, -Infinity]),
      categoricalColumn('a "b", c', ["plain", 'say "hi"', "two\nlines"]),
      numericColumn("flag", [1, 0, NaN_], "logical"),
      numericColumn("day", [0, NaN_, DAY], "date"),
    ],
  };
  expect(tableToCsv(table)).toBe(
    'n,"a ""b"", c",flag,day\r\n0.1,plain,true,1970-01-01\r\n,"say ""hi""",false,\r\n-Inf,"two\nlines",,1970-01-02\r\n',
  );
  expect(tableToCsv(one(numericColumn("x", [1, NaN_])))).toBe('x\r\n1\r\n""\r\n');
});
