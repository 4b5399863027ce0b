import { InvalidArgumentError, TrainyardError } from "../core/errors.ts";
import type { RpcParams } from "../wire/json-rpc.ts";
import { assertConsent, type Consent } from "./consent.ts";
import { type TellurioCallOptions, type TellurioClientOptions, TellurioLink } from "./tellurio-link.ts";
import { findAccount, type LoginOptions } from "./tellurio-login.ts";
import { type TellurioData, type TellurioModel, TellurioVariable } from "./tellurio-mirrors.ts";
import { TellurioRest } from "./tellurio-rest.ts";
import { TellurioRun } from "./tellurio-run.ts";

export interface VariableFields {
  readonly role: string;
  readonly requiresGrad?: boolean;
  readonly isParameter?: boolean;
}

export interface VariableChange {
  readonly data?: TellurioData;
  readonly role?: string;
  readonly requiresGrad?: boolean;
}

export interface ModelDescription {
  readonly apiKey: string;
  readonly baseUrl?: string;
  readonly maxRetries?: number;
  readonly timeoutSeconds?: number;
  /** Who allows it: the key leaves this program, is kept in the server's memory for this session, and goes to `baseUrl` only. */
  readonly shareKey: boolean | Consent;
}

export interface TellurioMessage {
  readonly role: string;
  readonly content: readonly TellurioVariable[];
}

export interface BackwardParams {
  readonly gradients?: readonly (TellurioVariable | null)[];
  readonly retainGraph?: boolean;
  readonly createGraph?: boolean;
  readonly inputs?: readonly TellurioVariable[];
}

export interface TellurioOptimizerOptions {
  readonly model: TellurioModel;
  readonly args?: Readonly<Record<string, unknown>>;
  readonly constraints?: readonly TellurioVariable[];
  readonly momentum?: number;
  readonly messages?: readonly TellurioMessage[];
  readonly inputs?: Readonly<Record<string, unknown>>;
}

/**
 * Prompt training on a server, from a browser or Node: variables here are images of the server's, which runs operations, backward
 * passes and optimizers, and calls the language models. Functions (metrics) stay and run here; they may be asynchronous and may use
 * this client.
 */
export class TellurioClient {
  readonly link: TellurioLink;
  readonly #httpUrl: string;
  #rest: TellurioRest | null = null;
  #username: string | null = null;
  #run: TellurioRun | null = null;
  #backward: { readonly model: TellurioModel; readonly setting: string } | null = null;

  constructor(url: string, options: TellurioClientOptions = {}) {
    this.link = new TellurioLink(url, options);
    this.#httpUrl = options.httpUrl ?? new URL(url.replace(/^ws/, "http")).origin;
  }

  /** As `TellurioLink.connect`. */
  async connect(apiKey: string, retries = 3, delayMs = 5000): Promise<string> {
    const sessionId = await this.link.connect(apiKey, retries, delayMs);
    this.#rest = new TellurioRest(this.#httpUrl, apiKey);
    return sessionId;
  }

  /** Finds and verifies a key, then connects with it. When anything fails the link is closed. @throws as `findAccount` and `connect`. */
  async login(options: LoginOptions = {}): Promise<{ readonly email: string; readonly username: string; readonly sessionId: string }> {
    try {
      const { apiKey, email, username } = await findAccount(this.#httpUrl, options);
      if (this.link.isOpen) this.link.close();
      this.#username = username;
      return { email, username, sessionId: await this.connect(apiKey) };
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** The run that calls and metrics belong to. */
  get activeRun(): TellurioRun | null {
    return this.#run;
  }

  /**
   * Makes a run and the project that it belongs to, where that is missing; every call belongs to it from now on. A run that is still
   * active becomes FAILED.
   */
  async startRun(project: string, about: { namespace?: string; name?: string; description?: string } = {}): Promise<TellurioRun> {
    const rest = this.#rest;
    if (rest === null) throw new TrainyardError("closed", "Connect before starting a run.");
    if (this.#username === null) this.#username = (await rest.verify()).username;
    const { namespace = this.#username, ...fields } = about;
    await this.#run?.finish("FAILED");
    const slug = toSlug(project);
    const found = (await rest.project(namespace, slug)) ?? (await rest.createProject(namespace, project, "RESTRICTED"));
    const { uuid, name } = await rest.createRun(namespace, found.slug, fields);
    this.#run = new TellurioRun(rest, { namespace, projectSlug: found.slug, uuid, name }, (run) => {
      if (this.#run === run) this.#run = null;
    });
    this.link.runUuid = uuid;
    return this.#run;
  }

  /** Runs `work` in a run that ends with it: COMPLETED, or CRASHED when it throws. */
  async withRun<Result>(
    project: string,
    about: { namespace?: string; name?: string; description?: string },
    work: (run: TellurioRun) => Promise<Result>,
  ): Promise<Result> {
    const run = await this.startRun(project, about);
    try {
      const result = await work(run);
      if (run.status === "RUNNING") await run.finish();
      return result;
    } catch (error) {
      if (run.status === "RUNNING") await run.finish("CRASHED");
      throw error;
    }
  }

  call(method: string, params: RpcParams = {}, options: TellurioCallOptions = {}): Promise<unknown> {
    return this.link.call(method, params, options);
  }

  close(): void {
    this.link.close();
    this.#rest = null;
    this.#run = null;
    this.#backward = null;
  }

  /** `await using client = …` completes the run that is still active, then closes the link. */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.#run?.finish();
    } finally {
      this.close();
    }
  }

  async variable(data: TellurioData, { role, requiresGrad, isParameter = false }: VariableFields): Promise<TellurioVariable> {
    const params = recordOf(data, role, requiresGrad ?? isParameter, isParameter);
    const { variable_id } = (await this.call("create_variable", params)) as { variable_id: string };
    return this.link.registry.addRecord({ ...params, variable_id });
  }

  parameter(data: TellurioData, fields: Omit<VariableFields, "isParameter">): Promise<TellurioVariable> {
    return this.variable(data, { ...fields, isParameter: true });
  }

  /** Many variables by one message, where the server offers that. */
  async variables(wanted: readonly (readonly [TellurioData, VariableFields])[]): Promise<TellurioVariable[]> {
    if (!this.link.features.includes("create_variables")) return Promise.all(wanted.map(([data, fields]) => this.variable(data, fields)));
    const records = wanted.map(([data, { role, requiresGrad, isParameter = false }]) =>
      recordOf(data, role, requiresGrad ?? isParameter, isParameter),
    );
    const { variable_ids } = (await this.call("create_variables", { variables: records })) as { variable_ids: string[] };
    return records.map((record, index) => this.link.registry.addRecord({ ...record, variable_id: variable_ids[index] }));
  }

  /** Changes fields of a variable there, then here. @throws {TrainyardError} `task_failed` when the server did not echo the change. */
  update(variable: TellurioVariable, fields: VariableChange): Promise<void> {
    return this.updateAll([[variable, fields]]);
  }

  /** Many changes by one message, where the server offers that: all of them, or none. @throws as `update`. */
  async updateAll(changes: readonly (readonly [TellurioVariable, VariableChange])[]): Promise<void> {
    const updates = changes.flatMap(([variable, { data, role, requiresGrad }]) =>
      Object.entries({ data, role, requires_grad: requiresGrad })
        .filter(([, value]) => value !== undefined)
        .map(([field, value]) => ({ variable_id: variable.id, field, value: this.link.registry.encode(value) })),
    );
    const isBatch = updates.length > 1 && this.link.features.includes("update_variables");
    const echoes = isBatch
      ? ((await this.call("update_variables", { updates })) as { updates: unknown[] }).updates
      : await Promise.all(updates.map((update) => this.call("update_variable", update)));
    const isEchoed = updates.every(({ variable_id, field, value }, index) => {
      const echo = echoes[index] as Readonly<Record<string, unknown>> | undefined;
      return echo?.variable_id === variable_id && echo.field === field && JSON.stringify(echo.value) === JSON.stringify(value);
    });
    if (!isEchoed)
      throw new TrainyardError("task_failed", "The server took another change than was sent; this side and the server differ.");
    for (const [variable, fields] of changes) {
      Object.assign(variable, Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)));
    }
  }

  /** Tells the server that these are no longer needed, where it offers that. */
  async release(variables: readonly TellurioVariable[]): Promise<void> {
    if (!this.link.features.includes("release")) return;
    await this.call("release", { variable_ids: variables.map(({ id }) => id) });
    for (const { id } of variables) this.link.registry.variables.delete(id);
  }

  /** @throws {InvalidArgumentError} without a key, or without consent to share it; nothing was sent. */
  async model({ apiKey, baseUrl, maxRetries = 2, timeoutSeconds, shareKey }: ModelDescription): Promise<TellurioModel> {
    if (apiKey === "") throw new InvalidArgumentError("A language model needs a key; local servers take any text.");
    if (typeof shareKey === "object") await assertConsent(shareKey);
    else if (!shareKey)
      throw new InvalidArgumentError("The key would leave this program. Pass shareKey: true if the server may hold it for this session.");
    const config = {
      api_key: apiKey,
      max_retries: maxRetries,
      ...(baseUrl === undefined ? {} : { base_url: baseUrl }),
      ...(timeoutSeconds === undefined ? {} : { timeout: timeoutSeconds }),
    };
    const { model_id } = (await this.call("create_model", { class_type: "AsyncOpenAI", provider: "openai", config, usage: {} })) as {
      model_id: string;
    };
    return this.link.registry.addModel(model_id);
  }

  /**
   * Chooses the model that writes criticism: `openai/gpt-4o`, with completion arguments. Asked again with the same, nothing is sent.
   * @throws {InvalidArgumentError} for a path without provider, or with one that is not known.
   */
  async setBackwardModel(model: TellurioModel, path: string, args: Readonly<Record<string, unknown>> = {}): Promise<void> {
    const [, provider, name] = /^([^/]+)\/(.+)$/.exec(path) ?? [];
    if (provider === undefined) throw new InvalidArgumentError(`The path of a model is "openai/<name>", got "${path}".`);
    if (provider !== "openai")
      throw new InvalidArgumentError(`The provider "${provider}" is not known; the path of a model is "openai/<name>", got "${path}".`);
    const setting = JSON.stringify([model.id, name, args]);
    if (this.#backward?.setting === setting) return;
    await this.call("set_model_singleton", { model_id: model.id, model_name: name, client_args: {}, completion_args: args });
    this.#backward = { model, setting };
  }

  /** The model that writes criticism. @throws {TrainyardError} `refused` before one was chosen. */
  get backwardModel(): TellurioModel {
    if (this.#backward !== null) return this.#backward.model;
    throw new TrainyardError("refused", "No model was chosen for the backward pass: call setBackwardModel first.");
  }

  async clearUsage(model: TellurioModel): Promise<void> {
    await this.call("clear_model_usage", { model_id: model.id });
  }

  /** Runs an operation by its name, such as `Add` or `ChatCompletion`. @returns its outputs, frozen. */
  async run(
    name: string,
    args: readonly unknown[],
    kwargs: Readonly<Record<string, unknown>> = {},
    options: TellurioCallOptions & { readonly gradEnabled?: boolean } = {},
  ): Promise<readonly TellurioVariable[]> {
    const { registry } = this.link;
    const params = {
      function_name: name,
      grad_enabled: options.gradEnabled ?? true,
      args: registry.encode(args),
      kwargs: registry.encode(kwargs),
    };
    const { data } = (await this.call("run_function", params, options)) as { data: unknown };
    const records = Array.isArray(data) ? data : [data];
    if (records.length === 0 || !records.every(isRecord)) throw new TrainyardError("task_failed", `${name} gave no variables.`);
    return Object.freeze(records.map((record) => registry.addRecord(record)));
  }

  async chat(
    model: TellurioModel,
    messages: readonly TellurioMessage[],
    inputs: Readonly<Record<string, unknown>> = {},
    args: Readonly<Record<string, unknown>> = {},
  ): Promise<TellurioVariable> {
    return (await this.run("ChatCompletion", [model, messages, inputs], args))[0]!;
  }

  /** The backward pass. When it resolves gradients are here; `readGrad` waits for those of other passes. */
  async backward(
    variables: TellurioVariable | readonly TellurioVariable[],
    params: BackwardParams = {},
    options: TellurioCallOptions = {},
  ): Promise<void> {
    const list = variables instanceof TellurioVariable ? [variables] : variables;
    const leaf = list.find((variable) => variable.isLeaf);
    if (leaf !== undefined) throw new TrainyardError("refused", `"${leaf.role}" is a leaf: there is no graph to go back through.`);
    const { registry } = this.link;
    const { variable_ids } = (await this.call("get_backprop_ids", { variables: registry.encode(list) })) as { variable_ids: string[] };
    const targets = variable_ids.flatMap((id) => registry.variables.get(id) ?? []);
    for (const target of targets) target.pendingGrad.raise();
    const sent = {
      variables: registry.encode(list),
      grad_variables: registry.encode(params.gradients ?? null),
      retain_graph: params.retainGraph ?? null,
      create_graph: params.createGraph ?? false,
      inputs: registry.encode(params.inputs ?? null),
    };
    try {
      await this.call("run_backward", sent, options);
    } catch (error) {
      for (const target of targets) target.pendingGrad.lower();
      throw error;
    }
  }

  async optimizer(params: readonly TellurioVariable[], options: TellurioOptimizerOptions): Promise<TellurioOptimizer> {
    const { registry } = this.link;
    const { model, args = {}, constraints = [], momentum = 0, messages = [], inputs = null } = options;
    const defaults = registry.encode({ model_client: model, messages, inputs, constraints, momentum, completion_args: args });
    const made = (await this.call("create_optimizer", { optimizer_name: "TGD", params: registry.encode(params), defaults })) as {
      optimizer_id: string;
    };
    return new TellurioOptimizer(this, made.optimizer_id, params);
  }

  /** Whether both sides hold the same variables with the same data and gradients. */
  async isInStep(): Promise<boolean> {
    const { checksum } = (await this.call("checksum")) as { checksum: string };
    return checksum === (await this.link.registry.checksum());
  }
}

/** Textual gradient descent on the server. */
export class TellurioOptimizer {
  readonly id: string;
  readonly params: readonly TellurioVariable[];
  /** `[{key, value: {momentum_buffer}}]` with objects in the place of references. */
  state: unknown = [];
  readonly #client: TellurioClient;

  constructor(client: TellurioClient, id: string, params: readonly TellurioVariable[]) {
    this.#client = client;
    this.id = id;
    this.params = params;
  }

  /** Rewrites the parameters. Read them with `readData`, which waits for the new text. */
  async step(options: TellurioCallOptions = {}): Promise<void> {
    for (const parameter of this.params) parameter.pendingData.raise();
    try {
      const { state } = (await this.#client.call("run_step", { optimizer_id: this.id }, options)) as { state: unknown };
      this.state = this.#client.link.registry.decode(state);
    } catch (error) {
      for (const parameter of this.params) parameter.pendingData.lower();
      throw error;
    }
  }

  async clearGrad(): Promise<void> {
    await this.#client.call("clear_grad", { optimizer_id: this.id });
    for (const parameter of this.params) parameter.grad.length = 0;
  }
}

function recordOf(data: TellurioData, role: string, requires_grad: boolean, isParameter: boolean) {
  return { data, role, requires_grad, obj_type: isParameter ? "__parameter__" : "__variable__" };
}

/** "Test Project" → `test-project`, as servers make it. */
function toSlug(name: string): string {
  return name
    .normalize("NFKD")
    .replaceAll(/\p{M}/gu, "")
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}_]+/gu, "-")
    .replaceAll(/^-+|-+$/g, "");
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && "variable_id" in value && "data" in value;
}
