import { createHash } from "node:crypto";
import type { RpcParams } from "../../wire/json-rpc.ts";
import { graphMethods } from "./graph-methods.ts";
import type { Method } from "./method.ts";
import { modelMethods } from "./model-methods.ts";
import { optimizerMethods } from "./optimizer-methods.ts";
import { toList } from "./references.ts";
import type { TellurioSession } from "./session.ts";
import { variableMethods } from "./variable-methods.ts";

/** Methods that may take long: the client expects heartbeats while they run. */
const LONG: readonly string[] = ["run_function", "run_backward", "run_step", "run_optimizer_tgd"];

/** Additions that the reference client does not know. */
const additions: Readonly<Record<string, Method>> = {
  /** Several variables by one message: `{variables:[…]}` gives `{variable_ids}`. All of them, or none. */
  create_variables(session, params, signal) {
    const made: string[] = [];
    try {
      for (const one of toList(params.variables, "variables")) {
        const { variable_id } = variableMethods.create_variable!(session, one as RpcParams, signal) as { variable_id: string };
        made.push(variable_id);
      }
    } catch (error) {
      session.release(made);
      throw error;
    }
    return { variable_ids: made };
  },

  /** Several changes by one message: `{updates:[{variable_id, field, value}]}` echoes them. All of them, or none. */
  update_variables(session, params, signal) {
    const updates = toList(params.updates, "updates") as readonly RpcParams[];
    const before = new Map(updates.map(({ variable_id }) => [variable_id, session.snapshot(session.variable(variable_id))]));
    try {
      for (const update of updates) variableMethods.update_variable!(session, update, signal);
    } catch (error) {
      for (const restore of before.values()) restore();
      throw error;
    }
    return { updates };
  },

  /** Stops an open call: `{id}` of the request. */
  cancel: (session, params) => ({ cancelled: session.cancel(params.id) }),

  /** A digest of every variable, for comparison after a lost link. */
  checksum: (session) => ({ checksum: checksum(session) }),
};

const METHODS: Readonly<Record<string, Method>> = {
  ...variableMethods,
  ...modelMethods,
  ...graphMethods,
  ...optimizerMethods,
  ...additions,
};

export const isMethod = (method: string): boolean => Object.hasOwn(METHODS, method);
export const isLong = (method: string): boolean => LONG.includes(method);

export function callMethod(session: TellurioSession, method: string, params: RpcParams, signal: AbortSignal): unknown {
  return METHODS[method]!(session, params, signal);
}

/** SHA-256 over `[id, data, role, requires_grad, [ids of gradients]]` of every variable, ordered by id. */
function checksum(session: TellurioSession): string {
  const rows = [...session.variables()].map(([id, variable]) => {
    const gradients = variable.isLeaf || variable.retainsGrad ? variable.grad.map((gradient) => session.maybeIdOf(gradient)) : [];
    return JSON.stringify([id, variable.data, variable.role, variable.requiresGrad, gradients]);
  });
  return createHash("sha256").update(rows.sort().join("\n")).digest("hex");
}
