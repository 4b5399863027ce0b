import {
  isDigitCode,
  isIntegerText,
  isMissingText,
  maybeCommaNumber,
  maybeIsoDate,
  maybeIsoDatetime,
  maybeLogical,
  maybeNumber,
  trimBlanks,
  type ValueType,
} from "./text-values.ts";

/** What the first rows suggest (a `double` or `comma_number` has more than plain digits somewhere), to be checked on every row; `labels` leaves the decision to the column's distinct values. */
export type Guess = "integer" | "double" | "comma_number" | "logical" | "date" | "datetime" | "labels";

/** Guesses from a column's first texts. Text, day-month dates, digit codes and columns that start empty are `labels`. */
export function guessOf(texts: readonly string[], commaDecimals: boolean): Guess {
  const present = texts.map(trimBlanks).filter((text) => !isMissingText(text));
  if (present.length === 0 || (present.some(isDigitCode) && present.every(isIntegerText))) return "labels";
  if (present.every(isIntegerText)) return "integer";
  if (present.every((text) => maybeNumber(text) !== null)) return "double";
  if (commaDecimals && present.every((text) => maybeCommaNumber(text) !== null)) return "comma_number";
  if (present.every((text) => maybeLogical(text) !== null)) return "logical";
  if (present.every((text) => maybeIsoDate(text) !== null)) return "date";
  if (present.every((text) => maybeIsoDatetime(text) !== null)) return "datetime";
  return "labels";
}

/** What all rows of a column said about its guess. */
export interface GuessCounts {
  /** Present cells that do not fit. */
  readonly bad: number;
  /** Present cells of a column of numbers that are not plain digits. */
  readonly broken: number;
  /** Cells of a column of numbers that are digit codes. */
  readonly codes: number;
}

/** The type of a guessed column after every row was seen; null where its distinct values must decide. */
export function typeOfGuess(guess: Guess, { bad, broken, codes }: GuessCounts): ValueType | null {
  if (guess === "labels" || bad > 0) return null;
  if (guess !== "integer" && guess !== "double" && guess !== "comma_number") return guess;
  if (broken > 0) return "double";
  return codes > 0 ? null : "integer";
}
