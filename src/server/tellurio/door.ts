import { randomBytes } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";
import { DEFAULT_PROMPTS, type EnginePrompts } from "../../textgrad/index.ts";
import type { RpcParams } from "../../wire/json-rpc.ts";
import { type ApiDoor, refuse } from "../http.ts";
import { isAllowedOrigin } from "../origins.ts";
import { isToken } from "../token.ts";
import { TokenGate, type Verdict } from "../token-gate.ts";
import { callMethod, isLong, isMethod } from "./methods.ts";
import { Projects } from "./projects.ts";
import { answerPrompts, isPromptPath, json, refuse as refuseRequest } from "./prompt-routes.ts";
import { PromptRuns } from "./prompt-runs.ts";
import { PromptTrainings } from "./prompt-trainings.ts";
import { answerRest, isRestPath } from "./rest.ts";
import type { RunSink } from "./run-sink.ts";
import { MESSAGE_MAX_BYTES, type SessionTimes, TellurioSession } from "./session.ts";

export const RPC_PATH = "/ws/v0/rpc/";
/** Spoken where a header cannot be set, as in browsers: `key.<base64url of the key>` and `resume.<token>` come beside it. */
export const SUBPROTOCOL = "trainyard.textgrad";

export interface TellurioOptions extends Partial<SessionTimes> {
  /** The key of this server. */
  readonly token: string;
  /** Counts wrong keys, together with the other doors. Default: one of its own. */
  readonly gate?: TokenGate;
  /** Where projects and metrics are kept. */
  readonly folder: string;
  /** Where runs are shown live. */
  readonly runs: RunSink | null;
  /** Pages that may connect besides our own; programs send no origin. */
  readonly origins: readonly string[];
  /** Slugs under which projects may be made, the user's own first. */
  readonly namespaces: readonly string[];
  /** What the engine says to language models. Default: its own prompts. */
  readonly prompts?: EnginePrompts;
  /** How long a lost session waits for its client. Default 60,000. */
  readonly resumeMs?: number;
  readonly log: (line: string) => void;
}

/** Sessions that may be open or wait at the same time. */
const SESSIONS_MAX = 512;
/** Time that clients have to say goodbye. */
const FAREWELL_MS = 200;
/** The largest message that is read. */
const RECEIVE_MAX_BYTES = 64 * 1024 * 1024;

interface Held {
  readonly session: TellurioSession;
  readonly resumeToken: string;
  timer: NodeJS.Timeout | null;
  socket: WebSocket | null;
  /** Runs that its calls named. */
  readonly runIds: Set<string>;
}

/**
 * The door for clients of prompt training: `/ws/v0/rpc/` and the REST routes below `/api/v0/`. The key is checked before the upgrade; the
 * welcome leaves in one write with the 101 reply, without compression (T-3), because the reference client loses it otherwise.
 */
export class TellurioDoor implements ApiDoor {
  readonly #options: TellurioOptions;
  readonly #projects: Projects;
  readonly #gate: TokenGate;
  readonly #prompts: PromptRuns | null;
  readonly #trainings: PromptTrainings | null;
  readonly #held = new Map<string, Held>();
  readonly #sockets = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: RECEIVE_MAX_BYTES,
    handleProtocols: (offered) => (offered.has(SUBPROTOCOL) ? SUBPROTOCOL : false),
  });

  constructor(options: TellurioOptions) {
    this.#options = options;
    this.#gate = options.gate ?? new TokenGate(options.token);
    this.#prompts = options.runs === null ? null : new PromptRuns(options.folder, options.runs, options.log);
    this.#trainings = options.runs === null || this.#prompts === null ? null : new PromptTrainings(this.#prompts, options.runs);
    this.#projects = new Projects(options.folder, options.runs, options.namespaces, (runId) => this.#prompts?.flush(runId));
  }

  /** Sessions that are open or wait for their client. */
  get sessionCount(): number {
    return this.#held.size;
  }

  handles(url: string | undefined): boolean {
    const path = pathOf(url);
    return path === RPC_PATH || isRestPath(path) || isPromptPath(path);
  }

  request(request: IncomingMessage, response: ServerResponse, port: number): void {
    const { namespaces, log } = this.#options;
    const path = pathOf(request.url);
    const verdict = this.#isFriendly(request, port) ? this.#verdictOf(request) : null;
    if (verdict?.opens === false && verdict.retryAfterSeconds !== null) {
      refuseGuess(response, verdict.retryAfterSeconds);
      return;
    }
    const isAllowed = verdict?.opens === true;
    if (isPromptPath(path)) {
      if (isAllowed) answerPrompts(request, response, this.#prompts, this.#trainings);
      else refuseRequest(response, 401, "The token is missing or wrong.");
      return;
    }
    const context = { projects: this.#projects, isAllowed, username: namespaces[0] ?? "local" };
    answerRest(request, response, path, context).catch((error: unknown) => {
      log(`prompt training: ${request.method} ${path} failed: ${String(error)}`);
      response.destroy();
    });
  }

  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, port: number): void {
    const refusal = this.#refusalOf(request, port);
    if (refusal !== null) {
      this.#options.log(`prompt training: connection refused: ${refusal.why}`);
      refuse(socket, refusal.status, refusal.why);
      return;
    }
    const held = this.#take(request);
    socket.cork();
    try {
      this.#sockets.handleUpgrade(request, socket, head, (webSocket) => this.#open(held, webSocket));
    } finally {
      socket.uncork();
    }
  }

  #isFriendly({ headers: { origin } }: IncomingMessage, port: number): boolean {
    return origin === undefined || isAllowedOrigin(origin, this.#options.origins, port);
  }

  /** Null: there is no key, which is no guess. */
  #verdictOf(request: IncomingMessage): Verdict | null {
    const key = keyOf(request);
    return key === "" ? null : this.#gate.check(request.socket.remoteAddress, key);
  }

  #refusalOf(request: IncomingMessage, port: number): { readonly status: number; readonly why: string } | null {
    if (pathOf(request.url) !== RPC_PATH) return { status: 404, why: `prompt training is at ${RPC_PATH}` };
    if (!this.#isFriendly(request, port)) return { status: 403, why: `the origin ${request.headers.origin} is not allowed` };
    if (this.#verdictOf(request)?.opens !== true) return { status: 401, why: "the key is missing or wrong" };
    return this.#held.size >= SESSIONS_MAX ? { status: 503, why: `${SESSIONS_MAX} sessions of prompt training are open` } : null;
  }

  async close(): Promise<void> {
    for (const held of [...this.#held.values()]) {
      held.socket?.close(1001, "the server stops");
      this.#forget(held);
    }
    const { clients } = this.#sockets;
    const until = Date.now() + FAREWELL_MS;
    while (clients.size > 0 && Date.now() < until) await new Promise((resolve) => setTimeout(resolve, 5));
    for (const socket of clients) socket.terminate();
    this.#sockets.close();
    await this.#trainings?.close();
    this.#projects.close();
    this.#prompts?.close();
  }

  /** The session that the client asks to go on with, or a new one. */
  #take(request: IncomingMessage): Held {
    const token =
      offeredOf(request)
        .find((name) => name.startsWith("resume."))
        ?.slice("resume.".length) ?? "";
    for (const held of this.#held.values()) if (token !== "" && isToken(held.resumeToken, token)) return held;
    const { heartbeatFirstMs = 2000, heartbeatEveryMs = 5000, pushMs } = this.#options;
    const session = new TellurioSession({
      heartbeatFirstMs,
      heartbeatEveryMs,
      ...(pushMs === undefined ? {} : { pushMs }),
      isResumable: offeredOf(request).includes(SUBPROTOCOL),
      prompts: this.#options.prompts ?? DEFAULT_PROMPTS,
      isMethod,
      isLong,
      handle: (owner, method, params, signal) => this.#call(owner, held.runIds, method, params, signal),
    });
    const held: Held = { session, resumeToken: randomBytes(16).toString("base64url"), timer: null, socket: null, runIds: new Set() };
    this.#held.set(session.id, held);
    return held;
  }

  #call(session: TellurioSession, runIds: Set<string>, method: string, params: RpcParams, signal: AbortSignal): unknown {
    const { run_uuid: runId } = params;
    this.#projects.beat(runId);
    session.recorder = this.#prompts?.recorder(runId) ?? null;
    if (session.recorder !== null && typeof runId === "string") {
      session.recorder.redactors.add(session.redact);
      runIds.add(runId);
    }
    if (!isLong(method) || this.#prompts === null) return callMethod(session, method, params, signal);
    return this.#prompts.whileGoingOn(runId, signal, (both) => callMethod(session, method, params, both));
  }

  #open(held: Held, socket: WebSocket): void {
    const { session } = held;
    const isResumed = held.socket !== null || held.timer !== null;
    if (held.timer !== null) clearTimeout(held.timer);
    held.timer = null;
    const older = held.socket;
    held.socket = socket;
    older?.terminate();
    session.attach((text) => {
      if (socket.readyState === socket.OPEN) socket.send(text, { compress: false });
    });
    const more = session.isResumable
      ? {
          protocol: 1,
          features: FEATURES,
          resume_token: held.resumeToken,
          resumed: isResumed,
          limits: { message_bytes: MESSAGE_MAX_BYTES },
        }
      : {};
    socket.send(JSON.stringify({ jsonrpc: "2.0", id: null, result: { session_id: session.id, ...more } }), { compress: false });
    socket.on("message", (data, isBinary) => {
      if (isBinary) socket.close(1003, "messages are text");
      else session.peer.receive(String(data));
    });
    socket.on("error", () => {});
    socket.on("close", (code) => this.#closed(held, socket, code));
    if (isResumed) session.peer.replay();
  }

  /** An orderly goodbye ends the session; after anything else a client that can resume has some time to come back. */
  #closed(held: Held, socket: WebSocket, code: number): void {
    if (held.socket !== socket) return;
    held.socket = null;
    held.session.detach();
    if (!held.session.isResumable || code === 1000 || code === 1001) {
      this.#forget(held);
      return;
    }
    held.timer = setTimeout(() => this.#forget(held), this.#options.resumeMs ?? 60_000);
    held.timer.unref();
  }

  #forget(held: Held): void {
    if (held.timer !== null) clearTimeout(held.timer);
    this.#held.delete(held.session.id);
    for (const runId of held.runIds) {
      this.#prompts?.flush(runId);
      this.#prompts?.recorder(runId)?.redactors.delete(held.session.redact);
    }
    held.session.end();
  }
}

const FEATURES = ["resume", "release", "create_variables", "update_variables", "cancel", "checksum", "typed_errors"];

/** Whoever guesses on needs a link for each guess. Both kinds of clients of this door find the sentence where they look for it. */
function refuseGuess(response: ServerResponse, wait: number): void {
  response.setHeader("Retry-After", wait);
  response.setHeader("Connection", "close");
  const message = `Too many wrong keys came from this address, this one too. Try again in ${wait} s.`;
  json(response, 429, { error: "invalid_token", message, detail: message });
}

function pathOf(url: string | undefined): string {
  return (url ?? "/").split("?", 1)[0]!;
}

function offeredOf(request: IncomingMessage): string[] {
  return (request.headers["sec-websocket-protocol"] ?? "").split(",").map((name) => name.trim());
}

/** `Authorization: Api-Key <key>` or `Bearer <key>`, or `key.<base64url>` among the subprotocols. */
function keyOf(request: IncomingMessage): string {
  const header = /^(?:Api-Key|Bearer) (.+)$/.exec(request.headers.authorization ?? "")?.[1];
  if (header !== undefined) return header;
  const offered = offeredOf(request).find((name) => name.startsWith("key."));
  return offered === undefined ? "" : Buffer.from(offered.slice("key.".length), "base64url").toString();
}

/** Asks the first door, then the second. */
export function eitherDoor(first: ApiDoor, second: ApiDoor): ApiDoor {
  const doorFor = (url: string | undefined): ApiDoor => (first.handles(url) ? first : second);
  return {
    handles: (url) => first.handles(url) || second.handles(url),
    request: (request, response, port) => doorFor(request.url).request(request, response, port),
    upgrade: (request, socket, head, port) => doorFor(request.url).upgrade(request, socket, head, port),
  };
}
