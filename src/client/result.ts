/**
 * The `report` slice as it arrives. The engine writes it; `test/client/result.test.ts` holds the two shapes together, because
 * this layer must not import the engine.
 */
export type ReportTask = "binary" | "multiclass" | "regression";
export type ReportMetrics = Readonly<Record<string, number | null>>;
export type ReportValue = number | string | boolean | null | readonly number[];
export type ReportValues = Readonly<Record<string, ReportValue>>;

export interface ReportSummary {
  readonly mean: number | null;
  readonly sd: number | null;
  readonly folds: readonly (number | null)[];
  readonly interval: readonly [number, number] | null;
}

export interface ReportTuning {
  readonly metric: string;
  readonly maximize: boolean;
  readonly cells: readonly {
    readonly cell: number;
    readonly hyperparameters: ReportValues;
    readonly training: ReportMetrics;
    readonly validation: ReportMetrics;
    readonly seconds: number;
  }[];
  readonly best: number;
}

export interface ReportFold {
  readonly index: number;
  readonly label: string;
  readonly n_train: number;
  readonly n_test: number;
  readonly hyperparameters: ReportValues;
  readonly tuning: ReportTuning | null;
  readonly metrics: { readonly training: ReportMetrics; readonly test: ReportMetrics | null };
  readonly baseline: ReportMetrics | null;
  readonly facts: Readonly<Record<string, number | string | boolean | null>>;
  readonly seconds: number;
  readonly error: string | null;
}

export interface ReportRoc {
  readonly class: string;
  readonly fold: string;
  readonly split: "training" | "test";
  readonly fpr: readonly number[];
  readonly tpr: readonly number[];
  readonly auc: number | null;
}

export interface ReportCalibration {
  readonly class: string;
  readonly bins: readonly {
    readonly mean_predicted: number;
    readonly observed: number;
    readonly n: number;
    readonly low: number;
    readonly high: number;
  }[];
  readonly intercept: number | null;
  readonly slope: number | null;
}

export interface ReportConfusion {
  readonly classes: readonly string[];
  readonly counts: readonly (readonly number[])[];
}

export interface ReportImportance {
  readonly measure: string;
  readonly variables: readonly { readonly variable: string; readonly mean: number; readonly folds: readonly number[] }[];
}

export interface TrainReportSlice {
  readonly format: "trainyard.result";
  readonly version: 1;
  readonly task: ReportTask;
  readonly algorithm: string;
  readonly target: string;
  readonly features: readonly string[];
  readonly classes: readonly string[];
  readonly positive_class: string | null;
  readonly rows: number;
  readonly rows_missing_target: number;
  /** What `train` was asked, completed. Kept as it came, unknown fields included. */
  readonly config: object;
  readonly resampling: { readonly type: string; readonly description: string } | null;
  readonly folds: readonly ReportFold[];
  readonly metrics: {
    readonly training: Readonly<Record<string, ReportSummary>>;
    readonly test: Readonly<Record<string, ReportSummary>> | null;
    readonly baseline: Readonly<Record<string, ReportSummary>> | null;
  };
  readonly confusion: ReportConfusion | null;
  readonly class_metrics: readonly { readonly level: string; readonly metrics: ReportMetrics }[] | null;
  readonly roc: readonly ReportRoc[];
  readonly calibration: readonly ReportCalibration[];
  readonly importance: ReportImportance | null;
  readonly final: {
    readonly hyperparameters: ReportValues;
    readonly tuning: ReportTuning | null;
    readonly facts: Readonly<Record<string, number | string | boolean | null>>;
    readonly seconds: number;
  } | null;
  readonly warnings: readonly string[];
  readonly seconds: number;
}
