import { InvalidArgumentError } from "../core/errors.ts";
import type { Column } from "./table.ts";

/** More cells than this (2 GiB of doubles) are refused with the widest feature named. */
const MAX_CELLS = 2 ** 28;

/** How one feature becomes columns of numbers. JSON-safe; the numbers it needs are in `DesignPlan.centers`, `lows`, `highs`. */
export interface FeaturePlan {
  readonly feature: string;
  /** `numeric`: one column. `scores`: one column of 0, 1, 2 … for an ordered category. `one-hot`: one 0/1 column per entry of `codes`. */
  readonly kind: "numeric" | "scores" | "one-hot";
  /** First column of this feature in the matrix, and how many it has, its missing flag (the last one) included. */
  readonly first: number;
  readonly width: number;
  /** Level codes with a column of their own; empty unless `one-hot`. */
  readonly codes: readonly number[];
  readonly flag: boolean;
}

/** Learned on training columns, replayed on others: the same features in the same order, with the same levels. */
export interface DesignPlan {
  readonly features: readonly FeaturePlan[];
  /** Columns of the matrix. */
  readonly cols: number;
  /** One name per column: `age`, `colour=red`, `age is missing`. */
  readonly names: readonly string[];
  /** Per feature: the value that stands in for a missing one, and the finite range that infinities are clamped to. */
  readonly centers: Float64Array;
  readonly lows: Float64Array;
  readonly highs: Float64Array;
}

export interface DesignOptions {
  /** One-hot: whether the first level is left out as the reference. Default false: with a penalty every level keeps its own column. */
  readonly dropReference?: boolean;
  /** One 0/1 column more for each feature with missing training values. Default false. */
  readonly missingFlags?: boolean;
  /** One-hot: only the most frequent levels get a column; the others are all zeros. Default 1,000. */
  readonly maxLevels?: number;
  /** Case weights for the training means, shape [n], or null for equal ones. */
  readonly weights?: Float64Array | null;
}

/**
 * Learns how columns become numbers.
 *
 * - Numbers, dates (epoch ms) and logical values (0/1) stay as they are. Missing: the weighted training mean of the finite values (0 when
 *   there is none). ±Infinity: clamped to the largest or smallest finite training value.
 * - Ordered categories: their level's index. Missing: the mean index.
 * - Unordered categories: one-hot over the levels that occur in training, all of them unless `dropReference`. Missing, unseen, or not
 *   among the `maxLevels` most frequent: all zeros.
 *
 * @throws {InvalidArgumentError} when the matrix would need more than 2²⁸ cells; the message names the widest feature.
 * Cost: O(cells of the input). Deterministic.
 */
export function learnDesign(columns: readonly Column[], options: DesignOptions = {}): DesignPlan {
  const features: FeaturePlan[] = [];
  const names: string[] = [];
  const centers = new Float64Array(columns.length);
  const lows = new Float64Array(columns.length);
  const highs = new Float64Array(columns.length);
  let first = 0;
  for (const [index, column] of columns.entries()) {
    const kind = column.kind === "numeric" ? "numeric" : column.ordered ? "scores" : "one-hot";
    const codes = column.kind === "categorical" && kind === "one-hot" ? codesWithColumns(column.codes, column.levels.length, options) : [];
    const flag = (options.missingFlags ?? false) && hasMissing(column);
    if (kind === "one-hot" && column.kind === "categorical") {
      for (const code of codes) names.push(`${column.name}=${column.levels[code]}`);
    } else {
      const summary = summarize(column, options.weights ?? null);
      centers[index] = summary.mean;
      lows[index] = summary.low;
      highs[index] = summary.high;
      names.push(column.name);
    }
    if (flag) names.push(`${column.name} is missing`);
    features.push({ feature: column.name, kind, first, width: names.length - first, codes, flag });
    first = names.length;
  }
  const plan = { features, cols: first, names, centers, lows, highs };
  assertFits(plan, rowsOf(columns));
  return plan;
}

/**
 * The numeric matrix of `columns` under `plan`, shape [n, plan.cols], column-major. Finite everywhere. The input is not modified.
 *
 * @throws {InvalidArgumentError} when the number of columns or a column's kind differs from the plan's.
 * Cost: O(n × plan.cols).
 */
export function designMatrix(plan: DesignPlan, columns: readonly Column[]): Float64Array {
  if (columns.length !== plan.features.length) {
    throw new InvalidArgumentError(
      `the model was trained on ${plan.features.length} features and got ${columns.length}; pass them all, in training order`,
    );
  }
  const rows = rowsOf(columns);
  assertFits(plan, rows);
  const matrix = new Float64Array(rows * plan.cols);
  for (const [index, feature] of plan.features.entries()) {
    const column = columns[index]!;
    const categorical = feature.kind !== "numeric";
    if (categorical !== (column.kind === "categorical")) {
      throw new InvalidArgumentError(
        `feature "${feature.feature}" was ${categorical ? "a category" : "numeric"} in training and is ${column.kind} now; convert it first`,
      );
    }
    const target = matrix.subarray(feature.first * rows, (feature.first + feature.width) * rows);
    if (feature.kind === "one-hot" && column.kind === "categorical")
      fillOneHot(target, column.codes, feature.codes, column.levels.length, rows);
    else fillNumbers(target, numbersOf(column), plan.centers[index]!, plan.lows[index]!, plan.highs[index]!);
    if (feature.flag) {
      const flags = target.subarray((feature.width - 1) * rows);
      for (let row = 0; row < rows; row++) flags[row] = isMissingAt(column, row) ? 1 : 0;
    }
  }
  return matrix;
}

/** Splits a plan for a model file; `designFromState` is its inverse, to the bit. Array names start with `design_`. */
export function designState(plan: DesignPlan): { meta: Record<string, unknown>; arrays: Record<string, Float64Array> } {
  return {
    meta: { features: plan.features, cols: plan.cols, names: plan.names },
    arrays: { design_centers: plan.centers, design_lows: plan.lows, design_highs: plan.highs },
  };
}

/** @throws {InvalidArgumentError} when an array is missing: the file was not written by `designState`. */
export function designFromState(meta: Readonly<Record<string, unknown>>, arrays: Readonly<Record<string, unknown>>): DesignPlan {
  const take = (name: string): Float64Array => {
    const array = arrays[name];
    if (!(array instanceof Float64Array))
      throw new InvalidArgumentError(`the model file has no array "${name}"; it is damaged or from another version`);
    return array;
  };
  return {
    features: meta.features as readonly FeaturePlan[],
    cols: meta.cols as number,
    names: meta.names as readonly string[],
    centers: take("design_centers"),
    lows: take("design_lows"),
    highs: take("design_highs"),
  };
}

function rowsOf(columns: readonly Column[]): number {
  const [column] = columns;
  if (column === undefined) return 0;
  return column.kind === "numeric" ? column.values.length : column.codes.length;
}

function isMissingAt(column: Column, row: number): boolean {
  return column.kind === "numeric" ? Number.isNaN(column.values[row]!) : column.codes[row]! < 0;
}

function hasMissing(column: Column): boolean {
  return column.kind === "numeric" ? column.values.some(Number.isNaN) : column.codes.some((code) => code < 0);
}

/** Values of a numeric column, or the level indices of an ordered one with NaN for missing. */
function numbersOf(column: Column): Float64Array {
  return column.kind === "numeric" ? column.values : Float64Array.from(column.codes, (code) => (code < 0 ? Number.NaN : code));
}

/** Weighted mean and range of the finite values; zeros when there is none. */
function summarize(column: Column, weights: Float64Array | null): { mean: number; low: number; high: number } {
  const values = numbersOf(column);
  let total = 0;
  let count = 0;
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (let row = 0; row < values.length; row++) {
    const value = values[row]!;
    const weight = weights === null ? 1 : weights[row]!;
    if (value - value !== 0 || weight === 0) continue; // NaN and ±Infinity minus themselves are NaN
    count += weight;
    total += weight * value;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  if (count === 0) return { mean: 0, low: 0, high: 0 };
  // Sums of huge values may overflow: the middle of the range is then as good a stand-in as any.
  const mean = Number.isFinite(total) ? total / count : low / 2 + high / 2;
  return { mean: Math.min(high, Math.max(low, mean)), low, high };
}

/** Codes that occur, in level order; without the reference, and without the rare ones beyond `maxLevels`. */
function codesWithColumns(codes: Int32Array, levels: number, options: DesignOptions): number[] {
  const counts = new Float64Array(levels);
  for (const code of codes) if (code >= 0) counts[code]! += 1;
  const present = Array.from(counts.keys()).filter((code) => counts[code]! > 0);
  const own = options.dropReference ? present.slice(1) : present;
  const limit = options.maxLevels ?? 1000;
  if (own.length <= limit) return own;
  const frequent = own.toSorted((a, b) => counts[b]! - counts[a]! || a - b).slice(0, limit);
  return frequent.sort((a, b) => a - b);
}

function fillOneHot(target: Float64Array, codes: Int32Array, own: readonly number[], levels: number, rows: number): void {
  const position = new Int32Array(levels).fill(-1);
  for (const [index, code] of own.entries()) if (code < levels) position[code] = index;
  for (let row = 0; row < rows; row++) {
    const code = codes[row]!;
    const column = code >= 0 && code < levels ? position[code]! : -1;
    if (column >= 0) target[column * rows + row] = 1;
  }
}

function fillNumbers(target: Float64Array, values: Float64Array, center: number, low: number, high: number): void {
  for (let row = 0; row < values.length; row++) {
    const value = values[row]!;
    if (value - value === 0) target[row] = value;
    else target[row] = Number.isNaN(value) ? center : value > 0 ? high : low;
  }
}

function assertFits(plan: { features: readonly FeaturePlan[]; cols: number }, rows: number): void {
  if (rows * plan.cols <= MAX_CELLS) return;
  const widest = plan.features.reduce((a, b) => (b.width > a.width ? b : a));
  throw new InvalidArgumentError(
    `${rows} rows need ${plan.cols} numeric columns, more than fit in memory; the widest feature is "${widest.feature}" with ${widest.width}: leave it out or merge its levels`,
    { details: { rows, cols: plan.cols, feature: widest.feature } },
  );
}
