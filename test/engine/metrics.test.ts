import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { randomStream, shuffle } from "../../src/core/random.ts";
import {
  classificationMetrics,
  classMetrics,
  computeMetrics,
  confusionOf,
  defaultMetric,
  headlineMetric,
  METRIC_INFO,
  metricInfo,
  metricsForTask,
  predictedCodes,
  regressionMetrics,
} from "../../src/engine/metrics/index.ts";

interface BinaryCase {
  readonly actual: number[];
  readonly probability: number[];
  readonly weights: number[] | null;
  readonly expected: Record<string, number | null>;
  readonly confusion: number[][];
  readonly roc: { readonly fpr: number[]; readonly tpr: number[] };
  readonly pr: { readonly precision: number[]; readonly recall: number[] };
}

interface MulticlassCase {
  readonly actual: number[];
  readonly probabilities: number[];
  readonly classes: number;
  readonly weights: number[] | null;
  readonly expected: Record<string, number | null>;
  readonly confusion: number[][];
  readonly recall: number[];
  readonly precision: number[];
}

interface RegressionCase {
  readonly actual: number[];
  readonly predicted: number[];
  readonly weights: number[] | null;
  readonly expected: Record<string, number>;
}

const fixture = JSON.parse(readFileSync(new URL("../fixtures/metrics/metrics.json", import.meta.url), "utf8"));

/** Sums of a hundred doubles in another order: 1e-12 relative is far above rounding and far below any wrong formula. */
function expectClose(actual: number | null | undefined, expected: number, what: string): void {
  expect(actual, what).not.toBeNull();
  expect(Math.abs(actual! - expected) / Math.max(1, Math.abs(expected)), `${what}: ${actual} against ${expected}`).toBeLessThan(1e-12);
}

/** [n, 2] from the probability of class 1. */
function pairs(positive: readonly number[]): Float64Array {
  return Float64Array.from(positive.flatMap((p) => [1 - p, p]));
}

const weightsOf = (given: { weights: number[] | null }): Float64Array | null =>
  given.weights === null ? null : Float64Array.from(given.weights);

describe("two classes, against scikit-learn", () => {
  for (const [name, given] of Object.entries<BinaryCase>(fixture.binary)) {
    test(name, () => {
      const probabilities = pairs(given.probability);
      const actual = Int32Array.from(given.actual);
      const metrics = classificationMetrics(actual, probabilities, ["no", "yes"], weightsOf(given));
      for (const [metric, value] of Object.entries<number | null>(given.expected)) {
        if (value === null) expect(metrics[metric], metric).toBeNull();
        // scikit-learn calls a ratio without cases 0; here it is undefined.
        else if (metrics[metric] === null) expect([metric, value]).toEqual(["ppv", 0]);
        else expectClose(metrics[metric], value, metric);
      }
      expect(confusionOf(actual, probabilities, ["no", "yes"], weightsOf(given)).counts).toEqual(given.confusion);
    });
  }
});

describe("three and more classes, against scikit-learn", () => {
  for (const [name, given] of Object.entries<MulticlassCase>(fixture.multiclass)) {
    test(name, () => {
      const classes = Array.from({ length: given.classes }, (_, c) => `c${c}`);
      const actual = Float64Array.from(given.actual);
      const probabilities = Float64Array.from(given.probabilities);
      const metrics = classificationMetrics(actual, probabilities, classes, weightsOf(given));
      for (const [metric, value] of Object.entries<number | null>(given.expected)) {
        if (value !== null) expectClose(metrics[metric], value, metric);
      }
      const confusion = confusionOf(actual, probabilities, classes, weightsOf(given));
      expect(confusion.counts).toEqual(given.confusion);
      for (const [c, row] of classMetrics(confusion).entries()) {
        expectClose(row.metrics.sensitivity, given.recall[c]!, `recall of class ${c}`);
        expectClose(row.metrics.ppv, given.precision[c]!, `precision of class ${c}`);
      }
    });
  }
});

describe("regression, against scikit-learn and NumPy", () => {
  for (const [name, given] of Object.entries<RegressionCase>(fixture.regression)) {
    test(name, () => {
      const metrics = regressionMetrics(Float64Array.from(given.actual), Float64Array.from(given.predicted), weightsOf(given));
      expect(Object.keys(metrics).sort()).toEqual(Object.keys(given.expected).sort());
      for (const [metric, value] of Object.entries<number>(given.expected)) expectClose(metrics[metric], value, metric);
    });
  }
});

describe("identities that need no reference", () => {
  test("AUC is the share of pairs in the right order, ties one half", () => {
    const random = randomStream(4);
    const actual = Int32Array.from({ length: 40 }, () => random.integer(2));
    const p = Array.from(actual, () => random.integer(6) / 6);
    let right = 0;
    let all = 0;
    for (let i = 0; i < 40; i++) {
      for (let j = 0; j < 40; j++) {
        if (actual[i] !== 1 || actual[j] !== 0) continue;
        all++;
        right += p[i]! > p[j]! ? 1 : p[i] === p[j] ? 0.5 : 0;
      }
    }
    expect(classificationMetrics(actual, pairs(p), ["a", "b"]).auc).toBe(right / all);
  });

  test("weights 0, 1, 2 are rows left out, once and twice", () => {
    const random = randomStream(5);
    for (const k of [2, 3]) {
      const n = 60;
      const classes = ["a", "b", "c"].slice(0, k);
      const actual = Int32Array.from({ length: n }, () => random.integer(k));
      const rows = Array.from({ length: n }, () => {
        const raw = classes.map(() => 1 + random.integer(4));
        const sum = raw.reduce((a, b) => a + b, 0);
        return raw.map((value) => value / sum);
      });
      const weights = Float64Array.from({ length: n }, () => random.integer(3));
      const repeated = Array.from(weights, (w, i) => new Array<number>(w).fill(i)).flat();
      const weighted = classificationMetrics(actual, Float64Array.from(rows.flat()), classes, weights);
      const literal = classificationMetrics(
        Int32Array.from(repeated, (i) => actual[i]!),
        Float64Array.from(repeated.flatMap((i) => rows[i]!)),
        classes,
      );
      for (const [name, value] of Object.entries(literal)) expectClose(weighted[name], value!, name);
    }
  });

  test("the order of rows does not matter", () => {
    const given = fixture.binary["many ties"];
    const order = shuffle(
      Int32Array.from(given.actual, (_, i) => i),
      randomStream(6),
    );
    const before = classificationMetrics(Int32Array.from(given.actual), pairs(given.probability), ["a", "b"]);
    const after = classificationMetrics(
      order.map((i) => given.actual[i]),
      pairs(Array.from(order, (i) => given.probability[i])),
      ["a", "b"],
    );
    for (const [name, value] of Object.entries(before)) expectClose(after[name], value!, name);
  });

  test("adding a constant to target and prediction changes no error and no R²", () => {
    const given = fixture.regression["around zero"];
    const shift = (values: number[]) => Float64Array.from(values, (value) => value + 1024);
    const before = regressionMetrics(Float64Array.from(given.actual), Float64Array.from(given.predicted));
    const after = regressionMetrics(shift(given.actual), shift(given.predicted));
    for (const name of ["mae", "rmse", "rsq", "r", "median_ae"]) expect(after[name]).toBeCloseTo(before[name]!, 9);
  });

  test("predictions that are all the same, or targets that are, have no correlation, however their mean is rounded", () => {
    // A sum of 100,000 times 0.1 is off in the eleventh digit, far more than one rounding.
    const rows = 100_000;
    const varied = Float64Array.from({ length: rows }, (_, i) => i % 7);
    const same = new Float64Array(rows).fill(0.1);
    expect(regressionMetrics(varied, same).r).toBeNull();
    expect(regressionMetrics(same, varied)).toMatchObject({ r: null, rsq: null });
    const weights = Float64Array.from(varied, (_, i) => (i === 3 ? 0 : 1));
    expect(regressionMetrics(varied, same.with(3, 9), weights).r).toBeNull();
    expect(regressionMetrics(varied, same.with(3, 9)).r).not.toBeNull();
  });

  test("predicting the mean has R² 0 and no correlation", () => {
    const metrics = regressionMetrics(Float64Array.of(1, 2, 6), Float64Array.of(3, 3, 3));
    expect(metrics.rsq).toBe(0);
    expect(metrics.r).toBeNull();
    expect(metrics.median_ae).toBe(2);
  });
});

describe("edges", () => {
  const binary = (actual: number[], p: number[]) => classificationMetrics(Int32Array.from(actual), pairs(p), ["a", "b"]);

  test("probability one half predicts the positive class; among more classes ties go to the lower code", () => {
    expect([...predictedCodes(pairs([0.5, 0.49]), 2)]).toEqual([1, 0]);
    expect([...predictedCodes(Float64Array.of(0.2, 0.4, 0.4, 0.2, 0.3, 0.5), 3)]).toEqual([1, 2]);
    expect(binary([1], [0.5]).accuracy).toBe(1);
  });

  test("with one class, rates of the other, AUC and balanced accuracy are undefined, the rest is not", () => {
    const metrics = binary([1, 1, 1], [0.9, 0.8, 0.2]);
    expect(metrics).toMatchObject({ specificity: null, auc: null, balanced_accuracy: null, sensitivity: 2 / 3, accuracy: 2 / 3, ppv: 1 });
    expect(metrics.log_loss).toBeCloseTo(-(Math.log(0.9) + Math.log(0.8) + Math.log(0.2)) / 3, 12);
    expect(binary([0, 0], [0.1, 0.2])).toMatchObject({ sensitivity: null, ppv: null, f1: null, pr_auc: null, npv: 1 });
  });

  test("a class that does not occur is left out of the averages of many classes", () => {
    const p = Float64Array.of(0.6, 0.3, 0.1, 0.2, 0.7, 0.1, 0.5, 0.4, 0.1);
    const metrics = classificationMetrics(Int32Array.of(0, 1, 1), p, ["a", "b", "c"]);
    expect(metrics.balanced_accuracy).toBe(0.75);
    expect(metrics.f1).toBeCloseTo((2 / 3 + 2 / 3) / 2, 15);
    expect(metrics.auc).toBe(1);
    const one = classificationMetrics(Int32Array.of(2, 2), p.slice(0, 6), ["a", "b", "c"]);
    expect(one).toMatchObject({ balanced_accuracy: null, auc: null, accuracy: 0 });
  });

  test("no rows, and a NaN among the predictions, leave everything undefined", () => {
    for (const metrics of [binary([], []), binary([0, 1], [0.2, Number.NaN])]) {
      expect(Object.values(metrics).every((value) => value === null)).toBe(true);
    }
    const nan = regressionMetrics(Float64Array.of(1, 2), Float64Array.of(Number.NaN, 2));
    expect(Object.values(nan).every((value) => value === null)).toBe(true);
    const empty = regressionMetrics(new Float64Array(0), new Float64Array(0));
    expect(Object.values(empty).every((value) => value === null)).toBe(true);
  });

  test("rows without an outcome count nowhere", () => {
    expect(binary([1, -1, 0, 0], [0.9, 0.1, 0.6, 0.3])).toEqual(binary([1, 0, 0], [0.9, 0.6, 0.3]));
    expect(regressionMetrics(Float64Array.of(1, Number.NaN, 3), Float64Array.of(2, Number.NaN, 3))).toEqual(
      regressionMetrics(Float64Array.of(1, 3), Float64Array.of(2, 3)),
    );
  });

  test("certain and wrong costs a finite log loss", () => {
    expect(binary([1], [0]).log_loss).toBeCloseTo(-Math.log(Number.EPSILON), 10);
  });

  test("one row, constant values and zeros in regression are undefined where they must be", () => {
    expect(regressionMetrics(Float64Array.of(5), Float64Array.of(4))).toMatchObject({ mae: 1, mape: 0.2, rsq: null, r: null });
    const constant = regressionMetrics(
      new Float64Array(300).fill(0.1),
      Float64Array.from({ length: 300 }, (_, i) => i),
    );
    expect(constant.rsq).toBeNull();
    expect(regressionMetrics(Float64Array.of(0, 1), Float64Array.of(1, 1)).mape).toBeNull();
    expect(regressionMetrics(Float64Array.of(1, 2), Float64Array.of(Number.POSITIVE_INFINITY, 2)).mse).toBeNull();
  });

  test("wrong shapes and codes are refused with the numbers", () => {
    expect(() => classificationMetrics(Int32Array.of(0, 1), new Float64Array(3), ["a", "b"])).toThrow(/expected 4 values, got 3/);
    expect(() => classificationMetrics(Int32Array.of(0, 2), new Float64Array(4), ["a", "b"])).toThrow(/row 2 has class code 2/);
    expect(() => classificationMetrics(Int32Array.of(0), new Float64Array(1), ["a"])).toThrow(/at least 2/);
    expect(() => regressionMetrics(Float64Array.of(1), new Float64Array(2))).toThrow(/expected 1 values, got 2/);
    expect(() => regressionMetrics(Float64Array.of(1), Float64Array.of(1), new Float64Array(2))).toThrow(/weights/);
  });
});

describe("the table of metrics", () => {
  test("names every metric that is computed, and no other", () => {
    const computed = {
      binary: computeMetrics({ task: "binary", actual: Int32Array.of(0, 1), predicted: pairs([0.2, 0.9]), classes: ["a", "b"] }),
      multiclass: computeMetrics({
        task: "multiclass",
        actual: Int32Array.of(0),
        predicted: Float64Array.of(1, 0, 0),
        classes: ["a", "b", "c"],
      }),
      regression: computeMetrics({ task: "regression", actual: Int32Array.of(1), predicted: Float64Array.of(1), classes: [] }),
    };
    for (const task of ["binary", "multiclass", "regression"] as const) {
      const listed = metricsForTask(task).map((info) => info.name);
      expect(listed.sort()).toEqual(Object.keys(computed[task]).sort());
      expect(listed).toContain(defaultMetric(task));
      expect(listed).toContain(headlineMetric(task));
    }
    expect(new Set(METRIC_INFO.map((info) => info.name)).size).toBe(METRIC_INFO.length);
  });

  test("says which way is better", () => {
    expect(METRIC_INFO.filter((info) => !info.maximize).map((info) => info.name)).toEqual([
      "brier_score",
      "log_loss",
      "ece",
      "rmse",
      "mse",
      "mae",
      "median_ae",
      "mape",
    ]);
    expect(metricInfo("aucc")).toBeNull();
  });
});
