import { readFileSync } from "node:fs";
import { type Column, categoricalColumn, numericColumn, type Table } from "../../src/engine/table.ts";

/** A bundled sample, read by the simplest means: columns where every cell is a number are numeric, others categories. */
export function sampleTable(name: string): Table {
  const text = readFileSync(new URL(`../../samples/${name}.csv`, import.meta.url), "utf8").trim();
  const [header = "", ...lines] = text.split(/\r?\n/);
  const unquoted = (cell: string): string => cell.replace(/^"(.*)"$/, "$1");
  const rows = lines.map((line) => line.split(",").map(unquoted));
  const columns = header.split(",").map((name, at): Column => {
    const cells = rows.map((row) => row[at] ?? "");
    const isNumeric = cells.every((cell) => cell === "" || Number.isFinite(Number(cell)));
    if (isNumeric)
      return numericColumn(
        unquoted(name),
        cells.map((cell) => (cell === "" ? Number.NaN : Number(cell))),
      );
    return categoricalColumn(
      unquoted(name),
      cells.map((cell) => (cell === "" ? null : cell)),
    );
  });
  return { rows: rows.length, columns };
}
