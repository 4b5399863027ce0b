import type { PointBatch } from "./point-batch.ts";

/** Gathers rows into a batch, value by value. */
export class RowBuilder {
  #steps: number[] = [];
  #times: number[] = [];
  #columns = new Map<string, { rows: number[]; values: number[]; nulls: number[] }>();

  get rowCount(): number {
    return this.#steps.length;
  }

  /** Begins a row. @returns its number. */
  row(step: number, time: number): number {
    this.#times.push(time);
    return this.#steps.push(step) - 1;
  }

  /** Gives a row a value; null is a missing one. The rows of a key must rise. */
  put(key: string, row: number, value: number | null): void {
    let column = this.#columns.get(key);
    if (column === undefined) {
      column = { rows: [], values: [], nulls: [] };
      this.#columns.set(key, column);
    }
    if (value === null) column.nulls.push(column.values.length);
    column.rows.push(row);
    column.values.push(value ?? Number.NaN);
  }

  /** What was gathered, and forgets it; null when there is no value. */
  take(): PointBatch | null {
    const rowCount = this.#steps.length;
    const columns = [...this.#columns].map(([key, { rows, values, nulls }]) => ({
      key,
      rows: rows.length === rowCount ? null : Uint32Array.from(rows),
      values: Float64Array.from(values),
      nulls: nulls.length === 0 ? null : Uint32Array.from(nulls),
    }));
    const batch = { steps: Float64Array.from(this.#steps), times: Float64Array.from(this.#times), columns, extras: null };
    this.#steps = [];
    this.#times = [];
    this.#columns = new Map();
    return columns.length === 0 ? null : batch;
  }
}
