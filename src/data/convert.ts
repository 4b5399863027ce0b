import { InvalidArgumentError } from "../core/errors.ts";
import { didYouMean } from "../core/nearest.ts";
import type { CategoricalColumn, Column, ColumnType, NumericColumn, Table } from "../engine/table.ts";
import { type Labels, sortedLabels } from "./labels.ts";
import { isMissingText, maybeCommaNumber, maybeIsoDate, maybeIsoDatetime, maybeLogical, maybeNumber, trimBlanks } from "./text-values.ts";
import { valueText } from "./value-text.ts";

const DAY_MS = 86_400_000;

/** A type, or a factor whose levels are listed in order. */
export type TypeRequest = ColumnType | FactorRequest;

export interface FactorRequest {
  readonly type: "factor";
  /** All levels that occur, in the order wanted; further ones are kept as empty levels. */
  readonly levels?: readonly string[];
  /** Whether that order means something (small < medium < large). Default false. */
  readonly ordered?: boolean;
}

export const COLUMN_TYPES: readonly ColumnType[] = ["double", "integer", "logical", "factor", "character", "date", "datetime"];

/**
 * A table whose named columns have the types asked for; the others are shared, not copied. Missing stays missing.
 * Numbers become text in their shortest form, so that number → text → number gives the same column. Logical ↔ number is 1/0;
 * date ↔ datetime drops or adds the time; dates ↔ numbers are epoch milliseconds.
 * @throws {InvalidArgumentError} for an unknown column or type, and for the first value (with its row, from 1) that does not convert.
 */
export function convertTypes(table: Table, types: Readonly<Record<string, TypeRequest>>): Table {
  const names = table.columns.map((column) => column.name);
  for (const [name, request] of Object.entries(types)) {
    if (!names.includes(name))
      throw new InvalidArgumentError(`there is no column "${name}".${didYouMean(name, names)}`, { details: { column: name } });
    const type: unknown = typeof request === "object" && request !== null ? request.type : request;
    if (!COLUMN_TYPES.some((known) => known === type)) {
      throw new InvalidArgumentError(`column "${name}" cannot become "${String(type)}"; types are ${COLUMN_TYPES.join(", ")}`, {
        details: { column: name },
      });
    }
  }
  return {
    rows: table.rows,
    columns: table.columns.map((column) => (Object.hasOwn(types, column.name) ? convertColumn(column, types[column.name]!) : column)),
  };
}

function convertColumn(column: Column, request: TypeRequest): Column {
  const wanted: { readonly type: ColumnType; readonly levels?: readonly string[]; readonly ordered?: boolean } =
    typeof request === "string" ? { type: request } : request;
  if (wanted.type === "factor" || wanted.type === "character") {
    const text = column.kind === "categorical" ? { ...column, type: wanted.type } : textOf(column, wanted.type);
    if (wanted.type === "character") return { ...text, ordered: false };
    return withLevels(text, wanted.levels, wanted.ordered ?? (wanted.levels === undefined ? text.ordered : false));
  }
  return column.kind === "categorical" ? numbersOf(column, wanted.type) : recast(column, wanted.type);
}

/** Levels of numbers are sorted as numbers: 2 before 10. */
function textOf(column: NumericColumn, type: "factor" | "character"): CategoricalColumn {
  const distinct = Float64Array.from(new Set(column.values.filter((value) => !Number.isNaN(value)))).sort();
  const codeOf = new Map(Array.from(distinct, (value, code) => [value, code]));
  const codes = Int32Array.from(column.values, (value) => (Number.isNaN(value) ? -1 : codeOf.get(value)!));
  const levels = Array.from(distinct, (value) => valueText(column.type, value));
  const labels: Labels = type === "character" ? sortedLabels(codes, levels) : { codes, levels };
  return { kind: "categorical", name: column.name, type, ...labels, ordered: false };
}

function withLevels(column: CategoricalColumn, levels: readonly string[] | undefined, ordered: boolean): CategoricalColumn {
  if (levels === undefined) return { ...column, ordered };
  const codeOf = new Map(levels.map((level, code) => [level, code]));
  if (codeOf.size < levels.length) {
    const twice = levels.find((level, i) => levels.indexOf(level) !== i);
    throw new InvalidArgumentError(`the levels for column "${column.name}" list "${twice}" twice; list each level once`, {
      details: { column: column.name },
    });
  }
  const moved = Int32Array.from(column.levels, (level) => codeOf.get(level) ?? -1);
  const codes = new Int32Array(column.codes.length);
  for (let row = 0; row < codes.length; row++) {
    const code = column.codes[row]!;
    codes[row] = code < 0 ? -1 : moved[code]!;
    if (code >= 0 && codes[row]! < 0) {
      throw new InvalidArgumentError(
        `the levels for column "${column.name}" leave out "${column.levels[code]}", which row ${row + 1} has; list every level that occurs`,
        { details: { column: column.name, row: row + 1 } },
      );
    }
  }
  return { ...column, codes, levels: [...levels], ordered };
}

/** Text to numbers, level by level; the first row whose level does not fit is named. */
function numbersOf(column: CategoricalColumn, type: NumericColumn["type"]): NumericColumn {
  const read = READERS[type];
  const byLevel = column.levels.map((level) => {
    const text = trimBlanks(level);
    return isMissingText(text) ? Number.NaN : read(text);
  });
  const values = new Float64Array(column.codes.length);
  for (let row = 0; row < values.length; row++) {
    const code = column.codes[row]!;
    const value = code < 0 ? Number.NaN : byLevel[code]!;
    if (value === null) throw refusal(column, row, column.levels[code]!, type);
    values[row] = value;
  }
  return { kind: "numeric", name: column.name, type, values };
}

const READERS: Readonly<Record<NumericColumn["type"], (text: string) => number | null>> = {
  double: (text) => maybeNumber(text) ?? maybeCommaNumber(text),
  integer: (text) => {
    const value = maybeNumber(text);
    return value !== null && Number.isSafeInteger(value) ? value : null;
  },
  logical: (text) => maybeLogical(text) ?? maybeYesNo(text),
  date: (text) => maybeIsoDate(text) ?? dayOf(maybeIsoDatetime(text)),
  datetime: (text) => maybeIsoDatetime(text) ?? maybeIsoDate(text),
};

const dayOf = (at: number | null): number | null => (at === null ? null : Math.floor(at / DAY_MS) * DAY_MS);

/** Spellings that an import leaves as text, but that are clear once somebody asks for a logical column. */
function maybeYesNo(text: string): number | null {
  const lower = text.toLowerCase();
  if (["yes", "y", "t", "1"].includes(lower)) return 1;
  return ["no", "n", "f", "0"].includes(lower) ? 0 : null;
}

function recast(column: NumericColumn, type: NumericColumn["type"]): NumericColumn {
  if (column.type === type) return column;
  const toDay = type === "date" && column.type === "datetime";
  const values = toDay ? column.values.map((at) => Math.floor(at / DAY_MS) * DAY_MS) : column.values;
  const fits = FITS[type];
  if (fits !== null && !toDay) {
    const row = values.findIndex((value) => !Number.isNaN(value) && !fits(value));
    if (row >= 0) throw refusal(column, row, valueText(column.type, values[row]!), type);
  }
  return { ...column, type, values };
}

const LAST_DATE_MS = 8.64e15;

/** Which numbers a type takes; null when it takes all. */
const FITS: Readonly<Record<NumericColumn["type"], ((value: number) => boolean) | null>> = {
  double: null,
  integer: Number.isSafeInteger,
  logical: (value) => value === 0 || value === 1,
  date: (value) => Math.abs(value) <= LAST_DATE_MS && value % DAY_MS === 0,
  datetime: (value) => Math.abs(value) <= LAST_DATE_MS && Number.isInteger(value),
};

function refusal(column: Column, row: number, text: string, type: ColumnType): InvalidArgumentError {
  return new InvalidArgumentError(
    `column "${column.name}" cannot become ${type}: row ${row + 1} has "${text}"; correct it or choose another type`,
    { details: { column: column.name, row: row + 1, value: text, type } },
  );
}
