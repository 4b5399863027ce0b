/** What a chart of live lines shows: ranges, sentences, table. Pure. */
import { formatMetric } from "../../kit/format.ts";
import { niceDomain } from "../scale.ts";
import type { ChartTable } from "../types.ts";
import type { LineBand } from "./painter.ts";
import type { Reduced, SeriesBuffer } from "./series-buffer.ts";
import { placeText, type XKind } from "./x-axis.ts";

export interface LiveLine {
  readonly id: string;
  readonly label: string;
  /** Colour slot, from 0; a thing keeps its slot for as long as the page is open. */
  readonly color: number;
  /** Dash pattern, from 0 (solid); 1 is what validation wears beside a solid training line. */
  readonly dash?: number;
  readonly data: SeriesBuffer;
  /** Where the buffer holds only a part of the points: buckets of all of them. */
  readonly band?: LineBand | null;
}

/** Something that happened at an x: drawn as a line across the chart. */
export interface LineMark {
  readonly x: number;
  readonly label: string;
}

export type Range = readonly [number, number];

/**
 * First to last x of all lines; a live chart gets room to grow, in steps, so that it seldom moves. A logarithmic axis begins with
 * the first x above 0.
 */
export function xExtent(lines: readonly LiveLine[], live: boolean, log = false): Range {
  let low = Infinity;
  let high = -Infinity;
  for (const { data } of lines) {
    const first = log ? data.indexAt(Number.MIN_VALUE) : 0;
    if (data.length <= first) continue;
    low = Math.min(low, data.xAt(first));
    high = Math.max(high, data.xAt(data.length - 1));
  }
  if (low === Infinity) return log ? [1, 10] : [0, 1];
  if (log) return low === high ? [low, low * 10] : [low, live ? high * 1.05 : high];
  if (low === high) return [low, low + 1];
  return live ? [low, niceDomain(low, high, 4)[1]] : [low, high];
}

/** Lowest to highest finite value of the lines inside an x window, with a little air; positive ends on a logarithmic axis. */
export function yExtent(lines: readonly LiveLine[], x: Range | null, log: boolean): Range {
  const reduced: Reduced = { min: 0, max: 0, mean: 0, count: 0 };
  let low = Infinity;
  let high = -Infinity;
  for (const { data } of lines) {
    if (x === null) {
      low = Math.min(low, log ? data.lowPositive : data.low);
      high = Math.max(high, data.high);
      continue;
    }
    data.reduce(data.indexAt(x[0]), data.indexAt(x[1]) + 1, reduced);
    if (reduced.count === 0) continue;
    low = Math.min(low, log && reduced.min <= 0 ? data.lowPositive : reduced.min);
    high = Math.max(high, reduced.max);
  }
  if (!(low <= high)) return log ? [0.1, 1] : [0, 1];
  if (log) return low === high ? [low / 2, high * 2] : [low / (high / low) ** 0.04, high * (high / low) ** 0.04];
  if (low === high) return niceDomain(low, high);
  const air = (high - low) * 0.05;
  return [low >= 0 ? Math.max(0, low - air) : low - air, high + air];
}

/** The range that covers both: a live axis only ever grows. */
export function outward(before: Range | null, now: Range): Range {
  return before === null ? now : [Math.min(before[0], now[0]), Math.max(before[1], now[1])];
}

/** One sentence about the line with the most points: where it turned, and where it ends. */
export function describeLines(lines: readonly LiveLine[], xLabel: string, xKind: XKind = "number"): string {
  let longest: LiveLine | undefined;
  for (const line of lines) if (line.data.length > (longest?.data.length ?? 0)) longest = line;
  if (longest === undefined) return "No points yet.";
  const others = lines.length > 1 ? ` One of ${lines.length} lines.` : "";
  return `${longest.label} ${describeSeries(longest.data, (x) => placeText(xKind, xLabel, x))}.${others}`;
}

function describeSeries(data: SeriesBuffer, place: (x: number) => string): string {
  const { x, y } = data;
  let first = -1;
  let last = -1;
  let low = -1;
  let high = -1;
  for (let i = 0; i < y.length; i++) {
    const value = y[i] as number;
    if (!Number.isFinite(value)) continue;
    if (first === -1) first = i;
    if (low === -1 || value < (y[low] as number)) low = i;
    if (high === -1 || value > (y[high] as number)) high = i;
    last = i;
  }
  if (first === -1) return "has no finite value";
  const at = (i: number) => `${formatMetric(y[i])} at ${place(x[i] as number)}`;
  if (first === last) return `is ${at(last)}`;
  if (low === high) return `stays at ${at(last)}`;
  const falls = (y[last] as number) < (y[first] as number);
  const turn = falls ? low : high;
  const verb = falls ? "falls" : "rises";
  if (turn === last) return `${verb} from ${formatMetric(y[first])} to ${at(last)}`;
  return `${verb} from ${formatMetric(y[first])} to ${at(turn)}, then ${falls ? "rises" : "falls"} to ${at(last)}`;
}

/** What the reading cursor says. */
export function readPoint(line: LiveLine, index: number, xLabel: string, xKind: XKind = "number"): string {
  const value = line.data.yAt(index);
  const said = Number.isFinite(value) ? formatMetric(value) : "not finite";
  return `${placeText(xKind, xLabel, line.data.xAt(index))}, ${line.label}, ${said}`;
}

/** What is said about values that are not finite, or an empty text. */
export function brokenSentence(lines: readonly LiveLine[], xLabel: string, xKind: XKind = "number"): string {
  const broken = lines.filter((line) => line.data.brokenCount > 0);
  if (broken.length === 0) return "";
  const count = broken.reduce((sum, line) => sum + line.data.brokenCount, 0);
  const from = Math.min(...broken.map((line) => line.data.firstBrokenX));
  return `${count} ${count === 1 ? "value" : "values"} not finite from ${placeText(xKind, xLabel, from)}`;
}

/** Every point as rows of line, x and y; above `limit` rows each line keeps first, last, lowest and highest of equal stretches. */
export function linesTable(lines: readonly LiveLine[], xLabel: string, yLabel: string, limit = Infinity): ChartTable {
  const total = lines.reduce((sum, line) => sum + line.data.length, 0);
  const perLine = Math.max(4, Math.floor(limit / Math.max(1, lines.length)));
  const rows: (string | number | null)[][] = [];
  for (const line of lines) {
    const { x, y } = line.data;
    const kept = total <= limit ? null : keptIndices(y, perLine);
    const count = kept?.length ?? y.length;
    for (let at = 0; at < count; at++) {
      const i = kept?.[at] ?? at;
      const value = y[i] as number;
      rows.push([line.label, x[i] as number, Number.isFinite(value) ? Number(value.toPrecision(7)) : null]);
    }
  }
  return { columns: ["Line", xLabel, yLabel], rows };
}

/** Indices of first, last, minimum and maximum of each of `most / 4` equal stretches, in order, without repeats. */
export function keptIndices(values: ArrayLike<number>, most: number): number[] {
  const stretches = Math.max(1, Math.floor(most / 4));
  const kept: number[] = [];
  for (let stretch = 0; stretch < stretches; stretch++) {
    const from = Math.floor((stretch * values.length) / stretches);
    const to = Math.floor(((stretch + 1) * values.length) / stretches);
    if (to <= from) continue;
    let low = from;
    let high = from;
    for (let i = from; i < to; i++) {
      if ((values[i] as number) < (values[low] as number)) low = i;
      if ((values[i] as number) > (values[high] as number)) high = i;
    }
    for (const i of [from, low, high, to - 1].sort((a, b) => a - b)) if (kept.at(-1) !== i) kept.push(i);
  }
  return kept;
}
