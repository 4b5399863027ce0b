/** A chart's numbers as CSV text. Pure. */
import type { ChartTable } from "./types.ts";

/** RFC 4180 with LF; null is an empty field; text that a spreadsheet would run as a formula gets an apostrophe. */
export function tableToCsv(table: ChartTable): string {
  return [table.columns, ...table.rows]
    .map((row) => row.map(csvField).join(","))
    .join("\n")
    .concat("\n");
}

function csvField(value: string | number | null): string {
  if (value === null) return "";
  if (typeof value === "number") return Number.isNaN(value) ? "" : String(value);
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
