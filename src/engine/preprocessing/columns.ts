import type { CategoricalColumn, Column, NumericColumn } from "../table.ts";

export function lengthOf(column: Column): number {
  return column.kind === "numeric" ? column.values.length : column.codes.length;
}

/** Whether a column holds numbers to compute with: not dates, not true/false. */
export function isNumber(column: Column): column is NumericColumn {
  return column.kind === "numeric" && (column.type === "double" || column.type === "integer");
}

export function isDate(column: Column): column is NumericColumn {
  return column.kind === "numeric" && (column.type === "date" || column.type === "datetime");
}

/** Cost: O(rows). */
export function countMissing(column: Column): number {
  let missing = 0;
  if (column.kind === "numeric") for (const value of column.values) missing += Number.isNaN(value) ? 1 : 0;
  else for (const code of column.codes) missing += code < 0 ? 1 : 0;
  return missing;
}

/** The columns with some replaced, by name, each by none, one or several; the others stay, in place. */
export function replaceNamed<Entry extends { readonly name: string }>(
  columns: readonly Column[],
  entries: readonly Entry[],
  replace: (column: Column, entry: Entry) => Column | readonly Column[],
): Column[] {
  const byName = new Map(entries.map((entry) => [entry.name, entry]));
  return columns.flatMap((column) => {
    const entry = byName.get(column.name);
    return entry === undefined ? [column] : replace(column, entry);
  });
}

/** A name that is not taken yet: the wanted one, else with a number behind it. Takes it. */
export function freeName(wanted: string, taken: Set<string>): string {
  let name = wanted;
  for (let n = 2; taken.has(name); n++) name = `${wanted}_${n}`;
  taken.add(name);
  return name;
}

export function factor(name: string, codes: Int32Array, levels: readonly string[]): CategoricalColumn {
  return { kind: "categorical", name, type: "factor", codes, levels, ordered: false };
}

/** Levels that occur, in the column's order. Cost: O(rows + levels). */
export function occurringLevels(column: CategoricalColumn): string[] {
  const seen = new Uint8Array(column.levels.length);
  for (const code of column.codes) if (code >= 0) seen[code] = 1;
  return column.levels.filter((_, code) => seen[code] === 1);
}

/** The column with other levels; those it does not share become missing. Cost: O(rows + levels). */
export function withLevels(column: CategoricalColumn, levels: readonly string[]): CategoricalColumn {
  const at = new Map(levels.map((level, code) => [level, code]));
  const moved = Int32Array.from(column.levels, (level) => at.get(level) ?? -1);
  return { ...column, type: "factor", levels, codes: column.codes.map((code) => (code < 0 ? -1 : moved[code]!)) };
}

/** Distinct values, ascending; missing ones are left out. Null when there are more than `most`. */
export function distinctValues(values: Float64Array, most = Number.POSITIVE_INFINITY): Float64Array | null {
  const seen = new Set<number>();
  for (const value of values) {
    if (!Number.isNaN(value)) seen.add(value);
    if (seen.size > most) return null;
  }
  return Float64Array.from(seen).sort();
}

/** What a map that came over the wire says of a column; undefined when it says nothing. A column may be called `constructor`. */
export function entryOf<Value>(map: Readonly<Record<string, Value>> | null, column: string): Value | undefined {
  return map !== null && Object.hasOwn(map, column) ? map[column] : undefined;
}
