import { randomStream } from "../../../core/random.ts";
import type { Clustering } from "../../clustering.ts";
import { EPOCHS_SCHEMA, LAST_RANGE, learnOnline } from "../online.ts";
import { centeredClustering, clusterCount, clustersSchema, DIST_SCHEMA, distOf, loadCenters, pointsOf, spreadCenters } from "../parts.ts";

/**
 * Neural gas: rows are shown one by one; the nearest centre moves most, the second nearest less, and so on, so that centres spread over the data
 * whatever their start. How many take part falls from k / 2 to one, how far they move from 0.5 to 0.005 of the way. `dist` decides the ranks.
 *
 * Clusters are numbered by size, largest first. New rows go to the nearest centre.
 *
 * Cost: O(passes · n k (p + log k)). All randomness (start, order of rows) comes from the seed.
 * Source: Martinetz, Berkovich & Schulten (1993), doi:10.1109/72.238311.
 */
export const neuralGas: Clustering = {
  name: "NeuralGas",
  title: "Neural gas",
  description: "neural gas: centres that spread over the rows",
  source: "Martinetz, Berkovich & Schulten (1993), doi:10.1109/72.238311",
  hyperparameters: [clustersSchema(3), DIST_SCHEMA, EPOCHS_SCHEMA],
  *fit(matrix, hyperparameters, seed) {
    const points = pointsOf(matrix);
    const dist = distOf(hyperparameters);
    const random = randomStream(seed);
    const k = clusterCount(points, hyperparameters);
    const centers = spreadCenters(points, k, dist, random);
    const epochs = Number(hyperparameters.epochs);
    const first = Math.max(k / 2, LAST_RANGE);
    const range = (time: number): number => first * (LAST_RANGE / first) ** time;
    const within = yield* learnOnline(points, centers, { dist, epochs, random, range });
    return centeredClustering(points, centers, dist, { within, iterations: epochs });
  },
  load: loadCenters,
};
