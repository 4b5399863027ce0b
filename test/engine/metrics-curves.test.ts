import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { randomStream } from "../../src/core/random.ts";
import {
  calibrationCurve,
  classificationMetrics,
  MAX_VERTICES,
  prCurve,
  rocCurve,
  wilsonInterval,
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

const fixture = JSON.parse(readFileSync(new URL("../fixtures/metrics/metrics.json", import.meta.url), "utf8"));
const recalibration = JSON.parse(readFileSync(new URL("../fixtures/metrics/recalibration.json", import.meta.url), "utf8"));
const OF = { fold: "aggregate", split: "test" } as const;
const CLASSES = ["no", "yes"];

function pairs(positive: readonly number[]): Float64Array {
  return Float64Array.from(positive.flatMap((p) => [1 - p, p]));
}

/** Area below a polyline, by trapezoids. */
function area(x: readonly number[], y: readonly number[]): number {
  let sum = 0;
  for (let i = 1; i < x.length; i++) sum += ((x[i]! - x[i - 1]!) * (y[i]! + y[i - 1]!)) / 2;
  return sum;
}

/** Height of a polyline at `at`: the range over a vertical step. */
function heightAt(x: readonly number[], y: readonly number[], at: number): [number, number] {
  const touching: number[] = [];
  for (let i = 1; i < x.length; i++) {
    const [a, b] = [x[i - 1]!, x[i]!];
    if (at < a - 1e-12 || at > b + 1e-12) continue;
    if (b - a < 1e-12) touching.push(y[i - 1]!, y[i]!);
    else touching.push(y[i - 1]! + ((at - a) / (b - a)) * (y[i]! - y[i - 1]!));
  }
  return [Math.min(...touching), Math.max(...touching)];
}

describe("ROC curve", () => {
  for (const [name, given] of Object.entries<BinaryCase>(fixture.binary)) {
    test(`runs through every vertex of scikit-learn's (${name})`, () => {
      const weights = given.weights === null ? null : Float64Array.from(given.weights);
      const [curve, ...others] = rocCurve(Int32Array.from(given.actual), pairs(given.probability), CLASSES, OF, weights);
      expect(others).toEqual([]);
      expect(curve).toMatchObject({ class: "yes", fold: "aggregate", split: "test" });
      expect([curve!.fpr[0], curve!.tpr[0], curve!.fpr.at(-1), curve!.tpr.at(-1)]).toEqual([0, 0, 1, 1]);
      for (const [i, fpr] of given.roc.fpr.entries()) {
        const [low, high] = heightAt(curve!.fpr, curve!.tpr, fpr);
        expect(given.roc.tpr[i]).toBeGreaterThanOrEqual(low - 1e-9);
        expect(given.roc.tpr[i]).toBeLessThanOrEqual(high + 1e-9);
      }
      expect(area(curve!.fpr, curve!.tpr)).toBeCloseTo(curve!.auc!, 12);
      expect(curve!.auc).toBeCloseTo(given.expected.auc!, 12);
    });
  }

  test("drops vertices on straight lines", () => {
    const [curve] = rocCurve(Int32Array.of(1, 1, 1, 0, 0, 0), pairs([0.9, 0.8, 0.7, 0.3, 0.2, 0.1]), CLASSES, OF);
    expect(curve).toMatchObject({ fpr: [0, 0, 1], tpr: [0, 1, 1], auc: 1 });
  });

  test("is one against the rest for each of three classes", () => {
    const given = fixture.multiclass["three classes"];
    const curves = rocCurve(Int32Array.from(given.actual), Float64Array.from(given.probabilities), ["a", "b", "c"], OF);
    expect(curves.map((curve) => curve.class)).toEqual(["a", "b", "c"]);
    for (const [c, curve] of curves.entries()) expect(curve.auc).toBeCloseTo(given.one_versus_rest[c], 12);
  });

  test("keeps its shape below 1,000 vertices when there are 30,000 scores", () => {
    const random = randomStream(1);
    const actual = Int32Array.from({ length: 30_000 }, () => random.integer(2));
    const p = Array.from(actual, (y) => 1 / (1 + Math.exp(-y - 3 * (random.next() + random.next() - random.next() - random.next()))));
    const [curve] = rocCurve(actual, pairs(p), CLASSES, OF);
    expect(curve!.fpr.length).toBeGreaterThan(400);
    expect(curve!.fpr.length).toBeLessThanOrEqual(MAX_VERTICES);
    expect(Math.abs(area(curve!.fpr, curve!.tpr) - curve!.auc!)).toBeLessThan(0.0005);
    expect([curve!.fpr.at(-1), curve!.tpr.at(-1)]).toEqual([1, 1]);
    for (let i = 1; i < curve!.fpr.length; i++) {
      const step = curve!.fpr[i]! - curve!.fpr[i - 1]! + curve!.tpr[i]! - curve!.tpr[i - 1]!;
      expect(step).toBeGreaterThan(0);
      expect(step).toBeLessThan(0.005);
    }
  });

  test("has no vertices when a class is absent or a probability is NaN", () => {
    const none = { fpr: [], tpr: [], auc: null };
    expect(rocCurve(Int32Array.of(1, 1), pairs([0.1, 0.2]), CLASSES, OF)[0]).toMatchObject(none);
    expect(rocCurve(Int32Array.of(0, 1), pairs([0.1, Number.NaN]), CLASSES, OF)[0]).toMatchObject(none);
    expect(rocCurve(new Int32Array(0), new Float64Array(0), CLASSES, OF)[0]).toMatchObject(none);
  });
});

describe("precision–recall curve", () => {
  for (const [name, given] of Object.entries<BinaryCase>(fixture.binary)) {
    test(`its vertices are scikit-learn's (${name})`, () => {
      const weights = given.weights === null ? null : Float64Array.from(given.weights);
      const [curve] = prCurve(Int32Array.from(given.actual), pairs(given.probability), CLASSES, OF, weights);
      expect(curve!.pr_auc).toBeCloseTo(given.expected.pr_auc!, 12);
      const reference: [number, number][] = given.pr.recall.map((recall, i) => [recall, given.pr.precision[i]!]);
      for (const [i, recall] of curve!.recall.entries()) {
        if (i === 0) continue;
        const near = reference.filter(([r, p]) => Math.abs(r - recall) < 1e-9 && Math.abs(p - curve!.precision[i]!) < 1e-9);
        expect(near.length, `vertex ${recall}, ${curve!.precision[i]}`).toBeGreaterThan(0);
      }
      expect(curve!.recall.at(-1)).toBe(1);
    });
  }

  test("without positives it is empty; prevalence says what guessing gives", () => {
    expect(prCurve(Int32Array.of(0, 0), pairs([0.1, 0.2]), CLASSES, OF)[0]).toMatchObject({ recall: [], pr_auc: null, prevalence: 0 });
    expect(prCurve(Int32Array.of(0, 1, 0, 0), pairs([0.1, 0.2, 0.3, 0.4]), CLASSES, OF)[0]!.prevalence).toBe(0.25);
  });
});

describe("calibration", () => {
  const { actual, probability, observed, mean_predicted } = fixture.calibration;

  test("ten bins of equal counts are those of scikit-learn's quantile strategy", () => {
    const [curve] = calibrationCurve(Int32Array.from(actual), pairs(probability), CLASSES);
    expect(curve!.bins.map((bin) => bin.n)).toEqual(new Array(10).fill(20));
    for (const [b, bin] of curve!.bins.entries()) {
      expect(bin.observed).toBeCloseTo(observed[b], 12);
      expect(bin.mean_predicted).toBeCloseTo(mean_predicted[b], 12);
    }
  });

  test("the calibration error is the mean distance of the bins", () => {
    for (const given of Object.values<BinaryCase>(fixture.binary).filter((each) => each.weights === null)) {
      const codes = Int32Array.from(given.actual);
      const [curve] = calibrationCurve(codes, pairs(given.probability), CLASSES);
      const distance = curve!.bins.reduce((sum, bin) => sum + bin.n * Math.abs(bin.observed - bin.mean_predicted), 0) / codes.length;
      expect(classificationMetrics(codes, pairs(given.probability), CLASSES).ece).toBeCloseTo(distance, 12);
    }
  });

  test("equal probabilities share a bin", () => {
    const [curve] = calibrationCurve(Int32Array.of(0, 1, 1, 1, 0), pairs([0.2, 0.2, 0.2, 0.8, 0.8]), CLASSES);
    expect(curve!.bins.map(({ n, observed: share }) => [n, share])).toEqual([
      [3, 2 / 3],
      [2, 0.5],
    ]);
  });

  test("Wilson's interval is R's prop.test without correction", () => {
    for (const [successes, n, low, high] of recalibration.wilson) {
      const interval = wilsonInterval(successes, n);
      expect(interval[0]).toBeCloseTo(low, 12);
      expect(interval[1]).toBeCloseTo(high, 12);
    }
  });

  test("intercept and slope are those of R's glm", () => {
    const [curve] = calibrationCurve(Int32Array.from(recalibration.actual), pairs(recalibration.probability), CLASSES);
    // 1 - (1 - p) differs from p in the last bits; glm stops at a relative deviance of 1e-14.
    expect(curve!.intercept).toBeCloseTo(recalibration.intercept, 8);
    expect(curve!.slope).toBeCloseTo(recalibration.slope, 8);
  });

  test("has no slope when classes are separated, absent, or probabilities all equal", () => {
    const slope = (y: number[], p: number[]) => calibrationCurve(Int32Array.from(y), pairs(p), CLASSES)[0]!.slope;
    expect(slope([0, 0, 1, 1], [0.1, 0.2, 0.6, 0.9])).toBeNull();
    expect(slope([1, 1, 0, 0], [0.1, 0.2, 0.6, 0.9])).toBeNull();
    expect(slope([1, 1], [0.1, 0.2])).toBeNull();
    expect(slope([0, 1, 0], [0.3, 0.3, 0.3])).toBeNull();
    expect(slope([0, 1, 0, 1], [0, 1, 1, 0])).toBeCloseTo(0, 6);
  });

  test("three classes have three curves; no rows have no bins", () => {
    expect(calibrationCurve(Int32Array.of(0, 1, 2), Float64Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1), ["a", "b", "c"])).toHaveLength(3);
    expect(calibrationCurve(new Int32Array(0), new Float64Array(0), CLASSES)[0]).toMatchObject({ bins: [], intercept: null, slope: null });
  });
});
