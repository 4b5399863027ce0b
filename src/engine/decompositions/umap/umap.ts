import { InvalidArgumentError } from "../../../core/errors.ts";
import { type Random, randomStream } from "../../../core/random.ts";
import type { FitStep, ModelState } from "../../algorithm.ts";
import type { Decomposition, Transform } from "../../decomposition.ts";
import { assertSameColumns, type NumericMatrix, transposed } from "../../matrix.ts";
import { correlations } from "../embedding/correlations.ts";
import { type Metric, nearestRows, nearestRowsOf } from "../embedding/nearest-rows.ts";
import { type SparseWeights, symmetric } from "../embedding/sparse-weights.ts";
import { trustworthiness } from "../embedding/trustworthiness.ts";
import { arrayOf } from "../parts.ts";
import { singularValues } from "../singular-values.ts";
import { learnStandard, product, type Standard, standardised } from "../standardise.ts";
import { type Curve, closenessCurve } from "./curve.ts";
import { HYPERPARAMETERS } from "./hyperparameters.ts";
import { Layout, type Pulls } from "./layout.ts";
import { memberships } from "./memberships.ts";
import { slowModes } from "./spectral.ts";

/** The start lies within this distance of 0 in each direction. */
const START_REACH = 10;
const START_NOISE = 1e-4;
/** Up to so many rows get the longer run. */
const FEW_ROWS = 10_000;
/** New rows settle in this share of the epochs. */
const TRANSFORM_SHARE = 1 / 3;
const TRANSFORM_SEED = 1;

/**
 * UMAP: a picture of the rows in which neighbours stay neighbours and groups keep some of their places.
 *
 * - Each row belongs to the neighbourhoods of its nearest rows to a degree (`memberships`); a pair is joined when it is so one way or the other.
 *   Joined points pull each other together, others are pushed away (`Layout`), from the slowest modes of the graph, or from principal components
 *   where the graph falls into parts.
 * - `loadings` are correlations of columns with coordinates: a reading aid.
 * - New rows start between their nearest known ones and settle among them; each depends on itself alone, and the known ones do not move.
 * - `metrics`: `trustworthiness` (1 when neighbours in the picture are neighbours in the data), epochs, the curve's `a` and `b`.
 *
 * Cost: O(n² p) for neighbours and O(epochs · n · n_neighbors). All randomness comes from the seed.
 * Source: McInnes, Healy & Melville (2018), arXiv:1802.03426. Defaults as in R's `uwot`.
 */
export const umap: Decomposition = {
  name: "UMAP",
  title: "UMAP",
  description: "a picture in which neighbours stay neighbours, and new rows find their place",
  source: "McInnes, Healy & Melville (2018), arXiv:1802.03426",
  applicable: true,
  hyperparameters: HYPERPARAMETERS,
  *fit(matrix, hyperparameters, seed) {
    const { rows, names } = matrix;
    const dims = Number(hyperparameters.k);
    const near = otherNeighbours(rows, Number(hyperparameters.n_neighbors));
    const metric = String(hyperparameters.metric) as Metric; // checked against the choices
    const standard = learnStandard(matrix, { center: hyperparameters.scale === true, scale: hyperparameters.scale === true });
    const values = transposed(standardised(matrix, standard), rows, names.length);
    const neighbours = yield* pausing(nearestRows(values, names.length, near, metric));
    const graph = symmetric(neighbours.rows, memberships(neighbours), rows, near, (there, back) => there + back - there * back);
    const warnings: string[] = [];
    const picture = yield* start(
      { matrix, standard, graph, dims, init: String(hyperparameters.init), random: randomStream(seed, 0) },
      warnings,
    );
    const curve = closenessCurve(Number(hyperparameters.min_dist), Number(hyperparameters.spread));
    const epochs = Number(hyperparameters.n_epochs ?? (rows <= FEW_ROWS ? 500 : 200));
    const options = { epochs, step: Number(hyperparameters.learning_rate), curve, random: randomStream(seed, 1) };
    const pulls = pullsOf(graph, epochs);
    yield* watched(new Layout(picture, dims, { heads: null, pairs: pulls.weights.length }).run(picture, pulls, options), epochs);
    const transformed = transposed(picture, dims, rows);
    return {
      components: Array.from({ length: dims }, (_, index) => `UMAP_${index + 1}`),
      transformed,
      loadings: correlations(matrix, transformed),
      metrics: { trustworthiness: trustworthiness(values, names.length, picture, dims), epochs, a: curve.a, b: curve.b },
      warnings,
      state: () => ({
        meta: { columns: names.length, dims, near, metric, epochs, step: options.step, a: curve.a, b: curve.b },
        arrays: { values, picture, centers: standard.centers, scales: standard.scales },
      }),
    };
  },
  load,
};

function otherNeighbours(rows: number, neighbours: number): number {
  if (neighbours <= rows) return neighbours - 1;
  throw new InvalidArgumentError(`n_neighbors is ${neighbours}, but there are only ${rows} rows; lower it to ${rows} or less`, {
    details: { n_neighbors: neighbours, rows },
  });
}

interface Start {
  readonly matrix: NumericMatrix;
  readonly standard: Standard;
  readonly graph: SparseWeights;
  readonly dims: number;
  readonly init: string;
  readonly random: Random;
}

/** The first picture, shape [n, dims], row-major: within START_REACH of 0, with a little noise that parts equal rows. */
function* start({ matrix, standard, graph, dims, init, random }: Start, warnings: string[]): Generator<FitStep, Float64Array, void> {
  const { rows, names } = matrix;
  let picture = init === "spectral" ? slowModes(graph, dims, random) : null;
  if (picture === null && init !== "random" && dims <= Math.min(rows, names.length)) {
    if (init === "spectral")
      warnings.push("The rows fall into separate groups of neighbours; the picture started from principal components.");
    const x = standardised(matrix, standard);
    const { right } = yield* pausing(singularValues(x, rows, names.length, dims));
    const projected = product(x, rows, right.slice(0, dims * names.length), names.length);
    if (projected.length === rows * dims) picture = transposed(projected, rows, dims);
  }
  picture ??= Float64Array.from({ length: rows * dims }, () => 2 * random.next() - 1);
  let most = 0;
  for (const value of picture) most = Math.max(most, Math.abs(value));
  const factor = most > 0 ? START_REACH / most : 1;
  return picture.map((value) => value * factor + START_NOISE * (random.next() - 0.5));
}

/** Pairs strong enough to be taken at least once, both ways, with the strongest at 1. */
function pullsOf({ starts, columns, weights }: SparseWeights, epochs: number): Pulls {
  let most = 0;
  for (const weight of weights) most = Math.max(most, weight);
  const heads: number[] = [];
  const tails: number[] = [];
  const shares: number[] = [];
  for (let i = 0; i < starts.length - 1; i++) {
    for (let at = starts[i]!; at < starts[i + 1]!; at++) {
      if (weights[at]! < most / epochs) continue;
      heads.push(i);
      tails.push(columns[at]!);
      shares.push(weights[at]! / most);
    }
  }
  return { heads: Int32Array.from(heads), tails: Int32Array.from(tails), weights: Float64Array.from(shares) };
}

function load(state: ModelState): Transform {
  const { meta } = state;
  const cols = Number(meta.columns);
  const known = { values: arrayOf(state, "values"), picture: arrayOf(state, "picture") };
  const standard = { centers: arrayOf(state, "centers"), scales: arrayOf(state, "scales") };
  const dims = Number(meta.dims);
  const epochs = Math.max(1, Math.floor(Number(meta.epochs) * TRANSFORM_SHARE));
  const curve: Curve = { a: Number(meta.a), b: Number(meta.b) };
  return (matrix) => {
    assertSameColumns(matrix, cols);
    const rows = transposed(standardised(matrix, standard), matrix.rows, cols);
    const near = drain(nearestRowsOf(known.values, cols, rows, Number(meta.near), String(meta.metric) as Metric));
    const weights = memberships(near);
    const placed = new Float64Array(matrix.rows * dims);
    const layout = new Layout(known.picture, dims, { heads: 1, pairs: near.k });
    for (let i = 0; i < matrix.rows; i++) {
      const own = { rows: near.rows.subarray(i * near.k, (i + 1) * near.k), weights: weights.subarray(i * near.k, (i + 1) * near.k) };
      const point = between(own, known.picture, dims);
      const pulls = { heads: new Int32Array(near.k), tails: own.rows, weights: own.weights };
      drain(layout.run(point, pulls, { epochs, step: Number(meta.step) / 4, curve, random: randomStream(TRANSFORM_SEED) }));
      placed.set(point, i * dims);
    }
    return transposed(placed, dims, matrix.rows);
  };
}

/** The mean of known points, by weight. */
function between({ rows, weights }: { rows: Int32Array; weights: Float64Array }, picture: Float64Array, dims: number): Float64Array {
  const point = new Float64Array(dims);
  const sum = weights.reduce((total, weight) => total + weight, 0);
  for (const [j, row] of rows.entries()) for (let d = 0; d < dims; d++) point[d]! += (weights[j]! / sum) * picture[row * dims + d]!;
  return point;
}

function* watched(epochs: Generator<void, void, void>, total: number): Generator<FitStep, void, void> {
  let step = 0;
  for (const _ of epochs) yield { step: ++step, total, values: {}, measure: "epoch" };
}

/** Passes pauses on as steps without values. */
function* pausing<Result>(steps: Generator<void, Result, void>): Generator<FitStep, Result, void> {
  for (;;) {
    const next = steps.next();
    if (next.done === true) return next.value;
    yield { step: 0, total: null, values: {}, measure: "epoch" };
  }
}

function drain<Result>(steps: Generator<unknown, Result, void>): Result {
  for (;;) {
    const next = steps.next();
    if (next.done === true) return next.value;
  }
}
