import { type DesignPlan, designMatrix, learnDesign } from "../../design-matrix.ts";
import type { Column } from "../../table.ts";
import { basisAt, complementOf, differencePenalty, type Term } from "./basis.ts";

/** Shares of the range that knots reach beyond the training values. */
const MARGIN = 0.001;

export interface GamPlan {
  readonly design: DesignPlan;
  readonly terms: readonly Term[];
}

/** Columns of one term in the fit, and its penalty. */
export interface Block {
  /** Shape [width][rows]: columns with weighted mean zero. */
  readonly columns: readonly Float64Array[];
  /** From coefficients of the columns to those of the term's own basis, shape [size, width] row-major. */
  readonly toBasis: Float64Array;
  /** Shape [width, width], or null without penalty; and its rank. */
  readonly penalty: Float64Array | null;
  readonly rank: number;
}

/** Which features are smooth: numbers with at least `size` distinct values. Unordered categories have one effect per level, all others a line. */
export function learnPlan(columns: readonly Column[], weights: Float64Array, size: number): GamPlan {
  const design = learnDesign(columns, { weights });
  const matrix = designMatrix(design, columns);
  const rows = weights.length;
  const terms: Term[] = [];
  for (const [feature, own] of design.features.entries()) {
    const column = columns[feature]!;
    if (own.kind === "one-hot") {
      const shares = Array.from(
        { length: own.width },
        (_, j) => moments(matrix.subarray((own.first + j) * rows, (own.first + j + 1) * rows), weights).mean,
      );
      if (own.width > 0) terms.push({ kind: "levels", feature, first: own.first, shares });
      continue;
    }
    for (let j = own.first; j < own.first + own.width; j++) {
      const values = matrix.subarray(j * rows, (j + 1) * rows);
      const isNumber = own.kind === "numeric" && column.type !== "logical";
      if (isNumber && distinct(values, weights, size)) {
        const [low, high] = [design.lows[feature]!, design.highs[feature]!];
        const margin = MARGIN * (high - low);
        terms.push({ kind: "smooth", feature, low: low - margin, high: high + margin, size });
      } else {
        const { mean, spread } = moments(values, weights);
        if (spread > 0) terms.push({ kind: "linear", feature, column: j, center: mean, scale: spread });
      }
    }
  }
  return { design, terms };
}

function distinct(values: Float64Array, weights: Float64Array, atLeast: number): boolean {
  const seen = new Set<number>();
  for (let i = 0; i < values.length && seen.size < atLeast; i++) if (weights[i]! > 0) seen.add(values[i]!);
  return seen.size >= atLeast;
}

function moments(values: Float64Array, weights: Float64Array): { mean: number; spread: number } {
  const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  if (largest === 0) return { mean: 0, spread: 0 };
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const mean = values.reduce((sum, value, i) => sum + (weights[i]! * (value / largest)) / total, 0);
  const square = values.reduce((sum, value, i) => sum + (weights[i]! * (value / largest - mean) ** 2) / total, 0);
  return { mean: mean * largest, spread: square > 1e-26 ? Math.sqrt(square) * largest : 0 };
}

/** The columns of every term for training rows. */
export function blocksOf(plan: GamPlan, columns: readonly Column[], weights: Float64Array): Block[] {
  const rows = weights.length;
  const matrix = designMatrix(plan.design, columns);
  return plan.terms.map((term) => {
    if (term.kind === "linear") {
      const values = matrix.subarray(term.column * rows, (term.column + 1) * rows);
      return { columns: [values.map((value) => (value - term.center) / term.scale)], toBasis: Float64Array.of(1), penalty: null, rank: 0 };
    }
    if (term.kind === "levels") {
      const width = term.shares.length;
      const own = term.shares.map((share, j) =>
        matrix.subarray((term.first + j) * rows, (term.first + j + 1) * rows).map((value) => value - share),
      );
      const identity = Float64Array.from({ length: width * width }, (_, at) => (at % (width + 1) === 0 ? 1 : 0));
      return { columns: own, toBasis: identity, penalty: identity, rank: width };
    }
    const first = plan.design.features[term.feature]!.first;
    return smoothBlock(term, matrix.subarray(first * rows, (first + 1) * rows), weights);
  });
}

function smoothBlock(term: Extract<Term, { kind: "smooth" }>, values: Float64Array, weights: Float64Array): Block {
  const { size } = term;
  const rows = values.length;
  const basis = new Float64Array(rows * size);
  const means = new Float64Array(size);
  for (let i = 0; i < rows; i++) {
    const own = basis.subarray(i * size, (i + 1) * size);
    basisAt(term, values[i]!, own);
    for (let m = 0; m < size; m++) means[m]! += weights[i]! * own[m]!;
  }
  const toBasis = complementOf(means);
  const width = size - 1;
  const columns = Array.from({ length: width }, (_, j) =>
    Float64Array.from({ length: rows }, (_, i) => {
      let sum = 0;
      for (let m = 0; m < size; m++) sum += basis[i * size + m]! * toBasis[m * width + j]!;
      return sum;
    }),
  );
  const raw = differencePenalty(size);
  const half = new Float64Array(size * width);
  const penalty = new Float64Array(width * width);
  for (let a = 0; a < size; a++) {
    for (let j = 0; j < width; j++) for (let b = 0; b < size; b++) half[a * width + j]! += raw[a * size + b]! * toBasis[b * width + j]!;
  }
  for (let i = 0; i < width; i++) {
    for (let j = 0; j < width; j++)
      for (let a = 0; a < size; a++) penalty[i * width + j]! += toBasis[a * width + i]! * half[a * width + j]!;
  }
  return { columns, toBasis, penalty, rank: size - 2 };
}
