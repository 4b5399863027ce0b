import { InvalidArgumentError } from "../../../core/errors.ts";
import { randomStream } from "../../../core/random.ts";
import type { FitStep } from "../../algorithm.ts";
import type { Clustering, FittedClustering } from "../../clustering.ts";
import type { Hyperparameters } from "../../hyperparameter.ts";
import { transposed } from "../../matrix.ts";
import { clusterCount, distOf, inOrder, loadCenters, numbered, type Points, pointsOf, spreadCenters } from "../parts.ts";
import { type FuzzyResult, type FuzzySettings, fuzzyClusters } from "./fuzzy.ts";
import { HYPERPARAMETERS } from "./hyperparameters.ts";

/**
 * Fuzzy c-means: each row belongs to every cluster to a degree; degrees sum to 1.
 *
 * - `clusters` is the cluster of the highest degree, the first of equal ones; clusters are numbered by size, largest first.
 * - `weights` count rows more or less often; one number means equal ones.
 * - Starts are drawn by k-means++. New rows go to the nearest centre, which has their highest degree.
 * - Not settled after `max_iter` rounds: the result is returned with a warning (not for `ufcl`, whose rate falls to 0 by then).
 *
 * Cost: O(rounds · n k p), and a factor log n for `cmeans` with manhattan. All randomness (the start) comes from the seed.
 * Source: Bezdek (1981), Pattern Recognition with Fuzzy Objective Function Algorithms; Chung & Lee (1994), doi:10.1016/0893-6080(94)90111-2.
 * Stopping rule and error as in the R package e1071.
 */
export const cMeans: Clustering = {
  name: "CMeans",
  title: "Fuzzy c-means",
  description: "fuzzy c-means: rows that belong to every cluster to a degree",
  source:
    "Bezdek (1981), Pattern Recognition with Fuzzy Objective Function Algorithms; Chung & Lee (1994), doi:10.1016/0893-6080(94)90111-2",
  hyperparameters: HYPERPARAMETERS,
  *fit(matrix, hyperparameters, seed) {
    const points = pointsOf(matrix);
    const k = clusterCount(points, hyperparameters);
    const settings = settingsOf(hyperparameters);
    const weights = weightsOf(hyperparameters, points.rows);
    const start = spreadCenters(points, k, settings.dist, randomStream(seed));
    const found = yield* stepping(fuzzyClusters(points, start, weights, settings), settings.roundsMax);
    return fitted(points, found, settings);
  },
  load: loadCenters,
};

function settingsOf(hyperparameters: Hyperparameters): FuzzySettings {
  return {
    method: hyperparameters.method === "ufcl" ? "ufcl" : "cmeans",
    dist: distOf(hyperparameters),
    m: Number(hyperparameters.m),
    roundsMax: Number(hyperparameters.max_iter),
    rate: typeof hyperparameters.rate_par === "number" ? hyperparameters.rate_par : 0.3,
    tolerance: Number(hyperparameters.reltol),
  };
}

/** Weights of rows that sum to 1. */
function weightsOf({ weights }: Hyperparameters, rows: number): Float64Array {
  const given = Array.isArray(weights) ? (weights as readonly number[]) : [Number(weights)];
  if (given.length !== 1 && given.length !== rows) {
    throw new InvalidArgumentError(`weights has ${given.length} numbers for ${rows} rows; give one for each row, or a single one for all`);
  }
  const total = given.reduce((sum, weight) => sum + weight, 0);
  if (!(total > 0)) throw new InvalidArgumentError("weights are all zero; give at least one row a positive weight");
  return given.length === rows ? Float64Array.from(given, (weight) => weight / total) : new Float64Array(rows).fill(1 / rows);
}

function fitted(points: Points, found: FuzzyResult, settings: FuzzySettings): FittedClustering {
  const { cols, rows } = points;
  const k = found.centers.length / cols;
  const codes = Int32Array.from({ length: rows }, (_, i) => {
    const degrees = found.memberships.subarray(i * k, (i + 1) * k);
    return degrees.indexOf(Math.max(...degrees));
  });
  const { clusters, order } = numbered(codes, k);
  const centers = inOrder(found.centers, cols, order);
  const byCluster = inOrder(transposed(found.memberships, k, rows), rows, order);
  let coefficient = 0;
  for (const degree of found.memberships) coefficient += degree * degree;
  const isLate = settings.method === "cmeans" && !found.hasConverged;
  return {
    k,
    clusters,
    centers,
    memberships: byCluster,
    facts: {
      error: found.error,
      iterations: found.iterations,
      has_converged: found.hasConverged,
      partition_coefficient: coefficient / rows,
    },
    warnings: isLate ? [`The degrees had not settled after ${settings.roundsMax} rounds; raise max_iter.`] : [],
    state: () => ({ meta: { dist: settings.dist, columns: cols }, arrays: { centers } }),
  };
}

function* stepping(rounds: Generator<number, FuzzyResult, void>, total: number): Generator<FitStep, FuzzyResult, void> {
  for (let step = 1; ; step++) {
    const next = rounds.next();
    if (next.done === true) return next.value;
    yield { step, total, values: { training: next.value }, measure: "error" };
  }
}
