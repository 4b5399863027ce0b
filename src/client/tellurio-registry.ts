import { InvalidArgumentError, TrainyardError } from "../core/errors.ts";
import type { RpcParams } from "../wire/json-rpc.ts";
import { RpcError } from "../wire/json-rpc-peer.ts";
import { PENDING_MS, type TellurioData, TellurioModel, TellurioNode, TellurioVariable } from "./tellurio-mirrors.ts";

type Wire = Readonly<Record<string, unknown>>;
export type TellurioFunction = (...args: never[]) => unknown;

/**
 * Everything of a session that this side mirrors, and what the server may do to it. Each push is checked for its parameters first; a
 * push that cannot be applied throws an error that names kind and id, and becomes the answer. Nothing here sends anything (T-34).
 */
export class TellurioRegistry {
  readonly variables = new Map<string, TellurioVariable>();
  readonly nodes = new Map<string, TellurioNode>();
  readonly models = new Map<string, TellurioModel>();
  readonly #functions = new Map<string, TellurioFunction>();
  readonly #functionIds = new Map<TellurioFunction, string>();
  readonly #waitingForNode = new Map<string, Set<TellurioVariable>>();
  readonly #pendingMs: number;

  constructor(pendingMs = PENDING_MS) {
    this.#pendingMs = pendingMs;
  }

  readonly methods: Readonly<Record<string, (params: RpcParams) => unknown>> = {
    heartbeat: () => null,
    create_variable: (params) => {
      for (const key of RECORD_KEYS) need(params, key);
      const variable = this.addRecord(params);
      for (const ref of need(params, "_grad") as unknown[]) variable.grad.push(this.#resolveVariable(ref));
      return OK;
    },
    update_variable: (params) => {
      const variable = this.variable(need(params, "variable_id"));
      this.#setField(variable, String(need(params, "field")), need(params, "value"));
      return OK;
    },
    append_grad: (params) => {
      const variable = this.variable(need(params, "variable_id"));
      const id = String(need(params, "gradient_id"));
      const { data = "", role = "", requires_grad = false, ...others } = need(params, "gradient") as Wire;
      if (Object.keys(others).length > 0) throw new InvalidArgumentError(`A gradient has no ${Object.keys(others).join(", ")}.`);
      if (!variable.isLeaf && !variable.retainsGrad)
        throw new InvalidArgumentError(`Variable ${variable.id} is no leaf and keeps no gradients.`);
      variable.grad.push(this.addRecord({ variable_id: id, data, role, requires_grad }));
      return OK;
    },
    create_node: (params) => {
      const node = new TellurioNode(String(need(params, "node_id")), String(need(params, "name")));
      this.nodes.set(node.id, node);
      for (const variable of this.#waitingForNode.get(node.id) ?? []) TellurioVariable.setGradFn(variable, node);
      this.#waitingForNode.delete(node.id);
      return OK;
    },
    create_edge: (params) => {
      const from = this.node(need(params, "from_node_id"));
      const to = need(params, "to_node_id");
      from.nextFunctions.push({ node: to === null ? null : this.node(to), outputNr: Number(need(params, "output_nr")) });
      return OK;
    },
    update_model: (params) => {
      const model = this.model(need(params, "model_id"));
      const field = String(need(params, "field"));
      const value = need(params, "value");
      if (field === "_usage" || field === "usage") model.usage = value as Wire;
      else model.fields[field] = value;
      return OK;
    },
    run_callable: async (params) => {
      const id = String(need(params, "callable_id"));
      const work = this.#functions.get(id);
      if (work === undefined) throw notKnown("Callable", id);
      const args = Array.isArray(params.args) ? params.args : [];
      const kwargs = Object.keys((params.kwargs as Wire | undefined) ?? {}).length > 0 ? [params.kwargs] : [];
      const data = (await work(...([...args, ...kwargs] as never[]))) ?? null;
      if (JSON.stringify(data) === undefined)
        throw new InvalidArgumentError(`Callable ${id} returned a ${typeof data}, which JSON cannot hold.`);
      return { message: "Ok", data };
    },
    clear_backward: (params) => this.#lower(params, "pendingGrad"),
    clear_step: (params) => this.#lower(params, "pendingData"),
  };

  variable(id: unknown): TellurioVariable {
    return this.variables.get(String(id)) ?? fail("Variable", id);
  }

  node(id: unknown): TellurioNode {
    return this.nodes.get(String(id)) ?? fail("Node", id);
  }

  model(id: unknown): TellurioModel {
    return this.models.get(String(id)) ?? fail("Model", id);
  }

  clear(): void {
    for (const variable of this.variables.values())
      for (const flag of ["pendingData", "pendingGrad", "pendingGradFn"] as const) variable[flag].lower();
    for (const map of [this.variables, this.nodes, this.models, this.#functions, this.#functionIds, this.#waitingForNode]) map.clear();
  }

  /** A mirror of a whole record, or of a gradient. An id that is known is replaced. */
  addRecord(record: Wire): TellurioVariable {
    const id = String(need(record, "variable_id"));
    const { obj_type = "__variable__" } = record;
    if (obj_type !== "__variable__" && obj_type !== "__parameter__")
      throw new InvalidArgumentError(`obj_type ${String(obj_type)} is not known.`);
    const fields = {
      role: String(record.role ?? ""),
      requiresGrad: record.requires_grad === true,
      isParameter: obj_type === "__parameter__",
    };
    const variable = new TellurioVariable(id, need(record, "data") as TellurioData, fields, this.#pendingMs);
    variable.isLeaf = record.is_leaf !== false;
    variable.retainsGrad = record._retain_grad === true;
    variable.outputNr = Number(record._output_nr ?? 0);
    this.#setNode(variable, record._grad_fn ?? null);
    this.variables.set(id, variable);
    return variable;
  }

  addModel(id: string): TellurioModel {
    const model = new TellurioModel(id);
    this.models.set(id, model);
    return model;
  }

  /** The id of a function; the same for as long as the session lives. */
  functionId(work: TellurioFunction): string {
    let id = this.#functionIds.get(work);
    if (id === undefined) {
      id = crypto.randomUUID();
      this.#functionIds.set(work, id);
      this.#functions.set(id, work);
    }
    return id;
  }

  /** Objects as references, functions as callables, the rest as it is; recursively (T-50). @throws {InvalidArgumentError} naming the class. */
  encode(value: unknown): unknown {
    if (value instanceof TellurioVariable) return { [value.isParameter ? "__parameter__" : "__variable__"]: true, variable_id: value.id };
    if (value instanceof TellurioModel) return { __model_client__: true, model_id: value.id };
    if (typeof value === "function") return { __callable__: true, callable_id: this.functionId(value as TellurioFunction) };
    if (Array.isArray(value)) return value.map((item) => this.encode(item));
    if (value === undefined || value === null) return null;
    if (Number.isInteger(value) && !Number.isSafeInteger(value)) {
      throw new InvalidArgumentError(`Cannot send ${String(value)}: whole numbers beyond ±(2^53 − 1) are not exact; send a text.`);
    }
    if (typeof value === "string" || typeof value === "boolean" || (typeof value === "number" && Number.isFinite(value))) return value;
    if (typeof value === "object" && (Object.getPrototypeOf(value) === Object.prototype || Object.getPrototypeOf(value) === null)) {
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, this.encode(item)]));
    }
    const name = typeof value === "object" ? value.constructor.name : `${typeof value} ${String(value)}`;
    throw new InvalidArgumentError(
      `Cannot send ${name}: variables, parameters, models, functions, lists, plain objects and primitives can be sent.`,
    );
  }

  /** References as the very same objects (T-51). */
  decode(value: unknown): unknown {
    if (Array.isArray(value)) return value.map((item) => this.decode(item));
    if (typeof value !== "object" || value === null) return value;
    const object = value as Wire;
    if (object.__variable__ === true || object.__parameter__ === true) return this.variable(object.variable_id);
    if (object.__model_client__ === true) return this.model(object.model_id);
    return Object.fromEntries(Object.entries(object).map(([key, item]) => [key, this.decode(item)]));
  }

  /** SHA-256 over every variable, as the server counts it. */
  async checksum(): Promise<string> {
    const rows = [...this.variables].map(([id, variable]) => {
      const gradients = variable.isLeaf || variable.retainsGrad ? variable.grad.map((gradient) => gradient.id) : [];
      return JSON.stringify([id, variable.data, variable.role, variable.requiresGrad, gradients]);
    });
    const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(rows.sort().join("\n")));
    return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
  }

  #resolveVariable(ref: unknown): TellurioVariable {
    const found = this.decode(ref);
    if (found instanceof TellurioVariable) return found;
    throw new InvalidArgumentError("A gradient must be a reference to a variable.");
  }

  #setNode(variable: TellurioVariable, nodeId: unknown): void {
    if (nodeId === null) return;
    const node = this.nodes.get(String(nodeId));
    if (node !== undefined) {
      TellurioVariable.setGradFn(variable, node);
      return;
    }
    variable.pendingGradFn.raise();
    const waiting = this.#waitingForNode.get(String(nodeId)) ?? new Set();
    this.#waitingForNode.set(String(nodeId), waiting.add(variable));
  }

  #setField(variable: TellurioVariable, field: string, value: unknown): void {
    switch (field) {
      case "data":
        variable.data = value as TellurioData;
        return;
      case "role":
        variable.role = String(value);
        return;
      case "requires_grad":
        variable.requiresGrad = value === true;
        return;
      case "is_leaf":
        variable.isLeaf = value === true;
        return;
      case "_retain_grad":
        variable.retainsGrad = value === true;
        return;
      case "output_nr":
      case "_output_nr":
        if (!Number.isInteger(value) || Number(value) < 0)
          throw new InvalidArgumentError(`output_nr must be a whole number ≥ 0, got ${String(value)}.`);
        variable.outputNr = Number(value);
        return;
      case "_grad_fn":
        TellurioVariable.setGradFn(variable, value === null ? null : this.node(value));
        return;
      case "_grad":
        variable.grad.splice(
          0,
          variable.grad.length,
          ...(value as Wire[]).map((one) => this.addRecord({ ...one, variable_id: crypto.randomUUID() })),
        );
        return;
      default:
        throw new InvalidArgumentError(`Variables have no field "${field}".`);
    }
  }

  #lower(params: RpcParams, flag: "pendingGrad" | "pendingData"): unknown {
    for (const id of need(params, "variable_ids") as unknown[]) this.variable(id)[flag].lower();
    return OK;
  }
}

const OK = { message: "Ok" };
const RECORD_KEYS = [
  "variable_id",
  "obj_type",
  "data",
  "role",
  "requires_grad",
  "_retain_grad",
  "_grad",
  "_output_nr",
  "_grad_fn",
  "is_leaf",
];

function need(params: Wire, key: string): unknown {
  if (Object.hasOwn(params, key)) return params[key];
  throw RpcError.params(`The parameter "${key}" is missing.`, { missing_key: key });
}

function notKnown(kind: string, id: unknown): TrainyardError {
  return new TrainyardError("not_found", `${kind} with id ${JSON.stringify(id) ?? "undefined"} is not known here.`);
}

function fail(kind: string, id: unknown): never {
  throw notKnown(kind, id);
}
