import { tableFromIPC } from "@uwdata/flechette";

export type Cell = string | number | boolean | Date | null;

/** A decoded table: columns by position, values read on demand. */
export interface RowTable {
  readonly names: readonly string[];
  readonly rows: number;
  /** Whether the column holds numbers. */
  isNumeric(column: number): boolean;
  at(row: number, column: number): Cell;
  column(name: string): readonly Cell[] | null;
}

const EMPTY: RowTable = { names: [], rows: 0, isNumeric: () => false, at: () => null, column: () => null };

/** Reads an Arrow IPC stream; null is an empty table. Cost: the columns are views on the bytes. */
export function readRows(bytes: Uint8Array | null): RowTable {
  if (bytes === null || bytes.length === 0) return EMPTY;
  const table = tableFromIPC(bytes, { useDate: true });
  const columns = table.names.map((_, index) => table.getChildAt(index));
  const get = (row: number, column: number): Cell => {
    const value = columns[column]?.at(row) as unknown;
    if (value === undefined || value === null || (typeof value === "number" && Number.isNaN(value))) return null;
    return typeof value === "bigint" ? Number(value) : (value as Cell);
  };
  const numeric = columns.map((_, column) => {
    for (let row = 0; row < Math.min(50, table.numRows); row++) {
      const value = get(row, column);
      if (value !== null) return typeof value === "number";
    }
    return false;
  });
  return {
    names: table.names.map(String),
    rows: table.numRows,
    isNumeric: (column) => numeric[column] ?? false,
    at: get,
    column: (name) => {
      const index = table.names.findIndex((other) => String(other) === name);
      return index < 0 ? null : Array.from({ length: table.numRows }, (_, row) => get(row, index));
    },
  };
}

/** CSV by RFC 4180. Text that a spreadsheet would run as a formula gets an apostrophe in front. */
export function toCsv(names: readonly string[], rows: Iterable<readonly Cell[]>): string {
  const lines = [names.map(csvCell).join(",")];
  for (const row of rows) lines.push(row.map(csvCell).join(","));
  return `${lines.join("\r\n")}\r\n`;
}

function csvCell(value: Cell): string {
  if (value === null) return "";
  if (typeof value !== "string") return value instanceof Date ? value.toISOString() : String(value);
  const safe = /^[=+\-@\t\r]/.test(value) && !/^[+-]?[\d.]+(e[+-]?\d+)?$/i.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

export function* rowsOf(table: RowTable): Generator<Cell[]> {
  for (let row = 0; row < table.rows; row++) yield table.names.map((_, column) => table.at(row, column));
}
