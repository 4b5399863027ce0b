import type { RpcParams } from "../../wire/json-rpc.ts";
import type { TellurioSession } from "./session.ts";

/** One method of the protocol. The signal aborts when the session ends or the call is cancelled. */
export type Method = (session: TellurioSession, params: RpcParams, signal: AbortSignal) => unknown;
