import { InvalidArgumentError } from "../../core/errors.ts";
import { tableToArrow } from "../../data/arrow.ts";
import { readTableFile } from "../../data/table-file.ts";
import { columnOf, numericColumn, type Table } from "../../engine/table.ts";
import type { ArrowTable } from "./arrow-table.ts";

export interface ArrowArgs {
  readonly tableFile: string;
  /** First row and how many; all when absent. */
  readonly rows?: { readonly from: number; readonly count: number };
  /** Adds `residual`, actual minus predicted; for stored predictions of a regression. */
  readonly residuals?: boolean;
}

/** Part of a stored table as an Arrow IPC stream. Runs in a daemon. */
export function arrowTask({ tableFile, rows, residuals = false }: ArrowArgs): ArrowTable {
  const stored = readTableFile(tableFile, rows === undefined ? {} : { rows });
  const table = residuals ? withResiduals(stored) : stored;
  return { rows: table.rows, columns: table.columns.map((column) => column.name), bytes: tableToArrow(table) };
}

function withResiduals(table: Table): Table {
  const actual = columnOf(table, "actual");
  const predicted = columnOf(table, "predicted");
  if (actual?.kind !== "numeric" || predicted?.kind !== "numeric") throw new InvalidArgumentError("residuals need numeric predictions");
  const values = actual.values.map((value, row) => value - predicted.values[row]!);
  return { rows: table.rows, columns: [...table.columns, numericColumn("residual", values)] };
}
