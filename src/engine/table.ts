/** Types as `data.describe` names them. `character` is text with too many distinct values to be a category. */
export type ColumnType = "double" | "integer" | "logical" | "date" | "datetime" | "factor" | "character";

/** Numbers, shape [n]. Missing is NaN. Logical is 0/1; date and datetime are epoch milliseconds, UTC. May hold ±Infinity. */
export interface NumericColumn {
  readonly kind: "numeric";
  readonly name: string;
  readonly type: "double" | "integer" | "logical" | "date" | "datetime";
  readonly values: Float64Array;
}

/** Labels, shape [n]: `levels[codes[i]]`. Missing is code -1. Levels are distinct; unordered ones are sorted by code point. */
export interface CategoricalColumn {
  readonly kind: "categorical";
  readonly name: string;
  readonly type: "factor" | "character";
  readonly codes: Int32Array;
  readonly levels: readonly string[];
  /** Whether the order of `levels` means something (small < medium < large). */
  readonly ordered: boolean;
}

export type Column = NumericColumn | CategoricalColumn;

/** Columns of equal length. Names are distinct and not empty. Treated as immutable by everyone. */
export interface Table {
  readonly rows: number;
  readonly columns: readonly Column[];
}

export function columnOf(table: Table, name: string): Column | null {
  return table.columns.find((column) => column.name === name) ?? null;
}

/** The rows `rows` of a column, in that order, copied. Cost: O(rows). */
export function takeRows(column: Column, rows: Int32Array): Column {
  if (column.kind === "numeric") {
    const values = new Float64Array(rows.length);
    for (let i = 0; i < rows.length; i++) values[i] = column.values[rows[i]!]!;
    return { ...column, values };
  }
  const codes = new Int32Array(rows.length);
  for (let i = 0; i < rows.length; i++) codes[i] = column.codes[rows[i]!]!;
  return { ...column, codes };
}

/** Whether row `row` is missing. */
export function isMissing(column: Column, row: number): boolean {
  return column.kind === "numeric" ? Number.isNaN(column.values[row]!) : column.codes[row]! < 0;
}

/** A short numeric column from plain numbers, for results and tests. */
export function numericColumn(name: string, values: ArrayLike<number>, type: NumericColumn["type"] = "double"): NumericColumn {
  return { kind: "numeric", name, type, values: Float64Array.from(values) };
}

/** A categorical column from labels (null is missing). Levels are sorted by code point unless given. */
export function categoricalColumn(name: string, labels: readonly (string | null)[], levels?: readonly string[]): CategoricalColumn {
  const known = levels ?? [...new Set(labels.filter((label) => label !== null))].sort();
  const codeOf = new Map(known.map((level, code) => [level, code]));
  const codes = Int32Array.from(labels, (label) => (label === null ? -1 : (codeOf.get(label) ?? -1)));
  return { kind: "categorical", name, type: "factor", codes, levels: known, ordered: false };
}

/** How a number reads as a class label: `true`/`false` for logical columns, else the shortest decimal form. */
export function numberLabel(type: ColumnType, value: number): string {
  return type === "logical" ? (value === 0 ? "false" : "true") : String(value);
}
