import type { ColumnProfile, DataProfile } from "../wire/live/messages.ts";

/** Result of `data.describe`, version 1. */
export interface TableDescription {
  readonly rows: number;
  readonly cols: number;
  readonly columns: readonly ColumnDescription[];
}

export interface ColumnDescription {
  readonly name: string;
  readonly type: ColumnProfile["type"];
  readonly n_missing: number;
  readonly n_unique: number;
  readonly summary: Readonly<Record<string, unknown>> | null;
}

/** The short description that version 1 knows, from the stored profile. */
export function describeProfile(profile: DataProfile): TableDescription {
  const columns = profile.columns.map((column) => ({
    name: column.name,
    type: column.type,
    n_missing: column.n_missing,
    n_unique: column.n_unique,
    summary: summaryOf(column),
  }));
  return { rows: profile.rows, cols: profile.cols, columns };
}

function summaryOf(column: ColumnProfile): Readonly<Record<string, unknown>> | null {
  switch (column.type) {
    case "integer":
    case "double": {
      const { min = null, max = null, mean = null } = column.numeric ?? {};
      return { min, max, mean };
    }
    case "factor":
    case "character":
      return { top: Object.fromEntries((column.levels ?? []).slice(0, 3).map(({ label, count }) => [label, count])) };
    case "logical": {
      const countOf = (label: string): number => column.levels?.find((level) => level.label.toLowerCase() === label)?.count ?? 0;
      return { n_true: countOf("true"), n_false: countOf("false") };
    }
    case "date":
    case "datetime":
      return null;
  }
}
