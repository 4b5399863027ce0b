import type {
  HandleSummary,
  JobHistory,
  JobSummary,
  LinkState,
  ProgressNode,
  ServerInfo,
  SessionEvent,
  SessionSnapshot,
} from "../../client/index.ts";

/** Something fetched on demand and kept under a key such as `profile:data-…`. */
export type Pulled<T> =
  | { readonly at: "loading" }
  | { readonly at: "ready"; readonly value: T }
  /** `stale`: worth asking again once the link is back. */
  | { readonly at: "failed"; readonly message: string; readonly stale: boolean };

export interface LogLine {
  /** Epoch ms, by the server's clock. */
  readonly at: number;
  readonly level: string;
  readonly message: string;
}

/** What is known of a job that a view has opened. */
export interface LiveJob {
  /** `asked`: the history is on its way, and events wait in `held`. */
  readonly at: "asked" | "live";
  /** Events up to this number are part of what is here. */
  readonly seq: number;
  /** Latest report of each node, in order of first appearance. */
  readonly nodes: ReadonlyMap<string, ProgressNode>;
  readonly log: readonly LogLine[];
  readonly held: readonly SessionEvent[];
}

export interface UploadState {
  readonly id: number;
  readonly name: string;
  readonly sentBytes: number;
  readonly totalBytes: number;
  /** `reading`: all bytes are there, the server makes columns of them. */
  readonly stage: "sending" | "reading" | "failed";
  readonly message: string | null;
}

export interface State {
  readonly link: LinkState;
  /** Epoch ms when the link was last known to work; null before. */
  readonly liveAt: number | null;
  readonly session: SessionSnapshot | null;
  /** The session was deleted or has expired; a person decides what follows. */
  readonly sessionGone: boolean;
  readonly daemons: number | null;
  readonly info: ServerInfo | null;
  /** Null until the first list arrived. */
  readonly data: readonly HandleSummary[] | null;
  /** Newest first; null until the first list arrived. */
  readonly jobs: readonly JobSummary[] | null;
  readonly live: Readonly<Record<string, LiveJob>>;
  readonly pulled: Readonly<Record<string, Pulled<unknown>>>;
  readonly uploads: readonly UploadState[];
}

/** Everything that can change the state. A recorded list of messages replays to the same state. */
export type Message =
  | { readonly type: "link"; readonly state: LinkState; readonly at: number }
  | { readonly type: "session"; readonly session: SessionSnapshot | null; readonly gone: boolean }
  | { readonly type: "events"; readonly events: readonly SessionEvent[] }
  | { readonly type: "info"; readonly info: ServerInfo }
  | { readonly type: "data"; readonly handles: readonly HandleSummary[] }
  | { readonly type: "jobs"; readonly jobs: readonly JobSummary[] }
  | { readonly type: "history.asked"; readonly jobId: string }
  | { readonly type: "history.failed"; readonly jobId: string }
  | { readonly type: "history"; readonly history: JobHistory }
  | { readonly type: "pulled.asked"; readonly key: string }
  | { readonly type: "pulled"; readonly key: string; readonly value: unknown }
  | { readonly type: "pulled.failed"; readonly key: string; readonly message: string; readonly stale: boolean }
  | { readonly type: "pulled.forgotten"; readonly prefix: string }
  | { readonly type: "upload"; readonly upload: UploadState }
  | { readonly type: "upload.ended"; readonly id: number };

export const INITIAL_STATE: State = {
  link: { at: "idle" },
  liveAt: null,
  session: null,
  sessionGone: false,
  daemons: null,
  info: null,
  data: null,
  jobs: null,
  live: {},
  pulled: {},
  uploads: [],
};

/** What the server offers to every session alike: it may be asked before there is one, and outlives it. */
export function isCommon(key: string): boolean {
  return /^(algorithms|schema|samples)/.test(key);
}

export function isFinal(status: JobSummary["status"]): boolean {
  return status === "complete" || status === "failed" || status === "cancelled" || status === "interrupted";
}
