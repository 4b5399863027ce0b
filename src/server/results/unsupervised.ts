import { columnOf, type Table } from "../../engine/table.ts";
import type { DecompositionResult, UnsupervisedResult } from "../../engine/unsupervised/result.ts";
import { provenance, type RecordFacts } from "./record.ts";

type Document = Readonly<Record<string, unknown>>;

/** Slices that are tables in files of their own, by the kind of job. */
export const TABLE_SLICES: Readonly<Record<UnsupervisedResult["format"], readonly string[]>> = {
  "trainyard.decomposition": ["transformed", "loadings"],
  "trainyard.clustering": ["assignments", "memberships"],
};

/**
 * A finished job as a document of version 1 (section 14.1): `Decomposition` or `Clustering`, every key there. `summary` points to the slices that
 * hold the rows; `raw` has them, read from `tables`.
 */
export function unsupervisedSummary(
  result: UnsupervisedResult,
  fingerprint: string,
  tables: Readonly<Record<string, Table>> | null,
): Document {
  const pointer = (slice: string): Document => ({ available: true, fetch_via: slice });
  const config = { ...result.hyperparameters, features: result.config.features };
  if (result.format === "trainyard.decomposition") {
    return {
      ".class": "Decomposition",
      algorithm: result.algorithm,
      config,
      decom: tables === null ? pointer("loadings") : rowsOf(tables.loadings),
      transformed: tables === null ? pointer("transformed") : rowsOf(tables.transformed),
      decompose_config: asked(result),
      data_fingerprint: fingerprint,
      metrics: result.metrics,
      components: result.components,
      ...more(result),
    };
  }
  return {
    ".class": "Clustering",
    algorithm: result.algorithm,
    clust: { centers: result.centers, sizes: result.sizes, noise: result.noise, ...result.facts },
    k: result.k,
    clusters: tables === null ? pointer("assignments") : clustersOf(tables.assignments),
    config,
    cluster_config: asked(result),
    data_fingerprint: fingerprint,
    quality: result.quality,
    ...more(result),
  };
}

/** The self-describing record of a decomposition or clustering (section 14.2). Unset fields are there as null. */
export function unsupervisedRecord(result: UnsupervisedResult, facts: RecordFacts): Document {
  const { config } = result;
  const isDecomposition = result.format === "trainyard.decomposition";
  const origin = Object.fromEntries(
    Object.keys(result.hyperparameters).map((name) => [name, Object.hasOwn(config.hyperparameters, name) ? "user" : "default"]),
  );
  return {
    $schema: `https://schema.rtemis.org/${isDecomposition ? "decompose" : "cluster"}/v1/record.json`,
    dat_path: null,
    algorithm: result.algorithm,
    outdir: null,
    verbosity: 1,
    [isDecomposition ? "decomposition_config" : "clustering_config"]: {
      algorithm: result.algorithm,
      config: { ...result.hyperparameters, features: config.features, seed: config.seed, origin },
    },
    ...(isDecomposition ? { metrics: (result as DecompositionResult).metrics } : { quality: result.quality }),
    origin: { question: config.question === null ? "unset" : "user", outdir: "default", verbosity: "default" },
    provenance: provenance(facts),
  };
}

/** What both kinds have beyond version 1. */
function more({ config, rows, warnings, seconds }: UnsupervisedResult): Document {
  return { question: config.question, rows, warnings, seconds };
}

function asked({ algorithm, config }: UnsupervisedResult): Document {
  return { algorithm, config: config.hyperparameters, features: config.features, seed: config.seed };
}

/** A table as an array of row objects. */
function rowsOf(table: Table | undefined): readonly Document[] {
  if (table === undefined) return [];
  const cell = (column: Table["columns"][number], row: number): unknown =>
    column.kind === "numeric" ? column.values[row] : column.levels[column.codes[row]!];
  return Array.from({ length: table.rows }, (_, row) =>
    Object.fromEntries(table.columns.map((column) => [column.name, cell(column, row)])),
  );
}

function clustersOf(table: Table | undefined): readonly number[] {
  const column = table === undefined ? null : columnOf(table, "cluster");
  return column?.kind === "numeric" ? [...column.values] : [];
}
