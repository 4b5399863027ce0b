import { describe, expect, test } from "vitest";
import { randomStream } from "../../src/core/random.ts";
import { aggregateFolds, bootstrapIntervals, computeMetrics, type Predictions, summarizeFolds } from "../../src/engine/metrics/index.ts";

/** Two classes whose scores overlap: the positive ones lie `shift` higher. */
function binaryPredictions(n: number, shift: number, share = 0.5, seed = 1): Predictions {
  const random = randomStream(seed);
  const actual = Int32Array.from({ length: n }, () => (random.next() < share ? 1 : 0));
  const predicted = new Float64Array(2 * n);
  for (let i = 0; i < n; i++) {
    const noise = random.next() + random.next() + random.next() - 1.5;
    const p = 1 / (1 + Math.exp(-(shift * (actual[i]! - 0.5) + 2 * noise)));
    predicted.set([1 - p, p], 2 * i);
  }
  return { task: "binary", actual, predicted, classes: ["no", "yes"] };
}

function regressionPredictions(n: number): Predictions {
  const random = randomStream(2);
  const actual = Float64Array.from({ length: n }, () => 10 * random.next());
  return { task: "regression", actual, predicted: actual.map((y) => y + random.next() - 0.5), classes: [] };
}

const widthOf = (interval: readonly [number, number] | null | undefined): number => interval![1] - interval![0];

/** Standard error of the AUC by the structural components of DeLong et al. (1988), doi:10.2307/2531595; brute force. */
function delongError({ actual, predicted }: Predictions): number {
  const score = (wanted: number): number[] =>
    Array.from(actual, (y, i) => (y === wanted ? predicted[2 * i + 1]! : Number.NaN)).filter((p) => p >= 0);
  const [negative, positive] = [score(0), score(1)];
  const order = (a: number, b: number): number => (a > b ? 1 : a === b ? 0.5 : 0);
  const variance = (values: number[]): number => {
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
  };
  const ofPositive = positive.map((p) => negative.reduce((sum, q) => sum + order(p, q), 0) / negative.length);
  const ofNegative = negative.map((q) => positive.reduce((sum, p) => sum + order(p, q), 0) / positive.length);
  return Math.sqrt(variance(ofPositive) / positive.length + variance(ofNegative) / negative.length);
}

describe("bootstrap intervals", () => {
  test("of sensitivity, accuracy and AUC are as wide as their standard errors say", () => {
    const predictions = binaryPredictions(600, 1);
    const metrics = computeMetrics(predictions);
    const intervals = bootstrapIntervals(predictions, 7);
    const positives = Array.from(predictions.actual).filter((code) => code === 1).length;
    const sensitivity = metrics.sensitivity!;
    const error = Math.sqrt((sensitivity * (1 - sensitivity)) / positives);
    // 2,000 draws give the width of a 95 % interval to about 3 %.
    expect(widthOf(intervals.sensitivity) / (2 * 1.96 * error)).toBeGreaterThan(0.88);
    expect(widthOf(intervals.sensitivity) / (2 * 1.96 * error)).toBeLessThan(1.12);
    expect(widthOf(intervals.auc) / (2 * 1.96 * delongError(predictions))).toBeGreaterThan(0.88);
    expect(widthOf(intervals.auc) / (2 * 1.96 * delongError(predictions))).toBeLessThan(1.12);
    for (const name of ["auc", "sensitivity", "balanced_accuracy", "brier_score", "log_loss"]) {
      expect(intervals[name]![0], name).toBeLessThan(metrics[name]!);
      expect(intervals[name]![1], name).toBeGreaterThan(metrics[name]!);
    }
  });

  test("are stratified: every draw has each class as often as the data", () => {
    const actual = Int32Array.from({ length: 100 }, (_, i) => (i < 30 ? 1 : 0));
    const predicted = Float64Array.from({ length: 200 }, (_, i) => i % 2);
    // Everything is predicted positive: accuracy and ppv are the share of positives, which does not vary.
    const intervals = bootstrapIntervals({ task: "binary", actual, predicted, classes: ["a", "b"] }, 1);
    expect(intervals).toMatchObject({ accuracy: [0.3, 0.3], ppv: [0.3, 0.3] });
  });

  test("are the same for the same seed and differ for another", () => {
    const predictions = binaryPredictions(200, 1);
    expect(bootstrapIntervals(predictions, 3)).toEqual(bootstrapIntervals(predictions, 3));
    expect(bootstrapIntervals(predictions, 3)).not.toEqual(bootstrapIntervals(predictions, 4));
  });

  for (const [name, predictions] of [
    ["classes", binaryPredictions(12_000, 1, 0.3)],
    ["a rare class", binaryPredictions(12_000, 1.5, 0.02)],
    ["numbers", regressionPredictions(12_000)],
  ] as const) {
    test(`from a subset agree with those from all rows (${name})`, () => {
      const whole = bootstrapIntervals(predictions, 5, { maxRows: Number.POSITIVE_INFINITY, draws: 1000 });
      const part = bootstrapIntervals(predictions, 5, { maxRows: 4000, draws: 1000 });
      const names =
        predictions.task === "regression" ? ["mae", "rmse", "rsq", "median_ae"] : ["auc", "accuracy", "ppv", "log_loss", "pr_auc"];
      for (const metric of names) {
        const ratio = widthOf(part[metric]) / widthOf(whole[metric]);
        // The bootstrap of a median settles slowest, with the fourth root of the number of rows.
        const slack = metric === "median_ae" ? 1.6 : 1.25;
        expect(ratio, `${metric}: ${part[metric]} against ${whole[metric]}`).toBeGreaterThan(1 / slack);
        expect(ratio, `${metric}: ${part[metric]} against ${whole[metric]}`).toBeLessThan(slack);
        const centre = (interval: readonly [number, number] | null | undefined): number => (interval![0] + interval![1]) / 2;
        expect(Math.abs(centre(part[metric]) - centre(whole[metric])) / widthOf(whole[metric]), metric).toBeLessThan(0.15);
      }
    });
  }

  test("draw all predictions of a row together, so that repeats promise nothing", () => {
    const once = binaryPredictions(150, 1);
    const four = Array.from({ length: 600 }, (_, i) => i % 150);
    const repeated: Predictions = {
      ...once,
      actual: Int32Array.from(four, (i) => once.actual[i]!),
      predicted: Float64Array.from(four.flatMap((i) => [once.predicted[2 * i]!, once.predicted[2 * i + 1]!])),
    };
    const honest = bootstrapIntervals(repeated, 9, { rowIds: Int32Array.from(four) });
    const naive = bootstrapIntervals(repeated, 9);
    const expected = bootstrapIntervals(once, 9);
    expect(honest.auc![0]).toBeCloseTo(expected.auc![0], 10);
    expect(honest.auc![1]).toBeCloseTo(expected.auc![1], 10);
    expect(widthOf(naive.auc) / widthOf(honest.auc)).toBeCloseTo(0.5, 1);
  });

  test("have an AUC for up to 20 classes and stay within a metric's range", () => {
    const make = (k: number): Predictions => {
      const actual = Int32Array.from({ length: 8 * k }, (_, i) => i % k);
      const predicted = new Float64Array(8 * k * k);
      for (const [i, code] of actual.entries()) predicted[i * k + code] = 1;
      return { task: "multiclass", actual, predicted, classes: Array.from({ length: k }, (_, c) => `c${c}`) };
    };
    expect(bootstrapIntervals(make(20), 1, { draws: 50 })).toMatchObject({ auc: [1, 1], accuracy: [1, 1], brier_score: [0, 0] });
    expect(bootstrapIntervals(make(21), 1, { draws: 50 })).toMatchObject({ auc: null, accuracy: [1, 1] });
  });

  test("are null where a metric is undefined: one class, one row, none", () => {
    const one = {
      task: "binary",
      actual: Int32Array.of(1, 1, 1),
      predicted: Float64Array.of(0, 1, 1, 0, 0, 1),
      classes: ["a", "b"],
    } as const;
    expect(bootstrapIntervals(one, 1, { draws: 100 })).toMatchObject({ auc: null, specificity: null, ppv: [1, 1] });
    for (const n of [0, 1]) {
      const few = bootstrapIntervals({ ...one, actual: one.actual.slice(0, n), predicted: one.predicted.slice(0, 2 * n) }, 1);
      expect(Object.values(few).every((interval) => interval === null)).toBe(true);
    }
  });

  test("leave out rows without an outcome and respect case weights", () => {
    const predictions = binaryPredictions(120, 1);
    const gaps = predictions.actual.slice();
    gaps[5] = -1;
    const weights = new Float64Array(120).fill(1);
    weights[5] = 0;
    const without = bootstrapIntervals({ ...predictions, actual: gaps }, 2);
    const weightless = bootstrapIntervals({ ...predictions, weights }, 2);
    expect(without.auc![0]).toBeCloseTo(weightless.auc![0], 1);
    expect(bootstrapIntervals({ ...predictions, weights: new Float64Array(120).fill(2.5) }, 2).auc![0]).toBeCloseTo(
      bootstrapIntervals(predictions, 2).auc![0],
      12,
    );
  });
});

describe("summary over folds", () => {
  test("leaves undefined folds out of mean and sd, and shows them", () => {
    const summary = summarizeFolds([{ auc: 0.8, f1: null }, { auc: null, f1: null }, null, { auc: 0.9, f1: null }]);
    expect(summary.auc).toMatchObject({ folds: [0.8, null, null, 0.9], interval: null });
    expect(summary.auc!.mean).toBeCloseTo(0.85, 15);
    expect(summary.auc!.sd).toBeCloseTo(Math.SQRT1_2 * 0.1, 15);
    expect(summary.f1).toEqual({ mean: null, sd: null, folds: [null, null, null, null], interval: null });
  });

  test("has no sd of one fold, and the pooled value where no fold has one", () => {
    const summary = summarizeFolds([{ auc: null, mae: 2 }], { auc: 0.7, mae: 99 }, { auc: [0.6, 0.8] });
    expect(summary.auc).toEqual({ mean: 0.7, sd: null, folds: [null], interval: [0.6, 0.8] });
    expect(summary.mae).toEqual({ mean: 2, sd: null, folds: [2], interval: null });
  });

  test("mean and median of an even and an odd number of folds", () => {
    expect(aggregateFolds([3, null, 1, 8], "median")).toBe(3);
    expect(aggregateFolds([3, 1, 8, 4], "median")).toBe(3.5);
    expect(aggregateFolds([3, null, 1, 8], "mean")).toBe(4);
    expect(aggregateFolds([null], "median")).toBeNull();
  });
});
