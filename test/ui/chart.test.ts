import { describe, expect, test } from "vitest";
import { calibrationSentence, POOLED, precisionRecall, prFromRoc, shownCurves, tprAt } from "../../src/ui/chart/classification.ts";
import { seriesColor, seriesDash } from "../../src/ui/chart/color.ts";
import { marginSums, worstSentence } from "../../src/ui/chart/confusion.tsx";
import { tableToCsv } from "../../src/ui/chart/csv.ts";
import { fileName } from "../../src/ui/chart/export.ts";
import { candidateMeans, type GridCell, goodness, gridKey, orderedCandidates, valueRange } from "../../src/ui/chart/fold-grid-model.ts";
import { jittered, stripDomain } from "../../src/ui/chart/fold-strip.tsx";
import { histogramSentence } from "../../src/ui/chart/histogram.tsx";
import { areaPath, linePath, stepPath } from "../../src/ui/chart/path.ts";
import { moveReading } from "../../src/ui/chart/reading.ts";
import { formatTick, linearScale, linearTicks, logScale, logTicks, niceDomain, stepDigits } from "../../src/ui/chart/scale.ts";
import { nearestPoint, pearson, sortedByX } from "../../src/ui/chart/scatter-model.ts";
import type { RocCurve } from "../../src/ui/chart/types.ts";

describe("scales", () => {
  test("ticks are round, inside the range and free of rounding noise", () => {
    expect(linearTicks(0, 1, 5)).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1]);
    expect(linearTicks(0.1, 0.34, 4)).toEqual([0.1, 0.15, 0.2, 0.25, 0.3]);
    expect(linearTicks(-3, 3, 3)).toEqual([-2, 0, 2]);
    expect(linearTicks(5, 5)).toEqual([5]);
    expect(linearTicks(Number.NaN, 1)).toEqual([]);
    expect(Object.is(linearTicks(-1, 1, 2)[1], 0)).toBe(true);
  });

  test("logarithmic ticks are powers of ten, with 2 and 5 when there is room", () => {
    expect(logTicks(0.02, 0.7, 6)).toEqual([0.02, 0.05, 0.1, 0.2, 0.5]);
    expect(logTicks(1e-6, 1e3, 5)).toEqual([1e-6, 1e-4, 1e-2, 1, 100]);
    expect(logTicks(-1, 5)).toEqual([]);
    expect(logTicks(0.3, 0.5, 4)).toEqual([0.3, 0.35, 0.4, 0.45, 0.5]);
  });

  test("a scale and its inverse agree", () => {
    for (const scale of [linearScale([-2, 6], [40, 400]), logScale([0.01, 10], [300, 20])]) {
      for (const value of [scale.domain[0], 1, scale.domain[1]]) expect(scale.invert(scale.at(value))).toBeCloseTo(value, 10);
      expect(scale.at(scale.domain[0])).toBeCloseTo(scale.range[0], 10);
      expect(scale.at(scale.domain[1])).toBeCloseTo(scale.range[1], 10);
    }
  });

  test("domains widen to round numbers, and a single value gets room", () => {
    expect(niceDomain(0.13, 0.87)).toEqual([0, 1]);
    expect(niceDomain(3, 3)).toEqual([2.7, 3.3]);
    expect(niceDomain(0, 0)).toEqual([-1, 1]);
    expect(niceDomain(Infinity, -Infinity)).toEqual([0, 1]);
  });

  test("tick labels carry the digits of their distance", () => {
    expect(formatTick(0.25, 0.05)).toBe("0.25");
    expect(formatTick(20_000, 10_000)).toBe("20k");
    expect(formatTick(2_500_000, 500_000)).toBe("2.5M");
    expect(formatTick(-1500, 500)).toBe("\u22121,500");
    expect(formatTick(1e-6)).toBe("1e\u22126");
    expect(formatTick(0)).toBe("0");
    expect([1, 0.5, 0.25, 20].map(stepDigits)).toEqual([0, 1, 2, 0]);
  });
});

describe("paths", () => {
  const scale = linearScale([0, 1], [0, 100]);

  test("a line keeps first and last, leaves out what no pixel can show, and breaks at what is not finite", () => {
    expect(linePath([0, 0.5, 1], [0, 1, 0], scale.at, scale.at)).toBe("M0 0L50 100L100 0");
    const many = Array.from({ length: 10_001 }, (_, i) => i / 10_000);
    const path = linePath(many, many, scale.at, scale.at);
    expect(path.split("L").length).toBeLessThan(210);
    expect(path.endsWith("L100 100")).toBe(true);
    expect(linePath([0, 0.5, 1], [0, Number.NaN, 1], scale.at, scale.at)).toBe("M0 0M100 100");
  });

  test("steps go to the new height before they go across", () => {
    expect(stepPath([0, 0.5, 1], [1, 0.5, 0.2], scale.at, scale.at)).toBe("M0 100V50H50V20H100");
  });

  test("an area is closed at its base", () => {
    expect(areaPath([0, 1], [1, 1], scale.at, scale.at, 0)).toBe("M0 100L100 100L100 0L0 0Z");
    expect(areaPath([], [], scale.at, scale.at, 0)).toBe("");
  });
});

describe("curves of classifiers", () => {
  // Four positives and six negatives, scored best first: + + - + - - + - - -
  const roc: RocCurve = {
    class: "yes",
    fold: POOLED,
    split: "test",
    fpr: [0, 0, 0, 1 / 6, 1 / 6, 2 / 6, 3 / 6, 3 / 6, 4 / 6, 5 / 6, 1],
    tpr: [0, 0.25, 0.5, 0.5, 0.75, 0.75, 0.75, 1, 1, 1, 1],
    auc: null,
  };

  test("precision and recall come exactly out of the ROC curve", () => {
    const pr = prFromRoc(roc, 0.4);
    const byHand = [1, 1, 1, 2 / 3, 3 / 4, 3 / 5, 3 / 6, 4 / 7, 4 / 8, 4 / 9, 4 / 10];
    expect(pr.recall).toHaveLength(byHand.length);
    pr.precision.forEach((value, i) => {
      expect(value).toBeCloseTo(byHand[i]!, 12);
    });
    expect(pr.average).toBeCloseTo((1 + 1 + 3 / 4 + 4 / 7) / 4, 12);
    expect(pr.precision.at(-1)).toBeCloseTo(0.4, 12);
  });

  test("pooled curves only, each with the share of its class among the rows; without a confusion matrix there is none", () => {
    const confusion = {
      classes: ["no", roc.class],
      counts: [
        [5, 1],
        [1, 3],
      ],
    };
    const fold = { ...roc, fold: "Fold_1" };
    expect(precisionRecall([{ ...roc, fold: POOLED }, fold], confusion)).toEqual([prFromRoc({ ...roc, fold: POOLED }, 0.4)]);
    expect(precisionRecall([{ ...roc, fold: POOLED, class: "gone" }], confusion)).toEqual([]);
    expect(precisionRecall([roc], null)).toEqual([]);
  });

  test("a rate between two points is interpolated; at a vertical piece it is the top", () => {
    expect(tprAt(roc, 0)).toBe(0.5);
    expect(tprAt(roc, 1 / 12)).toBe(0.5);
    expect(tprAt(roc, 0.5)).toBe(1);
    expect(tprAt({ ...roc, fpr: [0, 1], tpr: [0, 1] }, 0.25)).toBeCloseTo(0.25, 12);
  });

  test("training curves show only when nothing was held out", () => {
    const training = { ...roc, split: "training" as const };
    expect(shownCurves([training, roc])).toEqual([roc]);
    expect(shownCurves([training])).toEqual([training]);
  });

  test("the calibration sentence names the worst bin and its direction", () => {
    const bin = (mean: number, observed: number) => ({
      mean_predicted: mean,
      observed,
      n: 10,
      low: observed - 0.05,
      high: observed + 0.05,
    });
    const sentence = calibrationSentence({ class: "yes", bins: [bin(0.1, 0.12), bin(0.5, 0.3)], intercept: null, slope: null });
    expect(sentence).toBe(
      "1 of 2 bins agree with what happened within their interval; the largest miss is 0.20 too high, at a predicted 0.50.",
    );
  });

  test("sums and the most frequent mistake of a confusion matrix", () => {
    const matrix = {
      classes: ["a", "b"],
      counts: [
        [40, 2],
        [7, 30],
      ],
    };
    expect(marginSums(matrix)).toEqual({ rows: [42, 37], columns: [47, 32], all: 79 });
    expect(worstSentence(matrix)).toContain("b called a, 7 times");
    expect(worstSentence({ classes: ["a"], counts: [[3]] })).toBe("");
  });
});

describe("the fold × candidate grid", () => {
  const cells: GridCell[] = [
    { fold: 1, candidate: 1, state: "done", value: 0.9 },
    { fold: 2, candidate: 1, state: "done", value: 0.8 },
    { fold: 1, candidate: 2, state: "done", value: 0.95 },
    { fold: 2, candidate: 2, state: "failed" },
    { fold: 1, candidate: 3, state: "running", value: 0.99 },
  ];
  const candidates = [1, 2, 3].map((index) => ({ index, label: `${index}` }));

  test("means count finished cells only", () => {
    expect([...candidateMeans(cells)].map(([k, v]) => [k, Number(v.toFixed(3))])).toEqual([
      [1, 0.85],
      [2, 0.95],
    ]);
    expect(valueRange(cells)).toEqual([0.8, 0.95]);
    expect(valueRange([])).toBeNull();
  });

  test("best first follows the metric's direction, unfinished last", () => {
    const order = (maximize: boolean) => orderedCandidates(candidates, cells, { byMean: true, maximize }).map((c) => c.index);
    expect(order(true)).toEqual([2, 1, 3]);
    expect(order(false)).toEqual([1, 2, 3]);
  });

  test("beyond 200 candidates the best 60 are drawn", () => {
    const many = Array.from({ length: 201 }, (_, i) => ({ index: i + 1, label: `${i + 1}` }));
    const scored = many.map(({ index }): GridCell => ({ fold: 1, candidate: index, state: "done", value: index }));
    const shown = orderedCandidates(many, scored, { byMean: false, maximize: true });
    expect(shown).toHaveLength(60);
    expect(shown[0]?.index).toBe(201);
  });

  test("the strongest shade is the best value whichever way is better", () => {
    expect(goodness(0.95, [0.8, 0.95], true)).toBe(1);
    expect(goodness(0.1, [0.1, 0.3], false)).toBe(1);
    expect(goodness(0.5, [0.5, 0.5], true)).toBe(1);
  });

  test("arrows stop at the edges", () => {
    const key = (name: string, ctrlKey = false) => gridKey({ key: name, ctrlKey }, [0, 2], 4, 3);
    expect(key("ArrowRight")).toEqual([0, 2]);
    expect(key("ArrowUp")).toEqual([0, 2]);
    expect(key("Home")).toEqual([0, 0]);
    expect(key("End", true)).toEqual([3, 2]);
    expect(key("a")).toBeNull();
  });
});

describe("reading by keyboard", () => {
  const press = (key: string, ctrlKey = false) => ({ key, ctrlKey });

  test("the first key enters, arrows move, Ctrl jumps a tenth, ends hold", () => {
    expect(moveReading(null, press("ArrowRight"), [0, 50])).toEqual({ series: 1, index: 0 });
    expect(moveReading({ series: 1, index: 0 }, press("ArrowLeft"), [0, 50])).toEqual({ series: 1, index: 0 });
    expect(moveReading({ series: 1, index: 10 }, press("ArrowRight", true), [0, 50])).toEqual({ series: 1, index: 15 });
    expect(moveReading({ series: 1, index: 10 }, press("End"), [0, 50])).toEqual({ series: 1, index: 49 });
    expect(moveReading(null, press("q"), [5])).toBeNull();
    expect(moveReading(null, press("ArrowRight"), [])).toBeNull();
  });

  test("up and down go to the next series that has points, at the same share of the way", () => {
    expect(moveReading({ series: 0, index: 5 }, press("ArrowDown"), [11, 0, 21])).toEqual({ series: 2, index: 10 });
    expect(moveReading({ series: 0, index: 5 }, press("ArrowUp"), [11])).toEqual({ series: 0, index: 5 });
  });
});

describe("points", () => {
  const x = [3, Number.NaN, 1, 2];
  const y = [30, 5, 10, 20];

  test("pairs without both values are left out, the rest goes by x", () => {
    expect([...sortedByX(x, y)]).toEqual([2, 3, 0]);
    expect(pearson(sortedByX(x, y), x, y)).toBeCloseTo(1, 12);
    expect(pearson(sortedByX([1, 1], [2, 3]), [1, 1], [2, 3])).toBeNaN();
  });

  test("the nearest point within reach is found", () => {
    const order = sortedByX(x, y);
    const xScale = linearScale([0, 4], [0, 400]);
    const yScale = linearScale([0, 40], [400, 0]);
    expect(nearestPoint(order, x, y, xScale, yScale, 205, 198)).toBe(1);
    expect(nearestPoint(order, x, y, xScale, yScale, 50, 50)).toBeNull();
  });
});

describe("small pictures and words", () => {
  test("a strip leaves out a baseline that would squash it", () => {
    expect(stripDomain([0.98, 0.99], 0.985, null, 0.5)[0]).toBeGreaterThan(0.97);
    expect(stripDomain([0.7, 0.8], 0.75, [0.68, 0.82], 0.6)[0]).toBeLessThan(0.6);
    expect(stripDomain([], null, null, 0.5)).toEqual([0, 1]);
  });

  test("dots on one place move apart, the same way each time", () => {
    const dots = jittered([0.5, 0.5, 0.5], (value) => value * 100);
    expect(new Set(dots.map((dot) => dot.dy)).size).toBe(3);
    expect(jittered([0.5, 0.5, 0.5], (value) => value * 100)).toEqual(dots);
  });

  test("a histogram says where most rows are", () => {
    expect(histogramSentence([0, 10, 20], [3, 9], "Age")).toBe("Age from 0 to 20, most often 10 to 20 (75 % of rows)");
    expect(histogramSentence([0, 1], [0], "Age")).toBe("Age: no values");
  });

  test("colours repeat with the next dash pattern", () => {
    expect(seriesColor(0)).toBe("var(--series-1)");
    expect(seriesColor(8)).toBe("var(--series-1)");
    expect(seriesDash(0)).toBeUndefined();
    expect(seriesDash(8)).toBe("6 4");
  });
});

describe("export", () => {
  test("CSV quotes what needs it and disarms formulas; numbers stay numbers", () => {
    const csv = tableToCsv({
      columns: ["a", 'b "c"'],
      rows: [
        ["x,y", -1],
        ["=1+1", null],
        ["line\nbreak", Number.NaN],
      ],
    });
    expect(csv).toBe('a,"b ""c"""\n"x,y",-1\n\'=1+1,\n"line\nbreak",\n');
  });

  test("file names come from titles", () => {
    expect(fileName("Folds × candidates", "svg")).toBe("folds-candidates.svg");
    expect(fileName("…", "csv")).toBe("chart.csv");
  });
});
