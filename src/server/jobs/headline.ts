import type { Task } from "../../engine/algorithm.ts";
import type { TrainResult } from "../../engine/train/result.ts";
import type { JobSummary } from "../../wire/live/messages.ts";

/** The one metric that stands for a job in lists. */
const MAIN_METRIC: Readonly<Record<Task, string>> = { binary: "auc", multiclass: "balanced_accuracy", regression: "rsq" };

/** Its name; null for a job without a target. */
export function headlineName(task: Task | null): string | null {
  return task === null ? null : MAIN_METRIC[task];
}

/** Over held-out rows; null without resampling, because training metrics would flatter. */
export function headlineOf(result: TrainResult): JobSummary["headline"] {
  const name = MAIN_METRIC[result.task];
  const metric = result.metrics.test?.[name];
  return metric === undefined ? null : { name, mean: metric.mean, sd: metric.sd };
}
