import { TrainyardError } from "../../core/errors.ts";
import { didYouMean } from "../../core/nearest.ts";
import type { Decomposition } from "../decomposition.ts";
import { ica } from "./ica/ica.ts";
import { nmf } from "./nmf/nmf.ts";
import { pca } from "./pca/pca.ts";
import { tSne } from "./t-sne/t-sne.ts";
import { umap } from "./umap/umap.ts";

/** Every decomposition, in the order the catalogue shows them. A new one is one folder and one line here. */
export const DECOMPOSITIONS: readonly Decomposition[] = [ica, nmf, pca, tSne, umap];

/** The decomposition of that name, whatever its case (D-23). @throws {TrainyardError} `not_found`, naming the nearest. */
export function decompositionOf(name: string): Decomposition {
  const wanted = name.toLowerCase();
  const found = DECOMPOSITIONS.find((decomposition) => decomposition.name.toLowerCase() === wanted);
  if (found !== undefined) return found;
  const names = DECOMPOSITIONS.map((decomposition) => decomposition.name);
  throw new TrainyardError("not_found", `There is no decomposition "${name}".${didYouMean(name, names)} Available: ${names.join(", ")}.`);
}
