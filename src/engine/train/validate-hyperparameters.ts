import type { ConfigProblem } from "../../core/errors.ts";
import { didYouMean } from "../../core/nearest.ts";
import type { Algorithm, Task } from "../algorithm.ts";
import type { HyperparameterSchema, Hyperparameters, HyperparameterValue } from "../hyperparameter.ts";
import type { SearchSpace } from "./config.ts";
import { isRecord, numberFault, show, unwrapped } from "./field-reader.ts";

/**
 * Checks hyperparameters against the algorithm's declaration and keeps what was given: values, or `{candidates}` for a search.
 * Defaults are not filled in here, so that a record can tell what the user chose.
 */
export function readHyperparameters(
  given: unknown,
  algorithm: Pick<Algorithm, "name" | "hyperparameters">,
  problems: ConfigProblem[],
): Readonly<Record<string, HyperparameterValue | SearchSpace>> {
  if (given === undefined || given === null || (Array.isArray(given) && given.length === 0)) return {};
  const report = (name: string, message: string): void => {
    problems.push({ path: `hyperparameters.${name}`, message: `${algorithm.name}: ${name} ${message}` });
  };
  if (!isRecord(given)) {
    problems.push({ path: "hyperparameters", message: `hyperparameters must be an object, got ${show(given)}.` });
    return {};
  }
  const names = algorithm.hyperparameters.map((schema) => schema.name);
  const result: Record<string, HyperparameterValue | SearchSpace> = {};
  for (const [name, raw] of Object.entries(given)) {
    if (name.startsWith("$")) continue;
    const schema = algorithm.hyperparameters.find((candidate) => candidate.name === name);
    if (schema === undefined) {
      report(name, `is not a hyperparameter.${didYouMean(name, names) || ` Known: ${names.join(", ")}.`}`);
      continue;
    }
    const read = isRecord(raw) ? readSpace(raw, schema) : readValue(raw, schema);
    if (read.fault !== null) report(name, read.fault);
    else if (read.value !== undefined) result[name] = read.value;
  }
  return result;
}

type Read<T> = { readonly value: T; readonly fault: null } | { readonly value: undefined; readonly fault: string };

function readSpace(raw: Readonly<Record<string, unknown>>, schema: HyperparameterSchema): Read<SearchSpace | HyperparameterValue> {
  const { candidates } = raw;
  if (!Array.isArray(candidates)) return failed(`must be a value or {"candidates": […]}, got ${show(raw)}.`);
  if (!schema.tunable) return failed("cannot be tuned; give one value.");
  const values: HyperparameterValue[] = [];
  for (const candidate of candidates) {
    const read = readValue(candidate, schema);
    if (read.fault !== null) return failed(`has a candidate that ${read.fault}`);
    if (!values.some((known) => JSON.stringify(known) === JSON.stringify(read.value))) values.push(read.value);
  }
  if (candidates.length < 2 || values.length < 2)
    return failed("needs at least two different candidates to be tuned; give one value instead.");
  return { value: { candidates: values }, fault: null };
}

function readValue(raw: unknown, schema: HyperparameterSchema): Read<HyperparameterValue> {
  const value = schema.type === "doubles" ? raw : unwrapped(raw);
  if (value === null || value === undefined) {
    return schema.automatic !== undefined || schema.default === null
      ? { value: null, fault: null }
      : failed(`needs a value; the default is ${show(schema.default)}.`);
  }
  if (Array.isArray(value) && schema.type !== "doubles") {
    return failed(`takes one value, got the list ${show(value)}. To search over them send {"candidates": ${show(value)}}.`);
  }
  const fault = valueFault(value, schema);
  return fault === null ? { value: value as HyperparameterValue, fault: null } : failed(fault); // valueFault has checked the type
}

function valueFault(value: unknown, schema: HyperparameterSchema): string | null {
  switch (schema.type) {
    case "logical":
      return typeof value === "boolean" ? null : `must be true or false, got ${show(value)}.`;
    case "character": {
      const choices = schema.choices ?? [];
      if (typeof value !== "string") return `must be text, got ${show(value)}.`;
      if (choices.length === 0 || choices.includes(value)) return null;
      return `must be one of ${choices.join(", ")}, got ${show(value)}.${didYouMean(value, choices)}`;
    }
    case "integer":
      return numberFault(value, { ...schema, integer: true });
    case "double":
      return numberFault(value, schema);
    case "doubles": {
      const list = Array.isArray(value) ? value : [value];
      for (const item of list) {
        const fault = numberFault(item, schema);
        if (fault !== null) return fault;
      }
      return null;
    }
  }
}

function failed(fault: string): { readonly value: undefined; readonly fault: string } {
  return { value: undefined, fault };
}

export function isSearchSpace(value: HyperparameterValue | SearchSpace): value is SearchSpace {
  return typeof value === "object" && value !== null && "candidates" in value;
}

/** Every hyperparameter of the algorithm: the given value, else the default. */
export function completeHyperparameters(algorithm: Algorithm, given: Hyperparameters): Hyperparameters {
  return Object.fromEntries(algorithm.hyperparameters.map((schema) => [schema.name, given[schema.name] ?? schema.default]));
}

/** The hyperparameters that apply to a task, for forms and describe. */
export function hyperparametersFor(algorithm: Algorithm, task: Task): readonly HyperparameterSchema[] {
  return algorithm.hyperparameters.filter((schema) => schema.tasks === undefined || schema.tasks.includes(task));
}
