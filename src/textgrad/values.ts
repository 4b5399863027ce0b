import { InvalidArgumentError } from "../core/errors.ts";

/** One value. Numbers are finite. */
export type Scalar = string | number | boolean;
/** What a variable holds: one value, or a batch of values of one kind. */
export type TextData = Scalar | readonly Scalar[];

export function isBatch(data: TextData): data is readonly Scalar[] {
  return Array.isArray(data);
}

/**
 * Checks data from outside. Lists are copied and must hold texts only or numbers (and truth values) only; empty lists are fine.
 * @throws {InvalidArgumentError} for null, objects, NaN, infinities and mixed lists.
 */
export function toTextData(value: unknown): TextData {
  if (isScalar(value)) return value;
  if (!Array.isArray(value)) throw refusal(value);
  const items: readonly unknown[] = value;
  const texts = items.filter((item) => typeof item === "string").length;
  if (!items.every(isScalar) || (texts > 0 && texts < items.length)) throw refusal(value);
  return Object.freeze([...items]);
}

/** A value as it appears in a prompt. */
export function textOf(value: Scalar): string {
  return String(value);
}

/** Data as one text: a batch becomes `<ITEM>…</ITEM>` per value, in order. */
export function joinedText(data: TextData): string {
  return isBatch(data) ? items(data) : textOf(data);
}

/** `<ITEM>a</ITEM><ITEM>b</ITEM>`. */
export function items(values: readonly Scalar[]): string {
  return values.map((value) => `<ITEM>${textOf(value)}</ITEM>`).join("");
}

/** The value at one position of a batch; a single value stands at every position. */
export function at(data: TextData, index: number): Scalar {
  return isBatch(data) ? (data[index] ?? "") : data;
}

/** Whether there is nothing to read in it. */
export function isEmptyText(data: TextData): boolean {
  return isBatch(data) ? data.every((item) => item === "") : data === "";
}

/** For people: texts above 40 characters show their two ends, lists above 6 values likewise. */
export function shortText(data: TextData): string {
  if (!isBatch(data)) {
    const text = textOf(data);
    return text.length > 40 ? `${text.slice(0, 20)}...${text.slice(-20)}` : text;
  }
  const shown = data.length > 6 ? [...data.slice(0, 3).map(shortText), "...", ...data.slice(-3).map(shortText)] : data.map(shortText);
  return `[${shown.join(", ")}]`;
}

/**
 * Length of the batch that several values make together: the common length of those that are lists, or null when none is one.
 * @throws {InvalidArgumentError} when lists differ in length.
 */
export function batchLength(values: readonly TextData[], what: string): number | null {
  const lengths = new Set(values.filter(isBatch).map((value) => value.length));
  if (lengths.size > 1) {
    throw new InvalidArgumentError(`${what}: lists of a batch must have equal lengths, got ${[...lengths].join(" and ")}.`);
  }
  return lengths.values().next().value ?? null;
}

function isScalar(value: unknown): value is Scalar {
  return typeof value === "string" || typeof value === "boolean" || (typeof value === "number" && Number.isFinite(value));
}

function refusal(value: unknown): InvalidArgumentError {
  const given = Array.isArray(value) ? "a list with other or mixed content" : value === null ? "null" : `${typeof value} ${String(value)}`;
  return new InvalidArgumentError(
    `Variable data must be a text, a finite number, a truth value, or a list of all texts or all numbers; got ${given}.`,
  );
}
