import { BadInputError, InvalidArgumentError, TrainyardError } from "../core/errors.ts";
import { maybeNumber } from "./numbers.ts";
import type { BatchColumn, PointBatch } from "./point-batch.ts";

/** Limits of one request. */
export const REQUEST_LIMIT_BYTES = 4 * 1024 * 1024;
export const ROWS_MAX = 10_000;
export const KEY_LENGTH_MAX = 250;

/** Points as they arrived, checked: who sent them, which numbers they have there, and the rows. */
export interface ParsedPoints {
  /** Null: sent without, and then a repeat is stored again. */
  readonly producer: string | null;
  /** The reporter's own number of the first row; the others count on from it. */
  readonly sequence: number;
  readonly batch: PointBatch;
}

type Fields = Readonly<Record<string, unknown>>;

/**
 * Reads `{ producer?, sequence?, steps, times?, values }`. `values` holds per key an array with one entry per step, or
 * `{ rows, values }` where only some rows have one. Entries are numbers, null, "NaN", "Inf" or "-Inf".
 * @throws {InvalidArgumentError} naming the field; nothing was stored.
 */
export function parseColumns(body: unknown, now: number): ParsedPoints {
  if (!isObject(body)) throw new InvalidArgumentError("The body must be an object with steps and values.");
  const steps = numbers(body.steps, "steps");
  checkRowCount(steps.length);
  const times = body.times === undefined ? new Float64Array(steps.length).fill(now) : numbers(body.times, "times");
  if (times.length !== steps.length) throw new InvalidArgumentError(`times has ${times.length} entries, steps has ${steps.length}.`);
  if (!isObject(body.values)) throw new InvalidArgumentError("values must be an object: one array per key.");
  const columns = Object.entries(body.values).map(([key, given]) => toColumn(key, given, steps.length));
  const seen = columns.some((column) => column.rows === null) ? null : rowsWithValues(columns, steps.length);
  const empty = seen?.indexOf(0) ?? -1;
  if (columns.length === 0 || empty >= 0) throw new InvalidArgumentError(`Row ${Math.max(0, empty)} has no value.`);
  return { ...toSender(body), batch: { steps, times, columns, extras: null } };
}

/**
 * Reads newline-delimited JSON, one row a line: `{ "step": 3, "time"?: ms, "values": { "loss": 0.5 } }`.
 * @throws {BadInputError} naming the line; nothing was stored.
 */
export function parseRows(text: string, sender: { readonly producer: unknown; readonly sequence: unknown }, now: number): ParsedPoints {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  checkRowCount(lines.length);
  const steps = new Float64Array(lines.length);
  const times = new Float64Array(lines.length);
  const building = new Map<string, { rows: number[]; values: number[]; nulls: number[] }>();
  lines.forEach((line, row) => {
    const fields = toRow(line, row + 1);
    steps[row] = finite(fields.step, `line ${row + 1}: step`);
    times[row] = fields.time === undefined ? now : finite(fields.time, `line ${row + 1}: time`);
    const entries = isObject(fields.values) ? Object.entries(fields.values) : [];
    if (entries.length === 0) throw new BadInputError(`Line ${row + 1} has no values: write {"step":1,"values":{"loss":0.5}}.`);
    for (const [key, value] of entries) {
      let column = building.get(key);
      if (column === undefined) {
        column = { rows: [], values: [], nulls: [] };
        building.set(checkKey(key), column);
      }
      if (value === null) column.nulls.push(column.values.length);
      column.rows.push(row);
      column.values.push(value === null ? Number.NaN : toNumber(value, `line ${row + 1}: ${key}`));
    }
  });
  const columns = [...building].map(([key, { rows, values, nulls }]) => ({
    key,
    rows: rows.length === lines.length ? null : Uint32Array.from(rows),
    values: Float64Array.from(values),
    nulls: nulls.length === 0 ? null : Uint32Array.from(nulls),
  }));
  return { ...toSender(sender), batch: { steps, times, columns, extras: null } };
}

/** Whether a series may have that name. */
export function isKey(key: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
  return key !== "" && key.length <= KEY_LENGTH_MAX && !/[\u0000-\u001f]/.test(key);
}

export function checkKey(key: string): string {
  if (!isKey(key)) {
    throw new InvalidArgumentError(
      `A key must have 1 to ${KEY_LENGTH_MAX} characters and no control characters, got ${JSON.stringify(key.slice(0, 60))}.`,
    );
  }
  return key;
}

function checkRowCount(count: number): void {
  if (count === 0) throw new InvalidArgumentError("There are no rows.");
  if (count > ROWS_MAX) throw new TrainyardError("too_large", `${count} rows in one request; the limit is ${ROWS_MAX}. Send several.`);
}

function toColumn(key: string, given: unknown, rowCount: number): BatchColumn {
  checkKey(key);
  const isSparse = isObject(given);
  const entries = isSparse ? given.values : given;
  if (!Array.isArray(entries)) throw new InvalidArgumentError(`values.${key} must be an array of ${rowCount} numbers.`);
  const rows = isSparse ? toRowNumbers(given.rows, key, rowCount) : null;
  const expected = rows?.length ?? rowCount;
  if (entries.length !== expected) {
    throw new InvalidArgumentError(`values.${key} has ${entries.length} entries for ${expected} rows. Use null for a missing value.`);
  }
  const values = new Float64Array(expected);
  const nulls: number[] = [];
  for (let i = 0; i < expected; i++) {
    const entry: unknown = entries[i];
    if (typeof entry === "number") values[i] = entry;
    else if (entry === null) {
      nulls.push(i);
      values[i] = Number.NaN;
    } else values[i] = toNumber(entry, `values.${key}[${i}]`);
  }
  return { key, rows, values, nulls: nulls.length === 0 ? null : Uint32Array.from(nulls) };
}

function toRowNumbers(given: unknown, key: string, rowCount: number): Uint32Array {
  if (!Array.isArray(given)) throw new InvalidArgumentError(`values.${key}.rows must be an array of row numbers.`);
  let last = -1;
  for (const row of given) {
    if (!Number.isInteger(row) || row <= last || row >= rowCount) {
      throw new InvalidArgumentError(`values.${key}.rows must be ascending row numbers below ${rowCount}, got ${String(row)}.`);
    }
    last = row;
  }
  return Uint32Array.from(given);
}

function rowsWithValues(columns: readonly BatchColumn[], rowCount: number): Uint8Array {
  const seen = new Uint8Array(rowCount);
  for (const { rows } of columns) for (const row of rows ?? []) seen[row] = 1;
  return seen;
}

function toSender({
  producer,
  sequence,
}: {
  readonly producer?: unknown;
  readonly sequence?: unknown;
}): Pick<ParsedPoints, "producer" | "sequence"> {
  if (producer === undefined || producer === null) return { producer: null, sequence: 0 };
  if (typeof producer !== "string" || producer === "" || producer.length > 100) {
    throw new InvalidArgumentError("producer must be a text of 1 to 100 characters.");
  }
  if (!Number.isSafeInteger(sequence) || (sequence as number) < 0) {
    throw new InvalidArgumentError(
      `sequence must be a whole number from 0, the producer's number of the first row, got ${JSON.stringify(sequence)}.`,
    );
  }
  return { producer, sequence: sequence as number };
}

function numbers(given: unknown, name: string): Float64Array {
  if (!Array.isArray(given)) throw new InvalidArgumentError(`${name} must be an array of numbers.`);
  const result = new Float64Array(given.length);
  for (let i = 0; i < result.length; i++) result[i] = finite(given[i], `${name}[${i}]`);
  return result;
}

function finite(value: unknown, name: string): number {
  if (typeof value === "number" && Number.isFinite(value)) return value;
  throw new InvalidArgumentError(`${name} must be a finite number, got ${JSON.stringify(value)}.`);
}

function toNumber(value: unknown, name: string): number {
  const number = maybeNumber(value);
  if (number !== undefined) return number;
  throw new InvalidArgumentError(`${name} must be a number, null, "NaN", "Inf" or "-Inf", got ${JSON.stringify(value)?.slice(0, 60)}.`);
}

function toRow(line: string, number: number): Fields {
  let fields: unknown;
  try {
    fields = JSON.parse(line);
  } catch (error) {
    throw new BadInputError(`Line ${number} is not JSON.`, { cause: error });
  }
  if (!isObject(fields)) throw new BadInputError(`Line ${number} must be an object.`);
  return fields;
}

export function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
