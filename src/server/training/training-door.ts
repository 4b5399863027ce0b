import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";
import { AccessKeys, Layouts, REQUEST_LIMIT_BYTES, type Runs, SeriesQueries, Subscriptions } from "../../runs/index.ts";
import { type ApiDoor, refuse } from "../http.ts";
import { isAllowedOrigin } from "../origins.ts";
import { TokenGate } from "../token-gate.ts";
import { type Access, type Admission, admissionOf, mayCall } from "./access.ts";
import { Refusal, sendEmpty, sendError } from "./answer.ts";
import { COMPATIBLE_ROUTES } from "./compatible-routes.ts";
import { KEY_ROUTES } from "./key-routes.ts";
import { LAYOUT_ROUTES } from "./layout-routes.ts";
import { LIST_ROUTES } from "./list-routes.ts";
import { OWN_ROUTES } from "./own-routes.ts";
import { sendMetrics } from "./prometheus.ts";
import { type Route, routesAt, type TrainingApi } from "./route.ts";
import { StreamConnection } from "./stream-connection.ts";

export interface TrainingDoorOptions {
  readonly token: string;
  /** Counts wrong tokens, together with the other doors. Default: one of its own. */
  readonly gate?: TokenGate;
  readonly origins: readonly string[];
  readonly authDeadlineMs: number;
  readonly log: (line: string) => void;
  /** Between protocol pings; a reader that misses two is dropped. Default 15 s (L-77). */
  readonly pingMs?: number;
}

const SOCKETS_MAX = 1000;
const FAREWELL_MS = 200;
const STREAM = /^\/api\/training\/runs\/([^/]+)\/stream$/;
const OWN_STREAM = "/api/v2/stream";
const METRICS: readonly Route[] = ["/metrics", "/api/metrics"].map((path) => ({ method: "GET", path, handle: sendMetrics }));
const ROUTES: readonly Route[] = [...COMPATIBLE_ROUTES, ...LIST_ROUTES, ...OWN_ROUTES, ...LAYOUT_ROUTES, ...KEY_ROUTES, ...METRICS];

/** Everything of runs that is spoken over HTTP and WebSocket. Translates; the state is in `Runs`. */
export class TrainingDoor implements ApiDoor {
  readonly #api: TrainingApi;
  readonly #options: TrainingDoorOptions;
  readonly #gate: TokenGate;
  readonly #sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: REQUEST_LIMIT_BYTES + 65_536 });
  readonly #pings: NodeJS.Timeout;
  readonly #connections = new Set<StreamConnection>();
  /** Pings that each has not answered yet. */
  readonly #missed = new WeakMap<WebSocket, number>();

  constructor(runs: Runs, options: TrainingDoorOptions) {
    this.#api = {
      runs,
      queries: new SeriesQueries(runs),
      subscriptions: new Subscriptions(runs),
      layouts: new Layouts(runs.store, runs.now),
      keys: new AccessKeys(runs.store, runs.now),
      onRevoked: (keyId) => {
        for (const connection of this.#connections) connection.revoke(keyId);
      },
      log: options.log,
    };
    this.#options = options;
    this.#gate = options.gate ?? new TokenGate(options.token);
    this.#pings = setInterval(() => this.#ping(), options.pingMs ?? 15_000);
    this.#pings.unref();
  }

  handles(url: string | undefined): boolean {
    const path = pathOf(url);
    return path.startsWith("/api/") || path === "/metrics";
  }

  request(request: IncomingMessage, response: ServerResponse, port: number): void {
    this.#answer(request, response, port).catch((error: unknown) => sendError(response, error, this.#options.log));
  }

  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, port: number): void {
    const url = new URL(request.url ?? "/", "http://localhost");
    const runId = STREAM.exec(url.pathname)?.[1] ?? null;
    const token = url.searchParams.get("token");
    const refusal = this.#upgradeRefusal(request, url.pathname, runId, token, port);
    if (refusal !== null) {
      // The query is left out: it may hold the token (L-54).
      this.#options.log(`stream ${url.pathname} refused: ${refusal.why}`);
      refuse(socket, refusal.status, refusal.why);
      return;
    }
    const since = /^\d{1,15}$/.exec(url.searchParams.get("since") ?? "");
    this.#sockets.handleUpgrade(request, socket, head, (webSocket) => {
      this.#missed.set(webSocket, 0);
      webSocket.on("pong", () => this.#missed.set(webSocket, 0));
      const connection = new StreamConnection(webSocket, this.#api, {
        runId,
        isOwn: runId === null || url.searchParams.get("v") === "2",
        ...(since === null ? {} : { since: Number(since[0]) }),
        isFull: url.searchParams.get("full") === "true",
        accessOf: (given) => accessIn(this.#admission(request, given)),
        access: accessIn(token === null ? this.#bearerOf(request) : this.#admission(request, token)),
        authDeadlineMs: this.#options.authDeadlineMs,
        now: this.#api.runs.now,
      });
      this.#connections.add(connection);
      webSocket.once("close", () => this.#connections.delete(connection));
    });
  }

  /** Ends every stream, within 200 ms; readers come back with the place that they had. */
  async close(): Promise<void> {
    clearInterval(this.#pings);
    this.#api.subscriptions.close();
    const { clients } = this.#sockets;
    for (const socket of clients) socket.close(1001, "the server stops");
    const until = Date.now() + FAREWELL_MS;
    while (clients.size > 0 && Date.now() < until) await new Promise((resolve) => setTimeout(resolve, 5));
    for (const socket of clients) socket.terminate();
    this.#sockets.close();
  }

  async #answer(request: IncomingMessage, response: ServerResponse, port: number): Promise<void> {
    const { origin, authorization } = request.headers;
    if (origin !== undefined) {
      if (!isAllowedOrigin(origin, this.#options.origins, port)) {
        throw new Refusal(403, "forbidden", `The origin ${origin} is not allowed; start the server with --origins to allow it.`);
      }
      response.setHeader("Access-Control-Allow-Origin", origin);
      response.setHeader("Access-Control-Expose-Headers", "X-Next-Cursor, X-Total-Count");
      response.setHeader("Vary", "Origin");
    }
    if (request.method === "OPTIONS") {
      response.setHeader("Access-Control-Allow-Methods", "GET, POST, PUT, PATCH, DELETE");
      response.setHeader("Access-Control-Allow-Headers", "Authorization, Content-Type, Idempotency-Key, Last-Event-ID");
      sendEmpty(response, 204);
      return;
    }
    const url = new URL(request.url ?? "/", "http://localhost");
    if (STREAM.test(url.pathname) || url.pathname === OWN_STREAM) {
      response.setHeader("Upgrade", "websocket");
      throw new Refusal(426, "upgrade_required", "This address is a WebSocket.");
    }
    const admission = this.#bearerOf(request);
    if (admission?.opens !== true) {
      const wait = admission?.retryAfterSeconds ?? null;
      if (wait !== null) throw tooManyGuesses(response, wait);
      const why =
        authorization === undefined
          ? "The Authorization header is missing: Bearer <token>."
          : "The token is not this server's; or the key was revoked or has expired.";
      throw new Refusal(401, "invalid_token", why);
    }
    const found = routesAt(ROUTES, url.pathname);
    const match = found.find(({ route }) => route.method === request.method);
    if (match !== undefined) {
      const { access } = admission;
      if (!mayCall(access, match.route)) throw new Refusal(403, "forbidden", `A key with the scope ${access.scope} may not do that.`);
      await match.route.handle(this.#api, { request, response, query: url.searchParams, runId: match.runId });
      return;
    }
    if (found.length === 0) throw new Refusal(404, "not_found", `There is nothing at ${url.pathname}.`);
    const allowed = found.map(({ route }) => route.method).join(", ");
    response.setHeader("Allow", allowed);
    throw new Refusal(405, "invalid_input", `${url.pathname} takes ${allowed}.`);
  }

  /** L-51, L-53, L-55, L-58, in this order: address, origin, token, run, room. */
  #upgradeRefusal(request: IncomingMessage, path: string, runId: string | null, token: string | null, port: number) {
    const { origin } = request.headers;
    if (runId === null && path !== OWN_STREAM) return { status: 404, why: "there is no stream at this address" };
    // Only pages have an origin. A program has none, and needs the token all the same.
    if (origin !== undefined && !isAllowedOrigin(origin, this.#options.origins, port)) {
      return { status: 403, why: `the origin ${origin} is not allowed; start the server with --origins to allow it` };
    }
    if (token === null && runId !== null && this.#bearerOf(request)?.opens !== true)
      return { status: 401, why: "the parameter token is missing" };
    if (token !== null && !this.#admission(request, token).opens) return { status: 401, why: "the token is not this server's" };
    if (runId !== null && !this.#hasRun(runId)) return { status: 404, why: "Run not found" };
    return this.#sockets.clients.size >= SOCKETS_MAX ? { status: 503, why: `${SOCKETS_MAX} streams are open` } : null;
  }

  /** L-85: exactly `Bearer <token>`; null: there is none, which is no guess. */
  #bearerOf(request: IncomingMessage): Admission | null {
    const { authorization } = request.headers;
    return authorization?.startsWith("Bearer ") === true ? this.#admission(request, authorization.slice("Bearer ".length)) : null;
  }

  #admission({ socket }: IncomingMessage, given: unknown): Admission {
    return admissionOf(this.#gate, this.#api.keys, socket.remoteAddress, given);
  }

  #hasRun(runId: string): boolean {
    try {
      this.#api.runs.get(runId);
      return true;
    } catch {
      return false;
    }
  }

  #ping(): void {
    for (const socket of this.#sockets.clients) {
      const missed = this.#missed.get(socket) ?? 0;
      if (missed >= 2) socket.terminate();
      else {
        this.#missed.set(socket, missed + 1);
        socket.ping();
      }
    }
  }
}

function accessIn(admission: Admission | null): Access | null {
  return admission?.opens === true ? admission.access : null;
}

/** Whoever guesses on needs a link for each guess. */
function tooManyGuesses(response: ServerResponse, wait: number): Refusal {
  response.setHeader("Retry-After", wait);
  response.setHeader("Connection", "close");
  return new Refusal(429, "invalid_token", `Too many wrong tokens came from this address, this one too. Try again in ${wait} s.`);
}

function pathOf(url: string | undefined): string {
  return (url ?? "/").split("?", 1)[0]!;
}
