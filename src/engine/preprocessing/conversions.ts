import { type CategoricalColumn, type Column, type NumericColumn, numberLabel } from "../table.ts";
import { distinctValues, entryOf, factor, isNumber, occurringLevels, replaceNamed, withLevels } from "./columns.ts";
import type { Settings } from "./settings.ts";
import { type Step, simpleStep } from "./step.ts";

/** Numbers as levels: `levels[i]` is how `values[i]` reads. */
interface ValueLevels {
  readonly name: string;
  readonly values: Float64Array;
  readonly levels: readonly string[];
}

/** Columns of one kind become categories over the values of the training rows; other values become missing. */
function toFactor(
  name: string,
  chosen: (columns: readonly Column[], settings: Settings) => readonly NumericColumn[],
  levelsOf: (column: NumericColumn, settings: Settings) => ValueLevels = occurringValues,
): Step {
  return simpleStep<{ readonly columns: readonly ValueLevels[] }>(
    name,
    (columns, settings) => {
      const found = chosen(columns, settings);
      return found.length === 0 ? null : { columns: found.map((column) => levelsOf(column, settings)) };
    },
    (columns, state) =>
      replaceNamed(columns, state.columns, (column, entry) => (column.kind === "numeric" ? asFactor(column, entry) : column)),
  );
}

function asFactor(column: NumericColumn, { values, levels }: ValueLevels): Column {
  const at = new Map<number, number>();
  for (const [code, value] of values.entries()) at.set(value, code);
  return factor(
    column.name,
    Int32Array.from(column.values, (value) => at.get(value) ?? -1),
    levels,
  );
}

function occurringValues(column: NumericColumn): ValueLevels {
  const values = distinctValues(column.values)!; // without a limit there is always an answer
  return { name: column.name, values, levels: Array.from(values, (value) => numberLabel(column.type, value)) };
}

function givenValues(column: NumericColumn, settings: Settings): ValueLevels {
  const levels = settings.numeric2factor_levels;
  if (levels === null) return occurringValues(column);
  return { name: column.name, values: Float64Array.from(levels, (level) => (level.trim() === "" ? Number.NaN : Number(level))), levels };
}

const numbers = (columns: readonly Column[]): NumericColumn[] => columns.filter(isNumber);
const ofType = (columns: readonly Column[], type: NumericColumn["type"]): NumericColumn[] =>
  columns.filter((column): column is NumericColumn => column.kind === "numeric" && column.type === type);

export const integerToFactor = toFactor("integer2factor", (columns, settings) =>
  settings.integer2factor ? ofType(columns, "integer") : [],
);

export const logicalToFactor = toFactor(
  "logical2factor",
  (columns, settings) => (settings.logical2factor ? ofType(columns, "logical") : []),
  ({ name }) => ({ name, values: Float64Array.of(0, 1), levels: ["false", "true"] }),
);

export const numericToFactor = toFactor(
  "numeric2factor",
  (columns, settings) => (settings.numeric2factor ? numbers(columns) : []),
  givenValues,
);

export const fewValuesToFactor = toFactor("unique_len2factor", (columns, settings) => {
  const most = settings.unique_len2factor;
  return most === 0 ? [] : numbers(columns).filter((column) => (distinctValues(column.values, most)?.length ?? 0) > 0);
});

interface NamedLevels {
  readonly columns: readonly { readonly name: string; readonly levels: readonly string[] }[];
}

const categories = (columns: readonly Column[]): CategoricalColumn[] =>
  columns.filter((column): column is CategoricalColumn => column.kind === "categorical");

export const characterToFactor = simpleStep<NamedLevels>(
  "character2factor",
  (columns, settings) => {
    const texts = settings.character2factor ? categories(columns).filter((column) => column.type === "character") : [];
    return texts.length === 0 ? null : { columns: texts.map((column) => ({ name: column.name, levels: occurringLevels(column) })) };
  },
  (columns, state) =>
    replaceNamed(columns, state.columns, (column, { levels }) => (column.kind === "categorical" ? withLevels(column, levels) : column)),
);

/** Columns of a type become continuous numbers. */
function toNumber(name: "integer2numeric" | "logical2numeric", type: NumericColumn["type"]): Step {
  return simpleStep<{ readonly columns: readonly { readonly name: string }[] }>(
    name,
    (columns, settings) => {
      const found = settings[name] ? ofType(columns, type) : [];
      return found.length === 0 ? null : { columns: found.map((column) => ({ name: column.name })) };
    },
    (columns, state) =>
      replaceNamed(columns, state.columns, (column) => (column.kind === "numeric" ? { ...column, type: "double" } : column)),
  );
}

export const integerToNumeric = toNumber("integer2numeric", "integer");
export const logicalToNumeric = toNumber("logical2numeric", "logical");

interface MissingLevel {
  readonly level: string;
  readonly columns: readonly { readonly name: string; readonly levels: readonly string[] }[];
}

/**
 * Every category gets the level, so that held-out rows with missing values have it although no training row does. Levels that no training
 * row has count as missing.
 */
export const missingLevel = simpleStep<MissingLevel>(
  "factorNA2missing",
  (columns, settings) => {
    const found = settings.factorNA2missing ? categories(columns) : [];
    if (found.length === 0) return null;
    const level = settings.factorNA2missing_level;
    return {
      level,
      columns: found.map((column) => {
        const levels = occurringLevels(column);
        return { name: column.name, levels: levels.includes(level) ? levels : [...levels, level] };
      }),
    };
  },
  (columns, { level, columns: entries }) =>
    replaceNamed(columns, entries, (column, { levels }) => {
      if (column.kind === "numeric") return column;
      const missing = levels.indexOf(level);
      const known = withLevels(column, levels);
      return { ...known, codes: known.codes.map((code) => (code < 0 ? missing : code)) };
    }),
);

interface LevelNumbers extends NamedLevels {
  readonly first: number;
}

/** Numbers follow the levels of the training rows, or the given ones. Missing and unseen levels become missing numbers. */
export const factorToInteger = simpleStep<LevelNumbers>(
  "factor2integer",
  (columns, settings) => {
    const found = settings.factor2integer ? categories(columns) : [];
    if (found.length === 0) return null;
    const levelsOf = (column: CategoricalColumn): readonly string[] =>
      entryOf(settings.factor2integer_levels, column.name) ?? occurringLevels(column);
    return {
      first: settings.factor2integer_startat0 ? 0 : 1,
      columns: found.map((column) => ({ name: column.name, levels: levelsOf(column) })),
    };
  },
  (columns, { first, columns: entries }) =>
    replaceNamed(columns, entries, (column, { levels }) => {
      if (column.kind === "numeric") return column;
      const at = new Map(levels.map((level, code) => [level, code + first]));
      const numberOf = Float64Array.from(column.levels, (level) => at.get(level) ?? Number.NaN);
      const values = Float64Array.from(column.codes, (code) => (code < 0 ? Number.NaN : numberOf[code]!));
      return { kind: "numeric", name: column.name, type: "integer", values };
    }),
);
