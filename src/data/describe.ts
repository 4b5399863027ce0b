import type { Column, ColumnType, Table } from "../engine/table.ts";
import { countLevels, summariseNumeric } from "./column-summary.ts";

const TOP_LEVELS = 3;

export interface TableDescription {
  readonly rows: number;
  readonly cols: number;
  readonly columns: readonly ColumnDescription[];
}

export interface ColumnDescription {
  readonly name: string;
  readonly type: ColumnType;
  readonly n_missing: number;
  readonly n_unique: number;
  readonly summary:
    | { readonly min: number | null; readonly max: number | null; readonly mean: number | null }
    | { readonly n_true: number; readonly n_false: number }
    | { readonly top: Readonly<Record<string, number>> }
    | null;
}

/**
 * The answer of `data.describe`. `summary` is min, max and mean for numbers (over finite values; null when there is none), the three most
 * frequent levels for text, counts for logical, and null for dates. Cost: O(n log n) per numeric column.
 */
export function describeTable(table: Table): TableDescription {
  return { rows: table.rows, cols: table.columns.length, columns: table.columns.map(describeColumn) };
}

function describeColumn(column: Column): ColumnDescription {
  const base = { name: column.name, type: column.type };
  if (column.kind === "categorical") {
    const { missing, levels } = countLevels(column);
    const top = Object.fromEntries(levels.slice(0, TOP_LEVELS).map(({ label, count }) => [label, count]));
    return { ...base, n_missing: missing, n_unique: levels.length, summary: { top } };
  }
  const { missing, distinct, summary } = summariseNumeric(column);
  const counts = { n_missing: missing, n_unique: distinct };
  if (column.type === "date" || column.type === "datetime") return { ...base, ...counts, summary: null };
  if (column.type === "logical") {
    const n_true = column.values.reduce((sum, value) => (value === 1 ? sum + 1 : sum), 0);
    return { ...base, ...counts, summary: { n_true, n_false: column.values.length - missing - n_true } };
  }
  return { ...base, ...counts, summary: { min: summary?.min ?? null, max: summary?.max ?? null, mean: summary?.mean ?? null } };
}
