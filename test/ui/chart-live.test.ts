import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { drawInterval, Governor, type GovernorHost } from "../../src/ui/chart/live/governor.ts";
import {
  brokenSentence,
  describeLines,
  keptIndices,
  type LiveLine,
  linesTable,
  outward,
  xExtent,
  yExtent,
} from "../../src/ui/chart/live/lines-model.ts";
import { type PlotArea, paintSeries } from "../../src/ui/chart/live/painter.ts";
import { SeriesBuffer } from "../../src/ui/chart/live/series-buffer.ts";
import { SmoothedSeries } from "../../src/ui/chart/live/smoothing.ts";

function bufferOf(values: readonly (number | null)[]): SeriesBuffer {
  const buffer = new SeriesBuffer();
  buffer.appendMany(
    values.map((_, i) => i),
    values,
  );
  return buffer;
}

function lineOf(data: SeriesBuffer, label = "Loss"): LiveLine {
  return { id: label, label, color: 0, data };
}

const empty = () => ({ min: 0, max: 0, mean: 0, count: 0 });

describe("a growing series", () => {
  test("any stretch reduces to the same as counting through it", () => {
    const value = fc.option(fc.float({ noNaN: true, noDefaultInfinity: true, min: -1000, max: 1000 }), { nil: null, freq: 12 });
    fc.assert(
      fc.property(fc.array(value, { maxLength: 700 }), fc.nat(700), fc.nat(700), (values, a, b) => {
        const buffer = bufferOf(values);
        const [from, to] = [Math.min(a, b), Math.max(a, b)];
        const finite = values
          .slice(from, to)
          .filter((v): v is number => v !== null)
          .map(Math.fround);
        const reduced = buffer.reduce(from, to, empty());
        expect(reduced.count).toBe(finite.length);
        if (finite.length === 0) return;
        expect(reduced.min).toBe(Math.min(...finite));
        expect(reduced.max).toBe(Math.max(...finite));
        expect(reduced.mean).toBeCloseTo(finite.reduce((sum, v) => sum + v, 0) / finite.length, 6);
      }),
      { numRuns: 200 },
    );
  });

  test("one outlier among a million points keeps its value at full zoom-out", () => {
    const n = 1_000_000;
    const x = new Float64Array(n);
    const y = new Float64Array(n);
    for (let i = 0; i < n; i++) {
      x[i] = i;
      y[i] = 0.3 + 0.01 * Math.sin(i);
    }
    y[612_345] = 2.5;
    const buffer = new SeriesBuffer();
    buffer.appendMany(x, y);
    const columns = 1000;
    const tops = Array.from({ length: columns }, (_, c) => buffer.reduce((c * n) / columns, ((c + 1) * n) / columns, empty()).max);
    expect(tops[612]).toBe(2.5);
    expect(tops.filter((top) => top > 1)).toHaveLength(1);
    expect(buffer.high).toBe(2.5);
  });

  test("a whole million is reduced from few cells", () => {
    const n = 8 ** 6;
    const buffer = new SeriesBuffer();
    buffer.appendMany(
      Float64Array.from({ length: n }, (_, i) => i),
      new Float64Array(n).fill(1),
    );
    const started = performance.now();
    for (let i = 0; i < 20_000; i++) buffer.reduce(1, n - 1, empty());
    // Through the pyramid this is about two million reads; point by point it would be five thousand million.
    expect(performance.now() - started).toBeLessThan(2000);
  });

  test("points at or before the last x are refused, so a repeated batch adds nothing", () => {
    const buffer = new SeriesBuffer();
    expect(buffer.appendMany([1, 2, 3], [5, 6, 7])).toBe(3);
    expect(buffer.appendMany([2, 3, 4], [6, 7, 8])).toBe(1);
    expect(buffer.append(Number.NaN, 1)).toBe(false);
    expect([...buffer.x]).toEqual([1, 2, 3, 4]);
    expect([...buffer.y]).toEqual([5, 6, 7, 8]);
  });

  test("listeners hear once per batch, and not when nothing was taken", () => {
    const buffer = new SeriesBuffer();
    let heard = 0;
    const stop = buffer.subscribe(() => {
      heard += 1;
    });
    buffer.appendMany([1, 2], [1, 2]);
    buffer.appendMany([1], [1]);
    stop();
    buffer.append(3, 3);
    expect(heard).toBe(1);
  });

  test("values that are not finite are counted, and looked past", () => {
    const buffer = bufferOf([1, null, 3, Infinity]);
    expect(buffer.brokenCount).toBe(2);
    expect(buffer.firstBrokenX).toBe(1);
    expect([buffer.low, buffer.high]).toEqual([1, 3]);
    expect(brokenSentence([lineOf(buffer)], "Step")).toBe("2 values not finite from step 1");
  });

  test("the nearest point is found on both sides", () => {
    const buffer = new SeriesBuffer();
    buffer.appendMany([10, 20, 40], [1, 2, 3]);
    expect([0, 14, 16, 31, 99].map((x) => buffer.nearest(x))).toEqual([0, 0, 1, 2, 2]);
    expect(new SeriesBuffer().nearest(3)).toBe(-1);
  });
});

describe("smoothing", () => {
  test("new points never change what was smoothed before, and a late start gives the same", () => {
    const values = Array.from({ length: 400 }, (_, i) => Math.sin(i / 9) + (i % 7) / 5);
    const source = new SeriesBuffer();
    const running = new SmoothedSeries(source, 8);
    for (let i = 0; i < values.length; i += 50) {
      const before = [...running.update().y];
      source.appendMany(
        values.slice(i, i + 50).map((_, k) => i + k),
        values.slice(i, i + 50),
      );
      expect([...running.update().y.subarray(0, before.length)]).toEqual(before);
    }
    expect([...running.update().y]).toEqual([...new SmoothedSeries(source, 8).update().y]);
  });

  test("a constant stays itself and the first two points are never smoothed", () => {
    expect([...new SmoothedSeries(bufferOf([3, 3, 3, 3]), 4).update().y]).toEqual([3, 3, 3, 3]);
    expect([...new SmoothedSeries(bufferOf([1, 9]), 4).update().y]).toEqual([1, 9]);
  });

  test("the weight of a point halves over the half-life, counted in x and not in points", () => {
    const source = new SeriesBuffer();
    source.appendMany([0, 1, 11], [0, 0, 1]);
    const last = new SmoothedSeries(source, 10).update().yAt(2);
    const weights = [2 ** -1.1, 2 ** -1, 1];
    expect(last).toBeCloseTo(1 / (weights[0]! + weights[1]! + weights[2]!), 6);
  });

  test("a value that is not finite breaks the line and nothing else", () => {
    const smooth = new SmoothedSeries(bufferOf([2, 2, null, 2]), 4).update();
    expect(smooth.yAt(2)).toBeNaN();
    expect(smooth.yAt(3)).toBeCloseTo(2, 6);
  });
});

describe("ranges and words", () => {
  test("y covers the window, with air, and never goes below zero by itself", () => {
    const line = lineOf(bufferOf([10, 1, 2, 3]));
    expect(yExtent([line], null, false)[1]).toBeCloseTo(10.45, 6);
    expect(yExtent([line], [1, 3], false)[1]).toBeCloseTo(3.1, 6);
    expect(yExtent([lineOf(bufferOf([0, 1]))], null, false)[0]).toBe(0);
  });

  test("a logarithmic axis starts at the smallest positive value", () => {
    const [low, high] = yExtent([lineOf(bufferOf([0, -1, 0.01, 1]))], null, true);
    expect(low).toBeGreaterThan(0.005);
    expect(low).toBeLessThan(0.01);
    expect(high).toBeGreaterThan(1);
  });

  test("a live axis only grows, and x leaves room in steps", () => {
    expect(outward([0, 5], [1, 4])).toEqual([0, 5]);
    expect(outward([0, 5], [-1, 6])).toEqual([-1, 6]);
    const line = lineOf(bufferOf(new Array(231).fill(1)));
    expect(xExtent([line], true)).toEqual([0, 250]);
    expect(xExtent([line], false)).toEqual([0, 230]);
    expect(xExtent([], true)).toEqual([0, 1]);
  });

  test("the sentence says where the curve turned", () => {
    expect(describeLines([lineOf(bufferOf([0.9, 0.5, 0.2, 0.3]), "Validation")], "Round")).toBe(
      "Validation falls from 0.900 to 0.200 at round 2, then rises to 0.300 at round 3.",
    );
    expect(describeLines([lineOf(bufferOf([0.5, 0.7]), "AUC")], "Round")).toBe("AUC rises from 0.500 to 0.700 at round 1.");
    expect(describeLines([], "Round")).toBe("No points yet.");
  });

  test("a long table keeps first, last, lowest and highest", () => {
    const values = Array.from({ length: 5000 }, (_, i) => (i === 1234 ? 99 : Math.sin(i)));
    const kept = keptIndices(values, 40);
    expect(kept.length).toBeLessThanOrEqual(40);
    expect(kept).toContain(0);
    expect(kept).toContain(4999);
    expect(kept).toContain(1234);
    const table = linesTable([lineOf(bufferOf(values))], "Step", "Loss", 40);
    expect(table.rows.some((row) => row[2] === 99)).toBe(true);
    expect(linesTable([lineOf(bufferOf(values))], "Step", "Loss").rows).toHaveLength(5000);
  });
});

/** A canvas context that writes down what it is asked for. */
function recorder() {
  const rects: number[][] = [];
  const points: number[][] = [];
  const noop = () => {};
  const context = {
    save: noop,
    restore: noop,
    clip: noop,
    beginPath: noop,
    closePath: noop,
    stroke: noop,
    fill: noop,
    arc: noop,
    setLineDash: noop,
    rect: (x: number, y: number, w: number, h: number) => rects.push([x, y, w, h]),
    moveTo: (x: number, y: number) => points.push([x, y]),
    lineTo: (x: number, y: number) => points.push([x, y]),
  };
  // The painter uses nothing else of a context.
  return { context: context as unknown as CanvasRenderingContext2D, rects, points };
}

const AREA: PlotArea = { left: 0, top: 0, width: 200, height: 100, x: [0, 99_999], toY: (value) => 100 - value * 10, pixelRatio: 1 };
const STYLE = { color: "#000", dash: [], smoothed: null };

describe("the painter", () => {
  test("a dense series becomes at most one bar per pixel column, and the outlier's bar reaches its value", () => {
    const values = new Array<number>(100_000).fill(1);
    values[70_000] = 9;
    const { context, rects } = recorder();
    paintSeries(context, bufferOf(values), AREA, STYLE);
    const bars = rects.slice(1); // the first is the clip
    expect(bars.length).toBeLessThanOrEqual(200);
    const tallest = bars.filter((bar) => bar[3]! > 50);
    expect(tallest.length).toBeGreaterThan(0);
    expect(Math.min(...tallest.map((bar) => bar[1]!))).toBe(10);
    expect(Math.abs(tallest[0]![0]! - 140)).toBeLessThanOrEqual(1);
  });

  test("neighbouring bars touch, so that a steep curve has no holes", () => {
    const { context, rects } = recorder();
    paintSeries(context, bufferOf(Array.from({ length: 100_000 }, (_, i) => (i < 50_000 ? 1 : 8))), AREA, STYLE);
    const bars = rects.slice(1).sort((a, b) => a[0]! - b[0]!);
    for (let i = 1; i < bars.length; i++) {
      const [a, b] = [bars[i - 1]!, bars[i]!];
      expect(Math.max(a[1]!, b[1]!)).toBeLessThanOrEqual(Math.min(a[1]! + a[3]!, b[1]! + b[3]!));
    }
  });

  test("a sparse series goes through every point", () => {
    const { context, points } = recorder();
    paintSeries(context, bufferOf([1, 2, 3]), { ...AREA, x: [0, 2] }, STYLE);
    expect(points).toEqual([
      [0, 90],
      [100, 80],
      [200, 70],
    ]);
  });
});

/** A clock that stands until told to go on. */
function fakeHost() {
  let now = 0;
  let hidden = false;
  const waiting: { at: number; callback: () => void }[] = [];
  const host: GovernorHost = {
    now: () => now,
    isHidden: () => hidden,
    later: (callback, delayMs) => waiting.push({ at: now + delayMs, callback }),
  };
  const advance = (ms: number) => {
    const end = now + ms;
    for (;;) {
      waiting.sort((a, b) => a.at - b.at);
      const next = waiting[0];
      if (next === undefined || next.at > end) break;
      waiting.shift();
      now = Math.max(now, next.at);
      next.callback();
    }
    now = end;
  };
  return { host, advance, spend: (ms: number) => (now += ms), hide: () => (hidden = true) };
}

describe("the draw governor", () => {
  test("a chart that gets a thousand notices a second draws about ten times", () => {
    const rig = fakeHost();
    const governor = new Governor(rig.host);
    let draws = 0;
    const chart = {
      draw: () => {
        draws += 1;
      },
      isVisible: () => true,
    };
    governor.add(chart);
    for (let i = 0; i < 1000; i++) {
      governor.request(chart);
      rig.advance(1);
    }
    expect(draws).toBeGreaterThanOrEqual(9);
    expect(draws).toBeLessThanOrEqual(11);
  });

  test("a dear chart draws less, so that drawing stays under a quarter of the time", () => {
    const rig = fakeHost();
    const governor = new Governor(rig.host);
    let drawn = 0;
    const chart = {
      draw: () => {
        rig.spend(60);
        drawn += 60;
      },
      isVisible: () => true,
    };
    governor.add(chart);
    for (let i = 0; i < 300; i++) {
      governor.request(chart);
      rig.advance(10);
    }
    expect(drawn).toBeGreaterThan(0);
    expect(drawn / rig.host.now()).toBeLessThan(0.25);
  });

  test("a chart out of view is not drawn until it is seen; zooming does not wait", () => {
    const rig = fakeHost();
    const governor = new Governor(rig.host);
    let draws = 0;
    let visible = false;
    const chart = {
      draw: () => {
        draws += 1;
      },
      isVisible: () => visible,
    };
    governor.add(chart);
    governor.request(chart);
    rig.advance(1000);
    expect(draws).toBe(0);
    visible = true;
    governor.urge(chart);
    rig.advance(1);
    expect(draws).toBe(1);
    governor.request(chart);
    rig.advance(5);
    governor.urge(chart);
    rig.advance(1);
    expect(draws).toBe(2);
  });

  test("an idle chart asks for no frames, a hidden tab for one a second", () => {
    const rig = fakeHost();
    const governor = new Governor(rig.host);
    let draws = 0;
    const chart = {
      draw: () => {
        draws += 1;
      },
      isVisible: () => true,
    };
    governor.add(chart);
    rig.advance(5000);
    expect(draws).toBe(1);
    expect(drawInterval(1, 1, true)).toBe(1000);
    expect(drawInterval(1, 1, false)).toBe(100);
    expect(drawInterval(50, 50, false)).toBe(200);
  });
});
