import type { SessionSnapshot } from "../wire/live/messages.ts";
import type { SessionEvent } from "./event-order.ts";
import type { LinkClock, WebSocketConstructor } from "./link.ts";
import type { LinkState } from "./link-state.ts";
import type { TablePointer } from "./methods.ts";

export interface LiveClientOptions {
  /** `ws://127.0.0.1:5757/` */
  readonly url: string;
  readonly token: string;
  /**
   * Default: the platform's own. In Node pass the `ws` package's, with the server's own address as origin, which it asks for:
   * `class extends WebSocket { constructor(url) { super(url, { origin: "http://127.0.0.1:5757" }); } }`.
   */
  readonly webSocket?: WebSocketConstructor;
  /** For calls that do not say otherwise. Default 30,000. */
  readonly callTimeoutMs?: number;
  readonly clock?: LinkClock;
}

export interface CallOptions {
  readonly payload?: Uint8Array;
  /** `arrow-ipc` by default; the server ignores it where the parameters say more. */
  readonly payloadFormat?: string;
  readonly timeoutMs?: number;
}

export interface Reply<Result> {
  readonly result: Result;
  /** A view on the bytes that arrived; null without payload. */
  readonly payload: Uint8Array | null;
}

export interface TableReply {
  readonly pointer: TablePointer;
  /** Arrow IPC stream; null when the table is not available. */
  readonly bytes: Uint8Array | null;
}

/** Why the session changed. `gone`: the server no longer knows it. */
export type SessionChange = "created" | "joined" | "rejoined" | "left" | "gone";

export interface ClientListener {
  state?(state: LinkState): void;
  /** Events in order, each once. */
  event?(event: SessionEvent): void;
  session?(session: SessionSnapshot | null, change: SessionChange): void;
  /** The server's log is shorter than ours: fetch everything again. */
  resync?(): void;
}

/** Why a link is closed, and what to do, for people. */
export function refusalMessage(state: LinkState): string {
  if (state.at !== "closed") return "";
  switch (state.why) {
    case "asked":
      return "the client was closed";
    case "token":
      return `the server refused the token${state.reason === "" ? "" : ` (${state.reason})`}. Open the link that the server printed when it started.`;
    case "origin":
      return "the server refused this page's address. Open the link that the server printed when it started.";
    case "version":
      return `this client and the server do not speak the same version. ${state.reason}`;
  }
}
