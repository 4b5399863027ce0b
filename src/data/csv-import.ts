import { closeSync, mkdtempSync, openSync, readSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BadInputError } from "../core/errors.ts";
import type { Column } from "../engine/table.ts";
import { columnNames, counted, type Dialect, listed, maybeDialect } from "./csv-dialect.ts";
import { type LineTranscoding, sniffEncoding, transcodeLines, transcodeUtf16 } from "./csv-encoding.ts";
import { type Guess, guessOf, typeOfGuess } from "./csv-guess.ts";
import { rewriteCsv } from "./csv-rewrite.ts";
import { type CsvShape, NotUtf8, scanCsv } from "./csv-scan.ts";
import { checkExpressions, quickExpressions, valueExpression } from "./csv-sql.ts";
import { readWide } from "./csv-wide.ts";
import { duckdbReason, literal, readColumns, Sql, type SqlOptions } from "./duckdb.ts";
import { maybeBinaryKind, remedyFor } from "./file-kind.ts";
import type { ImportedTable } from "./imported-table.ts";
import { cleanLabels, columnFromLabels, type LabelColumn, type Labels, readLabels } from "./labels.ts";
import type { ValueType } from "./text-values.ts";

const HEAD_BYTES = 4 * 2 ** 20;
/** Files with more columns are read without DuckDB; see `csv-wide.ts`. */
const WIDE_COLUMNS = 256;
/** DuckDB reads ahead in buffers of this size; smaller ones than its own keep memory down at the same speed. */
const READ_BUFFER_BYTES = 4 * 2 ** 20;
/** The usual spellings of a missing value, taken out while reading; others are found later. */
const NULL_TEXTS = ["", "NA", "N/A", "n/a", "na", "null", "NULL", "NaN", "nan", "?", ".", "#N/A", "<NA>"];

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
    return await readScanned(file, folder);
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

async function readScanned(file: ScannedFile, folder: string): Promise<ImportedTable> {
  const { dialect, shape } = file;
  const { names, warnings: nameWarnings } = columnNames(shape.hasRowNames ? ["row", ...dialect.header] : dialect.header, shape.columns);
  const warnings = [...file.warnings, ...nameWarnings];
  if (!dialect.hasHeader) warnings.push(NO_HEADER);
  if (shape.hasRowNames) warnings.push(ROW_NAMES);
  const commaDecimals = dialect.delimiter !== ",";
  const guesses = names.map((_, i) =>
    guessOf(
      dialect.sample.map((row) => row[i] ?? ""),
      commaDecimals,
    ),
  );
  const read =
    names.length > WIDE_COLUMNS
      ? readWide(file.path, file.from, dialect, shape, names, guesses)
      : await readNarrow(file, folder, names, guesses);
  for (const { warning } of read) if (warning !== null) warnings.push(warning);
  const columns = withoutEmptyTail(
    read.map(({ column }) => column),
    dialect,
    warnings,
  );
  return { table: { rows: shape.rows, columns }, warnings };
}

const NO_HEADER = "The first line looks like data, so the columns were named column_1, column_2 …; add a header line to name them.";
const ROW_NAMES = 'Every row has one cell more than the header; the first one was taken as row names and named "row".';

/**
 * Reads the columns with DuckDB: values as guessed, then a check of the guesses, then by their labels what is left. Each half has an instance of
 * its own, because only closing one gives its memory back.
 */
async function readNarrow(file: ScannedFile, folder: string, names: readonly string[], guesses: readonly Guess[]): Promise<LabelColumn[]> {
  const { rows } = file.shape;
  const options = { tempFolder: folder, fileBytes: statSync(file.path).size };
  const source = sourceOf(file, folder);
  const values = guesses.map((guess) => (guess === "labels" ? null : new Float64Array(rows)));
  const types = await readGuessed(options, source, guesses, values);
  const rest = Array.from(types.keys()).filter((i) => types[i] === null);
  for (const i of rest) values[i] = null; // lets go of arrays that did not fit
  const texts = rest.map((i) => `c${i}`);
  const byLabel = new Map((await readTexts(options, source, texts, rows)).map((labels, k) => [rest[k]!, labels]));
  return names.map((name, i) => {
    const type = types[i];
    if (type === null || type === undefined) return columnFromLabels(name, byLabel.get(i)!, file.dialect.delimiter !== ",");
    return { column: { kind: "numeric", name, type, values: values[i]! }, warning: null };
  });
}

/** Fills `values` as guessed and returns the types that hold. */
async function readGuessed(
  options: SqlOptions,
  source: string,
  guesses: readonly Guess[],
  values: readonly (Float64Array | null)[],
): Promise<(ValueType | null)[]> {
  const guessed = Array.from(values.keys()).filter((i) => values[i] !== null);
  if (guessed.length === 0) return guesses.map(() => null);
  using sql = await Sql.open(options);
  await readColumns(
    sql,
    guessed.map((i) => valueExpression(`c${i}`, guesses[i]!)),
    source,
    guessed.map((i) => values[i]!),
  );
  return await checkGuesses(sql, source, guesses, values);
}

async function readTexts(options: SqlOptions, source: string, columns: readonly string[], rows: number): Promise<Labels[]> {
  if (columns.length === 0) return [];
  using sql = await Sql.open(options);
  return await readLabels(sql, columns, source, rows, cleanLabels);
}

/** The file itself as an SQL source where it is regular, a rewritten copy otherwise. */
function sourceOf(file: ScannedFile, folder: string): string {
  const { dialect, shape } = file;
  if (!shape.needsRewrite && file.from === 0) return csvReader(file.path, shape, dialect.delimiter, dialect.hasHeader);
  const copy = join(folder, "strict.csv");
  rewriteCsv(file.path, file.from, dialect, shape, copy);
  return csvReader(copy, { ...shape, lineEnd: "\n" }, dialect.delimiter, false);
}

function csvReader(path: string, shape: CsvShape, delimiter: string, header: boolean): string {
  const types = Array.from({ length: shape.columns }, (_, i) => `'c${i}': 'VARCHAR'`).join(", ");
  const lineBytes = Math.max(65_536, shape.longestRecordBytes + 16);
  const options = [
    "auto_detect = false",
    `header = ${header}`,
    `delim = ${literal(delimiter)}`,
    `quote = '"'`,
    `escape = '"'`,
    `new_line = '${shape.lineEnd === "\r\n" ? "\\r\\n" : "\\n"}'`,
    `max_line_size = ${lineBytes}`,
    `buffer_size = ${Math.max(READ_BUFFER_BYTES, 2 * lineBytes)}`,
    `nullstr = [${NULL_TEXTS.map(literal).join(", ")}]`,
    `parallel = ${!shape.hasQuotedLineEnds}`,
    `columns = {${types}}`,
  ];
  return `read_csv(${literal(path)}, ${options.join(", ")})`;
}

/** The type of each column whose guess holds on every row; null where its distinct values must decide. */
async function checkGuesses(
  sql: Sql,
  source: string,
  guesses: readonly Guess[],
  values: readonly (Float64Array | null)[],
): Promise<(ValueType | null)[]> {
  const types: (ValueType | null)[] = guesses.map(() => null);
  const suspects = await suspectGuesses(sql, source, guesses, values, types);
  if (suspects.length === 0) return types;
  const list = suspects.flatMap((i) => checkExpressions(`c${i}`, guesses[i]!)).join(", ");
  const [counts = []] = await sql.rows(`SELECT ${list} FROM ${source}`);
  for (const [k, i] of suspects.entries()) {
    const [bad = 0, broken = 0, codes = 0] = counts.slice(3 * k, 3 * k + 3).map(Number);
    types[i] = typeOfGuess(guesses[i]!, { bad, broken, codes });
  }
  return types;
}

/** Settles the guesses that a cheap look confirms, in `types`; returns the columns that need the thorough check. */
async function suspectGuesses(
  sql: Sql,
  source: string,
  guesses: readonly Guess[],
  values: readonly (Float64Array | null)[],
  types: (ValueType | null)[],
): Promise<number[]> {
  const quick = Array.from(guesses.entries()).flatMap(([i, guess]) => (guess === "labels" ? [] : [{ i, guess }]));
  if (quick.length > 0) {
    const list = quick.flatMap(({ i, guess }) => quickExpressions(`c${i}`, guess)).join(", ");
    const [counts = []] = await sql.rows(`SELECT ${list} FROM ${source}`);
    for (const [k, { i, guess }] of quick.entries()) {
      if (Number(counts[2 * k + 1]) === 0 && Number(counts[2 * k]) === countPresent(values[i]!))
        types[i] = guess === "comma_number" ? "double" : guess;
    }
  }
  return Array.from(guesses.keys()).filter((i) => guesses[i] !== "labels" && types[i] === null);
}

function countPresent(values: Float64Array): number {
  let present = 0;
  for (let i = 0; i < values.length; i++) if (!Number.isNaN(values[i]!)) present++;
  return present;
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
