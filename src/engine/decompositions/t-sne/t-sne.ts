import { InvalidArgumentError } from "../../../core/errors.ts";
import { type Random, randomStream } from "../../../core/random.ts";
import type { FitStep } from "../../algorithm.ts";
import type { Decomposition } from "../../decomposition.ts";
import type { Hyperparameters } from "../../hyperparameter.ts";
import { type NumericMatrix, transposed } from "../../matrix.ts";
import { correlations } from "../embedding/correlations.ts";
import { type NearestRows, nearestRows } from "../embedding/nearest-rows.ts";
import type { SparseWeights } from "../embedding/sparse-weights.ts";
import { trustworthiness } from "../embedding/trustworthiness.ts";
import { singularValues } from "../singular-values.ts";
import { learnStandard, product, standardised } from "../standardise.ts";
import { CellTree } from "./cell-tree.ts";
import { HYPERPARAMETERS } from "./hyperparameters.ts";
import { similarities } from "./similarities.ts";

/** The divergence is looked at once in so many rounds. */
const ROUNDS_PER_STEP = 25;
/** Neighbours per unit of perplexity. */
const REACH = 3;

/**
 * t-SNE: a picture of the rows in which neighbours stay neighbours. Distances between far groups mean little.
 *
 * - Rows attract their neighbours (see `similarities`) and push all others away; the points move along the gradient of the Kullback–Leibler
 *   divergence, with momentum and a step of its own for each coordinate, from a tiny random start. Far groups push by their centres (`theta`).
 * - `loadings` are correlations of columns with coordinates: a reading aid, not a rule for new rows, which cannot be placed.
 * - `metrics`: the divergence reached, and `trustworthiness` (1 when neighbours in the picture are neighbours in the data).
 *
 * Cost: O(n² p) for neighbours and O(rounds · n log n). All randomness comes from the seed.
 * Source: van der Maaten & Hinton (2008), JMLR 9, 2579–2605; van der Maaten (2014), JMLR 15, 3221–3245. Defaults as in R's `Rtsne`.
 */
export const tSne: Decomposition = {
  name: "tSNE",
  title: "t-SNE",
  description: "a picture in which neighbours stay neighbours",
  source: "van der Maaten & Hinton (2008), JMLR 9, 2579–2605; van der Maaten (2014), JMLR 15, 3221–3245",
  applicable: false,
  hyperparameters: HYPERPARAMETERS,
  *fit(matrix, hyperparameters, seed) {
    const dims = Number(hyperparameters.k);
    const perplexity = Number(hyperparameters.perplexity);
    const near = neighbourCount(matrix.rows, perplexity);
    const { values, cols } = yield* prepared(matrix, hyperparameters);
    if (hyperparameters.check_duplicates === true) assertDistinct(values, cols);
    const neighbours: NearestRows = yield* pausing(nearestRows(values, cols, near, "euclidean"));
    const attraction = similarities(neighbours, perplexity);
    const picture = startingPicture(matrix.rows * dims, randomStream(seed));
    const divergence: number = yield* settle(picture, dims, attraction, hyperparameters);
    const transformed = transposed(picture, dims, matrix.rows);
    return {
      components: Array.from({ length: dims }, (_, index) => `tSNE_${index + 1}`),
      transformed,
      loadings: correlations(matrix, transformed),
      metrics: { divergence, trustworthiness: trustworthiness(values, cols, picture, dims), neighbours: near },
      warnings: [],
      state: () => ({ meta: {}, arrays: {} }),
    };
  },
  load() {
    return () => {
      throw new InvalidArgumentError("t-SNE cannot place new rows; use UMAP or PCA for that");
    };
  },
};

function neighbourCount(rows: number, perplexity: number): number {
  const near = Math.floor(REACH * perplexity);
  if (rows - 1 >= near) return near;
  const most = Math.floor((rows - 1) / REACH);
  throw new InvalidArgumentError(
    most < 1
      ? `t-SNE needs at least ${REACH + 1} rows; there are ${rows}`
      : `perplexity is ${perplexity}, but ${rows} rows allow at most ${most}; lower it`,
    { details: { perplexity, rows } },
  );
}

/** The columns as t-SNE compares them, row by row. */
function* prepared(
  matrix: NumericMatrix,
  hyperparameters: Hyperparameters,
): Generator<FitStep, { values: Float64Array; cols: number }, void> {
  const { rows, names } = matrix;
  const dims = Number(hyperparameters.initial_dims);
  let cols = names.length;
  let values = matrix.values;
  if (hyperparameters.pca === true && cols > dims) {
    const standard = learnStandard(matrix, { center: hyperparameters.pca_center === true, scale: hyperparameters.pca_scale === true });
    const x = standardised(matrix, standard);
    const { right } = yield* pausing(singularValues(x, rows, cols, dims));
    const rotation = right.slice(0, Math.min(right.length, dims * cols));
    values = product(x, rows, rotation, cols);
    cols = values.length / rows;
  } else if (hyperparameters.pca === true && hyperparameters.pca_scale === true) {
    // All components would be kept: a rotation, which changes no distance.
    values = standardised(matrix, learnStandard(matrix, { center: hyperparameters.pca_center === true, scale: true }));
  }
  const rowMajor = transposed(values, rows, cols);
  if (hyperparameters.normalize === true) normalise(rowMajor, cols);
  return { values: rowMajor, cols };
}

/** Centres the columns and divides all by the largest magnitude, in place. */
function normalise(values: Float64Array, cols: number): void {
  const rows = values.length / cols;
  const means = new Float64Array(cols);
  for (let at = 0; at < values.length; at++) means[at % cols]! += values[at]! / rows;
  let largest = 0;
  for (let at = 0; at < values.length; at++) {
    values[at]! -= means[at % cols]!;
    largest = Math.max(largest, Math.abs(values[at]!));
  }
  if (largest > 0) for (let at = 0; at < values.length; at++) values[at]! /= largest;
}

function assertDistinct(values: Float64Array, cols: number): void {
  const seen = new Map<string, number>();
  for (let row = 0; row < values.length / cols; row++) {
    const key = values.subarray(row * cols, (row + 1) * cols).join(" ");
    const before = seen.get(key);
    if (before !== undefined) {
      throw new InvalidArgumentError(
        `rows ${before + 1} and ${row + 1} are equal and would lie on each other; remove repeated rows or set check_duplicates to false`,
        { details: { rows: [before + 1, row + 1] } },
      );
    }
    seen.set(key, row);
  }
}

/** Normal numbers with a standard deviation of 1e-4. */
function startingPicture(size: number, random: Random): Float64Array {
  const radius = (): number => 1e-4 * Math.sqrt(-2 * Math.log(1 - random.next()));
  return Float64Array.from({ length: size }, () => radius() * Math.cos(2 * Math.PI * random.next()));
}

/** Moves the points of `picture` [n, dims] round by round. @returns the divergence at the end. */
function* settle(
  picture: Float64Array,
  dims: number,
  attraction: SparseWeights,
  hyperparameters: Hyperparameters,
): Generator<FitStep, number, void> {
  const rounds = Number(hyperparameters.max_iter);
  const theta = Number(hyperparameters.theta);
  const eta = Number(hyperparameters.eta);
  const tree = new CellTree(picture.length / dims, dims);
  const speed = new Float64Array(picture.length);
  const gains = new Float64Array(picture.length).fill(1);
  const push = new Float64Array(picture.length);
  const pull = new Float64Array(picture.length);
  for (let round = 1; ; round++) {
    tree.build(picture);
    push.fill(0);
    const total = tree.pushApart(picture, theta, push);
    if (round % ROUNDS_PER_STEP === 0 || round > rounds) {
      const divergence = divergenceOf(picture, dims, attraction, total);
      if (round > rounds) return divergence;
      yield {
        step: round / ROUNDS_PER_STEP,
        total: Math.floor(rounds / ROUNDS_PER_STEP),
        values: { training: divergence },
        measure: "divergence",
      };
    }
    pullTogether(picture, dims, attraction, pull);
    const factor = round <= Number(hyperparameters.stop_lying_iter) ? Number(hyperparameters.exaggeration_factor) : 1;
    const momentum = Number(round <= Number(hyperparameters.mom_switch_iter) ? hyperparameters.momentum : hyperparameters.final_momentum);
    for (let at = 0; at < picture.length; at++) {
      const slope = factor * pull[at]! - push[at]! / total;
      gains[at] = Math.max(0.01, slope > 0 === speed[at]! > 0 ? gains[at]! * 0.8 : gains[at]! + 0.2);
      speed[at] = momentum * speed[at]! - eta * gains[at]! * slope;
      picture[at]! += speed[at]!;
    }
    centre(picture, dims);
  }
}

/** Σ_j p_ij q_ij (y_i − y_j) of each point, to `pull`. */
function pullTogether(picture: Float64Array, dims: number, { starts, columns, weights }: SparseWeights, pull: Float64Array): void {
  if (dims === 2) {
    pullInPlane(picture, starts, columns, weights, pull);
    return;
  }
  pull.fill(0);
  for (let i = 0; i < starts.length - 1; i++) {
    for (let at = starts[i]!; at < starts[i + 1]!; at++) {
      const j = columns[at]!;
      let squared = 0;
      for (let d = 0; d < dims; d++) squared += (picture[i * dims + d]! - picture[j * dims + d]!) ** 2;
      const weight = weights[at]! / (1 + squared);
      for (let d = 0; d < dims; d++) pull[i * dims + d]! += weight * (picture[i * dims + d]! - picture[j * dims + d]!);
    }
  }
}

/** The same for two dimensions, which is what people look at. */
function pullInPlane(picture: Float64Array, starts: Int32Array, columns: Int32Array, weights: Float64Array, pull: Float64Array): void {
  for (let i = 0; i < starts.length - 1; i++) {
    const x = picture[2 * i]!;
    const y = picture[2 * i + 1]!;
    const end = starts[i + 1]!;
    let toX = 0;
    let toY = 0;
    for (let at = starts[i]!; at < end; at++) {
      const j = 2 * columns[at]!;
      const dx = x - picture[j]!;
      const dy = y - picture[j + 1]!;
      const weight = weights[at]! / (1 + dx * dx + dy * dy);
      toX += weight * dx;
      toY += weight * dy;
    }
    pull[2 * i] = toX;
    pull[2 * i + 1] = toY;
  }
}

/** Σ p log(p / q) over neighbours; `total` normalises q. */
function divergenceOf(picture: Float64Array, dims: number, { starts, columns, weights }: SparseWeights, total: number): number {
  let sum = 0;
  for (let i = 0; i < starts.length - 1; i++) {
    for (let at = starts[i]!; at < starts[i + 1]!; at++) {
      const j = columns[at]!;
      let squared = 0;
      for (let d = 0; d < dims; d++) squared += (picture[i * dims + d]! - picture[j * dims + d]!) ** 2;
      sum += weights[at]! * Math.log(weights[at]! * total * (1 + squared));
    }
  }
  return sum;
}

function centre(picture: Float64Array, dims: number): void {
  const means = new Float64Array(dims);
  for (let at = 0; at < picture.length; at++) means[at % dims]! += picture[at]!;
  for (let at = 0; at < picture.length; at++) picture[at]! -= (means[at % dims]! * dims) / picture.length;
}

/** Passes pauses on as steps without values. */
function* pausing<Result>(steps: Generator<void, Result, void>): Generator<FitStep, Result, void> {
  for (;;) {
    const next = steps.next();
    if (next.done === true) return next.value;
    yield { step: 0, total: null, values: {}, measure: "divergence" };
  }
}
