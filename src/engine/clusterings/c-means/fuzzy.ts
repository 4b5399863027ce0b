import { weightedMedian } from "../median.ts";
import { type Dist, type Points, rank } from "../parts.ts";

export interface FuzzySettings {
  readonly method: "cmeans" | "ufcl";
  readonly dist: Dist;
  /** Degree of fuzziness, above 1. */
  readonly m: number;
  readonly roundsMax: number;
  /** Share of the way that centres move at first; `ufcl` only. */
  readonly rate: number;
  /** Stop when the error changes by less than this share. */
  readonly tolerance: number;
}

export interface FuzzyResult {
  readonly centers: Float64Array;
  /** Shape [n, k], row-major; rows sum to 1. */
  readonly memberships: Float64Array;
  /** Weighted mean of membership^m · distance (squared for euclidean). */
  readonly error: number;
  readonly iterations: number;
  readonly hasConverged: boolean;
}

/**
 * Fuzzy clustering from given centres [k, p]: memberships from distances, centres from memberships, until the error settles. `cmeans` moves the
 * centres once a round (weighted means, or weighted medians for manhattan), `ufcl` a little for every row, with a rate that falls to 0.
 * Weights [n] sum to 1. Yields the error after each round.
 *
 * Source: Bezdek (1981), Pattern Recognition with Fuzzy Objective Function Algorithms; Chung & Lee (1994), doi:10.1016/0893-6080(94)90111-2.
 */
export function* fuzzyClusters(
  points: Points,
  start: Float64Array,
  weights: Float64Array,
  settings: FuzzySettings,
): Generator<number, FuzzyResult, void> {
  const k = start.length / points.cols;
  const centers = start.slice();
  const memberships = new Float64Array(points.rows * k);
  const away = new Float64Array(points.rows * k);
  const remember = (): number => {
    for (let i = 0; i < points.rows; i++) membershipsOf(points, i, centers, settings, memberships, away);
    return errorOf(weights, memberships, away, settings.m);
  };
  let before = remember();
  for (let iterations = 1; ; iterations++) {
    if (settings.method === "cmeans") moveCenters(points, weights, memberships, centers, settings);
    else {
      const rate = settings.rate * (1 - iterations / settings.roundsMax);
      for (let i = 0; i < points.rows; i++) {
        membershipsOf(points, i, centers, settings, memberships, away);
        follow(points, i, memberships, centers, rate * weights[i]! * points.rows, settings);
      }
    }
    const error = remember();
    yield error;
    const hasConverged = Math.abs(before - error) < settings.tolerance * (before + settings.tolerance);
    if (hasConverged || iterations >= settings.roundsMax) return { centers, memberships, error, iterations, hasConverged };
    before = error;
  }
}

/** Memberships of one row; one that lies on centres belongs to them alone, in equal parts. */
export function membershipsOf(
  points: Points,
  i: number,
  centers: Float64Array,
  { dist, m }: Pick<FuzzySettings, "dist" | "m">,
  memberships: Float64Array,
  away: Float64Array,
): void {
  const k = centers.length / points.cols;
  const from = i * k;
  let zeros = 0;
  for (let c = 0; c < k; c++) {
    away[from + c] = rank(points, i, centers, c, dist);
    if (away[from + c] === 0) zeros++;
  }
  if (zeros > 0) {
    for (let c = 0; c < k; c++) memberships[from + c] = away[from + c] === 0 ? 1 / zeros : 0;
    return;
  }
  // Relative to the nearest centre, so that powers neither overflow nor vanish together.
  let least = away[from]!;
  for (let c = 1; c < k; c++) least = Math.min(least, away[from + c]!);
  let sum = 0;
  for (let c = 0; c < k; c++) {
    memberships[from + c] = (least / away[from + c]!) ** (1 / (m - 1));
    sum += memberships[from + c]!;
  }
  for (let c = 0; c < k; c++) memberships[from + c]! /= sum;
}

function errorOf(weights: Float64Array, memberships: Float64Array, away: Float64Array, m: number): number {
  const k = memberships.length / weights.length;
  let error = 0;
  for (let i = 0; i < weights.length; i++) {
    for (let c = i * k; c < (i + 1) * k; c++) error += weights[i]! * memberships[c]! ** m * away[c]!;
  }
  return error;
}

function moveCenters(
  points: Points,
  weights: Float64Array,
  memberships: Float64Array,
  centers: Float64Array,
  { dist, m }: FuzzySettings,
): void {
  const { rows, cols, values } = points;
  const k = centers.length / cols;
  const pull = new Float64Array(rows);
  for (let c = 0; c < k; c++) {
    let sum = 0;
    for (let i = 0; i < rows; i++) {
      pull[i] = weights[i]! * memberships[i * k + c]! ** m;
      sum += pull[i]!;
    }
    if (!(sum > 0)) continue; // nobody pulls: the centre stays
    for (let j = 0; j < cols; j++) {
      if (dist === "manhattan") {
        centers[c * cols + j] = weightedMedian(
          Float64Array.from({ length: rows }, (_, i) => values[i * cols + j]!),
          pull,
        );
        continue;
      }
      let total = 0;
      for (let i = 0; i < rows; i++) total += pull[i]! * values[i * cols + j]!;
      centers[c * cols + j] = total / sum;
    }
  }
}

function follow(
  points: Points,
  i: number,
  memberships: Float64Array,
  centers: Float64Array,
  rate: number,
  { dist, m }: FuzzySettings,
): void {
  const { cols, values } = points;
  const k = centers.length / cols;
  for (let c = 0; c < k; c++) {
    const share = rate * memberships[i * k + c]! ** m;
    for (let j = 0; j < cols; j++) {
      const gap = values[i * cols + j]! - centers[c * cols + j]!;
      centers[c * cols + j]! += share * (dist === "manhattan" ? Math.sign(gap) : gap);
    }
  }
}
