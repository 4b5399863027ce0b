import type { Task } from "../../algorithm.ts";
import type { View } from "./view.ts";

/** One linear score per set and row, on the penalty's scale. `rows` are indices into the view's matrix. Shape [sets][rows]. */
export function scoresAt(view: View, rows: Int32Array, intercepts: Float64Array, slopes: readonly Float64Array[]): Float64Array[] {
  const { columns } = view.matrix;
  return slopes.map((set, k) => {
    const scores = new Float64Array(rows.length).fill(intercepts[k]!);
    for (let j = 0; j < set.length; j++) {
      const slope = set[j]! * view.scale[j]!;
      if (slope === 0) continue;
      const column = columns[j]!;
      const shift = view.shift[j]!;
      for (let i = 0; i < rows.length; i++) scores[i]! += slope * (column[rows[i]!]! - shift);
    }
    return scores;
  });
}

/** Linear scores of a raw, column-major matrix. Shape [sets][rows]. */
export function scoresOf(matrix: Float64Array, rows: number, intercepts: Float64Array, slopes: readonly Float64Array[]): Float64Array[] {
  return slopes.map((set, k) => {
    const scores = new Float64Array(rows).fill(intercepts[k]!);
    for (let j = 0; j < set.length; j++) {
      const slope = set[j]!;
      if (slope === 0) continue;
      const offset = j * rows;
      for (let i = 0; i < rows; i++) scores[i]! += slope * matrix[offset + i]!;
    }
    return scores;
  });
}

/** Regression: the scores. Classification: probabilities, shape [rows, K] row-major; rows sum to 1. */
export function responses(task: Task, scores: readonly Float64Array[]): Float64Array {
  const [first] = scores;
  if (first === undefined) return new Float64Array(0);
  if (task === "regression") return first;
  const rows = first.length;
  if (scores.length === 1) {
    const out = new Float64Array(2 * rows);
    for (let i = 0; i < rows; i++) {
      const positive = 1 / (1 + Math.exp(-first[i]!));
      out[2 * i] = 1 - positive;
      out[2 * i + 1] = positive;
    }
    return out;
  }
  const classes = scores.length;
  const out = new Float64Array(classes * rows);
  for (let i = 0; i < rows; i++) {
    let top = Number.NEGATIVE_INFINITY;
    for (const set of scores) top = Math.max(top, set[i]!);
    let sum = 0;
    for (let k = 0; k < classes; k++) sum += out[i * classes + k] = Math.exp(scores[k]![i]! - top);
    for (let k = 0; k < classes; k++) out[i * classes + k]! /= sum;
  }
  return out;
}

/** Deviance of one row: the squared error, or −2 log p of the true class with p clamped to [clamp, 1 − clamp]. `classes` is 0 for regression. */
export function rowDeviance(predicted: Float64Array, row: number, truth: number, classes: number, clamp: number): number {
  if (classes === 0) return (truth - predicted[row]!) ** 2;
  return -2 * Math.log(Math.min(1 - clamp, Math.max(clamp, predicted[row * classes + truth]!)));
}
