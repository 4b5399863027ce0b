import { InvalidArgumentError } from "../../core/errors.ts";
import type { PromptMessage } from "../operations/messages.ts";
import { isBatch, type TextData, toTextData } from "../values.ts";
import { Parameter, Variable } from "../variable.ts";

export interface SavedVariable {
  readonly kind: "parameter" | "variable";
  readonly data: TextData;
  readonly role: string;
  readonly requiresGrad: boolean;
}

/** JSON, keys with dots: `prompt`, `router.prompt`, `chat.0.content.1`. */
export type StateDict = Readonly<Record<string, SavedVariable>>;

export interface LoadReport {
  readonly missing: readonly string[];
  readonly unexpected: readonly string[];
}

/** What a training or validation step gives: the variable to criticise, its score, and further numbers to log. */
export interface StepResult {
  readonly score: Variable;
  readonly explanation: Variable;
  /** Per sample, as evaluators give them. */
  readonly scores?: readonly unknown[];
  readonly metrics?: Readonly<Record<string, number>>;
}

/**
 * A part of a pipeline. Its state is found by looking at its own properties: variables, chats (lists of messages), modules, and lists
 * of any of them. Properties whose name begins with `_`, and private fields, are not state.
 */
export abstract class Module {
  #isTraining = true;

  get isTraining(): boolean {
    return this.#isTraining;
  }

  /** Sets training mode here and in every module below. */
  train(isTraining = true): this {
    for (const module of this.modules()) module.#isTraining = isTraining;
    return this;
  }

  eval(): this {
    return this.train(false);
  }

  /** This module and all below it, each once, depth first. */
  modules(): Module[] {
    const found = new Set<Module>();
    const visit = (module: Module): void => {
      if (found.has(module)) return;
      found.add(module);
      for (const [, part] of partsOf(module)) if (part instanceof Module) visit(part);
    };
    visit(this);
    return [...found];
  }

  /** Every variable of the state with its dotted name; a variable in two places appears once, under its first name. */
  namedVariables(): [string, Variable][] {
    const found = new Map<Variable, string>();
    const visited = new Set<Module>();
    const visit = (module: Module, prefix: string): void => {
      if (visited.has(module)) return;
      visited.add(module);
      for (const [name, part] of partsOf(module)) {
        if (part instanceof Module) visit(part, `${prefix}${name}.`);
        else if (!found.has(part)) found.set(part, `${prefix}${name}`);
      }
    };
    visit(this, "");
    return [...found].map(([variable, name]) => [name, variable]);
  }

  namedParameters(): [string, Parameter][] {
    return this.namedVariables().filter((entry): entry is [string, Parameter] => entry[1] instanceof Parameter);
  }

  parameters(): Parameter[] {
    return this.namedParameters().map(([, parameter]) => parameter);
  }

  setRequiresGrad(requiresGrad: boolean): this {
    for (const [, variable] of this.namedVariables()) variable.requiresGrad = requiresGrad;
    return this;
  }

  clearGrad(): void {
    for (const [, variable] of this.namedVariables()) if (variable.isLeaf) variable.grad = [];
  }

  stateDict(): StateDict {
    return Object.fromEntries(
      this.namedVariables().map(([name, variable]) => {
        const { data, role, requiresGrad } = variable;
        return [name, { kind: variable instanceof Parameter ? "parameter" : "variable", data, role, requiresGrad }] as const;
      }),
    );
  }

  /**
   * Copies values in place. With `strict` (default) missing and unexpected names are faults as well.
   * @throws {InvalidArgumentError} with every fault at once; nothing has changed then.
   */
  loadStateDict(state: StateDict, { strict = true }: { readonly strict?: boolean } = {}): LoadReport {
    const own = new Map(this.namedVariables());
    const missing = [...own.keys()].filter((name) => !Object.hasOwn(state, name));
    const unexpected = Object.keys(state).filter((name) => !own.has(name));
    const faults = strict ? [...missing.map((name) => `"${name}" is missing`), ...unexpected.map((name) => `"${name}" is unexpected`)] : [];
    const changes: [Variable, SavedVariable][] = [];
    for (const [name, variable] of own) {
      const saved = state[name];
      if (saved === undefined) continue;
      const fault = faultOf(saved, variable);
      if (fault === null) changes.push([variable, saved]);
      else faults.push(`"${name}" ${fault}`);
    }
    if (faults.length > 0) throw new InvalidArgumentError(`The state does not fit the module: ${faults.join("; ")}.`);
    for (const [variable, saved] of changes) {
      variable.data = saved.data;
      variable.role = saved.role;
      variable.requiresGrad = saved.requiresGrad;
    }
    return { missing, unexpected };
  }

  /** One batch in training mode: a score and its explanation, which is then criticised. */
  trainingStep(_batch: unknown, _index: number): Promise<StepResult> {
    throw new InvalidArgumentError(`${this.constructor.name} has no trainingStep; a trainer needs one.`);
  }

  /** One batch without gradients. Default: as in training. */
  validationStep(batch: unknown, index: number): Promise<StepResult> {
    return this.trainingStep(batch, index);
  }
}

function* partsOf(module: Module): Generator<[string, Variable | Module]> {
  for (const [name, value] of Object.entries(module)) {
    if (!name.startsWith("_")) yield* partsIn(name, value);
  }
}

function* partsIn(name: string, value: unknown): Generator<[string, Variable | Module]> {
  if (value instanceof Variable || value instanceof Module) yield [name, value];
  else if (Array.isArray(value)) for (const [index, item] of value.entries()) yield* partsIn(`${name}.${index}`, item);
  else if (isMessage(value)) yield* partsIn(`${name}.content`, value.content);
}

function isMessage(value: unknown): value is PromptMessage {
  const message = value as Partial<PromptMessage> | null;
  return typeof message === "object" && message !== null && typeof message.role === "string" && Array.isArray(message.content);
}

function faultOf(saved: SavedVariable, variable: Variable): string | null {
  const kind = variable instanceof Parameter ? "parameter" : "variable";
  if (saved.kind !== kind) return `is a ${kind}, but the state has a ${String(saved.kind)}`;
  let data: TextData;
  try {
    data = toTextData(saved.data);
  } catch (error) {
    return `has bad data (${(error as Error).message})`;
  }
  if (isBatch(data) !== isBatch(variable.data)) return "is a list on one side and a single value on the other";
  if (typeof saved.role !== "string" || typeof saved.requiresGrad !== "boolean") return "lacks its role or requiresGrad";
  return null;
}
