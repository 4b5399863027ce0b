import { InvalidArgumentError } from "../../core/errors.ts";
import { type TextData, toTextData } from "../values.ts";
import { Parameter, Variable } from "../variable.ts";
import { type DescentOptions, type DescentResult, descend, type PastVersion } from "./descent.ts";

/** Parameters that share options; what is left out comes from the optimizer's own. */
export interface ParameterGroup extends Partial<Omit<DescentOptions, "signal">> {
  readonly params: readonly Variable[];
}

interface SavedVersion {
  readonly value: TextData;
  readonly role: string;
  readonly gradients: readonly { readonly data: TextData; readonly role: string }[];
}

/** JSON: momentum by position of the parameter, groups and parameters in the order in which they were given. */
export interface OptimizerState {
  readonly format: "trainyard.textgrad.optimizer";
  readonly version: 1;
  readonly groups: readonly number[];
  readonly past: Readonly<Record<string, readonly SavedVersion[]>>;
}

/**
 * Textual gradient descent: `step` rewrites every parameter that has gradients, all at the same time. Gradients stay until
 * `clearGrad`. With momentum m the optimizer shows itself the newest m earlier versions and what was said of them.
 */
export class TextualGradientDescent {
  readonly groups: ParameterGroup[] = [];
  readonly #defaults: DescentOptions;
  readonly #past = new Map<Variable, readonly PastVersion[]>();

  /** @throws {InvalidArgumentError} without parameters, for one given twice, or one that is no leaf. */
  constructor(params: readonly Variable[] | readonly ParameterGroup[], options: DescentOptions) {
    this.#defaults = options;
    const first = params[0];
    if (first === undefined) throw new InvalidArgumentError("An optimizer needs at least one parameter.");
    const groups = first instanceof Variable ? [{ params: params as readonly Variable[] }] : (params as readonly ParameterGroup[]);
    for (const group of groups) this.addGroup(group);
  }

  get parameters(): Variable[] {
    return this.groups.flatMap((group) => [...group.params]);
  }

  addGroup(group: ParameterGroup): void {
    const known = new Set(this.parameters);
    for (const parameter of group.params) {
      if (!parameter.isLeaf) throw new InvalidArgumentError(`"${parameter.role}" is a result, not a leaf; only leaves can be optimized.`);
      if (known.has(parameter)) throw new InvalidArgumentError(`"${parameter.role}" is in this optimizer already.`);
      known.add(parameter);
    }
    this.groups.push(group);
  }

  /** Earlier versions of a parameter, oldest first; at most `momentum`. */
  pastOf(parameter: Variable): readonly PastVersion[] {
    return this.#past.get(parameter) ?? [];
  }

  /** Empties every gradient list in place. */
  clearGrad(): void {
    for (const parameter of this.parameters) parameter.grad = [];
  }

  /** All or nothing: when one question fails, no parameter has changed. @returns what was asked for each parameter with its new data. */
  async step({ signal }: { readonly signal?: AbortSignal | undefined } = {}): Promise<DescentResult[]> {
    const results = (
      await Promise.all(
        this.groups.map(({ params, ...own }) => {
          const items = params.map((parameter) => ({ parameter, gradients: [...parameter.grad], past: this.pastOf(parameter) }));
          return descend(items, { ...this.#defaults, ...own, signal });
        }),
      )
    ).flat();
    for (const { parameter, data, past } of results) {
      parameter.data = data;
      if (past.length > 0) this.#past.set(parameter, past);
    }
    return results;
  }

  stateDict(): OptimizerState {
    const entries = this.parameters.map((parameter, index) => [String(index), this.pastOf(parameter).map(savePast)] as const);
    return {
      format: "trainyard.textgrad.optimizer",
      version: 1,
      groups: this.groups.map((group) => group.params.length),
      past: Object.fromEntries(entries.filter(([, past]) => past.length > 0)),
    };
  }

  /** @throws {InvalidArgumentError} when groups or their sizes differ. */
  loadStateDict(state: OptimizerState): void {
    const sizes = this.groups.map((group) => group.params.length);
    if (state.format !== "trainyard.textgrad.optimizer" || state.version !== 1)
      throw new InvalidArgumentError("This is no state of an optimizer.");
    if (state.groups.join() !== sizes.join()) {
      throw new InvalidArgumentError(
        `The state has groups of ${state.groups.join(", ")} parameters, the optimizer of ${sizes.join(", ")}.`,
      );
    }
    this.#past.clear();
    for (const [index, parameter] of this.parameters.entries()) {
      const past = state.past[String(index)];
      if (past !== undefined)
        this.#past.set(
          parameter,
          past.map((saved) => loadPast(saved, parameter)),
        );
    }
  }
}

function savePast({ value, gradients }: PastVersion): SavedVersion {
  return { value: value.data, role: value.role, gradients: gradients.map(({ data, role }) => ({ data, role })) };
}

function loadPast({ value, role, gradients }: SavedVersion, parameter: Variable): PastVersion {
  const copy = parameter instanceof Parameter ? Parameter : Variable;
  return {
    value: new copy(toTextData(value), { role, requiresGrad: parameter.requiresGrad }),
    gradients: gradients.map((gradient) => new Variable(toTextData(gradient.data), { role: gradient.role })),
  };
}
