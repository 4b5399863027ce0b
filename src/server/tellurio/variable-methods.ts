import { Parameter, type TextData, Variable } from "../../textgrad/index.ts";
import { RpcError } from "../../wire/json-rpc-peer.ts";
import type { Method } from "./method.ts";
import { decode, referenceTo, required, toFlag, toList, toText, toVariable, toVariables } from "./references.ts";
import type { TellurioSession } from "./session.ts";

export const variableMethods: Readonly<Record<string, Method>> = {
  create_variable(session, params) {
    const obj_type = params.obj_type ?? "__variable__";
    if (obj_type !== "__variable__" && obj_type !== "__parameter__") {
      throw RpcError.params(`obj_type must be "__variable__" or "__parameter__", got ${JSON.stringify(obj_type)}.`);
    }
    const kind = obj_type === "__parameter__" ? Parameter : Variable;
    const options = {
      role: toText(required(params, "role"), "role"),
      requiresGrad: toFlag(required(params, "requires_grad"), "requires_grad"),
    };
    // The constructor checks the data.
    const variable = asParams(() => new kind(required(params, "data") as TextData, options));
    return { variable_id: session.register(variable), message: "Variable created successfully." };
  },

  get_variable(session, params) {
    const variable = session.variable(required(params, "variable_id"));
    const keepsGrad = variable.isLeaf || variable.retainsGrad;
    return {
      variable_id: session.idOf(variable),
      obj_type: session.typeOf(variable),
      data: variable.data,
      role: variable.role,
      requires_grad: variable.requiresGrad,
      is_leaf: session.leafOverrides.get(variable) ?? variable.isLeaf,
      _retain_grad: variable.retainsGrad,
      output_nr: variable.outputNr,
      grad: keepsGrad ? variable.grad.map((gradient) => referenceTo(gradient, session)) : [],
    };
  },

  update_variable(session, params) {
    const variable_id = required(params, "variable_id");
    const field = toText(required(params, "field"), "field");
    const value = required(params, "value");
    const variable = session.variable(variable_id);
    asParams(() => setField(session, variable, field, value));
    if (field === "data") session.recorder?.assigned(variable);
    return { variable_id, field, value };
  },

  append_grad(session, params) {
    const variable = session.variable(required(params, "variable_id"));
    const gradient = toVariable(decode(required(params, "gradient"), session), "gradient");
    variable.grad.push(gradient);
    return { variable_id: session.idOf(variable), gradient_id: session.idOf(gradient) };
  },

  release(session, params) {
    return { released: session.release(toList(required(params, "variable_ids"), "variable_ids")) };
  },
};

function setField(session: TellurioSession, variable: Variable, field: string, value: unknown): void {
  switch (field) {
    case "data":
      variable.data = value as TextData; // checked by the setter
      return;
    case "role":
      variable.role = toText(value, "role");
      return;
    case "requires_grad":
      variable.requiresGrad = toFlag(value, "requires_grad");
      session.leafOverrides.delete(variable);
      return;
    case "is_leaf":
      session.leafOverrides.set(variable, toFlag(value, "is_leaf"));
      return;
    case "_retain_grad":
      variable.setRetainsGrad(toFlag(value, "_retain_grad"));
      return;
    case "_output_nr":
    case "output_nr":
      variable.outputNr = value as number; // checked by the setter
      return;
    case "_grad":
      variable.grad = toVariables(decode(value, session), "_grad");
      return;
    default:
      throw RpcError.params(`Variables have no field "${field}" on this server.`, { field });
  }
}

/** What the engine refuses about a value is a mistake in parameters. */
function asParams<Result>(work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    if ((error as { code?: unknown }).code !== "invalid_argument" || error instanceof RpcError) throw error;
    throw RpcError.params((error as Error).message);
  }
}
