import { closeSync, mkdtempSync, openSync, readSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BadInputError } from "../core/errors.ts";
import type { Column } from "../engine/table.ts";
import { columnNames, counted, type Dialect, listed, maybeDialect } from "./csv-dialect.ts";
import { type LineTranscoding, sniffEncoding, transcodeLines, transcodeUtf16 } from "./csv-encoding.ts";
import { rewriteCsv } from "./csv-rewrite.ts";
import { type CsvShape, NotUtf8, scanCsv } from "./csv-scan.ts";
import { checkExpressions, type Guess, guessOf, textExpression, valueExpression } from "./csv-sql.ts";
import { duckdbReason, literal, readColumns, Sql } from "./duckdb.ts";
import { maybeBinaryKind, remedyFor } from "./file-kind.ts";
import type { ImportedTable } from "./imported-table.ts";
import { columnFromLabels, readLabels } from "./labels.ts";
import type { ValueType } from "./text-values.ts";

const HEAD_BYTES = 4 * 2 ** 20;
/** DuckDB holds 2,048 rows of every column at once, so wide files are cut into groups of columns. */
const COLUMNS_PER_GROUP = 512;

/**
 * Reads a delimited text file (comma, tab, semicolon or bar; with or without a header; UTF-8, UTF-16 or Windows-1252).
 * Types follow the rules in `text-values.ts`. Rows keep their order.
 *
 * @param tempFolder where rewritten copies and spilled data may go while reading; left as it was.
 * @throws {BadInputError} when the file cannot be read as a table; the message names the line or column and the remedy.
 * Cost: O(bytes) time, two to four passes; memory of the result plus at most 1 GiB.
 */
export async function importCsv(path: string, tempFolder: string = tmpdir()): Promise<ImportedTable> {
  const folder = mkdtempSync(join(tempFolder, "trainyard-import-"));
  try {
    const file = scanFile(path, folder);
    using sql = await Sql.open({ tempFolder: folder, fileBytes: statSync(file.path).size });
    return await readScanned(sql, file, folder);
  } catch (error) {
    if (error instanceof Error && error.message.startsWith("Out of Memory")) {
      throw new BadInputError(`The file needs more memory than an import may use (${duckdbReason(error)}); leave out long text columns.`, {
        cause: error,
      });
    }
    throw error;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A text file that is known to be well formed UTF-8 CSV, and what it holds. */
interface ScannedFile {
  readonly path: string;
  readonly from: number;
  readonly dialect: Dialect;
  readonly shape: CsvShape;
  readonly warnings: readonly string[];
}

function scanFile(path: string, folder: string): ScannedFile {
  const head = readHead(path);
  refuseBinary(head);
  const { encoding, markBytes } = sniffEncoding(head);
  const copy = join(folder, "utf8.csv");
  if (encoding !== "utf-8") {
    transcodeUtf16(path, copy, encoding, markBytes);
    const name = encoding === "utf-16le" ? "UTF-16 (little-endian)" : "UTF-16 (big-endian)";
    return scanUtf8(copy, 0, [`The file is in ${name} and was read as such.`]);
  }
  refuseControlCharacters(head);
  try {
    return scanUtf8(path, markBytes, []);
  } catch (error) {
    if (!(error instanceof NotUtf8)) throw error;
    return scanUtf8(copy, 0, [encodingWarning(transcodeLines(path, copy, markBytes))]);
  }
}

function scanUtf8(path: string, from: number, warnings: readonly string[]): ScannedFile {
  const head = readHead(path).subarray(from);
  const dialect = maybeDialect(head, statSync(path).size - from <= head.length);
  if (dialect === null) throw new BadInputError("The file is empty; give a CSV file with a header line and at least one row.");
  const shape = scanCsv(path, from, dialect);
  if (shape.rows === 0) {
    throw new BadInputError(
      `The file has a header (${counted(dialect.width, "column")}) but no rows below it; add the data and try again.`,
    );
  }
  return { path, from, dialect, shape, warnings };
}

function encodingWarning(found: LineTranscoding): string {
  return found.encoding === "windows-1252"
    ? `The file is not UTF-8; it was read as Windows-1252 (Latin-1), which affects ${counted(found.lines, "line")} from line ${found.firstLine} on.`
    : `The file mixes encodings: ${counted(found.lines, "line")} (the first is line ${found.firstLine}) ${found.lines === 1 ? "is" : "are"} not UTF-8 and ${found.lines === 1 ? "was" : "were"} read as Windows-1252 (Latin-1).`;
}

function readHead(path: string): Uint8Array {
  const file = openSync(path, "r");
  try {
    const buffer = Buffer.allocUnsafe(HEAD_BYTES);
    return buffer.subarray(0, readSync(file, buffer, 0, HEAD_BYTES, 0));
  } finally {
    closeSync(file);
  }
}

function refuseBinary(head: Uint8Array): void {
  if (head.length === 0) throw new BadInputError("The file is empty; give a CSV file with a header line and at least one row.");
  const kind = maybeBinaryKind(head);
  if (kind !== null) throw new BadInputError(`The file is ${kind}, not CSV; ${remedyFor(kind)}.`, { details: { kind } });
}

/** Text has next to no control characters; zero bytes are left to the scan, which knows their line. */
function refuseControlCharacters(head: Uint8Array): void {
  const sample = head.subarray(0, 65_536);
  let controls = 0;
  for (const byte of sample) if (byte < 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d && byte !== 0) controls++;
  if (controls > 4 && controls > sample.length / 50) {
    throw new BadInputError("The file is binary data of an unknown kind, not CSV; give a CSV, Parquet or Arrow file.");
  }
}

async function readScanned(sql: Sql, file: ScannedFile, folder: string): Promise<ImportedTable> {
  const { dialect, shape } = file;
  const named = columnNames(shape.hasRowNames ? ["row", ...dialect.header] : dialect.header, shape.columns);
  const warnings = [...file.warnings, ...named.warnings];
  if (!dialect.hasHeader)
    warnings.push("The first line looks like data, so the columns were named column_1, column_2 …; add a header line to name them.");
  if (shape.hasRowNames)
    warnings.push('Every row has one cell more than the header; the first one was taken as row names and named "row".');
  const sources = sourcesOf(file, folder);
  const columns: Column[] = [];
  for (const source of sources) {
    const group = await readGroup(sql, source, named.names, dialect, shape);
    columns.push(...group.columns);
    warnings.push(...group.warnings);
  }
  const kept = withoutEmptyTail(columns, dialect, warnings);
  return { table: { rows: shape.rows, columns: kept }, warnings };
}

interface CsvSource {
  readonly sql: string;
  readonly first: number;
  readonly count: number;
}

/** One SQL source per group of columns: the file itself where it is narrow and regular, rewritten copies otherwise. */
function sourcesOf(file: ScannedFile, folder: string): CsvSource[] {
  const { dialect, shape } = file;
  if (!shape.needsRewrite && file.from === 0 && shape.columns <= 2 * COLUMNS_PER_GROUP) {
    return [{ sql: csvReader(file.path, shape, dialect.delimiter, shape.columns, dialect.hasHeader), first: 0, count: shape.columns }];
  }
  const firsts = Array.from({ length: Math.ceil(shape.columns / COLUMNS_PER_GROUP) }, (_, g) => g * COLUMNS_PER_GROUP);
  const paths = rewriteCsv(file.path, file.from, dialect, shape, firsts, folder);
  return paths.map((path, g) => {
    const count = Math.min(COLUMNS_PER_GROUP, shape.columns - firsts[g]!);
    return { sql: csvReader(path, { ...shape, lineEnd: "\n" }, dialect.delimiter, count, false), first: firsts[g]!, count };
  });
}

function csvReader(path: string, shape: CsvShape, delimiter: string, columns: number, header: boolean): string {
  const types = Array.from({ length: columns }, (_, i) => `'c${i}': 'VARCHAR'`).join(", ");
  const options = [
    "auto_detect = false",
    `header = ${header}`,
    `delim = ${literal(delimiter)}`,
    `quote = '"'`,
    `escape = '"'`,
    `new_line = '${shape.lineEnd === "\r\n" ? "\\r\\n" : "\\n"}'`,
    `max_line_size = ${Math.max(2 ** 21, shape.longestRecordBytes + 16)}`,
    `parallel = ${!shape.hasQuotedLineEnds}`,
    `columns = {${types}}`,
  ];
  return `read_csv(${literal(path)}, ${options.join(", ")})`;
}

interface Group {
  readonly columns: Column[];
  readonly warnings: string[];
}

async function readGroup(sql: Sql, source: CsvSource, names: readonly string[], dialect: Dialect, shape: CsvShape): Promise<Group> {
  const commaDecimals = dialect.delimiter !== ",";
  const guesses = Array.from({ length: source.count }, (_, i) =>
    guessOf(
      dialect.sample.map((row) => row[source.first + i] ?? ""),
      commaDecimals,
    ),
  );
  const types = await checkGuesses(sql, source, guesses);
  const columns = new Array<Column>(source.count);
  const typed = Array.from(types.keys()).filter((i) => types[i] !== null);
  const values = typed.map(() => new Float64Array(shape.rows));
  await readColumns(
    sql,
    typed.map((i) => valueExpression(`c${i}`, guesses[i]!)),
    source.sql,
    values,
  );
  for (const [k, i] of typed.entries()) {
    columns[i] = { kind: "numeric", name: names[source.first + i]!, type: types[i]!, values: values[k]! };
  }
  const rest = Array.from(types.keys()).filter((i) => types[i] === null);
  const labels = await readLabels(
    sql,
    rest.map((i) => textExpression(`c${i}`)),
    source.sql,
    shape.rows,
  );
  const warnings: string[] = [];
  for (const [k, i] of rest.entries()) {
    const { column, warning } = columnFromLabels(names[source.first + i]!, labels[k]!, commaDecimals);
    columns[i] = column;
    if (warning !== null) warnings.push(warning);
  }
  return { columns, warnings };
}

/** The type of each column whose guess holds on every row; null where its distinct values must decide. */
async function checkGuesses(sql: Sql, source: CsvSource, guesses: readonly Guess[]): Promise<(ValueType | null)[]> {
  const checked = Array.from(guesses.keys()).filter((i) => guesses[i] !== "labels");
  const types: (ValueType | null)[] = guesses.map(() => null);
  if (checked.length === 0) return types;
  const list = checked.flatMap((i) => checkExpressions(`c${i}`, guesses[i]!)).join(", ");
  const [counts = []] = await sql.rows(`SELECT ${list} FROM ${source.sql}`);
  for (const [k, i] of checked.entries()) {
    const [bad, broken, codes] = [0, 1, 2].map((offset) => Number(counts[3 * k + offset]));
    types[i] = bad! > 0 ? null : typeOf(guesses[i]!, broken!, codes!);
  }
  return types;
}

function typeOf(guess: Guess, broken: number, codes: number): ValueType | null {
  if (guess === "labels") return null;
  if (guess !== "number" && guess !== "comma_number") return guess;
  if (broken > 0) return "double";
  return codes > 0 ? null : "integer";
}

/** Drops columns at the end that have neither a name nor a value: delimiters at the ends of lines make them. */
function withoutEmptyTail(columns: readonly Column[], dialect: Dialect, warnings: string[]): Column[] {
  let end = columns.length;
  while (end > 1 && dialect.hasHeader && (dialect.header[end - 1] ?? "").trim() === "" && isAllMissing(columns[end - 1]!)) end--;
  const dropped = columns.slice(end).map((column) => `"${column.name}"`);
  if (dropped.length > 0)
    warnings.push(
      `${counted(dropped.length, "column")} at the end without a name or a value ${dropped.length === 1 ? "was" : "were"} left out (${listed(dropped)}).`,
    );
  return columns.slice(0, end);
}

function isAllMissing(column: Column): boolean {
  return column.kind === "numeric" ? column.values.every(Number.isNaN) : column.codes.every((code) => code < 0);
}
