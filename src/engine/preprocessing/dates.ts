import type { Column, NumericColumn } from "../table.ts";
import { factor, freeName, isDate } from "./columns.ts";
import { holidayFinder } from "./holidays.ts";
import { simpleStep } from "./step.ts";

type Part = "weekday" | "month" | "year";

const WEEKDAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const MONTHS = "January February March April May June July August September October November December".split(" ");
const MS_PER_DAY = 86_400_000;

interface DateState {
  readonly added: readonly { readonly from: string; readonly part: Part; readonly name: string }[];
}

/** Weekday and month as categories in calendar order, the year as a whole number; missing and infinite dates give missing values. */
export const dateFeatures = simpleStep<DateState>(
  "date_features",
  (columns, settings) => {
    const dates = columns.filter(isDate);
    if (!settings.add_date_features || dates.length === 0) return null;
    const taken = new Set(columns.map((column) => column.name));
    const parts = [...new Set(settings.date_features)];
    return {
      added: dates.flatMap(({ name: from }) => parts.map((part) => ({ from, part, name: freeName(`${from}_${part}`, taken) }))),
    };
  },
  (columns, { added }) => [...columns, ...added.map(({ from, part, name }) => partOf(dateColumn(columns, from), part, name))],
);

interface HolidayState {
  readonly holidays: readonly string[];
  readonly added: readonly { readonly from: string; readonly name: string }[];
}

/** The level of a day that is no holiday. */
const NONE = "none";

export const holidays = simpleStep<HolidayState>(
  "holidays",
  (columns, settings) => {
    const dates = columns.filter(isDate);
    if (!settings.add_holidays || dates.length === 0) return null;
    const taken = new Set(columns.map((column) => column.name));
    return {
      holidays: [...new Set(settings.holidays)],
      added: dates.map(({ name: from }) => ({ from, name: freeName(`${from}_holiday`, taken) })),
    };
  },
  (columns, state) => {
    const levels = [NONE, ...state.holidays];
    return [
      ...columns,
      ...state.added.map(({ from, name }) => factor(name, holidayCodes(dateColumn(columns, from), state.holidays), levels)),
    ];
  },
);

function dateColumn(columns: readonly Column[], name: string): NumericColumn {
  return columns.find((column) => column.name === name) as NumericColumn; // the step learned its name from a date column
}

function partOf(column: NumericColumn, part: Part, name: string): Column {
  const date = new Date(0);
  const read = (ms: number): number => {
    date.setTime(ms);
    if (part === "weekday") return (date.getUTCDay() + 6) % 7;
    return part === "month" ? date.getUTCMonth() : date.getUTCFullYear();
  };
  if (part === "year") {
    const values = column.values.map((ms) => (Number.isFinite(ms) ? read(ms) : Number.NaN));
    return { kind: "numeric", name, type: "integer", values };
  }
  const codes = Int32Array.from(column.values, (ms) => (Number.isFinite(ms) ? read(ms) : -1));
  return factor(name, codes, part === "weekday" ? WEEKDAYS : MONTHS);
}

function holidayCodes(column: NumericColumn, names: readonly string[]): Int32Array {
  const find = holidayFinder(names);
  const date = new Date(0);
  return Int32Array.from(column.values, (ms) => {
    if (!Number.isFinite(ms)) return -1;
    date.setTime(ms);
    return find(Math.floor(ms / MS_PER_DAY), date.getUTCFullYear()) + 1;
  });
}
