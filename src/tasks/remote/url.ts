import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { InvalidArgumentError } from "../../core/errors.ts";
import { didYouMean } from "../../core/nearest.ts";
import { nodeCrypto } from "./node-crypto.ts";

export const SCHEMES = ["tcp", "tls+tcp", "ws", "wss", "ipc"] as const;
export type Scheme = (typeof SCHEMES)[number];

/** Where a profile listens, or a daemon dials. For `ipc` only `path` counts: a socket file, or on Windows a pipe's name. */
export interface DaemonUrl {
  readonly scheme: Scheme;
  /** Without brackets, also for IPv6. */
  readonly host: string;
  /** 0: any free one, when listening. */
  readonly port: number;
  /** Of `ws` and `wss`: begins with "/". */
  readonly path: string;
}

const DEFAULT_PORTS: Readonly<Record<Scheme, number>> = { tcp: 0, "tls+tcp": 0, ws: 80, wss: 443, ipc: 0 };
/** What the system allows in a socket file's name. */
const SOCKET_PATH_BYTES = 103;

/** @throws {InvalidArgumentError} for anything but the five forms; the message shows them. */
export function parseUrl(text: string): DaemonUrl {
  if (typeof text !== "string")
    throw new InvalidArgumentError(`a daemon's URL is a text such as "tcp://127.0.0.1:5555", not ${typeof text}`);
  const [, scheme = "", rest = ""] = /^([a-z+]+):\/\/(.*)$/i.exec(text) ?? [];
  if (!isScheme(scheme)) {
    const hint = scheme === "" ? "" : didYouMean(scheme, SCHEMES);
    throw new InvalidArgumentError(
      `"${text}" is no URL for daemons.${hint} Use tcp://host:port, tls+tcp://host:port, ws://host:port/path, wss://…, or ipc:///path`,
    );
  }
  if (scheme === "ipc") return socketUrl(text, rest);
  const parsed = parsedHost(text, rest);
  const port = parsed.port === "" ? DEFAULT_PORTS[scheme] : Number(parsed.port);
  if ((scheme === "tcp" || scheme === "tls+tcp") && (parsed.pathname.length > 1 || parsed.search !== "")) {
    throw new InvalidArgumentError(`"${text}" has a path; ${scheme} has none: write ${scheme}://${parsed.host}`);
  }
  return { scheme, host: parsed.hostname.replace(/^\[|\]$/g, ""), port, path: `${parsed.pathname}${parsed.search}` };
}

export function formatUrl({ scheme, host, port, path }: DaemonUrl): string {
  if (scheme === "ipc") return `ipc://${path}`;
  const address = host.includes(":") ? `[${host}]` : host;
  return `${scheme}://${address}:${port}${scheme === "ws" || scheme === "wss" ? path : ""}`;
}

export function isTls({ scheme }: Pick<DaemonUrl, "scheme">): boolean {
  return scheme === "tls+tcp" || scheme === "wss";
}

/** Whether only programs on this machine can get there. */
export function isLocal({ scheme, host }: DaemonUrl): boolean {
  return scheme === "ipc" || host === "localhost" || host === "::1" || /^127(\.\d{1,3}){3}$/.test(host);
}

export interface HostUrlOptions {
  /** `tls+tcp` instead of `tcp`. Default false. */
  readonly tls?: boolean;
  /** Default 0: any free one; the profile tells which. */
  readonly port?: number;
}

/** URLs at which other machines can reach this one, by network interface; IPv4 before IPv6. Empty without a network. */
export function hostUrl({ tls = false, port = 0 }: HostUrlOptions = {}): Readonly<Record<string, string>> {
  const scheme = tls ? "tls+tcp" : "tcp";
  const all = Object.entries(networkInterfaces()).flatMap(([name, addresses = []]) => addresses.map((address) => ({ name, ...address })));
  const outside = all.filter(({ internal, address }) => !internal && !address.startsWith("fe80:"));
  const sorted = [...outside.filter(({ family }) => family === "IPv4"), ...outside.filter(({ family }) => family === "IPv6")];
  const urls: Record<string, string> = {};
  for (const { name, address } of sorted) urls[name] ??= formatUrl({ scheme, host: address, port, path: "" });
  return urls;
}

/** A URL that only this machine can reach: a new socket file, or with `tcp` a port of the loopback address. */
export function localUrl({ tcp = false, port = 0 }: { readonly tcp?: boolean; readonly port?: number } = {}): string {
  if (tcp) return `tcp://127.0.0.1:${port}`;
  const name = `trainyard-${nodeCrypto().randomBytes(12).toString("hex")}`;
  return process.platform === "win32" ? `ipc://\\\\.\\pipe\\${name}` : `ipc://${join(tmpdir(), `${name}.sock`)}`;
}

function isScheme(scheme: string): scheme is Scheme {
  return (SCHEMES as readonly string[]).includes(scheme);
}

function socketUrl(text: string, path: string): DaemonUrl {
  const isPipe = path.startsWith("\\\\.\\pipe\\");
  if (!path.startsWith("/") && !isPipe) throw new InvalidArgumentError(`"${text}" must name a whole path: ipc:///tmp/yard.sock`);
  if (!isPipe && Buffer.byteLength(path) > SOCKET_PATH_BYTES) {
    throw new InvalidArgumentError(
      `"${text}" is longer than the ${SOCKET_PATH_BYTES} bytes that a socket's name may have; use a shorter folder`,
    );
  }
  return { scheme: "ipc", host: "", port: 0, path };
}

/** Through the parser of `ftp:` URLs, which knows names, IPv4 and IPv6, and drops no port that matters here (21 would be one). */
function parsedHost(text: string, rest: string): URL {
  let parsed: URL;
  try {
    parsed = new URL(`ftp://${rest}`);
  } catch (cause) {
    throw new InvalidArgumentError(`"${text}" has no proper host and port: write for example tcp://127.0.0.1:5555`, { cause });
  }
  if (parsed.username !== "" || parsed.hash !== "") {
    throw new InvalidArgumentError(`"${text}" may not have a user or a fragment; the join token travels apart from the URL`);
  }
  return parsed;
}
