/** Draws one series into a canvas. Knows pixels and points; nothing of axes, legends or the page. */
import type { Reduced, SeriesBuffer } from "./series-buffer.ts";

/** The plot area, in device pixels, and the window it shows. */
export interface PlotArea {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  readonly x: readonly [number, number];
  /** Whether x is logarithmic; both ends of its window are positive then. */
  readonly xLog?: boolean;
  /** Device pixel, from the canvas's top, of a value. */
  readonly toY: (value: number) => number;
  readonly pixelRatio: number;
}

export interface LineStyle {
  readonly color: string;
  /** In CSS px; empty is solid. */
  readonly dash: readonly number[];
  /** Drawn over the raw points instead of their mean; the raw ones become a quiet band. */
  readonly smoothed: SeriesBuffer | null;
  /** Buckets of everything that happened, where the buffer holds only a part of the points. */
  readonly band?: LineBand | null;
}

/** Minimum, maximum and mean of stretches of a series, in order of x; drawn in the place of the points up to `until`. */
export interface LineBand {
  readonly firstX: ArrayLike<number>;
  readonly lastX: ArrayLike<number>;
  readonly min: ArrayLike<number>;
  readonly max: ArrayLike<number>;
  readonly mean: ArrayLike<number>;
  readonly until: number;
}

const THIN_FROM = 300;
const BAND_ALPHA = 0.42;
const RAW_ALPHA = 0.3;

/**
 * Draws the series' points inside the window. More than one point per pixel column: one filled bar from minimum to maximum per
 * column, joined to its neighbour, with the mean over it, so that a single outlier among any number of points is drawn and noise
 * costs nothing. Fewer: a line through the points. Returns how many points lie in the window.
 */
export function paintSeries(context: CanvasRenderingContext2D, buffer: SeriesBuffer, area: PlotArea, style: LineStyle): number {
  const { band } = style;
  const start = Math.max(0, buffer.indexAt(area.x[0]) - 1);
  const from = band ? Math.max(start, buffer.indexAt(band.until)) : start;
  const to = Math.min(buffer.length, buffer.indexAt(area.x[1]) + 2);
  const points = to - from;
  if (points <= 0 && !band) return 0;
  context.save();
  context.beginPath();
  context.rect(area.left, area.top, area.width, area.height);
  context.clip();
  context.strokeStyle = style.color;
  context.fillStyle = style.color;
  context.lineJoin = "round";
  if (band) paintBand(context, band, area, style);
  if (points > area.width) paintDense(context, buffer, area, style, from);
  else if (points > 0) paintSparse(context, buffer, from, to, area, style);
  if (buffer.brokenCount > 0) paintBroken(context, buffer.firstBrokenX, area);
  context.restore();
  return points;
}

function toX(area: PlotArea, x: number): number {
  const [low, high] = area.x;
  // What a logarithm cannot show lies left of the window.
  if (area.xLog) return x > 0 ? area.left + (Math.log(x / low) / Math.log(high / low)) * area.width : area.left - area.width;
  return area.left + ((x - low) / (high - low)) * area.width;
}

/** x at the right edge of a pixel column, from 0. */
function columnEnd(area: PlotArea, column: number, columns: number): number {
  const [low, high] = area.x;
  const share = (column + 1) / columns;
  return area.xLog ? low * (high / low) ** share : low + share * (high - low);
}

/** One bar per bucket from minimum to maximum, and a line through the means: what roll-ups know of points that are not here. */
function paintBand(context: CanvasRenderingContext2D, band: LineBand, area: PlotArea, style: LineStyle): void {
  const { firstX, lastX, min, max, mean } = band;
  context.globalAlpha = BAND_ALPHA;
  context.beginPath();
  for (let i = 0; i < firstX.length; i++) {
    if (!Number.isFinite(min[i]!)) continue;
    const left = Math.round(toX(area, firstX[i]!));
    // To where the next bucket begins, so that the band has no holes.
    const right = Math.max(left + 1, Math.round(toX(area, firstX[i + 1] ?? lastX[i]!)));
    const top = Math.round(area.toY(max[i]!));
    context.rect(left, top, right - left, Math.max(1, Math.round(area.toY(min[i]!)) - top));
  }
  context.fill();
  context.globalAlpha = 1;
  context.beginPath();
  let before = false;
  for (let i = 0; i < firstX.length; i++) {
    if (!Number.isFinite(mean[i]!)) {
      before = false;
      continue;
    }
    const x = toX(area, (firstX[i]! + lastX[i]!) / 2);
    if (before) context.lineTo(x, area.toY(mean[i]!));
    else context.moveTo(x, area.toY(mean[i]!));
    before = true;
  }
  setStroke(context, area, style, 1.5 * area.pixelRatio);
  context.stroke();
}

/** Bars of [min, max], one per device pixel column, then the mean or the smoothed value as a line. */
function paintDense(context: CanvasRenderingContext2D, buffer: SeriesBuffer, area: PlotArea, style: LineStyle, start: number): void {
  const columns = Math.max(1, Math.round(area.width));
  const reduced: Reduced = { min: 0, max: 0, mean: 0, count: 0 };
  const means = new Float64Array(columns).fill(Number.NaN);
  const left = Math.round(area.left);
  let from = Math.max(start, buffer.indexAt(area.x[0]));
  // Top and bottom of the neighbour's bar; these two join nothing.
  let above = -Infinity;
  let below = Infinity;
  const bars: number[] = [];
  for (let column = 0; column < columns; column++) {
    const to = buffer.indexAt(columnEnd(area, column, columns));
    if (to <= from) continue;
    buffer.reduce(from, to, reduced);
    from = to;
    if (reduced.count === 0) {
      above = -Infinity;
      below = Infinity;
      continue;
    }
    means[column] = reduced.mean;
    const top = area.toY(reduced.max);
    const bottom = area.toY(reduced.min);
    // Reach to the neighbour's bar, so that a steep curve has no holes.
    const joinedTop = Math.round(Math.min(below, top));
    const joinedBottom = Math.round(Math.max(above, bottom));
    bars.push(left + column, joinedTop, Math.max(1, joinedBottom - joinedTop));
    above = top;
    below = bottom;
  }
  fillBars(context, bars, style.smoothed ? RAW_ALPHA : BAND_ALPHA, 4 * area.pixelRatio);
  strokeColumns(context, style.smoothed ? smoothedColumns(style.smoothed, area, columns) : means, left, area, style);
}

/** Fills the bars as a quiet band; those three times as tall as the middle one stand out at full strength. `bars` is x, top, height. */
function fillBars(context: CanvasRenderingContext2D, bars: readonly number[], alpha: number, least: number): void {
  const heights = Float64Array.from({ length: bars.length / 3 }, (_, i) => bars[i * 3 + 2] as number).sort();
  const tall = Math.max(least, 3 * (heights[heights.length >> 1] ?? 0));
  for (const outstanding of [false, true]) {
    context.globalAlpha = outstanding ? 1 : alpha;
    context.beginPath();
    for (let i = 0; i < bars.length; i += 3) {
      const height = bars[i + 2] as number;
      if (height > tall === outstanding) context.rect(bars[i] as number, bars[i + 1] as number, 1, height);
    }
    context.fill();
  }
  context.globalAlpha = 1;
}

/** The smoothed value at the end of each pixel column. */
function smoothedColumns(smoothed: SeriesBuffer, area: PlotArea, columns: number): Float64Array {
  const values = new Float64Array(columns).fill(Number.NaN);
  let from = smoothed.indexAt(area.x[0]);
  for (let column = 0; column < columns; column++) {
    const to = smoothed.indexAt(columnEnd(area, column, columns));
    if (to > from) values[column] = smoothed.yAt(to - 1);
    from = to;
  }
  return values;
}

/** A line through one value per column; columns without a value are bridged. */
function strokeColumns(context: CanvasRenderingContext2D, values: Float64Array, left: number, area: PlotArea, style: LineStyle): void {
  context.beginPath();
  let started = false;
  for (let column = 0; column < values.length; column++) {
    const value = values[column] as number;
    if (!Number.isFinite(value)) continue;
    const x = left + column + 0.5;
    if (started) context.lineTo(x, area.toY(value));
    else context.moveTo(x, area.toY(value));
    started = true;
  }
  setStroke(context, area, style, 1.5 * area.pixelRatio);
  context.stroke();
}

/** A line through every point; a value that is not finite breaks it; a point without neighbours is a dot. */
function paintSparse(
  context: CanvasRenderingContext2D,
  buffer: SeriesBuffer,
  from: number,
  to: number,
  area: PlotArea,
  style: LineStyle,
): void {
  const width = to - from > THIN_FROM ? 1 : 1.5 * area.pixelRatio;
  if (style.smoothed) {
    context.globalAlpha = RAW_ALPHA;
    strokePoints(context, buffer, from, to, area, style, width);
    context.globalAlpha = 1;
    strokePoints(context, style.smoothed, from, Math.min(to, style.smoothed.length), area, style, 1.5 * area.pixelRatio);
  } else strokePoints(context, buffer, from, to, area, style, width);
}

function strokePoints(
  context: CanvasRenderingContext2D,
  buffer: SeriesBuffer,
  from: number,
  to: number,
  area: PlotArea,
  style: LineStyle,
  width: number,
): void {
  const dots: number[] = [];
  context.beginPath();
  let before = false;
  for (let i = from; i < to; i++) {
    const value = buffer.yAt(i);
    if (!Number.isFinite(value)) {
      before = false;
      continue;
    }
    const x = toX(area, buffer.xAt(i));
    const y = area.toY(value);
    if (before) context.lineTo(x, y);
    else {
      context.moveTo(x, y);
      if (!Number.isFinite(buffer.yAt(i + 1))) dots.push(x, y);
    }
    before = true;
  }
  setStroke(context, area, style, width);
  context.stroke();
  if (dots.length === 0) return;
  context.setLineDash([]);
  context.beginPath();
  for (let i = 0; i < dots.length; i += 2) {
    context.moveTo(dots[i] as number, dots[i + 1] as number);
    context.arc(dots[i] as number, dots[i + 1] as number, 2.5 * area.pixelRatio, 0, 2 * Math.PI);
  }
  context.fill();
}

function setStroke(context: CanvasRenderingContext2D, area: PlotArea, style: LineStyle, width: number): void {
  context.lineWidth = width;
  context.setLineDash(style.dash.map((length) => length * area.pixelRatio));
}

/** A small triangle at the top edge where the first value is not finite. */
function paintBroken(context: CanvasRenderingContext2D, x: number, area: PlotArea): void {
  const at = toX(area, x);
  const size = 5 * area.pixelRatio;
  context.globalAlpha = 1;
  context.beginPath();
  context.moveTo(at - size, area.top);
  context.lineTo(at + size, area.top);
  context.lineTo(at, area.top + 1.6 * size);
  context.closePath();
  context.fill();
}
