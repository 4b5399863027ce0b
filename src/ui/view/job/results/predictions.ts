import type { JobSummary } from "../../../../client/index.ts";
import { useApp, usePulled } from "../../../app/context.ts";
import { type Cell, type RowTable, readRows } from "../../arrow-rows.ts";

/** Held-out predictions of a job, with what charts and the table ask of them. Arrays are made once. */
export class Predictions {
  readonly table: RowTable;
  readonly #columns = new Map<string, Float64Array>();
  #order: Int32Array | null = null;

  constructor(table: RowTable) {
    this.table = table;
  }

  get rows(): number {
    return this.table.rows;
  }

  get isRegression(): boolean {
    return this.table.isNumeric(this.table.names.indexOf("predicted")) && !this.table.names.some((name) => name.startsWith("prob_"));
  }

  /** A column as numbers; what is none becomes NaN. */
  numbers(name: string): Float64Array {
    const known = this.#columns.get(name);
    if (known !== undefined) return known;
    const index = this.table.names.indexOf(name);
    const values = Float64Array.from({ length: this.rows }, (_, row) => {
      const value = index < 0 ? null : this.table.at(row, index);
      return typeof value === "number" ? value : Number.NaN;
    });
    this.#columns.set(name, values);
    return values;
  }

  /** Actual − predicted. */
  residuals(): Float64Array {
    const known = this.#columns.get(" residuals");
    if (known !== undefined) return known;
    const actual = this.numbers("actual");
    const predicted = this.numbers("predicted");
    const values = actual.map((value, row) => value - (predicted[row] ?? Number.NaN));
    this.#columns.set(" residuals", values);
    return values;
  }

  /** How wrong a row is: |residual|, or 1 − probability of the true class (1 or 0 where there are no probabilities). */
  hardness(row: number): number {
    if (this.isRegression) return Math.abs(this.residuals()[row] ?? Number.NaN);
    const actual = this.cell(row, "actual");
    const probability = this.table.names.includes(`prob_${String(actual)}`) ? this.numbers(`prob_${String(actual)}`)[row] : undefined;
    if (probability !== undefined && !Number.isNaN(probability)) return 1 - probability;
    return actual === this.cell(row, "predicted") ? 0 : 1;
  }

  cell(row: number, name: string): Cell {
    const index = this.table.names.indexOf(name);
    return index < 0 ? null : this.table.at(row, index);
  }

  isWrong(row: number): boolean {
    return !this.isRegression && this.cell(row, "actual") !== this.cell(row, "predicted");
  }

  /** Rows, hardest first; ties in the order of the table. */
  hardestFirst(): Int32Array {
    if (this.#order !== null) return this.#order;
    const hardness = Float64Array.from({ length: this.rows }, (_, row) => {
      const value = this.hardness(row);
      return Number.isNaN(value) ? -1 : value;
    });
    this.#order = Int32Array.from({ length: this.rows }, (_, row) => row).sort((a, b) => (hardness[b] ?? 0) - (hardness[a] ?? 0) || a - b);
    return this.#order;
  }
}

export function usePredictions(job: JobSummary) {
  const app = useApp();
  return usePulled(
    `predictions:${job.job_id}`,
    async () => new Predictions(readRows((await app.client.jobTable(job.job_id, "predictions")).bytes)),
  );
}
