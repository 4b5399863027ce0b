import { lstatSync, rmSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { messageOf, TrainyardError } from "../../core/errors.ts";
import type { HostCredentials } from "./tls-settings.ts";
import { type DaemonUrl, formatUrl, isTls } from "./url.ts";

/** A server that hands out byte streams of strangers, whatever the transport. */
export interface Listener {
  /** With the real port. */
  readonly url: DaemonUrl;
  hold(isHeld: boolean): void;
  close(): Promise<void>;
}

/** Strangers, and daemons as well, beyond this number are turned away by the system or at once. */
const MOST_LINKS = 4096;
/** Neither a TLS handshake nor an upgrade takes longer. */
const OPENING_MS = 10_000;

/**
 * Listens, and gives each stream that is opened to `onStream`. What a stream carries is not looked at, but for a WebSocket's opening request, whose
 * path must be the URL's.
 * @throws {TrainyardError} `unavailable` when the address cannot be had.
 */
export async function listen(url: DaemonUrl, credentials: HostCredentials | null, onStream: (stream: Duplex) => void): Promise<Listener> {
  const server = await serverFor(url, credentials, onStream);
  const sockets = new Set<Socket>();
  server.maxConnections = MOST_LINKS;
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => {}); // whoever uses the stream hears of it too
    socket.once("close", () => sockets.delete(socket));
    if (url.scheme !== "ipc") socket.setNoDelay(true);
    if (!isHeld) socket.unref();
  });
  let isHeld = true;
  if (url.scheme === "ipc") removeLeftover(url.path, await isAnswered(url.path));
  await started(server, url);
  const address = server.address();
  const port = address !== null && typeof address === "object" ? address.port : url.port;
  return {
    url: { ...url, port },
    hold(held) {
      isHeld = held;
      for (const part of [server, ...sockets]) {
        if (held) part.ref();
        else part.unref();
      }
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

async function serverFor(url: DaemonUrl, credentials: HostCredentials | null, onStream: (stream: Duplex) => void): Promise<Server> {
  const context = credentials?.context ?? {};
  switch (url.scheme) {
    case "tcp":
    case "ipc":
      return createServer(onStream);
    case "tls+tcp": {
      const tls = await import("node:tls");
      return tls.createServer({ ...context, handshakeTimeout: OPENING_MS }, onStream).on("tlsClientError", (_, socket) => socket.destroy());
    }
    case "ws":
    case "wss":
      return webSocketServer(url, context, onStream);
  }
}

async function webSocketServer(url: DaemonUrl, context: HostCredentials["context"], onStream: (stream: Duplex) => void): Promise<Server> {
  const { createWebSocketStream, WebSocketServer } = await import("ws");
  const options = { headersTimeout: OPENING_MS, requestTimeout: OPENING_MS };
  const server = isTls(url)
    ? (await import("node:https")).createServer({ ...context, ...options, handshakeTimeout: OPENING_MS })
    : (await import("node:http")).createServer(options);
  const upgrades = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: 4 * 2 ** 20, clientTracking: false });
  server.on("request", (_, response) => response.writeHead(404, { connection: "close" }).end());
  server.on("upgrade", (request, socket, head) => {
    // A page in a browser cannot leave out Origin, and no daemon sends one.
    if (request.url === url.path && request.headers.origin === undefined) {
      upgrades.handleUpgrade(request, socket, head, (webSocket) => onStream(createWebSocketStream(webSocket)));
    } else socket.end("HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n");
  });
  server.on("tlsClientError", (_, socket) => socket.destroy());
  return server;
}

/** The file of a host that was killed is in nobody's way. */
function removeLeftover(path: string, isInUse: boolean): void {
  if (isInUse || process.platform === "win32") return;
  if (lstatSync(path, { throwIfNoEntry: false })?.isSocket() === true) rmSync(path, { force: true });
}

function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once("error", (error: NodeJS.ErrnoException) => resolve(error.code !== "ECONNREFUSED"));
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
  });
}

function started(server: Server, url: DaemonUrl): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (cause) => {
      reject(new TrainyardError("unavailable", `cannot listen at ${formatUrl(url)}: ${messageOf(cause)}`, { cause }));
    });
    server.once("listening", () => {
      server.removeAllListeners("error").on("error", () => {}); // a link that could not be taken concerns nobody else
      resolve();
    });
    if (url.scheme === "ipc") server.listen({ path: url.path, readableAll: false, writableAll: false });
    else server.listen({ host: url.host, port: url.port });
  });
}
