import { randomUUID } from "node:crypto";
import { TrainyardError } from "../../core/errors.ts";
import {
  type CompletionArguments,
  type EnginePrompts,
  type GraphNode,
  Parameter,
  type Variable,
  watchModel,
} from "../../textgrad/index.ts";
import type { RpcId, RpcParams } from "../../wire/json-rpc.ts";
import { JsonRpcPeer, RpcError } from "../../wire/json-rpc-peer.ts";
import type { PromptRecorder } from "./prompt-recorder.ts";
import type { ModelEntry, Registry } from "./references.ts";
import { referenceTo } from "./references.ts";
import { toWireUsage } from "./wire-usage.ts";

/** The largest message that the reference client takes. */
export const MESSAGE_MAX_BYTES = 1_048_576;
/** Answers that a resumable session keeps for requests that come again. */
const ANSWERS_KEPT = 1024;
/** Longer than a lost client may take to come back. */
const PUSH_MS = 90_000;

export interface SessionTimes {
  /** Before the first heartbeat of a long call. Default 2,000. */
  readonly heartbeatFirstMs: number;
  /** Between heartbeats. Default 5,000. */
  readonly heartbeatEveryMs: number;
  /** Time that the client has to take what it is told. Functions of the client have no limit. Default 90,000. */
  readonly pushMs?: number;
}

export interface SessionOptions extends SessionTimes {
  readonly handle: (session: TellurioSession, method: string, params: RpcParams, signal: AbortSignal) => unknown;
  readonly isMethod: (method: string) => boolean;
  readonly isLong: (method: string) => boolean;
  readonly isResumable: boolean;
  readonly prompts: EnginePrompts;
}

export interface OptimizerEntry {
  /** As the client sent them: references and literals. */
  readonly defaults: RpcParams;
  readonly groups: RpcParams[];
  readonly past: Map<Variable, readonly { readonly value: Variable; readonly gradients: readonly Variable[] }[]>;
}

/**
 * What one client has made: variables, nodes, models, optimizers. Invariants: an id that the server sends is registered on the
 * client by then, or announced in the message before; keys of language models are here and in their models, nowhere else.
 */
export class TellurioSession implements Registry {
  readonly id = randomUUID();
  readonly peer: JsonRpcPeer;
  readonly optimizers = new Map<string, OptimizerEntry>();
  /** The client says so of a variable whose graph it alone knows. */
  readonly leafOverrides = new Map<Variable, boolean>();
  /** Writes down what the call under way does; null when its run is not one of this server's. */
  recorder: PromptRecorder | null = null;
  backward: { readonly entry: ModelEntry; readonly args: CompletionArguments } | null = null;
  readonly #options: SessionOptions;
  readonly #variables = new Map<string, Variable>();
  readonly #ids = new Map<Variable, string>();
  readonly #nodes = new Map<GraphNode, string>();
  readonly #models = new Map<string, ModelEntry>();
  readonly #secrets = new Set<string>();
  readonly #running = new Map<RpcId, AbortController>();
  readonly #ended = new AbortController();
  #nextCall = 0;
  #send: ((text: string) => void) | null = null;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.peer = new JsonRpcPeer({
      send: (text) => {
        this.#send?.(text);
        return this.#send !== null;
      },
      handle: (method, params, id) => this.#handle(method, params, id),
      isMethod: options.isMethod,
      newId: () => this.#newId(),
      maxBytes: MESSAGE_MAX_BYTES,
      redact: (text) => this.redact(text),
      answersKept: options.isResumable ? ANSWERS_KEPT : 0,
    });
  }

  get isAttached(): boolean {
    return this.#send !== null;
  }

  /** What the engine says to language models. */
  get prompts(): EnginePrompts {
    return this.#options.prompts;
  }

  get isResumable(): boolean {
    return this.#options.isResumable;
  }

  /** Aborts when the session ends; everything it does for its client stops then. */
  get signal(): AbortSignal {
    return this.#ended.signal;
  }

  attach(send: (text: string) => void): void {
    this.#send = send;
  }

  detach(): void {
    this.#send = null;
  }

  /** Forgets everything: registries, models with their keys, work in progress. Twice is fine. */
  end(): void {
    this.#send = null;
    const gone = new TrainyardError("closed", "The session has ended: its client is gone.");
    this.#ended.abort(gone);
    this.peer.failAll(() => gone);
    for (const map of [this.#variables, this.#ids, this.#nodes, this.#models, this.optimizers, this.leafOverrides]) map.clear();
    this.#secrets.clear();
    this.backward = null;
    this.recorder = null;
  }

  variable(id: unknown): Variable {
    const found = typeof id === "string" ? this.#variables.get(id) : undefined;
    if (found !== undefined) return found;
    throw new TrainyardError("not_found", `Variable with id ${JSON.stringify(id) ?? "undefined"} is not known in this session.`);
  }

  model(id: unknown): ModelEntry {
    const found = typeof id === "string" ? this.#models.get(id) : undefined;
    if (found !== undefined) return found;
    throw new TrainyardError("not_found", `Model with id ${JSON.stringify(id) ?? "undefined"} is not known in this session.`);
  }

  optimizer(id: unknown): OptimizerEntry {
    const found = typeof id === "string" ? this.optimizers.get(id) : undefined;
    if (found !== undefined) return found;
    throw new TrainyardError("not_found", `Optimizer with id ${JSON.stringify(id) ?? "undefined"} is not known in this session.`);
  }

  idOf(variable: Variable): string {
    return this.#ids.get(variable) ?? this.register(variable);
  }

  maybeIdOf(variable: Variable): string | null {
    return this.#ids.get(variable) ?? null;
  }

  register(variable: Variable): string {
    const id = randomUUID();
    this.#variables.set(id, variable);
    this.#ids.set(variable, id);
    return id;
  }

  /** @returns what puts the variable back to what it is now. */
  snapshot(variable: Variable): () => void {
    const { data, role, requiresGrad, outputNr, retainsGrad } = variable;
    const leaf = this.leafOverrides.get(variable);
    const grad = variable.isLeaf || retainsGrad ? [...variable.grad] : null;
    return () => {
      Object.assign(variable, { data, role, requiresGrad, outputNr });
      variable.setRetainsGrad(retainsGrad);
      if (grad !== null) variable.grad = grad;
      if (leaf === undefined) this.leafOverrides.delete(variable);
      else this.leafOverrides.set(variable, leaf);
    };
  }

  /** A client has no more use for them. Graphs that hold them go on. @returns how many were known. */
  release(ids: readonly unknown[]): number {
    let count = 0;
    for (const id of ids) {
      const variable = this.#variables.get(String(id));
      if (variable === undefined) continue;
      this.#variables.delete(String(id));
      this.#ids.delete(variable);
      this.leafOverrides.delete(variable);
      count++;
    }
    return count;
  }

  variables(): IterableIterator<[string, Variable]> {
    return this.#variables.entries();
  }

  addModel(model: ModelEntry["model"], secrets: readonly string[]): ModelEntry {
    const entry = { id: randomUUID(), model: watchModel(model, (usage) => this.recorder?.spent(usage)) };
    this.#models.set(entry.id, entry);
    this.keepSecret(secrets);
    return entry;
  }

  keepSecret(secrets: readonly string[]): void {
    for (const secret of secrets) if (secret.length >= 4) this.#secrets.add(secret);
  }

  /** The same function for as long as the session lives. */
  readonly redact = (text: string): string => {
    let clean = text;
    for (const secret of this.#secrets) clean = clean.replaceAll(secret, "[key]");
    return clean;
  };

  /** Asks the client to do something; it answers when it has. @throws {TrainyardError} `timeout` when it does not. */
  async push(method: string, params: RpcParams): Promise<void> {
    const id = this.#newId();
    const answer = this.peer.call(method, params, id);
    const pushMs = this.#options.pushMs ?? PUSH_MS;
    const late = new TrainyardError("timeout", `The client did not answer ${method} within ${pushMs / 1000} s.`);
    const timer = setTimeout(() => this.peer.drop(id, late), pushMs);
    try {
      await answer;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Sends several requests one behind the other and waits for all answers. */
  async pushAll(requests: readonly (readonly [string, RpcParams])[]): Promise<void> {
    await Promise.all(requests.map(([method, params]) => this.push(method, params)));
  }

  /** Runs a function of the client on plain data. @throws {TrainyardError} `task_failed` with the client's own text. */
  async callable(id: string, args: readonly unknown[]): Promise<unknown> {
    try {
      const answer = (await this.peer.call("run_callable", { callable_id: id, args, kwargs: {} })) as { data?: unknown } | null;
      return answer?.data ?? null;
    } catch (error) {
      if (!(error instanceof RpcError)) throw error;
      throw new TrainyardError("task_failed", `A function of the client failed: ${error.message}`, { cause: error });
    }
  }

  /** Requests that tell the client of a new result's graph: nodes before the edges that name them. */
  graphRequests(node: GraphNode | null): (readonly [string, RpcParams])[] {
    if (node === null || this.#nodes.has(node)) return [];
    const requests: (readonly [string, RpcParams])[] = [];
    for (const edge of node.edges) if (edge.node?.leaf) requests.push(...this.#nodeRequest(edge.node));
    requests.push(...this.#nodeRequest(node));
    for (const { node: to, outputNr } of node.edges) {
      const to_node_id = to === null ? null : this.#nodes.get(to)!;
      requests.push(["create_edge", { from_node_id: this.#nodes.get(node), to_node_id, output_nr: outputNr }]);
    }
    return requests;
  }

  #newId(): string {
    return `s${++this.#nextCall}`;
  }

  #nodeRequest(node: GraphNode): (readonly [string, RpcParams])[] {
    if (this.#nodes.has(node)) return [];
    const node_id = randomUUID();
    this.#nodes.set(node, node_id);
    return [["create_node", { node_id, name: node.name }]];
  }

  usageRequest({ id, model }: ModelEntry): readonly [string, RpcParams] {
    return ["update_model", { model_id: id, field: "_usage", value: toWireUsage(model.usage) }];
  }

  /** The whole of a variable as the client mirrors it. */
  record(variable: Variable, withGradients = false): Readonly<Record<string, unknown>> {
    return {
      variable_id: this.idOf(variable),
      data: variable.data,
      role: variable.role,
      requires_grad: variable.requiresGrad,
      _retain_grad: variable.retainsGrad,
      _grad: withGradients && variable.isLeaf ? variable.grad.map((gradient) => referenceTo(gradient, this)) : [],
      _output_nr: variable.outputNr,
      _grad_fn: variable.gradFn === null ? null : (this.#nodes.get(variable.gradFn) ?? null),
      is_leaf: this.leafOverrides.get(variable) ?? variable.isLeaf,
    };
  }

  typeOf(variable: Variable): string {
    return variable instanceof Parameter ? "__parameter__" : "__variable__";
  }

  /** Stops a call of the client that is still open; it answers with an error. @returns false when there is none. */
  cancel(id: unknown): boolean {
    const running = this.#running.get(id as RpcId);
    running?.abort(new TrainyardError("cancelled", "The call was cancelled by the client."));
    return running !== undefined;
  }

  #handle(method: string, params: RpcParams, id: RpcId | null): unknown {
    if (id === null || !this.#options.isLong(method)) return this.#options.handle(this, method, params, this.signal);
    const stop = new AbortController();
    this.#running.set(id, stop);
    const outcome = this.#options.handle(this, method, params, AbortSignal.any([this.signal, stop.signal]));
    return this.#withHeartbeat(id, outcome);
  }

  async #withHeartbeat(id: RpcId, outcome: unknown): Promise<unknown> {
    const { heartbeatFirstMs, heartbeatEveryMs } = this.#options;
    const beat = (): void => {
      this.peer.notify("heartbeat", { id });
      timer = setTimeout(beat, heartbeatEveryMs);
    };
    let timer = setTimeout(beat, heartbeatFirstMs);
    try {
      return await outcome;
    } finally {
      clearTimeout(timer);
      this.#running.delete(id);
    }
  }
}
