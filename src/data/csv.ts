import type { Column, Table } from "../engine/table.ts";
import { valueText } from "./value-text.ts";

const ROWS_PER_PIECE = 4096;
const NEEDS_QUOTES = /[",\r\n]|^\s|\s$/;

/**
 * A table as CSV (RFC 4180): comma, CRLF line ends, a header, quotes where needed, missing as the empty cell. Numbers in the shortest form that
 * reads back as the same double. Meant for tables that fit in one string; `csvPieces` streams larger ones.
 */
export function tableToCsv(table: Table): string {
  return [...csvPieces(table)].join("");
}

/** The same text in pieces of 4,096 rows, header first. */
export function* csvPieces(table: Table): Generator<string, void, void> {
  const lone = table.columns.length === 1;
  yield `${table.columns.map((column) => quoted(column.name)).join(",")}\r\n`;
  const writers = table.columns.map(cellWriter);
  for (let from = 0; from < table.rows; from += ROWS_PER_PIECE) {
    const end = Math.min(table.rows, from + ROWS_PER_PIECE);
    let piece = "";
    for (let row = from; row < end; row++) {
      const line = writers.map((write) => write(row)).join(",");
      // An empty line would read as no row at all.
      piece += `${lone && line === "" ? '""' : line}\r\n`;
    }
    yield piece;
  }
}

function cellWriter(column: Column): (row: number) => string {
  if (column.kind === "categorical") {
    const cells = column.levels.map(quoted);
    return (row) => cells[column.codes[row]!] ?? "";
  }
  const { values, type } = column;
  return (row) => (Number.isNaN(values[row]!) ? "" : valueText(type, values[row]!));
}

function quoted(text: string): string {
  return NEEDS_QUOTES.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
