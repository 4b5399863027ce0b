/** Which rows a scrolled table draws, and in which order. Pure. */

export interface RowWindow {
  readonly first: number;
  /** Exclusive. */
  readonly last: number;
  readonly before: number;
  readonly after: number;
}

/** Rows in view plus `spare` on both sides; `before` and `after` are the heights of what is left out, in px. */
export function rowWindow(count: number, rowHeight: number, scrollTop: number, viewHeight: number, spare = 8): RowWindow {
  const first = Math.max(0, Math.min(count, Math.floor(scrollTop / rowHeight) - spare));
  const last = Math.min(count, Math.ceil((scrollTop + viewHeight) / rowHeight) + spare);
  return { first, last: Math.max(first, last), before: first * rowHeight, after: Math.max(0, count - Math.max(first, last)) * rowHeight };
}

export type SortValue = number | string | boolean | null | undefined;

/** Order of the rows by a value; missing ones last in both directions, equal ones stay as they were. */
export function sortedRows<R>(rows: readonly R[], keyOf: (row: R) => SortValue, direction: "ascending" | "descending"): readonly R[] {
  const sign = direction === "ascending" ? 1 : -1;
  const keyed = rows.map((row, at) => ({ row, at, value: keyOf(row) }));
  keyed.sort((a, b) => {
    const missing = Number(isMissing(a.value)) - Number(isMissing(b.value));
    if (missing !== 0) return missing;
    return sign * compareValues(a.value, b.value) || a.at - b.at;
  });
  return keyed.map((entry) => entry.row);
}

function isMissing(value: SortValue): boolean {
  return value === null || value === undefined || (typeof value === "number" && Number.isNaN(value));
}

function compareValues(a: SortValue, b: SortValue): number {
  if (typeof a === "number" && typeof b === "number") return a - b;
  if (isMissing(a) || isMissing(b)) return 0;
  return String(a).localeCompare(String(b), "en", { numeric: true });
}
