import type { FitStep, ModelState } from "./algorithm.ts";
import type { HyperparameterSchema, Hyperparameters } from "./hyperparameter.ts";
import type { NumericMatrix } from "./matrix.ts";

/** A fitted clustering of the rows of a matrix X [n, p]. */
export interface FittedClustering {
  /** Number of clusters, noise not counted. */
  readonly k: number;
  /** Cluster of each row, 1 … k, shape [n]; 0 is noise. Clusters are numbered by size, largest first, unless the algorithm says otherwise. */
  readonly clusters: Int32Array;
  /** One centre per cluster, shape [k, p], row-major; null when the algorithm has none. */
  readonly centers: Float64Array | null;
  /** Degree of membership of each row in each cluster, shape [n, k], column-major, rows sum to 1; null when rows belong to one cluster. */
  readonly memberships: Float64Array | null;
  /** Facts of the fit, JSON-safe: iterations, what was minimised. */
  readonly facts: Readonly<Record<string, number | boolean>>;
  readonly warnings: readonly string[];
  /** Everything needed to assign elsewhere; `Clustering.load` is its inverse, to the bit. */
  state(): ModelState;
}

/** What gives new rows with the same columns their cluster, 1 … k or 0 for noise, shape [n]. Deterministic. */
export type Assign = (matrix: NumericMatrix) => Int32Array;

/** One clustering: a folder in `clusterings/` and a line in the registry. Same contract as `Algorithm` where it applies. */
export interface Clustering {
  /** Name in the catalogue, e.g. `KMeans`. */
  readonly name: string;
  /** What people call it, sentence case. */
  readonly title: string;
  /** One line in plain words. */
  readonly description: string;
  /** The papers it follows. */
  readonly source: string;
  /** None is tunable. */
  readonly hyperparameters: readonly HyperparameterSchema[];
  /**
   * Fits a step at a time; `return()` on the generator cancels it. Same matrix, hyperparameters and seed: same bits.
   * Complete hyperparameters (defaults filled in). The matrix is not modified.
   * @throws {InvalidArgumentError} when the rows cannot be clustered so; the message says why and what to change.
   */
  fit(matrix: NumericMatrix, hyperparameters: Hyperparameters, seed: number): Generator<FitStep, FittedClustering, void>;
  /** @throws {InvalidArgumentError} by the returned function, when the columns are not those of the fit. */
  load(state: ModelState): Assign;
}
