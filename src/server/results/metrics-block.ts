import type { ConfusionMatrix, MetricSummary, Metrics, TrainResult } from "../../engine/train/result.ts";

type Document = Readonly<Record<string, unknown>>;
type Summaries = Readonly<Record<string, MetricSummary>>;

/** The metrics of one sample in the shape of version 1 (section 14.1): a plain block for one fit, a `…Res` block over folds. */
export function metricsBlock(result: TrainResult, sample: "Training" | "Test"): Document | null {
  const metrics = sample === "Training" ? result.metrics.training : result.metrics.test;
  if (metrics === null) return null;
  const kind = result.task === "regression" ? "RegressionMetrics" : "ClassificationMetrics";
  if (result.resampling !== null) return overFolds(`${kind}Res`, sample, metrics, sample === "Test" ? result.confusion : null);
  if (result.task === "regression") return { ".class": kind, sample, metrics: [meansOf(metrics)] };
  // Confusion and figures per class are of the rows that judge: with a test table the training block is without them.
  if (sample === "Training" && result.metrics.test !== null) {
    return {
      ".class": kind,
      sample,
      confusion_long: [],
      metrics: { overall: [meansOf(metrics)], class: [], positive_class: result.positive_class },
    };
  }
  return {
    ".class": kind,
    sample,
    confusion_long: result.confusion === null ? [] : confusionRows(result.confusion),
    metrics: {
      overall: [meansOf(metrics)],
      class: (result.class_metrics ?? []).map((entry) => ({ level: entry.level, ...entry.metrics })),
      positive_class: result.positive_class,
    },
  };
}

/** Every block there is, by sample name: the `metrics` slice (R-132, D-4). */
export function metricsBlocks(result: TrainResult): Document {
  const test = metricsBlock(result, "Test");
  return { training: metricsBlock(result, "Training"), ...(test === null ? {} : { test }) };
}

/** One block per fold, by label: what `raw` adds. */
export function foldMetrics(result: TrainResult, sample: "training" | "test"): Readonly<Record<string, Metrics | null>> {
  return Object.fromEntries(result.folds.map((fold) => [fold.label, fold.metrics[sample]]));
}

export function meansOf(metrics: Summaries): Metrics {
  return Object.fromEntries(Object.entries(metrics).map(([name, summary]) => [name, summary.mean]));
}

export function deviationsOf(metrics: Summaries): Metrics {
  return Object.fromEntries(Object.entries(metrics).map(([name, summary]) => [name, summary.sd]));
}

function overFolds(kind: string, sample: string, metrics: Summaries, confusion: ConfusionMatrix | null): Document {
  const block = { ".class": kind, sample, mean_metrics: [meansOf(metrics)], sd_metrics: [deviationsOf(metrics)] };
  return confusion === null ? block : { ...block, confusion_long: confusionRows(confusion) };
}

function confusionRows({ classes, counts }: ConfusionMatrix): Document[] {
  return classes.flatMap((predicted, column) => classes.map((reference, row) => ({ reference, predicted, n: counts[row]?.[column] ?? 0 })));
}
