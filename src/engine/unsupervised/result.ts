import type { Hyperparameters } from "../hyperparameter.ts";
import type { UnsupervisedConfig } from "./config.ts";

interface CommonResult {
  readonly version: 1;
  readonly algorithm: string;
  readonly config: UnsupervisedConfig;
  /** Every hyperparameter, defaults filled in. */
  readonly hyperparameters: Hyperparameters;
  readonly rows: number;
  readonly features: readonly string[];
  readonly warnings: readonly string[];
  readonly seconds: number;
}

/** What a decomposition gives beside its tables. JSON-safe. */
export interface DecompositionResult extends CommonResult {
  readonly format: "trainyard.decomposition";
  readonly components: readonly string[];
  readonly metrics: Readonly<Record<string, number | readonly number[] | null>>;
  /** Whether new rows can be transformed. */
  readonly applicable: boolean;
}

/** What a clustering gives beside its tables. JSON-safe. */
export interface ClusteringResult extends CommonResult {
  readonly format: "trainyard.clustering";
  /** Clusters, noise not counted. */
  readonly k: number;
  /** Rows per cluster 1 … k. */
  readonly sizes: readonly number[];
  readonly noise: number;
  /** One centre per cluster, in the order of `features`; null when the algorithm has none. */
  readonly centers: readonly (readonly number[])[] | null;
  /** Null where fewer than two clusters leave it undefined. */
  readonly quality: Readonly<Record<"silhouette" | "davies_bouldin" | "calinski_harabasz", number | null>> & {
    readonly silhouette_rows: number;
  };
  readonly facts: Readonly<Record<string, number | boolean>>;
}

export type UnsupervisedResult = DecompositionResult | ClusteringResult;
