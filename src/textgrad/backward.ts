import { InvalidArgumentError, TrainyardError } from "../core/errors.ts";
import type { BackwardContext } from "./backward-context.ts";
import type { ChatModel, CompletionArguments } from "./models/chat-model.ts";
import { askerOf } from "./operations/chat-completion.ts";
import { DEFAULT_PROMPTS, type EnginePrompts } from "./prompts/index.ts";
import { isBatch, type TextData } from "./values.ts";
import { type Feedback, FreedGraphError, type GraphNode, Variable } from "./variable.ts";

export interface BackwardOptions {
  /** Writes the criticism where a language model has to. */
  readonly model?: ChatModel | null | undefined;
  readonly args?: CompletionArguments | undefined;
  /** One per variable; null where the variable holds a single value. */
  readonly gradients?: readonly (Variable | null)[] | undefined;
  /** Keeps the graph for another pass. Default: `createGraph`. */
  readonly retainGraph?: boolean | undefined;
  /** The gradients themselves require gradients, as leaves. */
  readonly createGraph?: boolean | undefined;
  /** Only these leaves get gradients; work that leads to no other is left out. */
  readonly inputs?: readonly Variable[] | null | undefined;
  readonly prompts?: EnginePrompts | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface AppendedGradient {
  readonly variable: Variable;
  readonly gradient: Variable;
}

/** A feedback and where it comes from, so that the order does not depend on which model call ends first. */
interface Arrival extends Feedback {
  readonly rank: number;
}

/**
 * The backward pass: criticism travels from `variables` against the direction of the graph, and every leaf that requires gradients
 * gets one gradient per path. A node runs as soon as everything that uses its outputs has run, so model calls overlap wherever the
 * graph allows; the order of gradients is that of a sequential pass all the same. Gradients are published at the end: when anything
 * fails, no variable has changed and the graph is kept.
 *
 * @returns what was appended, in order.
 * @throws {TrainyardError} `refused` on a leaf, for a non-leaf in `inputs`, or when a model is needed and none was given; `closed` for a
 * freed graph; `invalid_argument` when a list has no gradient; errors of the model otherwise.
 * Cost: O(nodes + edges) besides the model calls.
 * Source: Yuksekgonul et al. (2024), TextGrad, arXiv:2406.07496; reverse-mode order as in PyTorch (Paszke et al. 2019, arXiv:1912.01703).
 */
export async function backward(variables: Variable | readonly Variable[], options: BackwardOptions = {}): Promise<AppendedGradient[]> {
  const outputs = variables instanceof Variable ? [variables] : variables;
  const { createGraph = false, retainGraph = createGraph, inputs = null } = options;
  const roots = outputs.map((variable, index) => rootOf(variable, options.gradients?.[index] ?? null));
  for (const input of inputs ?? []) {
    if (!input.isLeaf)
      throw new TrainyardError("refused", `"${input.role}" in inputs is not a leaf; gradients can be restricted to leaves only.`);
  }
  const nodes = reachable(roots.map((root) => root.node));
  const freed = nodes.find((node) => node.isFreed);
  if (freed !== undefined) throw new FreedGraphError(freed.name);
  const stop = new AbortController();
  const signal = options.signal === undefined ? stop.signal : AbortSignal.any([stop.signal, options.signal]);
  signal.throwIfAborted();
  const pass = new Pass(nodes, wantedNodes(nodes, inputs), contextOf(options, signal));
  for (const [rank, { node, outputNr, feedback }] of roots.entries()) pass.deliver(node, outputNr, { ...feedback, rank });
  try {
    await pass.run();
    signal.throwIfAborted();
  } catch (error) {
    stop.abort(error);
    throw error;
  }
  const appended = pass.publish(createGraph);
  if (!retainGraph) for (const node of nodes) node.free();
  return appended;
}

/** The variables whose lists of gradients a pass from `variables` would extend: leaves in need, and results that keep theirs. */
export function backwardTargets(variables: readonly Variable[]): Variable[] {
  const nodes = reachable(variables.flatMap((variable) => (variable.gradFn === null ? [] : [variable.gradFn])));
  return nodes.flatMap((node) => (node.leaf === null ? [...node.retaining] : [node.leaf]));
}

function contextOf({ model = null, args = {}, prompts = DEFAULT_PROMPTS }: BackwardOptions, signal: AbortSignal): BackwardContext {
  const ask = (): never => {
    throw new TrainyardError(
      "refused",
      "This graph needs a language model for its backward pass, and none was chosen. Pass a model to backward().",
    );
  };
  return { prompts, ask: model === null ? ask : askerOf(model, args, signal) };
}

function rootOf(variable: Variable, gradient: Variable | null): { node: GraphNode; outputNr: number; feedback: Feedback } {
  const node = variable.gradFn;
  if (node === null || variable.isLeaf) {
    throw new TrainyardError("refused", `"${variable.role}" is a leaf: no operation made it, so there is no graph to go back through.`);
  }
  const isEvaluation = node.name.includes("Evaluator");
  if (gradient === null && isBatch(variable.data) && !isEvaluation) {
    throw new InvalidArgumentError(`"${variable.role}" is a list; pass the gradient to begin with.`);
  }
  return { node, outputNr: variable.outputNr, feedback: { data: gradient?.data ?? "", isIdentity: gradient === null } };
}

/** Every node that can be reached, users before what they use. */
function reachable(roots: readonly GraphNode[]): GraphNode[] {
  const found = new Set<GraphNode>(roots);
  for (const node of found) for (const edge of node.edges) if (edge.node !== null) found.add(edge.node); // a Set iterates over what is added meanwhile
  const byAge = (a: GraphNode, b: GraphNode): number => b.sequence - a.sequence;
  const inner = [...found].filter((node) => node.leaf === null).sort(byAge);
  return [...inner, ...[...found].filter((node) => node.leaf !== null).sort((a, b) => a.sequence - b.sequence)];
}

/** Nodes from which some gradient will be kept. `nodes` has users before what they use. */
function wantedNodes(nodes: readonly GraphNode[], inputs: readonly Variable[] | null): Set<GraphNode> {
  const wanted = new Set<GraphNode>();
  for (const node of nodes.toReversed()) {
    const keeps = node.leaf === null ? node.retaining.size > 0 : node.leaf.requiresGrad && (inputs === null || inputs.includes(node.leaf));
    if (keeps || node.edges.some((edge) => edge.node !== null && wanted.has(edge.node))) wanted.add(node);
  }
  return wanted;
}

/** One backward pass. Invariant: a node runs once, when nothing that uses it is left to run. */
class Pass {
  readonly #nodes: readonly GraphNode[];
  readonly #wanted: ReadonlySet<GraphNode>;
  readonly #context: BackwardContext;
  readonly #rank = new Map<GraphNode, number>();
  readonly #users = new Map<GraphNode, number>();
  readonly #arrivals = new Map<GraphNode, Arrival[][]>();
  #running = 0;
  #failure: { readonly error: unknown } | null = null;
  #done: () => void = () => {};

  constructor(nodes: readonly GraphNode[], wanted: ReadonlySet<GraphNode>, context: BackwardContext) {
    this.#nodes = nodes;
    this.#wanted = wanted;
    this.#context = context;
    for (const [index, node] of nodes.entries()) {
      this.#rank.set(node, index);
      this.#users.set(node, this.#users.get(node) ?? 0);
      for (const { node: next } of node.edges) if (next !== null) this.#users.set(next, (this.#users.get(next) ?? 0) + 1);
    }
  }

  deliver(node: GraphNode, outputNr: number, arrival: Arrival): void {
    let lists = this.#arrivals.get(node);
    if (lists === undefined) {
      lists = Array.from({ length: node.outputRoles.length }, () => []);
      this.#arrivals.set(node, lists);
    }
    lists[outputNr]!.push(arrival);
  }

  async run(): Promise<void> {
    const finished = new Promise<void>((resolve) => {
      this.#done = resolve;
    });
    this.#start(this.#nodes.filter((node) => this.#users.get(node) === 0));
    await finished;
    if (this.#failure !== null) throw this.#failure.error;
  }

  /** Runs what is ready; rule-based nodes at once, without a turn of the event loop each. */
  #start(ready: GraphNode[]): void {
    for (let node = ready.pop(); node !== undefined && this.#failure === null; node = ready.pop()) {
      try {
        const sent = this.#backward(node);
        if (sent instanceof Promise) this.#wait(node, sent);
        else ready.push(...this.#settle(node, sent));
      } catch (error) {
        this.#failure ??= { error };
      }
    }
    if (this.#running === 0 || this.#failure !== null) this.#done();
  }

  #wait(node: GraphNode, sent: Promise<readonly (readonly TextData[])[]>): void {
    this.#running++;
    sent.then(
      (lists) => {
        this.#running--;
        if (this.#failure === null) this.#start(this.#settle(node, lists));
      },
      (error: unknown) => {
        this.#running--;
        this.#failure ??= { error };
        this.#done();
      },
    );
  }

  #backward(node: GraphNode): ReturnType<GraphNode["backward"]> {
    if (node.leaf !== null || !this.#wanted.has(node) || !this.#arrivals.has(node)) return [];
    const feedback = this.#feedbackOf(node);
    return node.backward(
      feedback,
      node.edges.map((edge) => edge.node !== null && this.#wanted.has(edge.node)),
      this.#context,
    );
  }

  /** Hands on what a node sent, and returns the nodes that waited for it alone. */
  #settle(node: GraphNode, sent: readonly (readonly TextData[])[]): GraphNode[] {
    const rank = this.#rank.get(node)!;
    const ready: GraphNode[] = [];
    for (const [index, edge] of node.edges.entries()) {
      if (edge.node === null) continue;
      for (const data of sent[index] ?? []) this.deliver(edge.node, edge.outputNr, { data, isIdentity: false, rank: rank + 1 });
      const left = this.#users.get(edge.node)! - 1;
      this.#users.set(edge.node, left);
      if (left === 0) ready.push(edge.node);
    }
    return ready;
  }

  /** In the order of a sequential pass: newest user first. Sorting is stable, so edges of one node keep their order. */
  #feedbackOf(node: GraphNode): Arrival[][] {
    return (this.#arrivals.get(node) ?? []).map((list) => list.sort((a, b) => a.rank - b.rank));
  }

  publish(requiresGrad: boolean): AppendedGradient[] {
    const appended: AppendedGradient[] = [];
    for (const node of this.#nodes) {
      if (!this.#wanted.has(node)) continue;
      const feedback = this.#feedbackOf(node);
      for (const variable of node.leaf === null ? node.retaining : [node.leaf]) {
        for (const { data } of feedback[variable === node.leaf ? 0 : variable.outputNr] ?? []) {
          const gradient = new Variable(data, { role: `feedback to ${variable.role}`, requiresGrad });
          variable.grad.push(gradient);
          appended.push({ variable, gradient });
        }
      }
    }
    return appended;
  }
}
