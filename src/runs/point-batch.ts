/** The values of one series in a batch. */
export interface BatchColumn {
  readonly key: string;
  /** Rows that have a value, ascending; null when every row has one. */
  readonly rows: Uint32Array | null;
  /** One value per row that has one. NaN also where the value is null. */
  readonly values: Float64Array;
  /** Positions in `values` that are null (missing, told so by the reporter), ascending; null when there are none. */
  readonly nulls: Uint32Array | null;
}

/** Rows as a reporter sent them, as columns. A row is one moment: a step, a time, and the values of some series. */
export interface PointBatch {
  readonly steps: Float64Array;
  /** Epoch ms. */
  readonly times: Float64Array;
  readonly columns: readonly BatchColumn[];
  /** Free JSON beside rows, by row; for reporters of the compatible protocol. */
  readonly extras: Readonly<Record<number, unknown>> | null;
}

/** How many values a batch holds, over all series. */
export function valueCount(batch: PointBatch): number {
  return batch.columns.reduce((sum, column) => sum + column.values.length, 0);
}

/** The rows of `batch` named by `keep`, ascending. Cost: O(values). */
export function pickRows(batch: PointBatch, keep: Uint32Array): PointBatch {
  const newRow = new Int32Array(batch.steps.length).fill(-1);
  for (let i = 0; i < keep.length; i++) newRow[keep[i]!] = i;
  const columns = batch.columns.flatMap((column) => pickColumn(column, newRow, keep.length));
  const kept = Object.entries(batch.extras ?? {}).filter(([row]) => newRow[Number(row)]! >= 0);
  return {
    steps: Float64Array.from(keep, (row) => batch.steps[row]!),
    times: Float64Array.from(keep, (row) => batch.times[row]!),
    columns,
    extras: kept.length === 0 ? null : Object.fromEntries(kept.map(([row, extra]) => [newRow[Number(row)]!, extra])),
  };
}

function pickColumn({ key, rows, values, nulls }: BatchColumn, newRow: Int32Array, rowCount: number): BatchColumn[] {
  const isNull = new Set(nulls);
  const newRows: number[] = [];
  const newValues: number[] = [];
  const newNulls: number[] = [];
  for (let i = 0; i < values.length; i++) {
    const row = newRow[rows === null ? i : rows[i]!]!;
    if (row < 0) continue;
    if (isNull.has(i)) newNulls.push(newValues.length);
    newRows.push(row);
    newValues.push(values[i]!);
  }
  if (newValues.length === 0) return [];
  return [
    {
      key,
      rows: newRows.length === rowCount ? null : Uint32Array.from(newRows),
      values: Float64Array.from(newValues),
      nulls: newNulls.length === 0 ? null : Uint32Array.from(newNulls),
    },
  ];
}

/** One row as an object. */
export interface PointRow {
  readonly step: number;
  readonly time: number;
  readonly values: Readonly<Record<string, number | null>>;
  readonly extra: unknown;
}

/** Rows of a batch, in order. */
export function rowsOf(batch: PointBatch): PointRow[] {
  const values = Array.from(batch.steps, (): Record<string, number | null> => ({}));
  for (const { key, rows, values: column, nulls } of batch.columns) {
    const isNull = nulls === null ? null : new Set(nulls);
    for (let i = 0; i < column.length; i++) {
      values[rows === null ? i : rows[i]!]![key] = isNull?.has(i) ? null : column[i]!;
    }
  }
  return values.map((value, row) => ({ step: batch.steps[row]!, time: batch.times[row]!, values: value, extra: batch.extras?.[row] }));
}
