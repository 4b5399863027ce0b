import { summarizeFolds } from "../metrics/index.ts";
import { predictionColumns } from "../model/predict.ts";
import { describeResampler } from "../resampling/index.ts";
import { type Column, numericColumn, type Table } from "../table.ts";
import type { FoldResult, ImportanceTable, TrainResult, TuningResult } from "./result.ts";
import { type PredictionSummary, pool, type SummaryInput } from "./summarise.ts";
import type { TrainingOutcome, TrainingRequest } from "./training-host.ts";
import type { ScoredCell } from "./tuning.ts";
import type { FitResult, Predictions } from "./unit.ts";
import { taskOf } from "./validate.ts";

export interface TuningOutcome {
  readonly metric: string;
  readonly maximize: boolean;
  readonly cells: readonly ScoredCell[];
  readonly best: number;
}

export interface FoldOutcome {
  readonly fold: number;
  readonly label: string;
  readonly tuning: TuningOutcome | null;
  /** Null when the fold failed; then `error` says why. */
  readonly fit: FitResult | null;
  readonly error: unknown;
}

interface FinalOutcome {
  readonly tuning: TuningOutcome | null;
  readonly fit: FitResult;
}

interface LabelledPredictions {
  readonly label: string;
  readonly predictions: Predictions;
}

/** Puts folds, final model and pooled summaries together into the result that is kept and shown. */
export async function assembleResult(
  request: TrainingRequest,
  folds: readonly FoldOutcome[],
  final: FinalOutcome,
  summarise: (input: SummaryInput) => Promise<PredictionSummary>,
  seconds: () => number,
): Promise<TrainingOutcome> {
  const { config, classes } = request;
  const task = taskOf(config.task, { n_unique: classes.length });
  const done = folds.flatMap((fold) => (fold.fit === null ? [] : [{ label: fold.label, fit: fold.fit }]));
  const resampled = folds.length > 0;
  const judged = resampled ? done : [{ label: "test table", fit: final.fit }];
  const testParts = judged.flatMap(({ label, fit }): LabelledPredictions[] =>
    fit.testPredictions === null ? [] : [{ label, predictions: fit.testPredictions }],
  );
  const fitted = resampled ? done : [{ label: "all rows", fit: final.fit }];
  const trainingParts = fitted.map(({ label, fit }): LabelledPredictions => ({ label, predictions: fit.trainingPredictions }));
  const isTested = resampled || testParts.length > 0;
  const parts = isTested ? testParts : trainingParts;
  const split = isTested ? "test" : "training";
  const summary = await summarise({ task, classes, seed: config.seed, split, parts });
  const fits = fitted.map(({ fit }) => fit);
  const tests = resampled ? folds.map(({ fit }) => fit) : [final.fit];
  const result: TrainResult = {
    format: "trainyard.result",
    version: 1,
    task,
    algorithm: config.algorithm,
    target: config.target,
    features: config.features,
    classes,
    positive_class: classes.length === 2 ? classes[1]! : null,
    rows: request.rows,
    rows_missing_target: request.rowsMissingTarget,
    config,
    ...(Object.keys(request.heldOut).length === 0 ? {} : { held_out: request.heldOut }),
    resampling:
      config.outer_resampling_config === null
        ? null
        : { type: config.outer_resampling_config.type, description: describeResampler(config.outer_resampling_config) },
    folds: resampled ? folds.map(foldResult) : [],
    metrics: {
      training: summarizeFolds(fits.map((fit) => fit.training)),
      test: isTested
        ? summarizeFolds(
            tests.map((fit) => fit?.test ?? null),
            summary.metrics,
            summary.intervals,
          )
        : null,
      baseline: isTested ? summarizeFolds(tests.map((fit) => fit?.baseline ?? null)) : null,
    },
    confusion: summary.confusion,
    class_metrics: summary.classMetrics,
    roc: summary.roc,
    calibration: summary.calibration,
    importance: importanceTable(fits),
    final: {
      hyperparameters: final.fit.hyperparameters,
      tuning: tuningResult(final.tuning),
      facts: final.fit.facts,
      seconds: final.fit.seconds,
    },
    warnings: [
      ...request.warnings,
      ...folds.filter((fold) => fold.error !== null).map((fold) => `${fold.label} failed and is left out of every figure.`),
    ],
    seconds: seconds(),
  };
  return {
    result,
    predictions: predictionTable(parts, split, classes),
    trainingPredictions: isTested ? predictionTable(trainingParts, "training", classes) : null,
    model: final.fit.model!, // the final unit always encodes its model
  };
}

function foldResult({ fold, label, tuning, fit, error }: FoldOutcome): FoldResult {
  return {
    index: fold,
    label,
    n_train: fit?.nTrain ?? 0,
    n_test: fit?.nTest ?? 0,
    hyperparameters: fit?.hyperparameters ?? {},
    tuning: tuningResult(tuning),
    metrics: { training: fit?.training ?? {}, test: fit?.test ?? null },
    baseline: fit?.baseline ?? null,
    facts: fit?.facts ?? {},
    seconds: fit?.seconds ?? 0,
    error: error === null ? null : error instanceof Error ? error.message : String(error),
  };
}

function tuningResult(tuning: TuningOutcome | null): TuningResult | null {
  if (tuning === null) return null;
  const cells = tuning.cells.map(({ cell, candidate, training, validation, seconds }) => ({
    cell,
    hyperparameters: candidate,
    training,
    validation,
    seconds,
  }));
  return { metric: tuning.metric, maximize: tuning.maximize, cells, best: tuning.best };
}

function importanceTable(fits: readonly FitResult[]): ImportanceTable | null {
  const known = fits.flatMap((fit) => (fit.importance === null ? [] : [fit.importance]));
  const first = known[0];
  if (first === undefined) return null;
  // Folds may know different variables: one-hot columns are those of a fold's training rows.
  const names = [...new Set(known.flatMap((importance) => importance.variables))];
  const variables = names.map((variable) => {
    const folds = known.map(({ variables, values }) => {
      const at = variables.indexOf(variable);
      return at < 0 ? 0 : values[at]!;
    });
    return { variable, mean: folds.reduce((sum, value) => sum + value, 0) / folds.length, folds };
  });
  return { measure: first.measure, variables: variables.sort((a, b) => b.mean - a.mean || (a.variable < b.variable ? -1 : 1)) };
}

function predictionTable(parts: readonly LabelledPredictions[], split: "training" | "test", classes: readonly string[]): Table {
  const pooled = pool(parts.map((part) => part.predictions));
  const rows = pooled.rows.length;
  const labels = parts.map((part) => part.label);
  const foldCodes = new Int32Array(rows);
  let at = 0;
  parts.forEach(({ predictions }, code) => {
    foldCodes.fill(code, at, at + predictions.rows.length);
    at += predictions.rows.length;
  });
  const factor = (name: string, codes: Int32Array, levels: readonly string[]): Column => ({
    kind: "categorical",
    name,
    type: "factor",
    codes,
    levels,
    ordered: false,
  });
  const actual: Column =
    classes.length === 0 ? numericColumn("actual", pooled.target) : factor("actual", Int32Array.from(pooled.target), classes);
  return {
    rows,
    columns: [
      numericColumn(
        "row",
        Float64Array.from(pooled.rows, (row) => row + 1),
        "integer",
      ),
      factor("split", new Int32Array(rows), [split]),
      factor("fold", foldCodes, labels),
      actual,
      ...predictionColumns(pooled.values, classes),
    ],
  };
}
