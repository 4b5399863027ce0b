import { connect } from "node:net";
import type { Duplex } from "node:stream";
import type { ConnectionOptions, TLSSocket } from "node:tls";
import { messageOf, TrainyardError } from "../../core/errors.ts";
import { fingerprintOf } from "./certificate.ts";
import { isSameProof } from "./join-token.ts";
import { type DaemonUrl, formatUrl, isTls } from "./url.ts";

export interface DialOptions {
  /** SHA-256 of the only certificate that is taken; null: one that authorities vouch for, in the name of the URL's host. */
  readonly fingerprint: Buffer | null;
  /** Authorities beside the system's, PEM. */
  readonly ca?: string;
  readonly deadlineMs: number;
}

/**
 * A stream to the host at `url`, on which nothing was written yet.
 * @throws {TrainyardError} `unavailable` (retryable) when nobody answers; `refused` when the host's certificate is another one.
 */
export async function dial(url: DaemonUrl, options: DialOptions): Promise<Duplex> {
  const socket = isTls(url) ? await secured(url, options) : await plain(url, options);
  return url.scheme === "ws" || url.scheme === "wss" ? upgraded(url, socket, options) : socket;
}

async function plain(url: DaemonUrl, { deadlineMs }: DialOptions): Promise<Duplex> {
  const socket = url.scheme === "ipc" ? connect(url.path) : connect({ host: url.host, port: url.port, noDelay: true });
  await opened(socket, "connect", url, deadlineMs);
  return socket;
}

async function secured(url: DaemonUrl, { fingerprint, ca, deadlineMs }: DialOptions): Promise<Duplex> {
  const name = /^[\d.]+$|:/.test(url.host) ? {} : { servername: url.host };
  // A pinned certificate is compared below, before a byte is sent; no authority has a say in it.
  const trust: ConnectionOptions = fingerprint !== null ? { rejectUnauthorized: false } : ca === undefined ? {} : { ca };
  const tls = await import("node:tls");
  const socket = tls.connect({ host: url.host, port: url.port, minVersion: "TLSv1.2", ...name, ...trust });
  await opened(socket, "secureConnect", url, deadlineMs);
  socket.setNoDelay(true);
  if (fingerprint !== null && !isPinned(socket, fingerprint)) {
    socket.destroy();
    throw new TrainyardError(
      "refused",
      `the certificate at ${formatUrl(url)} is not the one that the join token names: the token is of another profile, or something is between`,
    );
  }
  return socket;
}

function isPinned(socket: TLSSocket, fingerprint: Buffer): boolean {
  const { raw } = socket.getPeerCertificate();
  return Buffer.isBuffer(raw) && isSameProof(fingerprintOf(raw), fingerprint);
}

async function upgraded(url: DaemonUrl, socket: Duplex, { deadlineMs }: DialOptions): Promise<Duplex> {
  const { createWebSocketStream, WebSocket } = await import("ws");
  // Over the stream that is open already: whom it leads to has been checked.
  const webSocket = new WebSocket(`ws://${url.host.includes(":") ? `[${url.host}]` : url.host}:${url.port}${url.path}`, {
    createConnection: () => socket as never, // typed as a socket of node:net, which it is
    perMessageDeflate: false,
    handshakeTimeout: deadlineMs,
    maxPayload: 4 * 2 ** 20,
  });
  await new Promise<void>((resolve, reject) => {
    webSocket.once("open", () => resolve());
    webSocket.once("error", (cause) => {
      socket.destroy();
      reject(
        new TrainyardError("unavailable", `no host of daemons answers at ${formatUrl(url)}: ${messageOf(cause)}`, {
          cause,
          retryable: true,
        }),
      );
    });
  });
  return createWebSocketStream(webSocket);
}

/** Errors that come again however often one dials. */
const LASTING = /^(?:ERR_TLS_CERT_ALTNAME_INVALID|CERT_|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_|EACCES$)/;

function opened(socket: Duplex, event: "connect" | "secureConnect", url: DaemonUrl, deadlineMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (cause: Error & { code?: string }): void => {
      clearTimeout(timer);
      socket.destroy();
      const isLasting = LASTING.test(cause.code ?? "");
      const why = messageOf(cause) || cause.code;
      const message = `cannot reach the host of daemons at ${formatUrl(url)}: ${why}`;
      reject(new TrainyardError(isLasting ? "refused" : "unavailable", message, { cause, retryable: !isLasting }));
    };
    const timer = setTimeout(() => fail(new Error(`no answer within ${deadlineMs} ms`)), deadlineMs);
    socket.once("error", fail);
    socket.once(event, () => {
      clearTimeout(timer);
      socket.off("error", fail);
      socket.on("error", () => {}); // whoever uses the stream hears of it too
      resolve();
    });
  });
}
