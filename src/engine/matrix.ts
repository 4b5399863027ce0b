import { InvalidArgumentError } from "../core/errors.ts";
import { didYouMean } from "../core/nearest.ts";
import { type Column, columnOf, type Table } from "./table.ts";

/** Numbers without a gap, shape [rows, names.length], column-major: cell (i, j) is `values[j * rows + i]`. Treated as immutable. */
export interface NumericMatrix {
  readonly rows: number;
  /** One name per column. */
  readonly names: readonly string[];
  readonly values: Float64Array;
}

/** Squares and products of numbers below this stay finite, also when summed over any table that fits in memory. */
const LARGEST = 1e140;

/**
 * The named columns of a table as one matrix. Logical values count as 0 and 1.
 *
 * @throws {InvalidArgumentError} when a column is not there, is not numeric, has a missing value, an infinite one, or one beyond 1e140; or when
 * no row or no column is left. The message names the column and the remedy.
 * Cost: O(cells). The table is not modified.
 */
export function numericMatrix(table: Table, names: readonly string[]): NumericMatrix {
  if (names.length === 0) throw new InvalidArgumentError("no column was chosen; name at least one numeric column");
  if (table.rows === 0) throw new InvalidArgumentError("the table has no rows");
  const values = new Float64Array(table.rows * names.length);
  for (const [index, name] of names.entries()) {
    const column = columnOf(table, name);
    if (column === null) {
      const known = table.columns.map((candidate) => candidate.name);
      throw new InvalidArgumentError(`there is no column "${name}".${didYouMean(name, known)}`, { details: { column: name } });
    }
    values.set(numbersOf(column), index * table.rows);
  }
  return { rows: table.rows, names, values };
}

function numbersOf(column: Column): Float64Array {
  const details = { column: column.name };
  if (column.kind !== "numeric" || column.type === "date" || column.type === "datetime") {
    const what = column.kind === "numeric" ? "dates" : "text";
    throw new InvalidArgumentError(`column "${column.name}" holds ${what}; name only numeric columns in "features"`, { details });
  }
  let missing = 0;
  for (const [row, value] of column.values.entries()) {
    if (Number.isNaN(value)) missing++;
    else if (!(Math.abs(value) <= LARGEST)) {
      throw new InvalidArgumentError(`column "${column.name}" holds ${value} in row ${row + 1}; correct it or leave the column out`, {
        details: { ...details, row: row + 1 },
      });
    }
  }
  if (missing > 0) {
    const values = missing === 1 ? "1 missing value" : `${missing} missing values`;
    throw new InvalidArgumentError(`column "${column.name}" has ${values}; fill them in, or leave out the column or those rows`, {
      details: { ...details, missing },
    });
  }
  return column.values;
}

/** The same cells row by row, shape [rows, columns]: cell (i, j) is at `i * columns + j`. Also the inverse, with the sizes exchanged. */
export function transposed(values: Float64Array, rows: number, columns: number): Float64Array {
  const result = new Float64Array(values.length);
  const tile = 32; // both sides of a tile fit in the cache
  for (let top = 0; top < rows; top += tile) {
    const bottom = Math.min(rows, top + tile);
    for (let j = 0; j < columns; j++) {
      for (let i = top; i < bottom; i++) result[i * columns + j] = values[j * rows + i]!;
    }
  }
  return result;
}

/** @throws {InvalidArgumentError} unless the matrix has as many columns as there were when fitting. */
export function assertSameColumns(matrix: NumericMatrix, expected: number): void {
  if (matrix.names.length === expected) return;
  throw new InvalidArgumentError(`the fit used ${expected} columns and got ${matrix.names.length}; pass the same ones, in the same order`);
}
