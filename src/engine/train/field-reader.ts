import type { ConfigProblem } from "../../core/errors.ts";
import { didYouMean } from "../../core/nearest.ts";

/**
 * Reads fields of one JSON object and collects every fault instead of stopping at the first. A faulty field yields its default, so that
 * reading can go on; the caller throws when `problems` is not empty. Keys starting with `$` are document metadata and ignored.
 */
export class FieldReader {
  readonly problems: ConfigProblem[];
  readonly #fields: Readonly<Record<string, unknown>>;
  readonly #path: string;

  constructor(value: unknown, path: string, problems: ConfigProblem[]) {
    this.problems = problems;
    this.#path = path;
    if (isRecord(value)) this.#fields = value;
    else {
      this.#fields = {};
      if (value !== undefined && value !== null && !isEmptyArray(value)) this.report("", `must be an object, got ${show(value)}.`);
    }
  }

  /** `message` continues the sentence that starts with the field's path. */
  report(name: string, message: string): void {
    const path = [this.#path, name].filter((part) => part !== "").join(".");
    this.problems.push({ path, message: `${path === "" ? "The configuration" : path} ${message}` });
  }

  /** Refuses keys outside `allowed`, naming the nearest. */
  only(allowed: readonly string[], of: string): void {
    for (const key of this.keys()) {
      if (!allowed.includes(key))
        this.report(key, `is not a field of ${of}.${didYouMean(key, allowed) || ` Fields: ${allowed.join(", ")}.`}`);
    }
  }

  keys(): readonly string[] {
    return Object.keys(this.#fields).filter((key) => !key.startsWith("$"));
  }

  has(name: string): boolean {
    return this.#fields[name] !== undefined && this.#fields[name] !== null;
  }

  /** The raw value; a one-element array of a scalar equals the scalar (R-42). */
  raw(name: string): unknown {
    return unwrapped(this.#fields[name]);
  }

  text<Fallback extends string | null>(name: string, fallback: Fallback): string | Fallback {
    const value = this.raw(name);
    if (value === undefined || value === null || value === "") return fallback;
    if (typeof value === "string") return value;
    this.report(name, `must be text, got ${show(value)}.`);
    return fallback;
  }

  choice<Choice extends string, Fallback extends Choice | null>(
    name: string,
    choices: readonly Choice[],
    fallback: Fallback,
  ): Choice | Fallback {
    const value = this.raw(name);
    if (value === undefined || value === null) return fallback;
    const found = choices.find((choice) => choice === value);
    if (found !== undefined) return found;
    this.report(
      name,
      `must be one of ${choices.join(", ")}, got ${show(value)}.${typeof value === "string" ? didYouMean(value, choices) : ""}`,
    );
    return fallback;
  }

  flag<Fallback extends boolean | null>(name: string, fallback: Fallback): boolean | Fallback {
    const value = this.raw(name);
    if (value === undefined || value === null) return fallback;
    if (typeof value === "boolean") return value;
    this.report(name, `must be true or false, got ${show(value)}.`);
    return fallback;
  }

  number<Fallback extends number | null>(name: string, fallback: Fallback, bounds: NumberBounds): number | Fallback {
    const value = this.raw(name);
    if (value === undefined || value === null) return fallback;
    const fault = numberFault(value, bounds);
    if (fault === null) return value as number; // numberFault has checked the type
    this.report(name, fault);
    return fallback;
  }

  /** A list of texts; a bare text is a list of one. */
  texts(name: string): readonly string[] | null {
    const value = this.#fields[name];
    if (value === undefined || value === null) return null;
    const list = Array.isArray(value) ? value : [value];
    if (list.length > 0 && list.every((item) => typeof item === "string" && item !== "")) return list;
    this.report(name, `must be a list of column names, got ${show(value)}.`);
    return null;
  }
}

export interface NumberBounds {
  readonly integer?: boolean;
  readonly min?: number;
  readonly max?: number;
  readonly minExclusive?: boolean;
  readonly maxExclusive?: boolean;
}

/** What is wrong with a value that should be a number within bounds, or null. */
export function numberFault(value: unknown, bounds: NumberBounds): string | null {
  const kind = bounds.integer === true ? "a whole number" : "a number";
  const allowed = `${kind}${boundsInWords(bounds)}`;
  if (typeof value !== "number" || !Number.isFinite(value)) return `must be ${allowed}, got ${show(value)}.`;
  const below = bounds.min !== undefined && (bounds.minExclusive === true ? value <= bounds.min : value < bounds.min);
  const above = bounds.max !== undefined && (bounds.maxExclusive === true ? value >= bounds.max : value > bounds.max);
  const broken = bounds.integer === true && !Number.isSafeInteger(value);
  return below || above || broken ? `must be ${allowed}, got ${value}.` : null;
}

function boundsInWords({ min, max, minExclusive, maxExclusive }: NumberBounds): string {
  const low = min === undefined ? "" : minExclusive === true ? `above ${min}` : `of at least ${min}`;
  const high = max === undefined ? "" : maxExclusive === true ? `below ${max}` : `at most ${max}`;
  if (low === "" && high === "") return "";
  return ` ${[low, high].filter((part) => part !== "").join(" and ")}`;
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function show(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}

/** `1 row`, `2 rows`. */
export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

export function unwrapped(value: unknown): unknown {
  return Array.isArray(value) && value.length === 1 && (typeof value[0] !== "object" || value[0] === null) ? value[0] : value;
}

function isEmptyArray(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}
