import { TrainyardError } from "../../core/errors.ts";
import { didYouMean } from "../../core/nearest.ts";
import type { Clustering } from "../clustering.ts";
import { cMeans } from "./c-means/c-means.ts";
import { dbscan } from "./dbscan/dbscan.ts";
import { hardCl } from "./hard-cl/hard-cl.ts";
import { kMeans } from "./k-means/k-means.ts";
import { neuralGas } from "./neural-gas/neural-gas.ts";

/** Every clustering, in the order the catalogue shows them. A new one is one folder and one line here. */
export const CLUSTERINGS: readonly Clustering[] = [cMeans, dbscan, hardCl, kMeans, neuralGas];

/** The clustering of that name, whatever its case (D-23). @throws {TrainyardError} `not_found`, naming the nearest. */
export function clusteringOf(name: string): Clustering {
  const wanted = name.toLowerCase();
  const found = CLUSTERINGS.find((clustering) => clustering.name.toLowerCase() === wanted);
  if (found !== undefined) return found;
  const names = CLUSTERINGS.map((clustering) => clustering.name);
  throw new TrainyardError("not_found", `There is no clustering "${name}".${didYouMean(name, names)} Available: ${names.join(", ")}.`);
}
