import type { Problem } from "../../algorithm.ts";
import type { CategoricalColumn, Column } from "../../table.ts";

const MOST_TURNS = 200;

/**
 * Rank of each level of an unordered category by the outcome of its training rows, shape [levels]; NaN for levels without rows.
 * Numbers and two classes: by the mean outcome, which contains the best split into two groups (Fisher 1958). More classes: by the first
 * principal component of the class shares (Coppersmith, Hong & Hosking 1999, doi:10.1023/A:1009869804967). Ties by level.
 * Cost: O(n + levels × K² turns). Deterministic.
 */
export function levelRanks(column: CategoricalColumn, problem: Problem, weights: Float64Array): Float64Array {
  const levels = column.levels.length;
  const classes = problem.classes.length;
  const width = classes > 2 ? classes : 1;
  const totals = new Float64Array(levels);
  const sums = new Float64Array(levels * width);
  for (let i = 0; i < problem.rows; i++) {
    const code = column.codes[i]!;
    if (code < 0 || !(weights[i]! > 0)) continue;
    totals[code]! += weights[i]!;
    if (width === 1) sums[code]! += weights[i]! * problem.target[i]!;
    else sums[code * width + problem.target[i]!]! += weights[i]!;
  }
  for (let code = 0; code < levels; code++) for (let k = 0; k < width; k++) sums[code * width + k]! /= totals[code]!;
  const scores = width === 1 ? sums : firstComponent(sums, totals, width);
  const seen = Array.from(totals.keys()).filter((code) => totals[code]! > 0);
  seen.sort((a, b) => scores[a]! - scores[b]! || a - b);
  const ranks = new Float64Array(levels).fill(Number.NaN);
  for (const [rank, code] of seen.entries()) ranks[code] = rank;
  return ranks;
}

/** Each level's score on the main direction of its class shares around their weighted mean, by power iteration. */
function firstComponent(shares: Float64Array, totals: Float64Array, width: number): Float64Array {
  const levels = totals.length;
  const mean = new Float64Array(width);
  const all = totals.reduce((sum, total) => sum + total, 0);
  const weigh = (visit: (code: number) => void): void => {
    for (let code = 0; code < levels; code++) if (totals[code]! > 0) visit(code);
  };
  weigh((code) => {
    for (let k = 0; k < width; k++) mean[k]! += (totals[code]! / all) * shares[code * width + k]!;
  });
  const project = (direction: Float64Array, code: number): number => {
    let sum = 0;
    for (let k = 0; k < width; k++) sum += direction[k]! * (shares[code * width + k]! - mean[k]!);
    return sum;
  };
  let direction = Float64Array.from({ length: width }, (_, k) => 1 / (k + 1));
  for (let turn = 0; turn < MOST_TURNS; turn++) {
    const next = new Float64Array(width);
    weigh((code) => {
      const score = totals[code]! * project(direction, code);
      for (let k = 0; k < width; k++) next[k]! += score * (shares[code * width + k]! - mean[k]!);
    });
    const length = Math.sqrt(next.reduce((sum, value) => sum + value * value, 0));
    if (length === 0) break;
    const turned = next.map((value) => value / length);
    const change = turned.reduce((most, value, k) => Math.max(most, Math.abs(value - direction[k]!)), 0);
    direction = turned;
    if (change < 1e-12) break;
  }
  return Float64Array.from({ length: levels }, (_, code) => (totals[code]! > 0 ? project(direction, code) : 0));
}

/** A column's values as a tree compares them; `ranks` belongs to unordered categories. Missing and unseen levels are NaN. */
export function comparable(column: Column, ranks: Float64Array | null): Float64Array {
  if (column.kind === "numeric") return column.values;
  if (ranks === null) return Float64Array.from(column.codes, (code) => (code < 0 ? Number.NaN : code));
  return Float64Array.from(column.codes, (code) => ranks[code] ?? Number.NaN);
}
