import { randomStream } from "../../../core/random.ts";
import type { Clustering } from "../../clustering.ts";
import { EPOCHS_SCHEMA, learnOnline } from "../online.ts";
import { centeredClustering, clusterCount, clustersSchema, DIST_SCHEMA, distOf, loadCenters, pointsOf, spreadCenters } from "../parts.ts";

/**
 * Hard competitive learning: rows are shown one by one, and the nearest centre moves a share of the way towards each; the share falls from 0.5 to
 * 0.005 over all passes. `dist` decides which centre is nearest.
 *
 * Starts are drawn by k-means++. Clusters are numbered by size, largest first. New rows go to the nearest centre.
 *
 * Cost: O(passes · n k p). All randomness (start, order of rows) comes from the seed.
 * Source: Martinetz, Berkovich & Schulten (1993), doi:10.1109/72.238311, with its schedule and no neighbours.
 */
export const hardCl: Clustering = {
  name: "HardCL",
  title: "Hard competitive learning",
  description: "hard competitive learning: centres that follow the rows one by one",
  source: "Martinetz, Berkovich & Schulten (1993), doi:10.1109/72.238311",
  hyperparameters: [clustersSchema(3), DIST_SCHEMA, EPOCHS_SCHEMA],
  *fit(matrix, hyperparameters, seed) {
    const points = pointsOf(matrix);
    const dist = distOf(hyperparameters);
    const random = randomStream(seed);
    const centers = spreadCenters(points, clusterCount(points, hyperparameters), dist, random);
    const epochs = Number(hyperparameters.epochs);
    const within = yield* learnOnline(points, centers, { dist, epochs, random, range: null });
    return centeredClustering(points, centers, dist, { within, iterations: epochs });
  },
  load: loadCenters,
};
