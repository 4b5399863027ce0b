/**
 * How text becomes a value. One set of rules for the readers, for conversions and for checks; `csv-sql.ts` says the same in SQL
 * for the fast path, and a test compares the two.
 *
 * - Blanks, tabs and line ends around a value are ignored.
 * - Missing, in any case: the empty cell, `NA`, `N/A`, `#N/A`, `<NA>`, `null`, `NaN`, `?` and a lone point.
 * - Logical: only `true` and `false`, in any case. `yes`, `T` and `0`/`1` stay what they are.
 * - Integer: digits with an optional sign, within ±2⁵³. Digits with a leading zero (`00123`) or more digits than a double can
 *   hold are codes, so a column that has one stays text.
 * - Double: decimal or scientific notation, `inf` and `infinity` in any case with an optional sign.
 * - Date: `2024-01-31`; datetime: the same with `T` or a blank and a time, optional fraction and zone (UTC when absent).
 *   `31.1.2024`, `31/1/2024` and `1/31/2024` count too, when every value of the column fits one order.
 */
export type ValueType = "integer" | "double" | "logical" | "date" | "datetime";

/** Lower-case spellings of a missing value. */
export const MISSING_SPELLINGS = ["", "na", "n/a", "#n/a", "<na>", "null", "nan", "?", "."] as const;
const MISSING: ReadonlySet<string> = new Set(MISSING_SPELLINGS);

const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;
const INFINITE = /^[+-]?inf(?:inity)?$/i;
const INTEGER = /^[+-]?\d+$/;
const LEADING_ZERO = /^[+-]?0\d/;
const DECIMAL_COMMA = /^[+-]?\d*,\d+(?:e[+-]?\d+)?$/i;
const ISO_DATE = /^(\d{4})-(\d{1,2})-(\d{1,2})$/;
const ISO_DATETIME = /^(\d{4})-(\d{1,2})-(\d{1,2})[T ](\d{1,2}):(\d{2})(?::(\d{2})(\.\d{1,9})?)?\s?(Z|[+-]\d{2}(?::?\d{2})?)?$/i;
const LOCAL_DATE = /^(\d{1,2})([./])(\d{1,2})\2(\d{4})(?:[T ](\d{1,2}):(\d{2})(?::(\d{2}))?)?$/;

export function trimBlanks(text: string): string {
  if (text.charCodeAt(0) > 0x20 && text.charCodeAt(text.length - 1) > 0x20) return text;
  return text.replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, "");
}

/** Whether trimmed text stands for a missing value. */
export function isMissingText(text: string): boolean {
  return text.length <= 4 && MISSING.has(text.toLowerCase());
}

/** The number that trimmed text spells, correctly rounded; null when it spells none. */
export function maybeNumber(text: string): number | null {
  if (NUMBER.test(text)) return Number(text);
  return INFINITE.test(text) ? (text.startsWith("-") ? -Infinity : Infinity) : null;
}

/** As `maybeNumber` for text with a decimal comma (`3,14`) or an integer. */
export function maybeCommaNumber(text: string): number | null {
  return DECIMAL_COMMA.test(text) || INTEGER.test(text) ? Number(text.replace(",", ".")) : null;
}

export function maybeLogical(text: string): number | null {
  const lower = text.toLowerCase();
  return lower === "true" ? 1 : lower === "false" ? 0 : null;
}

/** Whether digits are a code rather than a count: a leading zero, or too long for a double. */
export function isDigitCode(text: string): boolean {
  return INTEGER.test(text) && (LEADING_ZERO.test(text) || Math.abs(Number(text)) > Number.MAX_SAFE_INTEGER);
}

export function isIntegerText(text: string): boolean {
  return INTEGER.test(text);
}

/** Epoch milliseconds of an ISO date, midnight UTC; null when it is none or does not exist (30 February). */
export function maybeIsoDate(text: string): number | null {
  const match = ISO_DATE.exec(text);
  return match === null ? null : epochOf(Number(match[1]), Number(match[2]), Number(match[3]));
}

/** Epoch milliseconds of an ISO date with a time; without a zone it is UTC. Digits past the millisecond are dropped. */
export function maybeIsoDatetime(text: string): number | null {
  const match = ISO_DATETIME.exec(text);
  if (match === null) return null;
  const day = epochOf(Number(match[1]), Number(match[2]), Number(match[3]));
  const time = timeOf(match[4], match[5], match[6]);
  if (day === null || time === null) return null;
  return day + time + Math.floor(Number(match[7] ?? 0) * 1000 + 1e-6) - zoneOf(match[8]);
}

export type DateOrder = "day-first" | "month-first";

/** `31/1/2024`, `31.1.2024`, with an optional time, in the given order; points are always day first. */
export function maybeLocalDate(text: string, order: DateOrder): { readonly at: number; readonly hasTime: boolean } | null {
  const match = LOCAL_DATE.exec(text);
  if (match === null || (match[2] === "." && order === "month-first")) return null;
  const [first, second] = [Number(match[1]), Number(match[3])];
  const [day, month] = order === "day-first" ? [first, second] : [second, first];
  const midnight = epochOf(Number(match[4]), month, day);
  const time = match[5] === undefined ? 0 : timeOf(match[5], match[6], match[7]);
  return midnight === null || time === null ? null : { at: midnight + time, hasTime: match[5] !== undefined };
}

function epochOf(year: number, month: number, day: number): number | null {
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day && year > 0 ? date.getTime() : null;
}

function timeOf(hour = "0", minute = "0", second = "0"): number | null {
  const [h, m, s] = [Number(hour), Number(minute), Number(second)];
  return h < 24 && m < 60 && s < 60 ? (h * 3600 + m * 60 + s) * 1000 : null;
}

function zoneOf(zone: string | undefined): number {
  if (zone === undefined || /z/i.test(zone)) return 0;
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(3).replace(":", "") || 0);
  return (zone.startsWith("-") ? -1 : 1) * minutes * 60_000;
}

/** What a column's texts say together: one value per text, or null when they are plain text. */
export interface Reading {
  readonly type: ValueType;
  /** One number per text, missing as NaN, in the units of the table's columns. */
  readonly values: Float64Array;
  /** Set when day and month could be swapped without contradiction. */
  readonly ambiguousDates: boolean;
}

/**
 * Reads a column's distinct texts (trimmed) as one type, the narrowest that takes every one of them, or null for plain text.
 * Missing spellings take part as NaN. Cost: O(texts).
 */
export function readTexts(texts: readonly string[], commaDecimals: boolean): Reading | null {
  const first = texts.find((text) => !isMissingText(text));
  if (first === undefined || !isValueText(first)) return null;
  const present = texts.filter((text) => !isMissingText(text));
  const hasCode = present.some(isDigitCode);
  if (!hasCode || !present.every(isIntegerText)) {
    const type = present.every(isIntegerText) ? "integer" : "double";
    const numbers = readEvery(texts, type, maybeNumber) ?? (commaDecimals ? readEvery(texts, type, maybeCommaNumber) : null);
    if (numbers !== null) return numbers;
  }
  return (
    readEvery(texts, "logical", maybeLogical) ??
    readEvery(texts, "date", maybeIsoDate) ??
    readEvery(texts, "datetime", (text) => maybeIsoDatetime(text) ?? maybeIsoDate(text)) ??
    readLocalDates(texts)
  );
}

/** Whether trimmed text could be anything but plain text. */
export function isValueText(text: string): boolean {
  return (
    maybeNumber(text) !== null ||
    maybeCommaNumber(text) !== null ||
    maybeLogical(text) !== null ||
    maybeIsoDate(text) !== null ||
    maybeIsoDatetime(text) !== null ||
    maybeLocalDate(text, "day-first") !== null ||
    maybeLocalDate(text, "month-first") !== null
  );
}

function readLocalDates(texts: readonly string[]): Reading | null {
  const monthFirst = readEvery(texts, "date", (text) => maybeLocalDate(text, "month-first")?.at ?? null);
  const dayFirst = readEvery(texts, "date", (text) => maybeLocalDate(text, "day-first")?.at ?? null);
  const chosen = monthFirst ?? dayFirst;
  if (chosen === null) return null;
  const hasTime = texts.some((text) => text.includes(":"));
  return { ...chosen, type: hasTime ? "datetime" : "date", ambiguousDates: monthFirst !== null && dayFirst !== null };
}

function readEvery(texts: readonly string[], type: ValueType, read: (text: string) => number | null): Reading | null {
  const values = new Float64Array(texts.length);
  for (let i = 0; i < texts.length; i++) {
    const text = texts[i]!;
    const value = isMissingText(text) ? Number.NaN : read(text);
    if (value === null) return null;
    values[i] = value;
  }
  return { type, values, ambiguousDates: false };
}

/** Orders text by Unicode code point: the order of its UTF-8 bytes, the same in every locale. */
export function byCodePoint(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return isSurrogate(x) === isSurrogate(y) ? x - y : isSurrogate(x) ? 1 : -1;
  }
  return a.length - b.length;
}

function isSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdfff;
}

/**
 * Whether text with this many distinct values is `character` (free text or identifiers) rather than `factor` (categories):
 * more than 1,000 of them, or more than 20 where over half of the present rows are distinct.
 */
export function hasTooManyLevels(distinct: number, present: number): boolean {
  return distinct > 1000 || (distinct > 20 && distinct > present / 2);
}
