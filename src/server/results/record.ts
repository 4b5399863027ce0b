import type { HyperparameterValue } from "../../engine/hyperparameter.ts";
import type { PreprocessorConfig } from "../../engine/preprocessing/option.ts";
import { settingsOf } from "../../engine/preprocessing/settings.ts";
import type { HeldOutMap } from "../../engine/train/held-out-names.ts";
import type { TrainResult, TuningResult } from "../../engine/train/result.ts";
import type { StoredHeldOut } from "../jobs/held-out-handles.ts";
import { deviationsOf, meansOf } from "./metrics-block.ts";
import { bestOf, tuningRows } from "./summary.ts";

type Document = Readonly<Record<string, unknown>>;
type Values = Readonly<Record<string, HyperparameterValue>>;

export interface RecordFacts {
  readonly startedAt: number;
  readonly finishedAt: number;
  readonly version: string;
  readonly fingerprint: string;
  readonly columnNames: readonly string[];
  readonly rows: number;
  /** Tables given beside the training table. */
  readonly heldOut?: HeldOutMap<StoredHeldOut>;
}

/** The self-describing record of a supervised job (section 14.2, R-137). Unset fields are there as null. */
export function recordDocument(result: TrainResult, facts: RecordFacts): Document {
  const { config } = result;
  return {
    $schema: "https://schema.rtemis.org/supervised/v1/record.json",
    dat_training_path: null,
    dat_validation_path: null,
    dat_test_path: null,
    weights: config.weights,
    positive_class: config.positive_class,
    question: config.question,
    outdir: null,
    verbosity: config.verbosity,
    preprocessor_config: preprocessorOf(config.preprocessor_config ?? null),
    decomposition_config: null,
    hyperparameters: { algorithm: result.algorithm, hyperparameters: { ...config.hyperparameters, origin: askedOrigin(result) } },
    tuner_config: config.tuner_config,
    outer_resampling_config: config.outer_resampling_config,
    execution_config: { backend: "none", seed: config.seed, origin: { backend: "derived", seed: "user" } },
    origin: {
      question: config.question === null ? "unset" : "user",
      outdir: "default",
      verbosity: "default",
      target: "user",
      features: "user",
    },
    task: config.task,
    target: result.target,
    features: result.features,
    seed: config.seed,
    folds: foldsOf(result),
    metrics: {
      training: meansOf(result.metrics.training),
      validation: null,
      test: result.metrics.test === null ? null : meansOf(result.metrics.test),
    },
    metrics_sd:
      result.metrics.test === null
        ? null
        : { training: deviationsOf(result.metrics.training), validation: null, test: deviationsOf(result.metrics.test) },
    provenance: provenance(facts),
  };
}

/** Every option, with where its value comes from; null when nothing was asked for. */
function preprocessorOf(given: PreprocessorConfig | null): Document | null {
  if (given === null) return null;
  const settings = settingsOf(given);
  const origin = Object.fromEntries(Object.keys(settings).map((name) => [name, name in given ? "user" : "default"]));
  return { ...settings, origin };
}

/** One entry per fold; a single fit has exactly one. */
function foldsOf(result: TrainResult): Document[] {
  if (result.resampling === null) {
    const { hyperparameters = {}, tuning = null } = result.final ?? {};
    const test = result.metrics.test === null ? null : meansOf(result.metrics.test);
    const metrics = { training: meansOf(result.metrics.training), validation: null, test };
    return [{ index: 1, hyperparameters: fitted(result, hyperparameters), tuning: tuned(tuning), metrics }];
  }
  return result.folds.map((fold) => ({
    index: fold.index,
    hyperparameters: fitted(result, fold.hyperparameters),
    tuning: tuned(fold.tuning),
    metrics: { ...fold.metrics, validation: null },
    ...(fold.error === null ? {} : { error: fold.error }),
  }));
}

function fitted(result: TrainResult, values: Values): Document {
  const asked = askedOrigin(result);
  const origin = Object.fromEntries(
    Object.keys(values).map((name) => [name, isSearched(result, name) ? "tuned" : (asked[name] ?? "default")]),
  );
  return { algorithm: result.algorithm, hyperparameters: { ...values, origin } };
}

function tuned(tuning: TuningResult | null): Document | null {
  return tuning === null ? null : { ...tuningRows(tuning), best: bestOf(tuning) };
}

function askedOrigin(result: TrainResult): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.keys(result.config.hyperparameters).map((name) => [name, "user"]));
}

function isSearched(result: TrainResult, name: string): boolean {
  const value = result.config.hyperparameters[name];
  return typeof value === "object" && value !== null && "candidates" in value;
}

/** Where a record's numbers come from. */
export function provenance(facts: RecordFacts): Document {
  return {
    rtemis_version: null,
    r_version: null,
    trainyard_version: facts.version,
    node_version: process.version,
    platform: `${process.arch}-${process.platform}`,
    started: new Date(facts.startedAt).toISOString(),
    finished: new Date(facts.finishedAt).toISOString(),
    elapsed_seconds: (facts.finishedAt - facts.startedAt) / 1000,
    outcome: "completed",
    data_training: tableDocument(facts.fingerprint, facts.rows, facts.columnNames),
    data_validation: heldOutDocument(facts.heldOut?.validation),
    data_test: heldOutDocument(facts.heldOut?.test),
  };
}

function heldOutDocument(table: StoredHeldOut | undefined): Document | null {
  return table === undefined ? null : tableDocument(table.fingerprint, table.rows, table.columns);
}

function tableDocument(hash: string, rows: number, columns: readonly string[]): Document {
  return {
    method: "object",
    algorithm: "sha256",
    encoding: "trainyard-table",
    hash,
    n_rows: rows,
    n_cols: columns.length,
    column_names: columns,
    source: null,
    language: "JavaScript",
    data_structure: "columns",
  };
}
