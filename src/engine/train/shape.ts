import { type ColumnType, numberLabel, type Table } from "../table.ts";

/** Distinct values are counted, and the levels of categories listed, up to this many. */
export const LEVELS_LISTED = 1000;
/** Distinct numbers are listed up to this many: enough to be classes, and little for tables of 10,000 columns. */
export const NUMBERS_LISTED = 100;

/** What a configuration is checked against: everything about a table but its values. JSON-safe. */
export interface TableShape {
  readonly rows: number;
  readonly columns: readonly ColumnShape[];
}

export interface ColumnShape {
  readonly name: string;
  readonly kind: "numeric" | "categorical";
  readonly type: ColumnType;
  readonly n_missing: number;
  /** Distinct present values, counted exactly up to 1,000 and as 1,001 beyond. */
  readonly n_unique: number;
  readonly n_infinite: number;
  /** Whether it is whole numbers that rise from row to row without exception, as row numbers and many identifiers do. */
  readonly is_counting: boolean;
  /** Smallest and largest finite value; null for categories and when there is none. */
  readonly min: number | null;
  readonly max: number | null;
  /** Levels that occur, in the column's order; null beyond 1,000 for categories and beyond 100 for numbers. */
  readonly levels: readonly { readonly label: string; readonly count: number }[] | null;
}

/** The shape of a table. Cost: one pass over every column. */
export function shapeOf(table: Table): TableShape {
  return { rows: table.rows, columns: table.columns.map(columnShape) };
}

function columnShape(column: Table["columns"][number]): ColumnShape {
  const base = { name: column.name, kind: column.kind, type: column.type };
  if (column.kind === "categorical") {
    const counts = new Uint32Array(column.levels.length);
    let missing = 0;
    for (const code of column.codes) {
      if (code < 0) missing++;
      else counts[code]!++;
    }
    const present = column.levels.map((label, code) => ({ label, count: counts[code]! })).filter((level) => level.count > 0);
    return {
      ...base,
      n_missing: missing,
      n_unique: Math.min(present.length, LEVELS_LISTED + 1),
      n_infinite: 0,
      is_counting: false,
      min: null,
      max: null,
      levels: present.length <= LEVELS_LISTED ? present : null,
    };
  }
  let missing = 0;
  let infinite = 0;
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  let before = Number.NEGATIVE_INFINITY;
  let isCounting = column.type === "integer" || column.type === "double";
  const counts = new Map<number, number>();
  for (const value of column.values) {
    if (Number.isNaN(value)) {
      missing++;
      continue;
    }
    if (!(value > before && Number.isInteger(value))) isCounting = false;
    before = value;
    if (!Number.isFinite(value)) infinite++;
    else {
      if (value < min) min = value;
      if (value > max) max = value;
    }
    if (counts.size <= LEVELS_LISTED) counts.set(value, (counts.get(value) ?? 0) + 1);
  }
  const listed = counts.size <= NUMBERS_LISTED;
  const levels = listed
    ? [...counts].sort(([a], [b]) => a - b).map(([value, count]) => ({ label: numberLabel(column.type, value), count }))
    : null;
  return {
    ...base,
    n_missing: missing,
    n_unique: Math.min(counts.size, LEVELS_LISTED + 1),
    n_infinite: infinite,
    is_counting: isCounting && missing === 0 && column.values.length > 1,
    min: min <= max ? min : null,
    max: min <= max ? max : null,
    levels,
  };
}
