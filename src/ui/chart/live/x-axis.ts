/** Ticks and words of an x axis that is a number, a time of the clock (epoch ms) or a duration (ms). Pure. */
import { formatMetric } from "../../kit/format.ts";
import { formatTick, linearTicks, logTicks, tickStep } from "../scale.ts";

export type XKind = "number" | "clock" | "duration";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const PARTS = [1, 2, 5, 10, 15, 30];
const STEPS = [...PARTS.map((n) => n * SECOND), ...PARTS.map((n) => n * MINUTE), ...[1, 2, 3, 6, 12].map((n) => n * HOUR)];

/** Distance of ticks in ms that gives about `count` of them: whole seconds, minutes, hours or days. */
export function timeStep(spanMs: number, count: number): number {
  const raw = spanMs / Math.max(1, count);
  if (raw < SECOND) return tickStep(spanMs, count);
  return STEPS.find((step) => step >= raw) ?? Math.ceil(raw / DAY) * DAY;
}

export function xTicks(kind: XKind, low: number, high: number, count: number, log: boolean): number[] {
  if (log) return logTicks(low, high, count);
  if (kind === "number") return linearTicks(low, high, count);
  const step = timeStep(high - low, count);
  // Full hours and days are those of the clock on the wall.
  const shift = kind === "clock" ? new Date(low).getTimezoneOffset() * MINUTE : 0;
  const ticks: number[] = [];
  for (let at = Math.ceil((low - shift) / step) * step + shift; at <= high; at += step) ticks.push(at);
  return ticks;
}

export function xLabels(kind: XKind, ticks: readonly number[], log: boolean): string[] {
  const step = ticks.length > 1 ? ticks[1]! - ticks[0]! : 1;
  if (kind === "clock") return ticks.map((tick) => clockLabel(tick, step));
  if (kind === "duration") return ticks.map((tick) => durationLabel(tick, log ? tick : step));
  return ticks.map((tick) => (log ? formatTick(tick) : formatTick(tick, step)));
}

/** Where something is, in words: `step 12`, `04:23:01`, `2 min 5 s`. */
export function placeText(kind: XKind, label: string, x: number): string {
  return kind === "number" ? `${label.toLowerCase()} ${formatXAs(kind, x)}` : formatXAs(kind, x);
}

/** One x in words, at full precision where that helps. */
export function formatXAs(kind: XKind, x: number): string {
  if (kind === "clock") return new Date(x).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit" });
  if (kind === "duration") return durationLabel(x, SECOND);
  return Number.isInteger(x) ? x.toLocaleString("en") : formatMetric(x);
}

function clockLabel(at: number, step: number): string {
  const date = new Date(at);
  if (step >= DAY) return date.toLocaleDateString([], { day: "numeric", month: "short" });
  return date.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", ...(step < MINUTE ? { second: "2-digit" } : {}) });
}

function durationLabel(ms: number, step: number): string {
  if (Math.abs(ms) < SECOND && step < SECOND) return `${formatTick(ms, step)} ms`;
  if (ms < MINUTE) return `${formatTick(ms / SECOND, step / SECOND)} s`;
  const [hours, minutes, seconds] = [Math.floor(ms / HOUR), Math.floor((ms % HOUR) / MINUTE), Math.round((ms % MINUTE) / SECOND)];
  if (hours === 0) return seconds === 0 ? `${minutes} min` : `${minutes} min ${seconds} s`;
  return minutes === 0 ? `${hours} h` : `${hours} h ${minutes} min`;
}
