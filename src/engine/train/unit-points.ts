import type { FitStep } from "../algorithm.ts";
import type { UnitPoints } from "./training-host.ts";

/** Gathers the steps of a fit into columns and hands them on at most every `intervalMs`, the first one at once. */
export class PointBatch {
  readonly #send: (points: UnitPoints) => void;
  readonly #intervalMs: number;
  #sentAt = Number.NEGATIVE_INFINITY;
  #step: number[] = [];
  #values: Record<string, (number | null)[]> = {};
  #measure = "";
  #total: number | null = null;

  constructor(send: (points: UnitPoints) => void, intervalMs = 50) {
    this.#send = send;
    this.#intervalMs = intervalMs;
  }

  add(step: FitStep, at: number): void {
    this.#step.push(step.step);
    this.#measure = step.measure;
    this.#total = step.total;
    for (const [split, value] of Object.entries(step.values)) {
      const column = this.#values[split] ?? new Array<number | null>(this.#step.length - 1).fill(null);
      column.push(Number.isFinite(value) ? value : null);
      this.#values[split] = column;
    }
    if (at - this.#sentAt < this.#intervalMs) return;
    this.#sentAt = at;
    this.flush();
  }

  flush(): void {
    if (this.#step.length === 0) return;
    for (const column of Object.values(this.#values)) while (column.length < this.#step.length) column.push(null);
    this.#send({ measure: this.#measure, step: this.#step, values: this.#values, total: this.#total });
    this.#step = [];
    this.#values = {};
  }
}
