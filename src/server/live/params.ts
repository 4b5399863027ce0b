import { WireError } from "./wire-error.ts";

/** Reads the params of one request. Every refusal names the method, the field, what came and what is expected. */
export class Params {
  readonly #method: string;
  readonly #values: Readonly<Record<string, unknown>>;

  constructor(method: string, params: unknown) {
    const given = params ?? {};
    if (typeof given !== "object" || Array.isArray(given)) {
      throw new WireError("invalid_params", `${method}: "params" must be an object, got ${kindOf(given)}.`);
    }
    this.#method = method;
    this.#values = given as Readonly<Record<string, unknown>>;
  }

  get all(): Readonly<Record<string, unknown>> {
    return this.#values;
  }

  raw(name: string): unknown {
    return this.#values[name] ?? null;
  }

  /** A string with at least one character. */
  string(name: string): string {
    const value = this.raw(name);
    if (value === null) throw this.#refusal(name, "is missing; send a string");
    if (typeof value !== "string") throw this.#refusal(name, `must be a string, got ${kindOf(value)}`);
    if (value === "") throw this.#refusal(name, "must not be empty");
    return value;
  }

  /** A string, or null when absent, null or empty. */
  optionalString(name: string): string | null {
    const value = this.raw(name);
    if (value === null || value === "") return null;
    return this.string(name);
  }

  integer(name: string, range: { readonly min: number; readonly max: number; readonly default?: number }): number {
    const value = this.raw(name);
    if (value === null && range.default !== undefined) return range.default;
    if (value === null) throw this.#refusal(name, "is missing; send a whole number");
    if (typeof value !== "number" || !Number.isInteger(value)) throw this.#refusal(name, `must be a whole number, got ${shown(value)}`);
    if (value < range.min || value > range.max) {
      throw this.#refusal(name, `must lie between ${range.min} and ${range.max}, got ${value}`);
    }
    return value;
  }

  optionalInteger(name: string, range: { readonly min: number; readonly max: number }): number | null {
    return this.raw(name) === null ? null : this.integer(name, range);
  }

  /** One of `choices`, or the first when absent. */
  choice<Choice extends string>(name: string, choices: readonly [Choice, ...Choice[]]): Choice {
    const value = this.raw(name) ?? choices[0];
    const found = choices.find((choice) => choice === value);
    if (found === undefined) throw this.#refusal(name, `must be one of ${choices.join(", ")}, got ${shown(value)}`);
    return found;
  }

  object(name: string): Readonly<Record<string, unknown>> {
    const value = this.raw(name);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Readonly<Record<string, unknown>>;
    throw this.#refusal(name, value === null ? "is missing; send an object" : `must be an object, got ${kindOf(value)}`);
  }

  #refusal(name: string, fault: string): WireError {
    return new WireError("invalid_params", `${this.#method}: "${name}" ${fault}.`, { field: name });
  }
}

function kindOf(value: unknown): string {
  if (value === null) return "nothing";
  return Array.isArray(value) ? "an array" : `${typeof value === "object" ? "an" : "a"} ${typeof value}`;
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
