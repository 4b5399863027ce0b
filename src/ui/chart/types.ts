/** Data of the charts, structurally what a job's result carries. Proportions lie in [0, 1]; null is "not defined". */

export interface RocCurve {
  readonly class: string;
  /** `aggregate` for the pooled curve, else the fold's label. */
  readonly fold: string;
  readonly split: "training" | "test";
  readonly fpr: readonly number[];
  readonly tpr: readonly number[];
  readonly auc: number | null;
}

export interface PrCurve {
  readonly class: string;
  readonly fold: string;
  readonly split: "training" | "test";
  readonly recall: readonly number[];
  readonly precision: readonly number[];
  /** Sum of precision over steps of recall. */
  readonly average: number | null;
  /** Share of the class among the rows: what guessing reaches. */
  readonly prevalence: number;
}

export interface CalibrationBin {
  readonly mean_predicted: number;
  readonly observed: number;
  readonly n: number;
  readonly low: number;
  readonly high: number;
}

export interface CalibrationCurve {
  readonly class: string;
  readonly bins: readonly CalibrationBin[];
  readonly intercept: number | null;
  readonly slope: number | null;
}

export interface ConfusionMatrix {
  readonly classes: readonly string[];
  /** `counts[actual][predicted]`. */
  readonly counts: readonly (readonly number[])[];
}

export interface ImportanceTable {
  readonly measure: string;
  readonly variables: readonly { readonly variable: string; readonly mean: number; readonly folds: readonly number[] }[];
}

/** The numbers behind a chart, as its table view and its CSV show them. */
export interface ChartTable {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | number | null)[])[];
}

export interface LegendEntry {
  readonly label: string;
  /** A CSS colour, e.g. `var(--series-1)`. */
  readonly color: string;
  /** As `stroke-dasharray`; absent is solid. */
  readonly dash?: string | undefined;
  readonly mark?: "line" | "dot" | "box";
  readonly value?: string | undefined;
}
