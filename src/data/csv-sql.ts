/** The rules of `text-values.ts` in SQL, for columns of a CSV source where every cell is VARCHAR. */
import type { Guess } from "./csv-guess.ts";
import { literal } from "./duckdb.ts";
import { MISSING_SPELLINGS } from "./text-values.ts";

const BLANKS = "' ' || chr(9) || chr(10) || chr(13)";
const MISSING_LIST = MISSING_SPELLINGS.map(literal).join(", ");
const NAN = "'NaN'::DOUBLE";
const ISO_DATE = "'[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}'";
const ISO_DATETIME = "'[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}[T ][0-9]{1,2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,6})?)?(Z|[+-][0-9]{2}:[0-9]{2})?'";
const COMMA_NUMBER = "'[+-]?[0-9]*,[0-9]+([eE][+-]?[0-9]+)?|[+-]?[0-9]+'";

const trimmed = (column: string): string => `trim(${column}, ${BLANKS})`;
const isMissing = (column: string): string => `lower(${trimmed(column)}) IN (${MISSING_LIST})`;

/** A cell's value as DOUBLE, NaN when missing; dates in epoch milliseconds. Cells that do not fit are NaN too. */
export function valueExpression(column: string, guess: Guess): string {
  return `coalesce(${nullableValue(column, guess)}, ${NAN})`;
}

function nullableValue(column: string, guess: Guess): string {
  switch (guess) {
    case "integer":
    case "double":
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

/** A condition that holds for present cells which the guess does not fit. The test for missing spellings runs on failed cells only. */
function badCondition(column: string, guess: Guess): string {
  const present = `NOT ${isMissing(column)}`;
  const failed = `${nullableValue(column, guess)} IS NULL`;
  const unlike = (pattern: string): string =>
    `CASE WHEN ${failed} OR NOT regexp_full_match(${trimmed(column)}, ${pattern}) THEN ${present} ELSE FALSE END`;
  switch (guess) {
    case "integer":
    case "double":
      return `CASE WHEN ${nullableValue(column, guess)} IS NULL OR isnan(${nullableValue(column, guess)}) THEN ${present} ELSE contains(${column}, '_') END`;
    case "comma_number":
      return unlike(COMMA_NUMBER);
    case "logical":
      return `CASE WHEN ${failed} THEN ${present} ELSE FALSE END`;
    case "date":
      return unlike(ISO_DATE);
    case "datetime":
      return unlike(ISO_DATETIME);
    case "labels":
      return "FALSE";
  }
}

/**
 * Two cheap aggregates of a guessed column: present cells, and cells that need `checkExpressions`. When the second is 0 and as many values
 * as present cells were read, the guess holds.
 */
export function quickExpressions(column: string, guess: Guess): readonly string[] {
  return [`count(${column})`, `count(*) FILTER (WHERE ${suspectCondition(column, guess)})`];
}

function suspectCondition(column: string, guess: Guess): string {
  switch (guess) {
    case "integer":
      return `NOT regexp_full_match(${column}, '[+-]?(0|[1-9][0-9]{0,14})')`;
    case "double":
      return `contains(${column}, '_')`;
    case "comma_number":
      return `NOT regexp_full_match(${column}, ${COMMA_NUMBER})`;
    case "date":
      return `NOT regexp_full_match(${column}, ${ISO_DATE})`;
    case "datetime":
      return `NOT regexp_full_match(${column}, ${ISO_DATETIME})`;
    case "logical":
    case "labels":
      return "FALSE";
  }
}

/** Three aggregates of a guessed column: cells that do not fit, present cells that are not plain digits, and digit codes. */
export function checkExpressions(column: string, guess: Guess): readonly string[] {
  const bad = `count(*) FILTER (WHERE ${column} IS NOT NULL AND ${badCondition(column, guess)})`;
  if (guess !== "integer" && guess !== "double" && guess !== "comma_number") return [bad, "0", "0"];
  const value = nullableValue(column, guess);
  const digits = `regexp_full_match(${trimmed(column)}, '[+-]?[0-9]+')`;
  const broken = `count(*) FILTER (WHERE NOT isnan(${value}) AND NOT ${digits})`;
  const codes = `count(*) FILTER (WHERE (abs(${value}) > 9007199254740991 OR regexp_matches(${column}, '^[ ]*[+-]?0[0-9]')) AND ${digits})`;
  return [bad, broken, codes];
}
