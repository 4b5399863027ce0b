import type { JobSummary } from "../../client/index.ts";
import type { Tone } from "../kit/index.ts";

/** How a person calls a job: `LightGBM on heart.csv`. */
export function jobName(job: Pick<JobSummary, "algorithm" | "data_name" | "type">): string {
  return `${job.algorithm || job.type} on ${job.data_name || "data"}`;
}

export interface StateWord {
  readonly text: string;
  readonly glyph: string;
  readonly tone: Tone;
}

/** A job's state as every screen shows it. */
export function stateWord(job: JobSummary): StateWord {
  switch (job.status) {
    case "queued":
      return { text: job.queue_position ? `Queued, ${ordinal(job.queue_position)}` : "Queued", glyph: "◔", tone: "plain" };
    case "running":
      return { text: job.type === "train" ? "Training" : "Running", glyph: "●", tone: "accent" };
    case "cancelling":
      return { text: "Cancelling…", glyph: "◐", tone: "warn" };
    case "complete":
      return { text: "Done", glyph: "✓", tone: "ok" };
    case "failed":
      return { text: "Failed", glyph: "✕", tone: "bad" };
    case "cancelled":
      return { text: "Cancelled", glyph: "■", tone: "plain" };
    case "interrupted":
      return { text: "Interrupted", glyph: "⚡", tone: "warn" };
  }
}

export function ordinal(n: number): string {
  const rest = n % 100;
  const ending = rest >= 11 && rest <= 13 ? "th" : (["th", "st", "nd", "rd"][n % 10] ?? "th");
  return `${n}${ending}`;
}

const METRIC_TITLES: Readonly<Record<string, string>> = {
  accuracy: "Accuracy",
  auc: "AUC",
  balanced_accuracy: "Balanced accuracy",
  brier_score: "Brier score",
  ece: "Calibration error",
  f1: "F1",
  log_loss: "Log-loss",
  mae: "MAE",
  mape: "MAPE",
  median_ae: "Median absolute error",
  mse: "MSE",
  npv: "Negative predictive value",
  ppv: "Precision",
  pr_auc: "PR AUC",
  r: "Correlation",
  rmse: "RMSE",
  rsq: "R²",
  sensitivity: "Sensitivity",
  specificity: "Specificity",
};

export function metricTitle(name: string): string {
  return METRIC_TITLES[name] ?? name.replaceAll("_", " ");
}

/** What a metric means, in one sentence. */
export function metricMeaning(name: string): string {
  return METRIC_MEANINGS[name] ?? "";
}

const METRIC_MEANINGS: Readonly<Record<string, string>> = {
  accuracy: "Share of rows predicted right.",
  auc: "Chance that a positive row gets a higher score than a negative one. 0.5 is guessing.",
  balanced_accuracy: "Mean over classes of the share predicted right.",
  brier_score: "Mean squared distance of probability and truth. Smaller is better.",
  ece: "Mean distance of predicted and observed frequency. Smaller is better.",
  f1: "Harmonic mean of precision and sensitivity.",
  log_loss: "Mean surprise at the truth. Smaller is better.",
  mae: "Mean absolute error, in units of the target. Smaller is better.",
  mape: "Mean absolute error as a share of the true value. Smaller is better.",
  median_ae: "Half of the rows have a smaller absolute error. Smaller is better.",
  mse: "Mean squared error. Smaller is better.",
  npv: "Share of negative predictions that are right.",
  ppv: "Share of positive predictions that are right.",
  pr_auc: "Area under precision against recall.",
  r: "Correlation of predicted and actual values.",
  rmse: "Root mean squared error, in units of the target. Smaller is better.",
  rsq: "Share of the target's variance explained.",
  sensitivity: "Share of positive rows found.",
  specificity: "Share of negative rows recognised.",
};

/** The order of metrics at the head of the results. Those not named follow. */
export const HEAD_METRICS: Readonly<Record<string, readonly string[]>> = {
  binary: ["auc", "balanced_accuracy", "brier_score", "log_loss", "sensitivity", "specificity"],
  multiclass: ["balanced_accuracy", "accuracy", "f1", "auc", "log_loss"],
  regression: ["rsq", "rmse", "mae", "mse"],
};

const SMALLER_IS_BETTER = new Set(["brier_score", "ece", "log_loss", "mae", "mape", "median_ae", "mse", "rmse"]);

export function isSmallerBetter(metric: string): boolean {
  return SMALLER_IS_BETTER.has(metric);
}

const TYPE_WORDS: Readonly<Record<string, string>> = {
  factor: "category",
  logical: "yes / no",
  integer: "whole number",
  double: "number",
  character: "text",
  date: "date",
  datetime: "date and time",
};

export function typeWord(type: string): string {
  return TYPE_WORDS[type] ?? type;
}

export function taskWord(task: string | null): string {
  return task === "regression"
    ? "Regression"
    : task === null
      ? ""
      : task === "multiclass"
        ? "Classification, several classes"
        : "Classification";
}

/** Times are local, with seconds. */
export function clockTime(epochMs: number): string {
  return new Date(epochMs).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit" });
}

export function dateTime(iso: string | null): string {
  if (iso === null) return "–";
  const date = new Date(iso);
  return date.toLocaleString([], { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", second: "2-digit" });
}

export function plural(n: number, one: string, many = `${one}s`): string {
  return `${n.toLocaleString("en")} ${n === 1 ? one : many}`;
}
