import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deflateSync } from "node:zlib";
import { afterAll, describe, expect, test } from "vitest";
import { importCsv } from "../../src/data/csv-import.ts";
import type { ImportedTable } from "../../src/data/imported-table.ts";
import { type Column, columnOf } from "../../src/engine/table.ts";

const folder = mkdtempSync(join(tmpdir(), "trainyard-csv-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let files = 0;
function importBytes(bytes: Uint8Array | string): Promise<ImportedTable> {
  const path = join(folder, `${files++}.csv`);
  writeFileSync(path, bytes);
  return importCsv(path, folder);
}

/** Column as plain values: numbers, labels, null for missing. */
function plain(column: Column | null | undefined): (number | string | null)[] {
  if (column === null || column === undefined) throw new Error("no such column");
  return column.kind === "numeric"
    ? Array.from(column.values, (value) => (Number.isNaN(value) ? null : value))
    : Array.from(column.codes, (code) => (code < 0 ? null : column.levels[code]!));
}

const plainTable = ({ table }: ImportedTable) => Object.fromEntries(table.columns.map((column) => [column.name, plain(column)]));
const typesOf = ({ table }: ImportedTable) => table.columns.map((column) => column.type).join(" ");

describe("layout", () => {
  test.each([
    ["comma", "a,b\n1,x\n2,y\n"],
    ["semicolon", "a;b\n1;x\n2;y\n"],
    ["tab", "a\tb\n1\tx\n2\ty\n"],
    ["bar", "a|b\n1|x\n2|y\n"],
    ["CRLF", "a,b\r\n1,x\r\n2,y\r\n"],
    ["lone CR", "a,b\r1,x\r2,y\r"],
    ["mixed line ends", "a,b\r\n1,x\n2,y"],
    ["no line end at the end", "a,b\n1,x\n2,y"],
    ["empty lines between and after", "a,b\n\n1,x\n   \n2,y\n\n\n"],
    ["blanks before quotes", 'a, "b"\n1, "x"\n2, "y"\n'],
    ["everything quoted", '"a","b"\n"1","x"\n"2","y"\n'],
    ["a byte order mark", "\uFEFFa,b\n1,x\n2,y\n"],
    ["delimiters at the ends of rows", "a,b\n1,x,\n2,y,,\n"],
  ])("%s", async (_, text) => {
    const read = await importBytes(text);
    expect(plainTable(read)).toEqual({ a: [1, 2], b: ["x", "y"] });
    expect(read.warnings).toEqual([]);
  });

  test("a nameless, empty last column is left out and said", async () => {
    const read = await importBytes("a,b,\n1,x,\n2,y,\n");
    expect(plainTable(read)).toEqual({ a: [1, 2], b: ["x", "y"] });
    expect(read.warnings.join()).toMatch(/without a name or a value was left out/);
  });

  test("quoted values keep delimiters, quotes and line ends", async () => {
    const read = await importBytes('id,text\n1,"a, b"\n2,"say ""hi"""\n3,"two\nlines"\n4,"crlf\r\ninside"\n5,plain\n');
    expect(plainTable(read)).toEqual({ id: [1, 2, 3, 4, 5], text: ["a, b", 'say "hi"', "two\nlines", "crlf\r\ninside", "plain"] });
  });

  test("a quote inside plain text is a character like others", async () => {
    const read = await importBytes('size,n\n5" pipe,1\n"6"" pipe",2\n');
    expect(plainTable(read)).toEqual({ size: ['5" pipe', '6" pipe'], n: [1, 2] });
  });

  test("a lone column keeps empty lines inside as missing values, not those at the end", async () => {
    expect(plainTable(await importBytes("x\n1\n\n3\n\n\n"))).toEqual({ x: [1, null, 3] });
    expect(plainTable(await importBytes("colour\nred\nblue\nred\n"))).toEqual({ colour: ["red", "blue", "red"] });
  });

  test("row names without a header cell get a column of their own", async () => {
    const read = await importBytes('"mpg","cyl"\n"Mazda",21,6\n"Datsun",22.8,4\n');
    expect(plainTable(read)).toEqual({ row: ["Mazda", "Datsun"], mpg: [21, 22.8], cyl: [6, 4] });
    expect(read.warnings.join()).toMatch(/row names/);
  });
});

describe("header", () => {
  test("numbers over numbers are data: columns get names and a warning", async () => {
    const read = await importBytes("5.1,3.5,setosa\n4.9,3.0,setosa\n6.2,2.9,virginica\n");
    expect(plainTable(read)).toMatchObject({ column_1: [5.1, 4.9, 6.2], column_3: ["setosa", "setosa", "virginica"] });
    expect(read.warnings.join()).toMatch(/first line looks like data/);
  });

  test("text over text whose words all occur again is data too", async () => {
    const read = await importBytes("3rd,Male\n1st,Female\n3rd,Female\n1st,Male\n");
    expect(read.table.rows).toBe(4);
  });

  test.each([
    ["names over numbers", "a,b\n1,2\n3,4\n"],
    ["one name among numbers", "a,1\n1,2\n3,4\n"],
    ["counted columns", "0,1,2,3\n5,6,7,8\n1,2,3,4\n"],
    ["years beside a name", "country,1990,1991,1992\nFrance,3,4,5\nSpain,4,5,6\n"],
    ["text over text", "name,city\nAnn,Rome\nBob,Oslo\n"],
  ])("%s is a header", async (_, text) => {
    const read = await importBytes(text);
    expect(read.table.rows).toBe(2);
    expect(read.warnings).toEqual([]);
  });

  test("duplicate and empty names become distinct, with a warning for each", async () => {
    const read = await importBytes("a,a,,a_2, b \n1,2,3,4,5\n6,7,8,9,10\n");
    expect(read.table.columns.map((column) => column.name)).toEqual(["a", "a_3", "column_3", "a_2", "b"]);
    expect(read.warnings).toHaveLength(2);
    expect(read.warnings.join()).toMatch(/"a" → "a_3"/);
    expect(read.warnings.join()).toMatch(/no name and became "column_3"/);
  });
});

describe("encodings", () => {
  const text = "name,städte\nJürgen,Köln\nZoë,Århus\n";
  const expected = { name: ["Jürgen", "Zoë"], städte: ["Köln", "Århus"] };
  const latin1 = Buffer.from(text, "latin1");
  const utf16 = Buffer.from(`\uFEFF${text}`, "utf16le");

  test("UTF-8 needs no warning", async () => {
    const read = await importBytes(text);
    expect(plainTable(read)).toEqual(expected);
    expect(read.warnings).toEqual([]);
  });

  test.each([
    ["UTF-16 little-endian", utf16, /UTF-16 \(little-endian\)/],
    ["UTF-16 big-endian", Buffer.from(utf16).swap16(), /UTF-16 \(big-endian\)/],
    ["UTF-16 without a mark", Buffer.from(text, "utf16le"), /UTF-16 \(little-endian\)/],
    ["Latin-1", latin1, /Windows-1252 \(Latin-1\).*3 lines from line 1 on/],
  ])("%s is read and named", async (_, bytes, warning) => {
    const read = await importBytes(bytes);
    expect(plainTable(read)).toEqual(expected);
    expect(read.warnings.join()).toMatch(warning);
  });

  test("lines of UTF-8 and of Windows-1252 in one file are each read as they are", async () => {
    const bytes = Buffer.concat([Buffer.from("n,x\nKöln,1\n", "utf8"), Buffer.from([0x80]), Buffer.from(" Århus,2\n", "latin1")]);
    const read = await importBytes(bytes);
    expect(plainTable(read)).toEqual({ n: ["Köln", "€ Århus"], x: [1, 2] });
    expect(read.warnings.join()).toMatch(/mixes encodings: 1 line \(the first is line 3\)/);
  });
});

describe("types", () => {
  test.each<[string, string[], string, (number | string | null)[]]>([
    ["integers", ["1", "-2", "+3", " 4 "], "integer", [1, -2, 3, 4]],
    ["a point makes a double", ["1", "2.0"], "double", [1, 2]],
    ["scientific notation", ["1e-3", "2E5", ".5", "7."], "double", [0.001, 200_000, 0.5, 7]],
    ["infinities, however spelled", ["inf", "-Inf", "+Infinity", "1"], "double", [Infinity, -Infinity, Infinity, 1]],
    ["missing, however spelled", ["1", "", "NA", "n/a", "NULL", "NaN", "?", ".", "#N/A", "<NA>"], "integer", [1, ...Array(9).fill(null)]],
    ["true and false in any case", ["true", "FALSE", "True", "NA"], "logical", [1, 0, 1, null]],
    ["yes and no stay text", ["yes", "no", "yes"], "factor", ["yes", "no", "yes"]],
    ["T and F stay text", ["T", "F", "T"], "factor", ["T", "F", "T"]],
    ["zeros and ones stay integers", ["0", "1", "1"], "integer", [0, 1, 1]],
    ["codes with leading zeros stay text", ["00123", "04567", "98765"], "factor", ["00123", "04567", "98765"]],
    ["a zero before the point is no code", ["0.5", "007.5"], "double", [0.5, 7.5]],
    [
      "numbers too long for a double stay text",
      ["12345678901234567", "12345678901234568"],
      "factor",
      ["12345678901234567", "12345678901234568"],
    ],
    ["underscores are no digits", ["1_000", "2"], "factor", ["1_000", "2"]],
    ["hexadecimal is text", ["0x10", "0x11"], "factor", ["0x10", "0x11"]],
    ["ISO dates", ["2024-02-29", "1969-12-31", ""], "date", [Date.UTC(2024, 1, 29), -86_400_000, null]],
    ["a date that does not exist is text", ["2024-02-30", "2024-01-01"], "factor", ["2024-02-30", "2024-01-01"]],
    [
      "ISO datetimes, UTC without a zone",
      ["2024-01-31T10:00:00", "2024-01-31 10:00"],
      "datetime",
      Array(2).fill(Date.UTC(2024, 0, 31, 10)),
    ],
    [
      "a zone counts",
      ["2024-01-31T10:00:00+02:00", "2024-01-31T10:00:00.250Z"],
      "datetime",
      [Date.UTC(2024, 0, 31, 8), Date.UTC(2024, 0, 31, 10, 0, 0, 250)],
    ],
    ["dates with points are day first", ["31.1.2024", "1.2.2024"], "date", [Date.UTC(2024, 0, 31), Date.UTC(2024, 1, 1)]],
    ["dates with slashes follow the day above 12", ["31/1/2024", "1/2/2024"], "date", [Date.UTC(2024, 0, 31), Date.UTC(2024, 1, 1)]],
  ])("%s", async (_, cells, type, values) => {
    const read = await importBytes(`k,x\n${cells.map((cell) => `a,${cell}`).join("\n")}\n`);
    const column = columnOf(read.table, "x")!;
    expect([column.type, plain(column)]).toEqual([type, values]);
  });

  test("dates that fit both orders are month first, with a warning", async () => {
    const read = await importBytes("k,x\na,1/2/2024\na,3/4/2024\n");
    expect(plain(columnOf(read.table, "x"))).toEqual([Date.UTC(2024, 0, 2), Date.UTC(2024, 2, 4)]);
    expect(read.warnings.join()).toMatch(/"x" read as month\/day\/year/);
  });

  test("decimal commas are numbers where the comma does not separate", async () => {
    const read = await importBytes("a;b\n3,14;x\n-2,5e3;y\n7;z\n");
    expect(plainTable(read)).toMatchObject({ a: [3.14, -2500, 7] });
  });

  test("a column decides on all its rows, not on the first ones", async () => {
    const head = "1,2024-01-01,true,,5,1\n".repeat(3000);
    const read = await importBytes(`a,b,c,d,e,f\n${head}1.5,2024-01-02T03:04:05,maybe,7,oops,007\n`);
    expect(typesOf(read)).toBe("double datetime factor integer factor factor");
    expect(plain(columnOf(read.table, "b")).at(-1)).toBe(Date.UTC(2024, 0, 2, 3, 4, 5));
    expect(plain(columnOf(read.table, "d")).slice(-2)).toEqual([null, 7]);
  });

  test("levels are sorted by code point, in small files and in large ones", async () => {
    const levels = ["b", "a", "Z", "ä", "\u{1F600}", "\uFF5E", "10", "9"];
    const sorted = ["10", "9", "Z", "a", "b", "ä", "\uFF5E", "\u{1F600}"];
    for (const repeats of [1, 1000]) {
      const read = await importBytes(
        `k,x\n${levels
          .map((level) => `k,${level}\n`)
          .join("")
          .repeat(repeats)}`,
      );
      const column = columnOf(read.table, "x")!;
      expect(column).toMatchObject({ type: "factor", levels: sorted, ordered: false });
      expect(plain(column).slice(0, 8)).toEqual(levels);
    }
  });

  test("text with too many distinct values is character; an empty column is double", async () => {
    const rows = Array.from({ length: 50 }, (_, i) => `name ${i},,${i % 3}x`).join("\n");
    const read = await importBytes(`name,empty,group\n${rows}\n`);
    expect(typesOf(read)).toBe("character double factor");
    expect(plain(columnOf(read.table, "empty")).every((value) => value === null)).toBe(true);
  });

  test("rows keep their order through parallel reading", async () => {
    const rows = 60_000;
    const text = `id,label,v\n${Array.from({ length: rows }, (_, i) => `${i},L${i % 7},${i / 8}`).join("\n")}\n`;
    const read = await importBytes(text.repeat(1));
    const [id, label, v] = read.table.columns.map(plain);
    for (let i = 0; i < rows; i += 997) expect([id![i], label![i], v![i]]).toEqual([i, `L${i % 7}`, i / 8]);
  });
});

describe("files that cannot be read get one sentence with the place and the remedy", () => {
  const png = Buffer.concat([Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]), deflateSync(Buffer.alloc(500))]);
  const xlsx = Buffer.concat([
    Buffer.from([0x50, 0x4b, 0x03, 0x04]),
    Buffer.alloc(26),
    Buffer.from("[Content_Types].xml"),
    Buffer.alloc(99),
  ]);
  test.each<[string, Uint8Array | string, RegExp]>([
    ["empty", "", /^The file is empty; give a CSV file/],
    ["only line ends", "\n\n\r\n", /^The file is empty/],
    ["only a header", "a,b,c\n", /has a header \(3 columns\) but no rows/],
    ["a short row", "a,b,c\n1,2,3\n4,5\n", /^Line 3 has 2 fields where the header has 3; fill in/],
    [
      "a long row",
      "a,b\n1,2\n3,4,5\n6,7\n",
      /^Line 3 has 3 fields where the header has 2; put values that contain the delimiter "," in quotes/,
    ],
    ["several ragged rows", "a,b,c\n1\n1,2,3\n1,2\n", /^Line 2 has 1 field where the header has 3 \(and 1 more line like it\)/],
    ["a ragged row after quoted line ends", 'a,b\n"x\ny",2\n3\n', /^Line 4 has 1 field/],
    ["an unclosed quote at the end", 'a,b\n1,2\n3,"x\n4,y\n', /^Line 3 opens a quoted value that is not closed/],
    ["an unclosed quote before another", 'a,b\n1,"x\n2,"y"\n3,z\n', /^Line 2 opens a quoted value that is not closed/],
    ["a zero byte", "a,b\n1,2\n3,\0\n", /^Line 3 holds a zero byte/],
    ["a PNG image", png, /^The file is a PNG image, not CSV/],
    ["a spreadsheet", xlsx, /^The file is an Excel workbook, not CSV; open it in a spreadsheet program and save the sheet as CSV/],
    ["a ZIP archive", Buffer.from("PK\u0003\u0004hello"), /^The file is a ZIP archive, not CSV; unpack it/],
    ["a Parquet file", "PAR1....", /^The file is a Parquet file, not CSV; give it a name that ends in \.parquet/],
    ["unknown binary data", Buffer.from(Array.from({ length: 4000 }, (_, i) => (i * 37) % 31 || 1)), /binary data of an unknown kind/],
  ])("%s", async (_, bytes, message) => {
    await expect(importBytes(bytes)).rejects.toMatchObject({ code: "bad_input", message: expect.stringMatching(message) });
  });

  test("nothing is left in the temporary folder", () => {
    expect(readdirSync(folder).filter((name) => name.startsWith("trainyard-import"))).toEqual([]);
  });
});

test("10,000 columns are read in groups", async () => {
  const cols = 10_000;
  const rows = 100;
  const header = Array.from({ length: cols }, (_, j) => `g${j}`).join(",");
  const lines = Array.from({ length: rows }, (_, i) =>
    Array.from({ length: cols }, (_, j) => (j === 9_999 ? `c${i % 2}` : (i * j) / 4)).join(","),
  );
  const read = await importBytes(`${header}\n${lines.join("\n")}\n`);
  expect([read.table.rows, read.table.columns.length]).toEqual([rows, cols]);
  expect(plain(columnOf(read.table, "g513")).slice(0, 3)).toEqual([0, 513 / 4, 513 / 2]);
  expect(columnOf(read.table, "g9999")).toMatchObject({ type: "factor", levels: ["c0", "c1"] });
});
