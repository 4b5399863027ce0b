import { InvalidArgumentError } from "../../core/errors.ts";
import type { Metrics } from "../train/result.ts";

/** Class codes 0 … K-1, shape [n]. A missing outcome is -1 or NaN; such rows count nowhere. */
export type ClassCodes = Int32Array | Float64Array;

/**
 * The metrics of one set of predictions as a function of row weights. Everything that does not depend on the weights
 * (orders, losses) is prepared once, so that a bootstrap only changes the weights: 2,000 draws cost 2,000 linear passes.
 */
export interface Evaluator {
  readonly names: readonly string[];
  /**
   * @param weights non-negative, shape [n], in the order of the rows given when preparing.
   * @param out     receives one value per name; NaN where undefined.
   */
  evaluate(weights: Float64Array, out: Float64Array): void;
}

/** One evaluation, as a record: undefined (NaN) ones as null. `weights` null means 1 for every row. */
export function evaluateOnce(evaluator: Evaluator, rows: number, weights: Float64Array | null): Metrics {
  if (weights !== null) assertLength("weights", weights.length, rows);
  const out = new Float64Array(evaluator.names.length);
  evaluator.evaluate(weights ?? new Float64Array(rows).fill(1), out);
  return Object.fromEntries(evaluator.names.map((name, i) => [name, toNullable(out[i]!)]));
}

/** NaN and infinities as null, as results and JSON have them. */
export function toNullable(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

export function assertLength(what: string, given: number, expected: number): void {
  if (given !== expected) throw new InvalidArgumentError(`${what}: expected ${expected} values, got ${given}`);
}

/** Checks the shapes [n], [n, K] and the range of the codes. */
export function assertPredictions(actual: ClassCodes, probabilities: Float64Array, k: number): void {
  if (k < 2) throw new InvalidArgumentError(`classes: a classification needs at least 2, got ${k}`);
  assertLength("probabilities", probabilities.length, actual.length * k);
  for (let i = 0; i < actual.length; i++) {
    const code = actual[i]!;
    if (code >= k) throw new InvalidArgumentError(`actual: row ${i + 1} has class code ${code}, but there are ${k} classes`);
  }
}

export function hasNaN(values: Float64Array): boolean {
  for (let i = 0; i < values.length; i++) if (Number.isNaN(values[i]!)) return true;
  return false;
}
