import { Refusal } from "./answer.ts";

export type Fields = Readonly<Record<string, unknown>>;

function refused(field: string, wanted: string, given: unknown): Refusal {
  const got = given === undefined ? "it is missing" : `got ${JSON.stringify(given)?.slice(0, 100)}`;
  return new Refusal(422, "invalid_input", `${field} must be ${wanted}; ${got}.`, { field });
}

export function toFields(body: unknown, name = "The body"): Fields {
  if (typeof body === "object" && body !== null && !Array.isArray(body)) return body as Fields;
  throw refused(name, "an object", body);
}

export function text(fields: Fields, field: string, { max = 1000 }: { max?: number } = {}): string {
  const value = fields[field];
  if (typeof value === "string" && value.length <= max) return value;
  throw refused(field, `a text of at most ${max} characters`, value);
}

/** Absent and null are the same. */
export function maybeText(fields: Fields, field: string, options?: { max?: number }): string | undefined {
  return fields[field] === undefined || fields[field] === null ? undefined : text(fields, field, options);
}

export function whole(fields: Fields, field: string, min = 0, max = 2 ** 32 - 1): number {
  const value = fields[field];
  if (typeof value === "number" && Number.isInteger(value) && value >= min && value <= max) return value;
  throw refused(field, `a whole number from ${min} to ${max}`, value);
}

export function real(fields: Fields, field: string, min = -Number.MAX_VALUE, max = Number.MAX_VALUE): number {
  const value = fields[field];
  if (typeof value === "number" && value >= min && value <= max) return value;
  throw refused(field, min === -Number.MAX_VALUE ? "a number" : `a number from ${min} to ${max}`, value);
}

export function oneOf<T extends string>(fields: Fields, field: string, allowed: readonly T[]): T {
  const value = fields[field];
  if (allowed.includes(value as T)) return value as T;
  throw refused(field, `one of ${allowed.join(", ")}`, value);
}

export function maybeTexts(fields: Fields, field: string): readonly string[] | undefined {
  const value = fields[field];
  if (value === undefined) return undefined;
  if (Array.isArray(value) && value.length <= 1000 && value.every((entry) => typeof entry === "string" && entry.length <= 200))
    return value;
  throw refused(field, "a list of texts", value);
}

export function maybeTruth(fields: Fields, field: string): boolean | undefined {
  const value = fields[field];
  if (value === undefined || typeof value === "boolean") return value;
  throw refused(field, "true or false", value);
}

export function maybeReal(fields: Fields, field: string): number | undefined {
  return fields[field] === undefined || fields[field] === null ? undefined : real(fields, field);
}

/** For `Object.fromEntries`: nothing when the value is not there. */
export function entryOf<Value>(field: string, value: Value | undefined): [string, Value][] {
  return value === undefined ? [] : [[field, value]];
}

/** Who sent it and under which number; null when it is not said. Said twice, it is stored once. */
export function maybeSender(fields: Fields): { readonly producer: string; readonly sequence: number } | null {
  const producer = maybeText(fields, "producer", { max: 100 });
  return producer === undefined ? null : { producer, sequence: whole(fields, "sequence", 0, Number.MAX_SAFE_INTEGER) };
}

/** A whole number of the query; `fallback` when it is not there. @throws {Refusal} 400 (L-23). */
export function queryWhole(query: URLSearchParams, name: string, fallback: number): number {
  const value = query.get(name);
  if (value === null) return fallback;
  if (/^\d{1,15}$/.test(value)) return Number(value);
  throw new Refusal(400, "invalid_input", `${name} must be a whole number, got ${JSON.stringify(value.slice(0, 100))}.`);
}

/** A number of the query, or undefined. @throws {Refusal} 400. */
export function queryReal(query: URLSearchParams, name: string): number | undefined {
  const value = query.get(name);
  if (value === null) return undefined;
  const number = value.trim() === "" ? Number.NaN : Number(value);
  if (Number.isFinite(number)) return number;
  throw new Refusal(400, "invalid_input", `${name} must be a number, got ${JSON.stringify(value.slice(0, 100))}.`);
}

/** Parts of a comma-separated value of the query, or undefined. */
export function queryList(query: URLSearchParams, name: string): readonly string[] | undefined {
  const values = query
    .getAll(name)
    .flatMap((value) => value.split(","))
    .filter((value) => value !== "");
  return values.length === 0 ? undefined : values;
}
