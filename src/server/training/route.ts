import type { IncomingMessage, ServerResponse } from "node:http";
import type { AccessKeys, Layouts, Runs, SeriesQueries, Subscriptions } from "../../runs/index.ts";

/** What the routes work with. */
export interface TrainingApi {
  readonly runs: Runs;
  readonly queries: SeriesQueries;
  readonly subscriptions: Subscriptions;
  readonly layouts: Layouts;
  readonly keys: AccessKeys;
  /** Ends the streams of a key. */
  readonly onRevoked: (keyId: string) => void;
  readonly log: (line: string) => void;
}

export interface Call {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly query: URLSearchParams;
  /** The part of the path that `:id` stands for, decoded; empty where there is none. */
  readonly runId: string;
}

export interface Route {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly path: string;
  /** What the caller's key must allow. Default: read for GET, write for POST, owner for the others. */
  readonly needs?: "read" | "write" | "owner";
  readonly handle: (api: TrainingApi, call: Call) => void | Promise<void>;
}

/** The routes at a path and what `:id` is there. */
export function routesAt(routes: readonly Route[], path: string): { readonly route: Route; readonly runId: string }[] {
  const parts = path.split("/");
  return routes.flatMap((route) => {
    const pattern = route.path.split("/");
    if (pattern.length !== parts.length || pattern.some((part, i) => part !== ":id" && part !== parts[i])) return [];
    const at = pattern.indexOf(":id");
    return [{ route, runId: at < 0 ? "" : decoded(parts[at]!) }];
  });
}

/** What is not well encoded stays as it is; nothing has that name. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
