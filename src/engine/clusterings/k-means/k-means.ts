import { randomStream } from "../../../core/random.ts";
import type { FitStep } from "../../algorithm.ts";
import type { Clustering } from "../../clustering.ts";
import type { HyperparameterSchema } from "../../hyperparameter.ts";
import { centeredClustering, clusterCount, clustersSchema, DIST_SCHEMA, distOf, loadCenters, pointsOf, spreadCenters } from "../parts.ts";
import { CenterGaps } from "./center-gaps.ts";
import { type LloydResult, lloyd } from "./lloyd.ts";

/** `n_init` and `max_iter` are additions to the catalogue's. */
const HYPERPARAMETERS: readonly HyperparameterSchema[] = [
  clustersSchema(3),
  DIST_SCHEMA,
  {
    name: "n_init",
    title: "Starts",
    help: "Random starts; the one with the closest clusters is kept. More make a good result likelier and take longer.",
    type: "integer",
    default: 10,
    min: 1,
    max: 1000,
    tunable: false,
    level: "advanced",
  },
  {
    name: "max_iter",
    title: "Rounds",
    help: "Stop a start after so many rounds at most.",
    type: "integer",
    default: 300,
    min: 1,
    max: 100_000,
    tunable: false,
    level: "advanced",
  },
];

/**
 * k centres so that rows are near to theirs: least sum of squared distances (euclidean), or of distances with medians as centres (manhattan).
 *
 * Starts are drawn by k-means++; of `n_init` the one with the least sum is kept. Clusters are numbered by size, largest first. New rows go to the
 * nearest centre. Columns are used as they are: scale them first when their units differ.
 *
 * Cost: O(starts · rounds · n k p) at most. All randomness comes from the seed.
 * Source: Lloyd (1982), doi:10.1109/TIT.1982.1056489; Arthur & Vassilvitskii (2007), SODA, 1027–1035.
 */
export const kMeans: Clustering = {
  name: "KMeans",
  title: "K-means",
  description: "k-means: rows around k centres",
  source: "Lloyd (1982), doi:10.1109/TIT.1982.1056489; Arthur & Vassilvitskii (2007), SODA, 1027–1035",
  hyperparameters: HYPERPARAMETERS,
  *fit(matrix, hyperparameters, seed) {
    const points = pointsOf(matrix);
    const k = clusterCount(points, hyperparameters);
    const dist = distOf(hyperparameters);
    const starts = Number(hyperparameters.n_init);
    const roundsMax = Number(hyperparameters.max_iter);
    const gaps = new CenterGaps(points, k);
    let best: LloydResult | null = null;
    for (let start = 0; start < starts; start++) {
      const centers = spreadCenters(points, k, dist, randomStream(seed, start));
      const found: LloydResult = yield* stepping(lloyd(points, centers, dist, roundsMax, gaps), start, starts);
      if (best === null || found.within < best.within) best = found;
    }
    const { centers, within, iterations, hasConverged } = best as LloydResult; // there is at least one start
    const warnings = hasConverged ? [] : [`Rows still changed clusters after ${roundsMax} rounds; raise max_iter.`];
    return centeredClustering(points, centers, dist, { within, iterations, has_converged: hasConverged }, warnings);
  },
  load: loadCenters,
};

/** A start is one step of the whole; its rounds are a curve of their own. */
function* stepping(rounds: Generator<number, LloydResult, void>, start: number, starts: number): Generator<FitStep, LloydResult, void> {
  for (;;) {
    const next = rounds.next();
    if (next.done === true) return next.value;
    yield { step: start + 1, total: starts, values: { [starts === 1 ? "training" : `start ${start + 1}`]: next.value }, measure: "within" };
  }
}
