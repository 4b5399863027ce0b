import type { FitStep, ModelState } from "../algorithm.ts";
import type { Clustering, FittedClustering } from "../clustering.ts";
import { clusterQuality } from "../clusterings/quality.ts";
import { clusteringOf } from "../clusterings/registry.ts";
import type { FittedDecomposition } from "../decomposition.ts";
import { decompositionOf } from "../decompositions/registry.ts";
import type { HyperparameterSchema, Hyperparameters } from "../hyperparameter.ts";
import { type NumericMatrix, numericMatrix } from "../matrix.ts";
import { categoricalColumn, numericColumn, type Table } from "../table.ts";
import type { UnsupervisedConfig } from "./config.ts";
import type { ClusteringResult, DecompositionResult, UnsupervisedResult } from "./result.ts";

export interface UnsupervisedOutcome {
  readonly result: UnsupervisedResult;
  /** By slice: `transformed` and `loadings`, or `assignments` and, for fuzzy clusterings, `memberships`. Rows in the table's order. */
  readonly tables: Readonly<Record<string, Table>>;
  readonly state: ModelState;
}

/**
 * Runs a checked configuration on a table. Yields what the method yields; `return()` cancels it. Same table, configuration: same bits.
 *
 * @param now epoch ms, for the seconds in the result.
 * @throws {InvalidArgumentError} when a column is not numeric or has a missing value, or the method cannot take the data; it names the column.
 */
export function* runUnsupervised(
  config: UnsupervisedConfig,
  table: Table,
  now: () => number,
): Generator<FitStep, UnsupervisedOutcome, void> {
  const startedAt = now();
  const matrix = numericMatrix(table, config.features);
  const common = { version: 1, algorithm: config.algorithm, config, rows: matrix.rows, features: config.features } as const;
  if (config.kind === "decomp") {
    const decomposition = decompositionOf(config.algorithm);
    const hyperparameters = complete(decomposition.hyperparameters, config.hyperparameters);
    const fitted = yield* decomposition.fit(matrix, hyperparameters, config.seed);
    const result: DecompositionResult = {
      format: "trainyard.decomposition",
      ...common,
      hyperparameters,
      components: fitted.components,
      metrics: fitted.metrics,
      applicable: decomposition.applicable,
      warnings: fitted.warnings,
      seconds: (now() - startedAt) / 1000,
    };
    return { result, tables: decompositionTables(matrix, fitted), state: fitted.state() };
  }
  const clustering: Clustering = clusteringOf(config.algorithm);
  const hyperparameters = complete(clustering.hyperparameters, config.hyperparameters);
  const fitted = yield* clustering.fit(matrix, hyperparameters, config.seed);
  const quality = clusterQuality(matrix, fitted.clusters, config.seed);
  const result: ClusteringResult = {
    format: "trainyard.clustering",
    ...common,
    hyperparameters,
    k: fitted.k,
    ...countsOf(fitted),
    centers: centersOf(fitted, matrix.names.length),
    quality: {
      silhouette: finiteOrNull(quality.silhouette),
      davies_bouldin: finiteOrNull(quality.davies_bouldin),
      calinski_harabasz: finiteOrNull(quality.calinski_harabasz),
      silhouette_rows: quality.silhouette_rows,
    },
    facts: fitted.facts,
    warnings: fitted.warnings,
    seconds: (now() - startedAt) / 1000,
  };
  return { result, tables: clusteringTables(matrix, fitted), state: fitted.state() };
}

/**
 * What a saved result gives for new rows: one column per component, or `cluster`. Rows in the table's order; other columns are ignored.
 * @throws {InvalidArgumentError} when a column is missing, is not numeric or has a missing value.
 */
export function applyUnsupervised(
  saved: { readonly config: UnsupervisedConfig; readonly components: readonly string[] },
  state: ModelState,
  table: Table,
): Table {
  const { config, components } = saved;
  const matrix = numericMatrix(table, config.features);
  if (config.kind === "cluster") {
    return { rows: matrix.rows, columns: [numericColumn("cluster", clusteringOf(config.algorithm).load(state)(matrix), "integer")] };
  }
  return { rows: matrix.rows, columns: columnsOf(components, decompositionOf(config.algorithm).load(state)(matrix), matrix.rows) };
}

function complete(schemas: readonly HyperparameterSchema[], given: Hyperparameters): Hyperparameters {
  return Object.fromEntries(schemas.map((schema) => [schema.name, given[schema.name] ?? schema.default]));
}

function decompositionTables(matrix: NumericMatrix, fitted: FittedDecomposition): Record<string, Table> {
  const p = matrix.names.length;
  const variable = categoricalColumn("variable", matrix.names, matrix.names);
  return {
    transformed: { rows: matrix.rows, columns: columnsOf(fitted.components, fitted.transformed, matrix.rows) },
    loadings: { rows: p, columns: [variable, ...columnsOf(fitted.components, fitted.loadings, p)] },
  };
}

function clusteringTables(matrix: NumericMatrix, fitted: FittedClustering): Record<string, Table> {
  const assignments = { rows: matrix.rows, columns: [numericColumn("cluster", fitted.clusters, "integer")] };
  if (fitted.memberships === null) return { assignments };
  const names = Array.from({ length: fitted.k }, (_, index) => `cluster_${index + 1}`);
  return { assignments, memberships: { rows: matrix.rows, columns: columnsOf(names, fitted.memberships, matrix.rows) } };
}

function columnsOf(names: readonly string[], values: Float64Array, rows: number): Table["columns"] {
  return names.map((name, index) => numericColumn(name, values.subarray(index * rows, (index + 1) * rows)));
}

function countsOf({ clusters, k }: FittedClustering): { sizes: number[]; noise: number } {
  const counts = new Array<number>(k + 1).fill(0);
  for (const cluster of clusters) counts[cluster]!++;
  return { sizes: counts.slice(1), noise: counts[0]! };
}

function centersOf({ centers, k }: FittedClustering, cols: number): number[][] | null {
  return centers === null ? null : Array.from({ length: k }, (_, c) => [...centers.subarray(c * cols, (c + 1) * cols)]);
}

function finiteOrNull(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
