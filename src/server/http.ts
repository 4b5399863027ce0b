import { createServer, type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";
import { FRAME_LIMIT_BYTES } from "../wire/live/codec.ts";
import { isAllowedHost, isAllowedOrigin, type OwnNames } from "./origins.ts";
import { plain, securityHeaders, servePage } from "./page.ts";
import type { TlsIdentity } from "./tls.ts";

export interface DoorOptions {
  readonly tls: TlsIdentity | null;
  readonly hsts: boolean;
  readonly own: OwnNames;
  readonly origins: readonly string[];
  readonly pageDir: string;
  readonly log: (line: string) => void;
  readonly onSocket: (socket: WebSocket, request: IncomingMessage) => void;
  readonly api: ApiDoor;
}

/** What answers below an address of its own; Host has been checked before it is asked. */
export interface ApiDoor {
  handles(url: string | undefined): boolean;
  request(request: IncomingMessage, response: ServerResponse, port: number): void;
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, port: number): void;
}

/** Links that may be open at the same time. */
const CONNECTIONS_MAX = 256;
/** Sockets of every kind, before and after the upgrade; above it the system's queue holds newcomers. */
const SOCKETS_MAX = 4096;
const HTTP_LIMITS = { keepAliveTimeout: 5000, headersTimeout: 10_000, requestTimeout: 30_000 };
/** TLS: the versions that are not broken, and no time for those who open a socket and say nothing. */
const TLS_LIMITS = { minVersion: "TLSv1.2", handshakeTimeout: 10_000 } as const;

/**
 * The one port: the page over HTTP, the live protocol over WebSocket at `/`. Host and Origin are checked before anything else
 * happens; the token is asked for inside the protocol.
 */
export class Door {
  readonly #options: DoorOptions;
  readonly #http: Server;
  readonly #sockets = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    // One message may hold a whole frame; a little more, so that a frame at the limit gets the protocol's answer.
    maxPayload: FRAME_LIMIT_BYTES + 65_536,
    clientTracking: true,
  });

  constructor(options: DoorOptions) {
    this.#options = options;
    const { tls } = options;
    const onRequest = (request: IncomingMessage, response: ServerResponse): void => this.#onRequest(request, response);
    this.#http =
      tls === null ? createServer(HTTP_LIMITS, onRequest) : createSecureServer({ ...HTTP_LIMITS, ...TLS_LIMITS, ...tls }, onRequest);
    this.#http.maxConnections = SOCKETS_MAX;
    this.#http.on("upgrade", (request, socket, head) => this.#onUpgrade(request, socket, head));
    this.#http.on("clientError", (_error, socket) => socket.destroy());
  }

  get port(): number {
    return (this.#http.address() as AddressInfo | null)?.port ?? 0;
  }

  listen(port: number, host: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#http.once("error", reject);
      this.#http.listen(port, host, () => {
        this.#http.off("error", reject);
        resolve();
      });
    });
  }

  /** Takes no more requests and ends those that are open. Links are closed by whoever owns them. */
  async close(): Promise<void> {
    for (const socket of this.#sockets.clients) socket.terminate();
    this.#sockets.close();
    this.#http.closeAllConnections();
    await new Promise<void>((resolve) => this.#http.close(() => resolve()));
  }

  #onRequest(request: IncomingMessage, response: ServerResponse): void {
    const { host } = request.headers;
    if (!this.#isOurHost(host)) {
      plain(response, 403, "This server answers to its own names only.\n");
      return;
    }
    const secure = { isSecure: this.#options.tls !== null, hsts: this.#options.hsts };
    for (const [name, value] of Object.entries(securityHeaders(host ?? "", secure))) response.setHeader(name, value);
    if (this.#options.api.handles(request.url)) {
      this.#options.api.request(request, response, this.port);
    } else if (request.method !== "GET" && request.method !== "HEAD") {
      plain(response, 405, "Only GET and HEAD are understood here.\n", { Allow: "GET, HEAD" });
    } else if (request.url === "/healthz") {
      plain(response, 200, "ok\n", { "Cache-Control": "no-store" });
    } else {
      servePage(this.#options.pageDir, request, response).catch((error: unknown) => {
        this.#options.log(`${request.url} failed: ${String(error)}`);
        response.destroy();
      });
    }
  }

  #onUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const { api } = this.#options;
    if (api.handles(request.url) && this.#isOurHost(request.headers.host)) {
      api.upgrade(request, socket, head, this.port);
      return;
    }
    const refusal = this.#refusalOf(request);
    if (refusal !== null) {
      this.#options.log(`connection refused: ${refusal.why}`);
      refuse(socket, refusal.status, refusal.why);
      return;
    }
    this.#sockets.handleUpgrade(request, socket, head, (webSocket) => this.#options.onSocket(webSocket, request));
  }

  #isOurHost(host: string | undefined): boolean {
    return isAllowedHost(host, this.port, this.#options.own);
  }

  #refusalOf(request: IncomingMessage): { readonly status: number; readonly why: string } | null {
    const { host, origin } = request.headers;
    if (!this.#isOurHost(host)) return { status: 403, why: `the host ${String(host)} is not this server` };
    if ((request.url ?? "/").split("?", 1)[0] !== "/") return { status: 404, why: "the live protocol is at / only" };
    if (request.headers["sec-websocket-protocol"] !== undefined) return { status: 400, why: "no subprotocol is spoken here" };
    if (!isAllowedOrigin(origin, this.#options.origins, this.port)) {
      const what = origin === undefined ? "a missing origin" : `the origin ${origin}`;
      return { status: 403, why: `${what} is not allowed; start the server with --origins to allow it` };
    }
    return this.#sockets.clients.size >= CONNECTIONS_MAX ? { status: 503, why: `${CONNECTIONS_MAX} connections are open` } : null;
  }
}

export function refuse(socket: Duplex, status: number, why: string): void {
  const body = `${why}\n`;
  socket.on("error", () => {});
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}
