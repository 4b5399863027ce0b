import { byteClasses, firstRecords, newRecord, ODD, readRecord } from "./csv-records.ts";
import { isMissingText, isValueText, trimBlanks } from "./text-values.ts";

/** Delimiters that are tried, the likelier first. */
const DELIMITERS = [",", "\t", ";", "|"] as const;
const SNIFF_RECORDS = 200;

/** How a CSV file is laid out, judged from its first records. */
export interface Dialect {
  readonly delimiter: string;
  readonly hasHeader: boolean;
  /** Fields of the first record. */
  readonly width: number;
  /** Cells of the header, or none. */
  readonly header: readonly string[];
  /** The first data records, as text. */
  readonly sample: readonly (readonly string[])[];
}

/**
 * Chooses the delimiter that cuts the first records into the most regular fields, then decides whether the first record names the columns.
 * @param head the first bytes of the file, without byte order mark; `whole` when they are all of it.
 * Returns null when there is no record at all.
 */
export function maybeDialect(head: Uint8Array, whole: boolean): Dialect | null {
  const delimiter = chooseDelimiter(head, whole);
  const records = firstRecords(head, delimiter, whole, SNIFF_RECORDS);
  const [first, ...rest] = records;
  if (first === undefined) return null;
  const hasHeader = looksLikeHeader(first, rest);
  return { delimiter, hasHeader, width: first.length, header: hasHeader ? first : [], sample: hasHeader ? rest : records };
}

function chooseDelimiter(head: Uint8Array, whole: boolean): string {
  let best = ",";
  let bestScore = 0;
  for (const delimiter of DELIMITERS) {
    const widths = firstWidths(head, delimiter, whole);
    const width = widths[0] ?? 1;
    if (width < 2) continue;
    const regular = widths.filter((w) => w === width).length / widths.length;
    const score = 1 + regular + Math.min(width, 1000) / 1e6;
    if (score > bestScore) {
      best = delimiter;
      bestScore = score;
    }
  }
  return best;
}

function firstWidths(head: Uint8Array, delimiter: string, whole: boolean): number[] {
  const classes = byteClasses(delimiter);
  const record = newRecord();
  const widths: number[] = [];
  for (let at = 0; at < head.length && widths.length < SNIFF_RECORDS; ) {
    const next = readRecord(head, at, classes, whole, record);
    if (next < 0) break;
    if ((record.odd & ODD.blank) === 0) widths.push(record.fields);
    at = next;
  }
  return widths;
}

/**
 * Whether the first record names columns. It does not when its cells are numbers (or dates) over columns of numbers, or when every cell
 * is a value that occurs again below it. Consecutive integers over numbers (`0,1,2,…`, or years beside a name) still count as names.
 */
export function looksLikeHeader(first: readonly string[], rest: readonly (readonly string[])[]): boolean {
  const cells = first.map(trimBlanks);
  if (rest.length === 0) return !cells.every(isValueText);
  const below = cells.map((_, column) => rest.map((row) => trimBlanks(row[column] ?? "")).filter((text) => !isMissingText(text)));
  const isNumeric = below.map((values) => values.length > 0 && values.every(isValueText));
  const recurs = cells.map((cell, column) => cell !== "" && below[column]!.includes(cell));
  if (!isNumeric.includes(true)) return !recurs.every(Boolean);
  if (cells.some((cell, column) => isNumeric[column] && !isMissingText(cell) && !isValueText(cell))) return true;
  const numbers = cells.filter((cell, column) => isNumeric[column] && isValueText(cell));
  if (numbers.length === 0) return true;
  return (
    isConsecutive(numbers) && (numbers.length === cells.length ? numbers[0] === "0" : !recurs.some((r, column) => r && !isNumeric[column]))
  );
}

function isConsecutive(cells: readonly string[]): boolean {
  return cells.length >= 3 && cells.every((cell, i) => /^\d+$/.test(cell) && (i === 0 || Number(cell) === Number(cells[i - 1]) + 1));
}

/** Distinct, non-empty column names from header cells, with a warning for each kind of change. */
export function columnNames(
  header: readonly string[],
  width: number,
): { readonly names: readonly string[]; readonly warnings: readonly string[] } {
  const given = Array.from({ length: width }, (_, i) => trimBlanks(header[i] ?? "").replace(/\s+/g, " "));
  const taken = new Set(given.filter((name) => name !== ""));
  const seen = new Set<string>();
  const unnamed: string[] = [];
  const renamed: string[] = [];
  const names = given.map((name, i) => {
    if (name !== "" && !seen.has(name)) {
      seen.add(name);
      return name;
    }
    const stem = name === "" ? `column_${i + 1}` : name;
    let fresh = name === "" && !taken.has(stem) ? stem : "";
    for (let k = 2; fresh === ""; k++) if (!taken.has(`${stem}_${k}`) && !seen.has(`${stem}_${k}`)) fresh = `${stem}_${k}`;
    seen.add(fresh);
    (name === "" ? unnamed : renamed).push(name === "" ? `"${fresh}"` : `"${name}" → "${fresh}"`);
    return fresh;
  });
  const warnings: string[] = [];
  if (header.length > 0 && unnamed.length > 0)
    warnings.push(`${counted(unnamed.length, "column")} had no name and became ${listed(unnamed)}.`);
  if (renamed.length > 0)
    warnings.push(`Column names must differ, so ${counted(renamed.length, "column")} got a new one: ${listed(renamed)}.`);
  return { names, warnings };
}

/** `1 row`, `2,000 rows`. */
export function counted(count: number, noun: string): string {
  return `${count.toLocaleString("en-US")} ${noun}${count === 1 ? "" : "s"}`;
}

/** The first few of a list, and how many follow. */
export function listed(items: readonly string[], shown = 5): string {
  const rest = items.length - shown;
  return rest > 0 ? `${items.slice(0, shown).join(", ")} and ${rest.toLocaleString("en-US")} more` : items.join(", ");
}
