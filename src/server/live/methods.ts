import type { Services } from "../services.ts";
import { CATALOGUE_METHODS } from "./catalogue-methods.ts";
import { DATA_METHODS } from "./data-methods.ts";
import { JOB_METHODS } from "./job-methods.ts";
import type { Caller, Method, MethodReply } from "./method.ts";
import { MODEL_METHODS } from "./model-methods.ts";
import { Params } from "./params.ts";
import { SESSION_METHODS } from "./session-methods.ts";
import { WireError } from "./wire-error.ts";

/** Every method of the live protocol by name. */
export const METHODS: ReadonlyMap<string, Method> = new Map(
  Object.entries({ ...CATALOGUE_METHODS, ...SESSION_METHODS, ...DATA_METHODS, ...JOB_METHODS, ...MODEL_METHODS }),
);

export interface Request {
  readonly method: string;
  readonly params: unknown;
  readonly payload: Uint8Array | null;
}

/**
 * Answers one request. Checks in the order of version 1 (section 5.2): known method, authenticated, attached, not attached,
 * then what the method itself checks. @throws whatever the answer's error is made of.
 */
export function callMethod(
  request: Request,
  caller: Caller & { readonly isAuthenticated: boolean },
  services: Services,
): MethodReply | Promise<MethodReply> {
  const method = METHODS.get(request.method);
  if (method === undefined) throw new WireError("unknown_method", `There is no method "${request.method}".`);
  if (method.gate !== "open" && !caller.isAuthenticated)
    throw new WireError("unauthorized", "Authenticate first: call auth with the token.");
  if (method.gate === "attached" && caller.sessionId === null) {
    throw new WireError("not_attached", `${request.method} needs a session. Call session.create or session.join first.`);
  }
  if (method.gate === "unattached" && caller.sessionId !== null) {
    throw new WireError("invalid_params", `This connection is already attached to ${caller.sessionId}. Call session.detach first.`);
  }
  const params = new Params(request.method, request.params);
  // Only methods with gate `attached` read the session, and for them it was just checked.
  return method.handle({ params, payload: request.payload, caller, services, sessionId: caller.sessionId ?? "" });
}
