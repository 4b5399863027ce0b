import { type Column, numericColumn, takeRows } from "../table.ts";

/** Predictions of rows as one feature takes every value of a grid. */
export interface Dependence {
  /** The grid as a column of the feature's kind, shape [grid]. */
  readonly grid: Column;
  /** Predictions, shape [grid, rows, width]; width is 1 for numbers, else the number of classes. */
  readonly curves: Float64Array;
  readonly width: number;
  readonly rows: number;
}

/** Rows that a grid point is predicted for, at most: enough for the mean, and still quick. */
export const DEPENDENCE_ROWS = 1000;
const GRID_POINTS = 30;

/**
 * What the model predicts for each row when feature `j` takes every value of a grid and the others stay: quantiles of a number, or all levels.
 * The mean over rows is the partial dependence, a row's own curve its individual conditional expectation. Where features go together, some of
 * these rows never occur; read steep ends with care.
 *
 * @param features columns as `predict` takes them. @param rows positions of the rows to follow.
 * Cost: grid · rows predictions. Deterministic.
 * Source: Friedman (2001), doi:10.1214/aos/1013203451; Goldstein et al. (2015), doi:10.1080/10618600.2014.907095.
 */
export function dependence(
  features: readonly Column[],
  j: number,
  rows: Int32Array,
  predict: (features: readonly Column[]) => Float64Array,
): Dependence {
  const own = features[j]!;
  const grid = gridOf(own);
  const points = grid.kind === "numeric" ? grid.values.length : grid.codes.length;
  const others = features.map((column) => takeRows(column, rows));
  let curves = new Float64Array(0);
  let width = 1;
  for (let point = 0; point < points; point++) {
    const same = takeRows(grid, new Int32Array(rows.length).fill(point));
    const predicted = predict(others.with(j, { ...same, name: own.name }));
    if (point === 0) {
      width = predicted.length / rows.length;
      curves = new Float64Array(points * predicted.length);
    }
    curves.set(predicted, point * predicted.length);
  }
  return { grid, curves, width, rows: rows.length };
}

/** Different values at up to 30 quantiles, both ends included; or every level that occurs. */
function gridOf(column: Column): Column {
  if (column.kind === "categorical") {
    const seen = new Set(column.codes);
    const codes = Int32Array.from(column.levels.keys()).filter((code) => seen.has(code));
    return { ...column, codes };
  }
  const sorted = column.values.filter(Number.isFinite).sort();
  const values = new Set<number>();
  for (let point = 0; point < GRID_POINTS && sorted.length > 0; point++) {
    values.add(sorted[Math.round((point * (sorted.length - 1)) / (GRID_POINTS - 1))]!);
  }
  return numericColumn(column.name, Float64Array.from(values), column.type);
}

/** Mean and the tenth and ninetieth percentile of the rows' curves, each of shape [grid], for one class (0 for numbers). */
export function bandOf({ curves, width, rows }: Dependence, output: number): { mean: Float64Array; low: Float64Array; high: Float64Array } {
  const points = rows === 0 ? 0 : curves.length / (rows * width);
  const mean = new Float64Array(points);
  const low = new Float64Array(points);
  const high = new Float64Array(points);
  for (let point = 0; point < points; point++) {
    const values = Float64Array.from({ length: rows }, (_, row) => curves[(point * rows + row) * width + output]!).sort();
    mean[point] = values.reduce((sum, value) => sum + value, 0) / rows;
    low[point] = values[Math.floor(0.1 * (rows - 1))]!;
    high[point] = values[Math.ceil(0.9 * (rows - 1))]!;
  }
  return { mean, low, high };
}
