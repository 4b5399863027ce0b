/** Axes of parallel coordinates: scales, limits, and who passes them. Pure. */
import { formatMetric } from "../kit/format.ts";
import { linearTicks } from "./scale.ts";

export type ParallelValue = number | string | null;

export interface ParallelItem {
  readonly id: string;
  readonly label: string;
  /** One value per axis; null where there is none. */
  readonly values: readonly ParallelValue[];
}

export interface ParallelAxis {
  readonly name: string;
  readonly kind: "number" | "level";
  /** Of a number axis, lowest and highest value. */
  readonly low: number;
  readonly high: number;
  /** Of a level axis, from bottom to top. */
  readonly levels: readonly string[];
  readonly ticks: readonly { readonly share: number; readonly label: string }[];
}

/** Shares of an axis, from the bottom, between which a line must pass. */
export type Limits = readonly [number, number];

/** The scale of an axis: numbers when every value that is there is one, else levels in order. */
export function parallelAxis(name: string, values: readonly ParallelValue[]): ParallelAxis {
  const there = values.filter((value) => value !== null && !(typeof value === "number" && !Number.isFinite(value)));
  const numbers = there.filter((value): value is number => typeof value === "number");
  if (numbers.length === there.length && numbers.length > 0) {
    const [low, high] = [Math.min(...numbers), Math.max(...numbers)];
    const axis: ParallelAxis = { name, kind: "number", low, high, levels: [], ticks: [] };
    const ticks = low === high ? [low] : [low, ...linearTicks(low, high, 4).filter((tick) => tick > low && tick < high), high];
    const spread = ticks.filter(
      (tick, i) => i === 0 || i === ticks.length - 1 || ((shareOf(axis, tick) ?? 0) > 0.12 && (shareOf(axis, tick) ?? 1) < 0.88),
    );
    return { ...axis, ticks: spread.map((tick) => ({ share: shareOf(axis, tick) ?? 0, label: formatMetric(tick, 3) })) };
  }
  const levels = [...new Set(there.map(String))].sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
  const axis: ParallelAxis = { name, kind: "level", low: 0, high: 0, levels, ticks: [] };
  return { ...axis, ticks: levels.map((level) => ({ share: shareOf(axis, level) ?? 0, label: level })) };
}

/** Where a value stands on its axis, 0 at the bottom, 1 at the top; null for a missing or not finite one. */
export function shareOf(axis: ParallelAxis, value: ParallelValue): number | null {
  if (value === null) return null;
  if (axis.kind === "level") {
    const at = axis.levels.indexOf(String(value));
    return at < 0 ? null : axis.levels.length === 1 ? 0.5 : at / (axis.levels.length - 1);
  }
  if (typeof value !== "number" || !Number.isFinite(value)) return null;
  return axis.high === axis.low ? 0.5 : (value - axis.low) / (axis.high - axis.low);
}

/** Whether an item passes every limit. One without a value on a limited axis does not. */
export function passes(item: ParallelItem, axes: readonly ParallelAxis[], limits: ReadonlyMap<string, Limits>): boolean {
  return axes.every((axis, i) => {
    const limit = limits.get(axis.name);
    if (limit === undefined) return true;
    const share = shareOf(axis, item.values[i] ?? null);
    return share !== null && share >= limit[0] - 1e-9 && share <= limit[1] + 1e-9;
  });
}

/** A limit in the words of its axis. */
export function limitText(axis: ParallelAxis, [from, to]: Limits): string {
  if (axis.kind === "level") {
    const inside = axis.levels.filter((level) => {
      const share = shareOf(axis, level) ?? 0;
      return share >= from - 1e-9 && share <= to + 1e-9;
    });
    return `${axis.name}: ${inside.join(", ") || "none"}`;
  }
  const at = (share: number): string => formatMetric(axis.low + share * (axis.high - axis.low), 3);
  return `${axis.name}: ${at(from)} to ${at(to)}`;
}
