import { describe, expect, test } from "vitest";
import { describeLines, type LiveLine, readPoint, xExtent } from "../../src/ui/chart/live/lines-model.ts";
import { type LineBand, type PlotArea, paintSeries } from "../../src/ui/chart/live/painter.ts";
import { SeriesBuffer } from "../../src/ui/chart/live/series-buffer.ts";
import { SmoothedSeries } from "../../src/ui/chart/live/smoothing.ts";

/** Notes what is drawn: rectangles, and the points of lines. */
function recorder() {
  const rects: number[][] = [];
  const points: number[][] = [];
  const nothing = (): void => {};
  const context = {
    ...Object.fromEntries(
      ["save", "restore", "beginPath", "clip", "stroke", "fill", "closePath", "setLineDash", "arc"].map((name) => [name, nothing]),
    ),
    rect: (...args: number[]) => rects.push(args),
    moveTo: (...args: number[]) => points.push(args),
    lineTo: (...args: number[]) => points.push(args),
  } as unknown as CanvasRenderingContext2D;
  return { context, rects, points };
}

const AREA: PlotArea = { left: 0, top: 0, width: 200, height: 100, x: [1, 100], toY: (value) => 100 - value * 10, pixelRatio: 1 };
const STYLE = { color: "#000", dash: [], smoothed: null };

function bufferOf(x: readonly number[], y: readonly number[]): SeriesBuffer {
  const buffer = new SeriesBuffer({ ties: true });
  buffer.appendMany(x, y);
  return buffer;
}

const lineOf = (data: SeriesBuffer): LiveLine => ({ id: "a", label: "loss", color: 0, data });

describe("charts of runs", () => {
  test("a logarithmic x gives each power of ten the same room; what lies at or below 0 is outside", () => {
    const { context, points } = recorder();
    paintSeries(context, bufferOf([1, 10, 100], [1, 2, 3]), { ...AREA, xLog: true }, STYLE);
    expect(points.map(([x]) => Math.round(x!))).toEqual([0, 100, 200]);
    const line = lineOf(bufferOf([-5, 0, 2, 50], [1, 1, 1, 1]));
    expect(xExtent([line], false, true)).toEqual([2, 50]);
    expect(xExtent([lineOf(bufferOf([0], [1]))], false, true)).toEqual([1, 10]);
  });

  test("dense points fall into equal columns of the logarithm", () => {
    const { context, rects } = recorder();
    const x = Array.from({ length: 10_000 }, (_, i) => 1 + i / 101);
    paintSeries(
      context,
      bufferOf(
        x,
        x.map((at) => (at < 10 ? 1 : 9)),
      ),
      { ...AREA, xLog: true },
      STYLE,
    );
    const bars = rects.slice(1);
    // The step at x = 10 is in the middle of the picture.
    const firstHigh = bars.filter((bar) => bar[1]! < 50).map((bar) => bar[0]!);
    expect(Math.abs(Math.min(...firstHigh) - 100)).toBeLessThanOrEqual(1);
  });

  test("U-27: where only a part of the points is here, buckets are drawn from minimum to maximum, and points only after them", () => {
    const { context, rects, points } = recorder();
    const band: LineBand = { firstX: [1, 26, 51], lastX: [25, 50, 75], min: [1, 1, 2], max: [2, 9, 3], mean: [1.5, 2, 2.5], until: 75 };
    paintSeries(context, bufferOf([1, 30, 75, 100], [1, 9, 2, 4]), { ...AREA, x: [0, 100] }, { ...STYLE, band });
    const bars = rects.slice(1);
    expect(bars).toHaveLength(3);
    expect(bars[1]).toEqual([52, 10, 50, 80]);
    // No holes between buckets; then a line through the means, and the points from where the buckets end.
    expect(bars[0]![0]! + bars[0]![2]!).toBe(bars[1]![0]);
    expect(points.slice(-2)).toEqual([
      [150, 80],
      [200, 60],
    ]);
    expect(points).toHaveLength(5);
  });

  test("several points at one x all stay; a smaller x is refused; points put in order anew replace all", () => {
    const buffer = bufferOf([1, 2, 2, 1, 3], [1, 2, 3, 4, 5]);
    expect([...buffer.y]).toEqual([1, 2, 3, 5]);
    expect(new SeriesBuffer().appendMany([1, 1], [1, 2])).toBe(1);
    let told = 0;
    buffer.subscribe(() => told++);
    buffer.replaceAll([1, 1, 2], [7, Number.NaN, 9]);
    expect([[...buffer.x], [...buffer.y], buffer.brokenCount, buffer.low, buffer.high, told]).toEqual([
      [1, 1, 2],
      [7, Number.NaN, 9],
      1,
      7,
      9,
      1,
    ]);
    const all = { min: 0, max: 0, mean: 0, count: 0 };
    expect(buffer.reduce(0, 3, all)).toEqual({ min: 7, max: 9, mean: 8, count: 2 });
  });

  test("U-28: after points were put in order, smoothing is what it would have been had they come so", () => {
    const source = bufferOf([1, 2, 3, 4], [8, 1, 1, 1]);
    const smoothed = new SmoothedSeries(source, 2);
    smoothed.update();
    source.replaceAll([1, 2, 3, 4, 5], [1, 2, 3, 4, 5]);
    const fresh = new SmoothedSeries(bufferOf([1, 2, 3, 4, 5], [1, 2, 3, 4, 5]), 2);
    expect([...smoothed.update().y]).toEqual([...fresh.update().y]);
  });

  test("what is said of a line names a time as a time, and a step as a step", () => {
    const line = lineOf(bufferOf([0, 90_000], [2, 1]));
    expect(describeLines([line], "Step")).toBe("loss falls from 2.00 to 1.00 at step 90,000.");
    expect(describeLines([line], "Since start", "duration")).toBe("loss falls from 2.00 to 1.00 at 1 min 30 s.");
    expect(readPoint(line, 1, "Since start", "duration")).toBe("1 min 30 s, loss, 1.00");
  });
});
