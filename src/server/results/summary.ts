import type { HyperparameterValue } from "../../engine/hyperparameter.ts";
import type { FoldResult, TrainResult, TuningResult } from "../../engine/train/result.ts";
import { foldMetrics, metricsBlock } from "./metrics-block.ts";

type Document = Readonly<Record<string, unknown>>;
type Values = Readonly<Record<string, HyperparameterValue>>;

/**
 * A finished job as one document of version 1 (section 14.1): `Regression`, `Classification`, and with resampling `RegressionRes`,
 * `ClassificationRes`. `summary` replaces importance by a pointer; `raw` has it, and every fold's metrics.
 */
export function summaryDocument(result: TrainResult, isRaw: boolean): Document {
  return withoutNulls(result.resampling === null ? singleFit(result, isRaw) : resampledFit(result, isRaw));
}

function singleFit(result: TrainResult, isRaw: boolean): Document {
  const tuning = result.final?.tuning ?? null;
  return {
    ".class": className(result),
    ...common(result),
    hyperparameters: hyperparametersDocument(result, result.final?.hyperparameters ?? {}, tuning !== null),
    tuner: tuning === null ? null : tunerDocument(result, tuning),
    metrics_training: metricsBlock(result, "Training"),
    metrics_test: metricsBlock(result, "Test"),
    varimp: importance(result, isRaw, "varimp"),
    binclasspos: result.task === "binary" ? 2 : null,
  };
}

function resampledFit(result: TrainResult, isRaw: boolean): Document {
  const block = (sample: "Training" | "Test"): Document | null => {
    const plain = metricsBlock(result, sample);
    return plain === null || !isRaw ? plain : { ...plain, res_metrics: foldMetrics(result, sample === "Test" ? "test" : "training") };
  };
  return {
    ".class": `${className(result)}Res`,
    ...common(result),
    n_resamples: result.folds.length,
    hyperparameters: hyperparametersDocument(result, result.final?.hyperparameters ?? {}, result.config.tuner_config !== null),
    tuner_config: result.config.tuner_config,
    outer_resampler: result.config.outer_resampling_config,
    resampler_desc: result.resampling?.description ?? null,
    folds: isRaw ? result.folds.map((fold) => foldDocument(result, fold)) : null,
    metrics_training: block("Training"),
    metrics_test: block("Test"),
    varimp_per_resample: importance(result, isRaw, "varimp_per_resample"),
  };
}

function common(result: TrainResult): Document {
  const kind = result.task === "regression" ? "Regression" : "Classification";
  return {
    algorithm: result.algorithm,
    type: kind,
    question: result.config.question,
    description: `${result.algorithm} for ${kind.toLowerCase()} of ${result.target} on ${result.rows} rows and ${result.features.length} features`,
    xnames: result.features,
    n_features: result.features.length,
    preprocessor_config: result.config.preprocessor_config ?? null,
  };
}

function className(result: TrainResult): string {
  return result.task === "regression" ? "Regression" : "Classification";
}

function importance(result: TrainResult, isRaw: boolean, field: string): unknown {
  if (result.importance === null) return null;
  return isRaw ? result.importance : { available: true, fetch_via: field === "varimp_per_resample" ? "varimp" : field };
}

/** `tuned` counts as in version 1: −1 no search values, 1 tuned. */
function hyperparametersDocument(result: TrainResult, values: Values, isTuned: boolean): Document {
  const searched = Object.entries(result.config.hyperparameters)
    .filter(([, value]) => typeof value === "object" && value !== null && "candidates" in value)
    .map(([name]) => name);
  return {
    ...values,
    ".class": `${result.algorithm}Hyperparameters`,
    algorithm: result.algorithm,
    tuned: isTuned && searched.length > 0 ? 1 : -1,
    resampled: result.resampling === null ? 0 : 1,
    hyperparameters: values,
    tunable_hyperparameters: searched,
  };
}

function tunerDocument(result: TrainResult, tuning: TuningResult): Document {
  return {
    type: "GridSearch",
    tuner_config: result.config.tuner_config,
    tuning_results: tuningRows(tuning),
    best_hyperparameters: bestOf(tuning),
  };
}

/** A search as three row tables, in the order of its cells. */
export function tuningRows(tuning: TuningResult): Document {
  return {
    param_grid: tuning.cells.map((cell) => ({ cell: cell.cell, ...cell.hyperparameters })),
    training: tuning.cells.map((cell) => ({ cell: cell.cell, ...cell.training })),
    validation: tuning.cells.map((cell) => ({ cell: cell.cell, ...cell.validation })),
  };
}

export function bestOf(tuning: TuningResult): Values {
  return tuning.cells.find((cell) => cell.cell === tuning.best)?.hyperparameters ?? {};
}

function foldDocument(result: TrainResult, fold: FoldResult): Document {
  return {
    label: fold.label,
    n_train: fold.n_train,
    n_test: fold.n_test,
    hyperparameters: fold.hyperparameters,
    tuner: fold.tuning === null ? null : tunerDocument(result, fold.tuning),
    error: fold.error,
  };
}

function withoutNulls(document: Document): Document {
  return Object.fromEntries(Object.entries(document).filter(([, value]) => value !== null));
}
