import type { ChatModel, CompletionArguments, JsonValue, PromptInputs, PromptMessage, TextData } from "../../textgrad/index.ts";
import { Parameter, Variable } from "../../textgrad/index.ts";
import { RpcError } from "../../wire/json-rpc-peer.ts";

/** A language model that a client has described. */
export interface ModelEntry {
  readonly id: string;
  readonly model: ChatModel;
}

/** A function that stays with the client. */
export class CallableRef {
  readonly id: string;
  constructor(id: string) {
    this.id = id;
  }
}

/** Finds what references name. Each throws an error that names kind and id. */
export interface Registry {
  variable(id: unknown): Variable;
  model(id: unknown): ModelEntry;
  idOf(variable: Variable): string;
}

export type Decoded = Variable | ModelEntry | CallableRef | string | number | boolean | null | readonly Decoded[] | DecodedObject;
export interface DecodedObject {
  readonly [key: string]: Decoded;
}

/** References become objects, everything else stays; recursively. */
export function decode(value: unknown, registry: Registry): Decoded {
  if (Array.isArray(value)) return value.map((item) => decode(item, registry));
  if (typeof value !== "object" || value === null) return value as string | number | boolean | null; // JSON has nothing else
  const object = value as Readonly<Record<string, unknown>>;
  if (object.__variable__ === true || object.__parameter__ === true) return registry.variable(object.variable_id);
  if (object.__model_client__ === true) return registry.model(object.model_id) as ModelEntry & DecodedObject;
  if (object.__callable__ === true) return new CallableRef(toText(object.callable_id, "callable_id"));
  return Object.fromEntries(Object.entries(object).map(([key, item]) => [key, decode(item, registry)]));
}

export function referenceTo(variable: Variable, registry: Registry): Readonly<Record<string, unknown>> {
  const kind = variable instanceof Parameter ? "__parameter__" : "__variable__";
  return { [kind]: true, variable_id: registry.idOf(variable) };
}

export function isModelEntry(value: unknown): value is ModelEntry {
  return typeof value === "object" && value !== null && "model" in value && "id" in value && typeof (value as ModelEntry).id === "string";
}

/** The named parameter. @throws {RpcError} −32602 when it is missing. */
export function required(params: Readonly<Record<string, unknown>>, name: string): unknown {
  if (Object.hasOwn(params, name)) return params[name];
  throw RpcError.params(`The parameter "${name}" is missing.`, { missing_key: name });
}

export function toText(value: unknown, what: string): string {
  if (typeof value === "string") return value;
  throw wrong(what, "a text", value);
}

export function toFlag(value: unknown, what: string): boolean {
  if (typeof value === "boolean") return value;
  throw wrong(what, "true or false", value);
}

export function toObject(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Readonly<Record<string, unknown>>;
  throw wrong(what, "an object", value);
}

export function toList(value: unknown, what: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw wrong(what, "a list", value);
}

export function toVariable(value: unknown, what: string): Variable {
  if (value instanceof Variable) return value;
  throw wrong(what, "a variable", value);
}

export function toVariables(value: unknown, what: string): Variable[] {
  if (value instanceof Variable) return [value];
  return toList(value, what).map((item) => toVariable(item, what));
}

export function toModel(value: unknown, what: string): ModelEntry {
  if (isModelEntry(value)) return value;
  throw wrong(what, "a model", value);
}

export function toTarget(value: Decoded, what: string): Variable | TextData {
  if (value instanceof Variable || typeof value === "string" || typeof value === "number" || typeof value === "boolean") return value;
  if (Array.isArray(value) && value.every((item) => typeof item === "string" || typeof item === "number" || typeof item === "boolean")) {
    return value as TextData;
  }
  throw wrong(what, "a text, a number, a list of them, or a variable", value);
}

/** A literal, or the data of a variable. */
export function plain(value: unknown): unknown {
  return value instanceof Variable ? value.data : value;
}

/** `[{role, content:[variable]}]`. */
export function toMessages(value: unknown, what: string): PromptMessage[] {
  return toList(value, what).map((item) => {
    const { role, content } = toObject(item, what);
    return { role: toText(role, `${what}: role`), content: toVariables(content, `${what}: content`) };
  });
}

export function toInputs(value: unknown, what: string): PromptInputs {
  if (value === null || value === undefined) return {};
  return Object.fromEntries(
    Object.entries(toObject(value, what)).map(([name, item]) => [name, toTarget(item as Decoded, `${what}: ${name}`)]),
  );
}

/** What is passed through to the provider: plain JSON. */
export function toArguments(value: unknown, what: string): CompletionArguments {
  if (value === null || value === undefined) return {};
  return Object.fromEntries(Object.entries(toObject(value, what)).map(([name, item]) => [name, plain(item) as JsonValue]));
}

function wrong(what: string, wanted: string, given: unknown): RpcError {
  const shown = given === null ? "null" : Array.isArray(given) ? "a list" : given instanceof Variable ? "a variable" : `${typeof given}`;
  return RpcError.params(`${what} must be ${wanted}, got ${shown}.`);
}
