import type { Subscriber } from "../events.ts";
import type { Services } from "../services.ts";
import type { Verdict } from "../token-gate.ts";
import type { Params } from "./params.ts";

/** Who may call: anyone, the authenticated, those attached to a session, or only those who are not. */
export type Gate = "open" | "authenticated" | "attached" | "unattached";

/** The connection as methods see it. */
export interface Caller extends Subscriber {
  readonly connectionId: string;
  /** False once the link is closing; such a caller must not be attached any more. */
  readonly isOpen: boolean;
  /** The attached session; methods with gate `attached` find it set. */
  sessionId: string | null;
  /** Tries a token; three failures in a row close the connection after the reply, and any when its address has no guesses left. */
  authenticate(token: unknown): Verdict;
  /** Resolves when little enough waits to be sent; at once when nothing does. */
  drained(): Promise<void>;
  /** Whether `drained` would not wait. */
  readonly hasRoom: boolean;
  /** Sends an event outside any log, to this connection only. */
  notify(event: string, data: unknown): void;
}

export interface Call {
  readonly params: Params;
  readonly payload: Uint8Array | null;
  readonly caller: Caller;
  readonly services: Services;
}

/** A call on an attached session. */
export interface SessionCall extends Call {
  readonly sessionId: string;
}

export interface MethodReply {
  readonly result: unknown;
  readonly payload?: { readonly format: string; readonly bytes: Uint8Array };
}

type Answer = MethodReply | Promise<MethodReply>;

export interface Method {
  readonly gate: Gate;
  readonly handle: (call: SessionCall) => Answer;
}

/** A method anyone, or anyone authenticated, may call. */
export function openMethod(gate: "open" | "authenticated" | "unattached", handle: (call: Call) => Answer): Method {
  return { gate, handle };
}

export function sessionMethod(handle: (call: SessionCall) => Answer): Method {
  return { gate: "attached", handle };
}

export type MethodTable = Readonly<Record<string, Method>>;

/** A table reply: the pointer in the header, the rows as payload. No rows and no columns mean "not available". */
export function tableReply(
  table: { readonly rows: number; readonly columns: readonly string[]; readonly bytes: Uint8Array },
  more: Readonly<Record<string, unknown>> = {},
): MethodReply {
  const pointer = { rows: table.rows, cols: table.columns.length, columns: table.columns, format: "arrow-ipc", ...more };
  return table.columns.length === 0 ? { result: pointer } : { result: pointer, payload: { format: "arrow-ipc", bytes: table.bytes } };
}
