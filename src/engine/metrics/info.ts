import type { Task } from "../algorithm.ts";

export interface MetricInfo {
  /** Name in results, on the wire and on the command line. */
  readonly name: string;
  readonly title: string;
  /** Whether larger is better. */
  readonly maximize: boolean;
  readonly tasks: readonly Task[];
  /** Smallest and largest possible value; null is without a limit. */
  readonly range: readonly [low: number | null, high: number | null];
  /** One sentence in plain words. */
  readonly help: string;
}

const CLASSES = ["binary", "multiclass"] as const;
const BINARY = ["binary"] as const;
const REGRESSION = ["regression"] as const;
const SHARE = [0, 1] as const;
const FROM_ZERO = [0, null] as const;

/** Every metric, in the order in which people read them. Forms, the command line and the documentation read this table. */
export const METRIC_INFO: readonly MetricInfo[] = [
  {
    name: "auc",
    title: "AUC",
    maximize: true,
    tasks: CLASSES,
    range: SHARE,
    help: "Chance that a case of the class gets a larger probability than one of another class; 0.5 is guessing. Mean over pairs of classes for three or more.",
  },
  {
    name: "balanced_accuracy",
    title: "Balanced accuracy",
    maximize: true,
    tasks: CLASSES,
    range: SHARE,
    help: "Mean over classes of the share of their cases that is predicted right; rare classes count as much as common ones.",
  },
  {
    name: "accuracy",
    title: "Accuracy",
    maximize: true,
    tasks: CLASSES,
    range: SHARE,
    help: "Share of all cases that is predicted right.",
  },
  {
    name: "sensitivity",
    title: "Sensitivity",
    maximize: true,
    tasks: BINARY,
    range: SHARE,
    help: "Share of positive cases that is predicted positive (recall).",
  },
  {
    name: "specificity",
    title: "Specificity",
    maximize: true,
    tasks: BINARY,
    range: SHARE,
    help: "Share of negative cases that is predicted negative.",
  },
  {
    name: "ppv",
    title: "PPV",
    maximize: true,
    tasks: BINARY,
    range: SHARE,
    help: "Share of positive predictions that is right (precision).",
  },
  { name: "npv", title: "NPV", maximize: true, tasks: BINARY, range: SHARE, help: "Share of negative predictions that is right." },
  {
    name: "f1",
    title: "F1",
    maximize: true,
    tasks: CLASSES,
    range: SHARE,
    help: "Harmonic mean of precision and recall of the positive class; mean over classes for three or more.",
  },
  {
    name: "brier_score",
    title: "Brier score",
    maximize: false,
    tasks: CLASSES,
    range: [0, 2],
    help: "Mean squared error of the probabilities: of the positive class (0 to 1), or summed over three or more classes (0 to 2).",
  },
  {
    name: "log_loss",
    title: "Log loss",
    maximize: false,
    tasks: CLASSES,
    range: FROM_ZERO,
    help: "Mean of −ln(probability given to the true class); punishes confident mistakes.",
  },
  {
    name: "pr_auc",
    title: "Average precision",
    maximize: true,
    tasks: BINARY,
    range: SHARE,
    help: "Area under the precision–recall curve; compare it with the share of positive cases, which is what guessing gives.",
  },
  {
    name: "ece",
    title: "Calibration error",
    maximize: false,
    tasks: BINARY,
    range: SHARE,
    help: "Mean distance between predicted probability and observed share over 10 bins of equal counts.",
  },
  {
    name: "rsq",
    title: "R²",
    maximize: true,
    tasks: REGRESSION,
    range: [null, 1],
    help: "Share of the variance that is explained; 0 is as good as the mean, below 0 is worse.",
  },
  {
    name: "rmse",
    title: "RMSE",
    maximize: false,
    tasks: REGRESSION,
    range: FROM_ZERO,
    help: "Root of the mean squared error, in the target's unit; large errors weigh more.",
  },
  {
    name: "mse",
    title: "MSE",
    maximize: false,
    tasks: REGRESSION,
    range: FROM_ZERO,
    help: "Mean squared error, in the target's unit squared.",
  },
  { name: "mae", title: "MAE", maximize: false, tasks: REGRESSION, range: FROM_ZERO, help: "Mean absolute error, in the target's unit." },
  {
    name: "median_ae",
    title: "Median error",
    maximize: false,
    tasks: REGRESSION,
    range: FROM_ZERO,
    help: "Half of the absolute errors are smaller, in the target's unit.",
  },
  {
    name: "mape",
    title: "MAPE",
    maximize: false,
    tasks: REGRESSION,
    range: FROM_ZERO,
    help: "Mean absolute error as a share of the true value (0.1 is 10 %); undefined when a true value is 0.",
  },
  {
    name: "r",
    title: "Correlation",
    maximize: true,
    tasks: REGRESSION,
    range: [-1, 1],
    help: "Pearson's correlation of predicted and true values; blind to bias and scale.",
  },
];

/** The table's entry, or null for a name it does not have. */
export function metricInfo(name: string): MetricInfo | null {
  return METRIC_INFO.find((info) => info.name === name) ?? null;
}

/** Metrics that exist for a task, in reading order. */
export function metricsForTask(task: Task): readonly MetricInfo[] {
  return METRIC_INFO.filter((info) => info.tasks.includes(task));
}

/** What tuning optimises unless told otherwise. */
export function defaultMetric(task: Task): string {
  return task === "regression" ? "mse" : "balanced_accuracy";
}

/** The one number that stands for a model in lists. */
export function headlineMetric(task: Task): string {
  if (task === "regression") return "rsq";
  return task === "binary" ? "auc" : "balanced_accuracy";
}
