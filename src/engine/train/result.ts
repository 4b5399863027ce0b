import type { Task } from "../algorithm.ts";
import type { HyperparameterValue } from "../hyperparameter.ts";
import type { TrainConfig } from "./config.ts";
import type { HeldOutMap } from "./held-out-names.ts";

/** Named metrics. NaN (undefined, e.g. AUC with one class) is null in JSON. Names: the reference's, plus `log_loss`, `pr_auc`, `ece`. */
export type Metrics = Readonly<Record<string, number | null>>;

export interface MetricSummary {
  readonly mean: number | null;
  /** Sample standard deviation over folds; null with fewer than two. */
  readonly sd: number | null;
  /** One value per fold, in fold order. */
  readonly folds: readonly (number | null)[];
  /** 95 % percentile interval from a stratified bootstrap of the pooled held-out predictions (2,000 draws); null where not computed. */
  readonly interval: readonly [number, number] | null;
}

export interface ConfusionMatrix {
  readonly classes: readonly string[];
  /** `counts[actual][predicted]`. */
  readonly counts: readonly (readonly number[])[];
}

export interface ClassMetrics {
  readonly level: string;
  readonly metrics: Metrics;
}

export interface RocCurve {
  readonly class: string;
  /** `aggregate` for the pooled curve, else the fold's label. */
  readonly fold: string;
  readonly split: "training" | "test";
  readonly fpr: readonly number[];
  readonly tpr: readonly number[];
  readonly auc: number | null;
}

export interface CalibrationBin {
  readonly mean_predicted: number;
  readonly observed: number;
  readonly n: number;
  /** Wilson 95 % interval of `observed`. */
  readonly low: number;
  readonly high: number;
}

export interface CalibrationCurve {
  readonly class: string;
  /** 10 bins of equal counts over pooled held-out rows; fewer with ties. */
  readonly bins: readonly CalibrationBin[];
  readonly intercept: number | null;
  readonly slope: number | null;
}

export interface TuningResult {
  readonly metric: string;
  readonly maximize: boolean;
  /** One entry per grid cell. */
  readonly cells: readonly {
    readonly cell: number;
    readonly hyperparameters: Readonly<Record<string, HyperparameterValue>>;
    readonly training: Metrics;
    readonly validation: Metrics;
    readonly seconds: number;
  }[];
  /** 1-based. */
  readonly best: number;
}

export interface FoldResult {
  /** 1-based. */
  readonly index: number;
  /** `Fold_1`, `Bootstrap_3` … */
  readonly label: string;
  readonly n_train: number;
  readonly n_test: number;
  readonly hyperparameters: Readonly<Record<string, HyperparameterValue>>;
  readonly tuning: TuningResult | null;
  readonly metrics: { readonly training: Metrics; readonly test: Metrics | null };
  /** The same folds' metrics of predicting the majority class, or the mean. */
  readonly baseline: Metrics | null;
  readonly facts: Readonly<Record<string, number | string | boolean | null>>;
  readonly seconds: number;
  /** Why this fold has no result, when it failed; the other folds stand. */
  readonly error: string | null;
}

export interface ImportanceTable {
  /** Name of the measure, e.g. `gain`, `coefficient`, `permutation`. */
  readonly measure: string;
  /** Sorted by mean, largest first. */
  readonly variables: readonly {
    readonly variable: string;
    readonly mean: number;
    readonly folds: readonly number[];
  }[];
}

/** Rows of a table given beside the training table. */
export interface HeldOutCount {
  /** Used. */
  readonly rows: number;
  /** Left out: without a target, or of a class that training does not have. */
  readonly rows_missing_target: number;
}

/** Everything small about a finished job; per-row predictions travel beside it as a table. */
export interface TrainResult {
  readonly format: "trainyard.result";
  readonly version: 1;
  readonly task: Task;
  readonly algorithm: string;
  readonly target: string;
  readonly features: readonly string[];
  readonly classes: readonly string[];
  readonly positive_class: string | null;
  /** Rows used; rows with a missing target are left out and counted. */
  readonly rows: number;
  readonly rows_missing_target: number;
  readonly config: TrainConfig;
  /** Only where tables were given beside the training table. With `test`, everything below that says held-out is of its rows. */
  readonly held_out?: HeldOutMap<HeldOutCount>;
  readonly resampling: { readonly type: string; readonly description: string } | null;
  readonly folds: readonly FoldResult[];
  /** Per metric over folds. `test` is null without resampling and without a test table. */
  readonly metrics: {
    readonly training: Readonly<Record<string, MetricSummary>>;
    readonly test: Readonly<Record<string, MetricSummary>> | null;
    readonly baseline: Readonly<Record<string, MetricSummary>> | null;
  };
  /** Pooled over held-out rows (training rows where there are none); null for regression. */
  readonly confusion: ConfusionMatrix | null;
  readonly class_metrics: readonly ClassMetrics[] | null;
  readonly roc: readonly RocCurve[];
  readonly calibration: readonly CalibrationCurve[];
  readonly importance: ImportanceTable | null;
  /** The model on all rows, which `job.model` hands out. */
  readonly final: {
    readonly hyperparameters: Readonly<Record<string, HyperparameterValue>>;
    readonly tuning: TuningResult | null;
    readonly facts: Readonly<Record<string, number | string | boolean | null>>;
    readonly seconds: number;
  } | null;
  readonly warnings: readonly string[];
  readonly seconds: number;
}
