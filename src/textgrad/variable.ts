import { InvalidArgumentError, TrainyardError } from "../core/errors.ts";
import type { BackwardContext } from "./backward-context.ts";
import { isBatch, type Scalar, shortText, type TextData, toTextData } from "./values.ts";

/** Criticism that travels backwards along one edge. */
export interface Feedback {
  readonly data: TextData;
  /** The pass began here and nobody said anything yet. */
  readonly isIdentity: boolean;
}

/**
 * Turns criticism of an operation's outputs into criticism of its inputs: what to send along each edge, in edge order. An empty list
 * sends nothing. `feedback[i]` belongs to output i; `wanted[j]` tells whether edge j leads anywhere.
 */
export type BackwardFunction = (
  feedback: readonly (readonly Feedback[])[],
  wanted: readonly boolean[],
  context: BackwardContext,
) => readonly (readonly TextData[])[] | Promise<readonly (readonly TextData[])[]>;

/** From a node to the node that receives its gradient; `node` is null where no gradient is needed. */
export interface Edge {
  readonly node: GraphNode | null;
  /** Which output of that node the input was. */
  readonly outputNr: number;
  /** Role of the input, for pictures of the graph. */
  readonly role: string;
}

let nodesMade = 0;

/** One step of the backward graph. A node is made after the nodes of its inputs, so `sequence` orders the graph. */
export class GraphNode {
  readonly name: string;
  readonly edges: readonly Edge[];
  /** Roles of the outputs, in order. */
  readonly outputRoles: readonly string[];
  readonly sequence = ++nodesMade;
  /** The leaf that an `AccumulateGrad` node fills. */
  readonly leaf: Variable | null;
  /** Non-leaf outputs that keep their gradients. */
  readonly retaining = new Set<Variable>();
  #backward: BackwardFunction | null;

  constructor(
    name: string,
    edges: readonly Edge[],
    outputRoles: readonly string[],
    backward: BackwardFunction | null,
    leaf: Variable | null = null,
  ) {
    this.name = name;
    this.edges = edges;
    this.outputRoles = outputRoles;
    this.leaf = leaf;
    this.#backward = backward;
  }

  get isFreed(): boolean {
    return this.leaf === null && this.#backward === null;
  }

  /** Forgets what the forward pass saved. */
  free(): void {
    this.#backward = null;
  }

  /** @throws {TrainyardError} `closed` when an earlier pass has freed it. */
  backward(feedback: readonly (readonly Feedback[])[], wanted: readonly boolean[], context: BackwardContext): ReturnType<BackwardFunction> {
    if (this.#backward === null) throw new FreedGraphError(this.name);
    return this.#backward(feedback, wanted, context);
  }

  toString(): string {
    return `<${this.name} object at ${this.sequence}>`;
  }
}

/** Thrown by a second backward pass over a graph that the first one freed. Nothing has changed. */
export class FreedGraphError extends TrainyardError {
  override readonly name = "FreedGraphError";
  constructor(node: string) {
    super("closed", `The graph at ${node} was freed by an earlier backward pass. Run the forward pass again, or pass retainGraph: true.`);
  }
}

export interface VariableOptions {
  /** What it is for, in words; prompts quote it. */
  readonly role?: string;
  readonly requiresGrad?: boolean;
}

/** Text or numbers that take part in a graph. `grad` is the list of criticisms received: accumulated, never summed. */
export class Variable {
  role: string;
  #data: TextData;
  #requiresGrad: boolean;
  #gradFn: GraphNode | null = null;
  #outputNr = 0;
  #retainsGrad = false;
  readonly #grad: Variable[] = [];
  #accumulator: GraphNode | null = null;

  /** @throws {InvalidArgumentError} when data is neither a value nor a list of one kind. */
  constructor(data: TextData = "", { role = "", requiresGrad = false }: VariableOptions = {}) {
    this.#data = toTextData(data);
    this.role = role;
    this.#requiresGrad = requiresGrad;
  }

  get data(): TextData {
    return this.#data;
  }
  set data(data: TextData) {
    this.#data = toTextData(data);
  }

  get requiresGrad(): boolean {
    return this.#requiresGrad;
  }
  set requiresGrad(wanted: boolean) {
    this.#requiresGrad = wanted;
  }

  /** The node that made it; null for leaves. Only the engine sets it. */
  get gradFn(): GraphNode | null {
    return this.#gradFn;
  }

  /** Its index among the outputs of its operation. */
  get outputNr(): number {
    return this.#outputNr;
  }
  set outputNr(index: number) {
    if (!Number.isInteger(index) || index < 0) throw new InvalidArgumentError(`outputNr must be a whole number ≥ 0, got ${index}.`);
    this.#outputNr = index;
  }

  get isLeaf(): boolean {
    return !this.#requiresGrad || this.#gradFn === null;
  }

  get retainsGrad(): boolean {
    return this.#retainsGrad;
  }

  /** The same list for as long as the variable lives. @throws {TrainyardError} `refused` on a non-leaf without `retainGrad`. */
  get grad(): Variable[] {
    if (!this.isLeaf && !this.#retainsGrad) {
      throw new TrainyardError(
        "refused",
        `"${this.role}" is not a leaf: call retainGrad() before the backward pass to keep its gradients.`,
      );
    }
    return this.#grad;
  }
  set grad(gradients: readonly Variable[]) {
    const held = this.grad;
    held.splice(0, held.length, ...gradients);
  }

  /** Keeps the gradients of a non-leaf. @throws {TrainyardError} `refused` on a leaf, which keeps them anyway. */
  retainGrad(): void {
    if (this.isLeaf) throw new TrainyardError("refused", `"${this.role}" is a leaf and keeps its gradients; retainGrad() is for results.`);
    this.setRetainsGrad(true);
  }

  /** As `retainGrad`, without the check; for mirrors of a remote variable. */
  setRetainsGrad(retains: boolean): void {
    this.#retainsGrad = retains;
    if (retains) this.#gradFn?.retaining.add(this);
    else this.#gradFn?.retaining.delete(this);
  }

  /** The sink of this leaf's gradients: one node, whoever uses the leaf. */
  accumulator(): GraphNode {
    this.#accumulator ??= new GraphNode("AccumulateGrad", [], [this.role], null, this);
    return this.#accumulator;
  }

  /** A new leaf with the same data and role that requires no gradient. */
  detach(): Variable {
    return new Variable(this.#data, { role: this.role });
  }

  /** Every value converted; role and `requiresGrad` stay. @throws {InvalidArgumentError} when a text is no number. */
  to(kind: "text" | "number"): Variable {
    const convert = (value: Scalar): Scalar => (kind === "text" ? String(value) : toNumber(value));
    const data = isBatch(this.#data) ? this.#data.map(convert) : convert(this.#data);
    return new Variable(data, { role: this.role, requiresGrad: this.#requiresGrad });
  }

  /** Takes data, role and `requiresGrad` of another. @throws {InvalidArgumentError} unless both are single values or equally long lists. */
  copyFrom(source: Variable): this {
    const from = isBatch(source.data) ? source.data.length : null;
    const to = isBatch(this.#data) ? this.#data.length : null;
    if (from !== to) {
      const shape = (length: number | null): string => (length === null ? "a single value" : `a list of ${length}`);
      throw new InvalidArgumentError(`Cannot copy ${shape(from)} into ${shape(to)} ("${this.role}").`);
    }
    this.data = source.data;
    this.role = source.role;
    this.#requiresGrad = source.requiresGrad;
    return this;
  }

  toString(): string {
    const origin = this.#gradFn === null ? `requiresGrad=${this.#requiresGrad}` : `gradFn=${this.#gradFn.name}`;
    return `variable(${shortText(this.#data)}, role=${this.role}, ${origin})`;
  }

  /** For the engine: a result of `node`. */
  static resultOf(node: GraphNode | null, outputNr: number, data: TextData, role: string): Variable {
    const result = new Variable(data, { role, requiresGrad: node !== null });
    result.#gradFn = node;
    result.#outputNr = outputNr;
    return result;
  }
}

/** A variable that is learned: it requires gradients unless told otherwise. */
export class Parameter extends Variable {
  constructor(data: TextData, { role = "", requiresGrad = true }: VariableOptions = {}) {
    super(data, { role, requiresGrad });
  }
}

function toNumber(value: Scalar): number {
  const number = typeof value === "string" && value.trim() === "" ? Number.NaN : Number(value);
  if (Number.isFinite(number)) return number;
  throw new InvalidArgumentError(`"${value}" is not a number.`);
}
