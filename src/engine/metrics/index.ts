export { type BootstrapOptions, bootstrapIntervals, type Interval } from "./bootstrap.ts";
export { classificationMetrics, classMetrics, confusionMatrix, confusionOf } from "./classification.ts";
export { type CurveOf, calibrationCurve, MAX_VERTICES, type PrCurve, prCurve, rocCurve, wilsonInterval } from "./curves.ts";
export type { ClassCodes } from "./evaluator.ts";
export { defaultMetric, headlineMetric, METRIC_INFO, type MetricInfo, metricInfo, metricsForTask } from "./info.ts";
export { predictedCodes } from "./multiclass.ts";
export { computeMetrics, type Predictions } from "./predictions.ts";
export { regressionMetrics } from "./regression.ts";
export { aggregateFolds, summarizeFolds } from "./summary.ts";
