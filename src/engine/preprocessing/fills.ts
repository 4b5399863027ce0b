import type { Column } from "../table.ts";
import { quantile } from "./bins.ts";
import { isDate, lengthOf, replaceNamed } from "./columns.ts";
import { meanOf } from "./scaling.ts";

/** What stands in for missing values of one column: a number, or a level. A level's code may differ from table to table. */
export interface Fill {
  readonly name: string;
  readonly value: number | string;
}

/**
 * Mean or median of continuous numbers and dates; the most frequent value, of equally frequent ones the smallest, of categories, whole
 * numbers and true/false. Without any value: 0, or the first level. A column without levels gets none. Cost: O(rows), the median n log n.
 */
export function fillsOf(columns: readonly Column[], continuous: "mean" | "median"): Fill[] {
  return columns.flatMap((column): Fill[] => {
    const { name } = column;
    if (column.kind === "categorical") {
      const level = column.levels[mostFrequentCode(column.codes, column.levels.length)];
      return level === undefined ? [] : [{ name, value: level }];
    }
    const isContinuous: boolean = column.type === "double" || isDate(column);
    if (!isContinuous) return [{ name, value: mostFrequentValue(column.values) }];
    if (continuous === "mean") return [{ name, value: meanOf(column.values) }];
    const sorted = column.values.filter(Number.isFinite).sort();
    return [{ name, value: sorted.length === 0 ? 0 : quantile(sorted, 0.5) }];
  });
}

/** The columns without missing values, where there is a fill. */
export function fillMissing(columns: readonly Column[], fills: readonly Fill[]): Column[] {
  return replaceNamed(columns, fills, (column, { value }) => {
    if (column.kind === "numeric") {
      if (typeof value !== "number") return column;
      const values = new Float64Array(lengthOf(column));
      for (let row = 0; row < values.length; row++) {
        const own = column.values[row]!;
        values[row] = Number.isNaN(own) ? value : own;
      }
      return { ...column, values };
    }
    const code = column.levels.indexOf(String(value));
    return code < 0 ? column : { ...column, codes: column.codes.map((own) => (own < 0 ? code : own)) };
  });
}

function mostFrequentCode(codes: Int32Array, levels: number): number {
  const counts = new Float64Array(levels);
  for (const code of codes) if (code >= 0) counts[code]! += 1;
  let best = 0;
  for (let code = 1; code < levels; code++) if (counts[code]! > counts[best]!) best = code;
  return best;
}

function mostFrequentValue(values: Float64Array): number {
  const counts = new Map<number, number>();
  for (const value of values) if (Number.isFinite(value)) counts.set(value, (counts.get(value) ?? 0) + 1);
  let best = 0;
  let most = 0;
  for (const [value, count] of counts) {
    if (count < most || (count === most && value > best)) continue;
    best = value;
    most = count;
  }
  return best;
}
