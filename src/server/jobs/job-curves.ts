import type { PointsReport } from "../../engine/train/progress.ts";
import type { TrainResult } from "../../engine/train/result.ts";
import { type PointBatch, RowBuilder } from "../../runs/index.ts";

/** Name of the series of a curve in the job's run: `log-loss/fold 2/validation`. Jobs without folds have `log-loss/training`. */
export function curveKey({ series, measure, fold, split }: PointsReport): string {
  if (fold > 0) return `${measure}/fold ${fold}/${split}`;
  return series.startsWith("final model") ? `${measure}/final/${split}` : `${measure}/${split}`;
}

/**
 * Gathers points of curves into one batch. A unit that was done again, because its daemon died, tells the same points again, to the
 * bit: those are left out.
 */
export class CurveRows {
  /** Greatest step of each series so far. */
  readonly #lastStep = new Map<string, number>();
  readonly #rows = new RowBuilder();
  /** Splits of a unit come one after the other with the same steps: they share their rows. */
  #shared: { steps: readonly number[]; firstRow: number } | null = null;

  addPoints(report: PointsReport): void {
    const { step, value, at } = report;
    if (this.#shared?.steps !== step) {
      this.#shared = { steps: step, firstRow: this.#rows.rowCount };
      for (const each of step) this.#rows.row(each, at);
    }
    const key = curveKey(report);
    step.forEach((each, i) => {
      if (each <= (this.#lastStep.get(key) ?? Number.NEGATIVE_INFINITY)) return;
      this.#lastStep.set(key, each);
      this.#rows.put(key, this.#shared!.firstRow + i, value[i] ?? null);
    });
  }

  /** One row: what is known at a step. Nulls of metrics mean that they are not defined there; they are kept. */
  addRow(step: number, at: number, values: Readonly<Record<string, number | null>>): void {
    this.#shared = null;
    const row = this.#rows.row(step, at);
    for (const [key, value] of Object.entries(values)) this.#rows.put(key, row, value);
  }

  /** What was gathered, and forgets it; null when there is nothing. */
  take(): PointBatch | null {
    this.#shared = null;
    return this.#rows.take();
  }
}

/** Metrics of a finished training: `folds/test/auc` with the fold as step, and their means as `test/auc`. */
export function addResult(rows: CurveRows, { folds, metrics }: TrainResult, at: number): void {
  for (const { index, metrics: ofFold } of folds) {
    const named = (split: "training" | "test") =>
      Object.entries(ofFold[split] ?? {}).map(([name, value]) => [`folds/${split}/${name}`, value]);
    rows.addRow(index, at, Object.fromEntries([...named("training"), ...named("test")]));
  }
  const means = (split: "training" | "test") => Object.entries(metrics[split] ?? {}).map(([name, { mean }]) => [`${split}/${name}`, mean]);
  rows.addRow(folds.length, at, Object.fromEntries([...means("training"), ...means("test")]));
}
