import type { Contributions } from "./explain/tree-shap.ts";
import type { HyperparameterSchema, Hyperparameters } from "./hyperparameter.ts";
import type { Column } from "./table.ts";

export type Task = "binary" | "multiclass" | "regression";

/** What a learner sees: rows already selected, target already numeric, nothing missing in the target. */
export interface Problem {
  readonly task: Task;
  readonly rows: number;
  /** Features, each of length `rows`. Missing values are present unless the algorithm says it cannot take them. */
  readonly features: readonly Column[];
  /** Regression: values. Classification: class codes 0 … K-1. Shape [rows]. */
  readonly target: Float64Array;
  /** Class labels by code; for two classes `classes[1]` is the positive one. Empty for regression. */
  readonly classes: readonly string[];
  /** Case weights, shape [rows], non-negative, or null for equal ones. */
  readonly weights: Float64Array | null;
}

export interface FitContext {
  /** All randomness of a fit comes from here: `randomStream(seed, …)`. */
  readonly seed: number;
  /** Rows to watch, never trained on: for the live curve, and for early stopping where `stopsEarly` says so. */
  readonly validation: Problem | null;
}

/** What a fit yields while it runs: once per round, lambda, epoch or level. Cheap: no copies, no predictions of its own. */
export interface FitStep {
  /** 1-based count of finished steps, and how many there will be at most (null when unknown). */
  readonly step: number;
  readonly total: number | null;
  /** Named values at this step, e.g. `{ training: 0.31, validation: 0.36 }`. NaN is allowed and shown as such. */
  readonly values: Readonly<Record<string, number>>;
  /** What `values` are: `log-loss`, `rmse`, `deviance`. */
  readonly measure: string;
}

/** Importance of each feature under one or more measures; larger is more. */
export interface Importance {
  readonly variables: readonly string[];
  readonly measures: Readonly<Record<string, Float64Array>>;
}

export interface ModelState {
  /** JSON-safe facts; `arrays` holds everything long. */
  readonly meta: Readonly<Record<string, unknown>>;
  readonly arrays: Readonly<Record<string, Float64Array | Float32Array | Int32Array | Uint32Array | Uint16Array | Uint8Array>>;
}

/** A fitted learner. Knows nothing of tables: columns arrive in training order, with training types and levels. */
export interface Model {
  /**
   * Regression: predictions, shape [n]. Classification: probabilities, shape [n, K] row-major, rows sum to 1.
   * Deterministic. The input is not modified.
   */
  predict(features: readonly Column[]): Float64Array;
  /** The algorithm's own importance, or null when it has none. */
  importance(): Importance | null;
  /** Shapley values of each feature for each row, where the learner has them exactly. Columns as for `predict`. */
  contributions?(features: readonly Column[]): Contributions;
  /** Everything needed to predict elsewhere; `Algorithm.load` is its inverse, to the bit. */
  state(): ModelState;
  /** A few facts people ask for (chosen lambda, number of trees), JSON-safe. */
  facts(): Readonly<Record<string, number | string | boolean | null>>;
}

/** One learner: a folder in `algorithms/` and a line in the registry. */
export interface Algorithm {
  /** Name in the catalogue, e.g. `LightGBM`. */
  readonly name: string;
  /** What people call it, two or three words for a card, e.g. `Boosted trees`. */
  readonly title: string;
  /** One line in plain words, e.g. `gradient boosted trees on histograms`. */
  readonly description: string;
  /** The papers it follows. */
  readonly source: string;
  readonly supports: { readonly classification: boolean; readonly regression: boolean; readonly survival: boolean };
  /** Whether the learner itself copes with missing features and with categories (else the caller must prepare them). */
  readonly handles: { readonly missing: boolean; readonly categories: boolean };
  /** How many features it takes at most; absent: any number. Counted as chosen, before preprocessing. */
  readonly mostFeatures?: number;
  readonly hyperparameters: readonly HyperparameterSchema[];
  /** Faults that only show with values side by side; empty when all is well. Bounds and types were checked before. */
  check?(hyperparameters: Hyperparameters): readonly { readonly name: string; readonly message: string }[];
  /**
   * Fits one model, a step at a time; `return()` on the generator cancels it. Same problem, hyperparameters and seed:
   * same bits. Complete hyperparameters (defaults filled in).
   * @throws {InvalidArgumentError} when the data cannot be fitted; the message names the column and the remedy.
   */
  fit(problem: Problem, hyperparameters: Hyperparameters, context: FitContext): Generator<FitStep, Model, void>;
  load(state: ModelState): Model;
  /**
   * Whether a fit with these hyperparameters decides by the validation problem when to stop. The caller then sets aside a share of the
   * training rows as `context.validation`; otherwise `context.validation` is only watched. Absent: never.
   */
  stopsEarly?(hyperparameters: Hyperparameters, problem: Problem): boolean;
}
