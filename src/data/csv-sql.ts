/** The rules of `text-values.ts` in SQL, for columns of a CSV source where every cell is VARCHAR. */
import { literal } from "./duckdb.ts";
import {
  isDigitCode,
  isIntegerText,
  isMissingText,
  MISSING_SPELLINGS,
  maybeCommaNumber,
  maybeIsoDate,
  maybeIsoDatetime,
  maybeLogical,
  maybeNumber,
  trimBlanks,
} from "./text-values.ts";

/** What the first rows suggest, to be checked on every row; `labels` leaves the decision to the column's distinct values. */
export type Guess = "number" | "comma_number" | "logical" | "date" | "datetime" | "labels";

/** Guesses from a column's first texts. Text, day-month dates, digit codes and columns that start empty are `labels`. */
export function guessOf(texts: readonly string[], commaDecimals: boolean): Guess {
  const present = texts.map(trimBlanks).filter((text) => !isMissingText(text));
  if (present.length === 0 || (present.some(isDigitCode) && present.every(isIntegerText))) return "labels";
  if (present.every((text) => maybeNumber(text) !== null)) return "number";
  if (commaDecimals && present.every((text) => maybeCommaNumber(text) !== null)) return "comma_number";
  if (present.every((text) => maybeLogical(text) !== null)) return "logical";
  if (present.every((text) => maybeIsoDate(text) !== null)) return "date";
  if (present.every((text) => maybeIsoDatetime(text) !== null)) return "datetime";
  return "labels";
}

const BLANKS = "' ' || chr(9) || chr(10) || chr(13)";
const MISSING_LIST = MISSING_SPELLINGS.map(literal).join(", ");
const NAN = "'NaN'::DOUBLE";
const ISO_DATE = "'[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}'";
const ISO_DATETIME = "'[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}[T ][0-9]{1,2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,6})?)?(Z|[+-][0-9]{2}:[0-9]{2})?'";
const COMMA_NUMBER = "'[+-]?[0-9]*,[0-9]+([eE][+-]?[0-9]+)?|[+-]?[0-9]+'";

const trimmed = (column: string): string => `trim(${column}, ${BLANKS})`;
const isMissing = (column: string): string => `lower(${trimmed(column)}) IN (${MISSING_LIST})`;

/** A cell's text without blanks around it, or NULL when it is missing. */
export function textExpression(column: string): string {
  return `CASE WHEN ${isMissing(column)} THEN NULL ELSE ${trimmed(column)} END`;
}

/** A cell's value as DOUBLE, NaN when missing; dates in epoch milliseconds. Only for columns that pass `badCount`. */
export function valueExpression(column: string, guess: Guess): string {
  return `coalesce(${nullableValue(column, guess)}, ${NAN})`;
}

function nullableValue(column: string, guess: Guess): string {
  switch (guess) {
    case "number":
      return `TRY_CAST(${column} AS DOUBLE)`;
    case "comma_number":
      return `TRY_CAST(replace(${column}, ',', '.') AS DOUBLE)`;
    case "logical":
      return `CASE lower(${trimmed(column)}) WHEN 'true' THEN 1::DOUBLE WHEN 'false' THEN 0::DOUBLE END`;
    case "date":
      return `epoch_ms(TRY_CAST(${trimmed(column)} AS DATE)::TIMESTAMP)::DOUBLE`;
    case "datetime":
      return `epoch_ms(TRY_CAST(${trimmed(column)} AS TIMESTAMPTZ))::DOUBLE`;
    case "labels":
      return "NULL";
  }
}

/** A condition that holds for present cells which the guess does not fit. */
function badCondition(column: string, guess: Guess): string {
  const failed = `${nullableValue(column, guess)} IS NULL`;
  switch (guess) {
    case "number":
      return `(${failed} AND NOT ${isMissing(column)}) OR contains(${column}, '_')`;
    case "comma_number":
      return `NOT regexp_full_match(${trimmed(column)}, ${COMMA_NUMBER}) AND NOT ${isMissing(column)}`;
    case "logical":
      return `${failed} AND NOT ${isMissing(column)}`;
    case "date":
      return `(${failed} OR NOT regexp_full_match(${trimmed(column)}, ${ISO_DATE})) AND NOT ${isMissing(column)}`;
    case "datetime":
      return `(${failed} OR NOT regexp_full_match(${trimmed(column)}, ${ISO_DATETIME})) AND NOT ${isMissing(column)}`;
    case "labels":
      return "FALSE";
  }
}

/** Three aggregates of a guessed column: cells that do not fit, present cells that are not plain digits, and digit codes. */
export function checkExpressions(column: string, guess: Guess): readonly string[] {
  const bad = `count(*) FILTER (WHERE ${column} IS NOT NULL AND (${badCondition(column, guess)}))`;
  if (guess !== "number" && guess !== "comma_number") return [bad, "0", "0"];
  const value = nullableValue(column, guess);
  const digits = `regexp_full_match(${trimmed(column)}, '[+-]?[0-9]+')`;
  const broken = `count(*) FILTER (WHERE NOT isnan(${value}) AND NOT ${digits})`;
  const codes = `count(*) FILTER (WHERE (abs(${value}) > 9007199254740991 OR regexp_matches(${column}, '^[ ]*[+-]?0[0-9]')) AND ${digits})`;
  return [bad, broken, codes];
}
