import type { Column } from "../table.ts";
import { takeRows } from "../table.ts";
import { countMissing, lengthOf } from "./columns.ts";
import type { Settings } from "./settings.ts";

/** What is left of training rows and features before any column is changed. */
export interface Selection {
  /** Positions of the rows that stay, in their order; null for all. */
  readonly rows: Int32Array | null;
  /** Features to work on, and those that nothing touches; the selected rows of them. */
  readonly columns: readonly Column[];
  readonly excluded: readonly Column[];
}

/** What makes two training rows the same besides their features. */
export interface RowFacts {
  /** Shape [n]. */
  readonly target: Float64Array | null;
  /** Which row of the table each is, shape [n]; a bootstrap draws a row more than once, and then it is not its own duplicate. */
  readonly ids: Int32Array | null;
}

/**
 * The first steps, in their order: complete rows, excluded features set aside, named features, constants, duplicate rows, rows by
 * missingness, features by missingness. Only learning takes them: new rows all stay. Cost: a pass over the columns per step.
 */
export function select(features: readonly Column[], settings: Settings, facts: RowFacts): Selection {
  let rows: Int32Array | null = null;
  const keep = (list: readonly Column[], isKept: (row: number) => boolean): readonly Column[] => {
    const kept = Int32Array.from({ length: list[0] === undefined ? 0 : lengthOf(list[0]) }, (_, row) => row).filter(isKept);
    const before: Int32Array | null = rows;
    rows = before === null ? kept : kept.map((row) => before[row]!);
    return list.map((column) => takeRows(column, kept));
  };
  let all = features;
  if (settings.complete_cases) {
    const missing = missingPerRow(all);
    all = keep(all, (row) => missing[row] === 0);
  }
  const excludedAt = new Set(settings.exclude?.map((number) => number - 1));
  let kept = all.map((column, index) => ({ column, isExcluded: excludedAt.has(index) }));
  const drop = (isDropped: (column: Column) => boolean): void => {
    kept = kept.filter(({ column, isExcluded }) => isExcluded || !isDropped(column));
  };
  if (settings.remove_features !== null) drop((column) => settings.remove_features?.includes(column.name) === true);
  if (settings.remove_constants) drop((column) => isConstant(column, settings.remove_constants_skip_missing));
  const select = (isKept: (row: number) => boolean): void => {
    const columns = keep(
      kept.map(({ column }) => column),
      isKept,
    );
    kept = kept.map(({ isExcluded }, index) => ({ column: columns[index]!, isExcluded }));
  };
  const touched = (): Column[] => kept.filter(({ isExcluded }) => !isExcluded).map(({ column }) => column);
  if (settings.remove_duplicates && kept.length > 0) {
    const first = firstOfEqualRows(
      kept.map(({ column }) => column),
      at(facts.target, rows),
      at(facts.ids, rows),
    );
    select((row) => first[row] === 1);
  }
  const rowsFrom = settings.remove_cases_thres;
  if (rowsFrom !== null) {
    const columns = touched();
    const missing = missingPerRow(columns);
    if (columns.length > 0) select((row) => missing[row]! / columns.length < rowsFrom);
  }
  const columnsFrom = settings.remove_features_thres;
  if (columnsFrom !== null) drop((column) => countMissing(column) / Math.max(1, lengthOf(column)) >= columnsFrom);
  return { rows, columns: touched(), excluded: kept.filter(({ isExcluded }) => isExcluded).map(({ column }) => column) };
}

/** The values of the selected rows. */
function at(values: Float64Array | Int32Array | null, rows: Int32Array | null): Float64Array | null {
  if (values === null) return null;
  return rows === null ? Float64Array.from(values) : Float64Array.from(rows, (row) => values[row]!);
}

function missingPerRow(columns: readonly Column[]): Int32Array {
  const missing = new Int32Array(columns[0] === undefined ? 0 : lengthOf(columns[0]));
  for (const column of columns) {
    if (column.kind === "numeric")
      for (let row = 0; row < missing.length; row++) missing[row]! += Number.isNaN(column.values[row]!) ? 1 : 0;
    else for (let row = 0; row < missing.length; row++) missing[row]! += column.codes[row]! < 0 ? 1 : 0;
  }
  return missing;
}

/** No values at all counts as constant. */
function isConstant(column: Column, skipMissing: boolean): boolean {
  const values = column.kind === "numeric" ? column.values : column.codes;
  const gap = column.kind === "numeric" ? Number.NaN : -1;
  let seen: number | null = null;
  let hasMissing = false;
  for (const value of values) {
    if (Object.is(value, gap)) hasMissing = true;
    else if (seen === null) seen = value;
    else if (seen !== value) return false;
  }
  return skipMissing || seen === null || !hasMissing;
}

/**
 * 1 for rows that no row before them equals (by table row, where `ids` are known), 0 for the others. Missing equals missing.
 * Rows are told apart column by column: equal classes of rows are refined until the last column. Cost: O(rows × columns).
 */
function firstOfEqualRows(columns: readonly Column[], target: Float64Array | null, ids: Float64Array | null): Uint8Array {
  const rows = lengthOf(columns[0]!);
  let classes = new Int32Array(rows);
  const refine = (values: Float64Array | Int32Array): void => {
    const numbers = new Map<number, Map<number, number>>();
    let next = 0;
    classes = classes.map((own, row) => {
      let within = numbers.get(own);
      if (within === undefined) {
        within = new Map();
        numbers.set(own, within);
      }
      const value = values[row]!;
      const known = within.get(value); // a Map takes NaN for equal to NaN
      if (known !== undefined) return known;
      within.set(value, next);
      return next++;
    });
  };
  for (const column of columns) refine(column.kind === "numeric" ? column.values : column.codes);
  if (target !== null) refine(target);
  const idOf = (row: number): number => (ids === null ? row : ids[row]!);
  const first = new Map<number, number>();
  for (let row = 0; row < rows; row++) {
    const known = first.get(classes[row]!);
    if (known === undefined || idOf(row) < known) first.set(classes[row]!, idOf(row));
  }
  return Uint8Array.from({ length: rows }, (_, row) => (first.get(classes[row]!) === idOf(row) ? 1 : 0));
}
