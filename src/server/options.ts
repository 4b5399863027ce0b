import { availableParallelism, homedir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { InvalidArgumentError } from "../core/errors.ts";
import { toWebhookUrl } from "../runs/index.ts";
import type { ComputeProfile, TaskReference } from "../tasks/profile.ts";
import type { Clock } from "./clock.ts";
import type { JobRunner } from "./jobs.ts";
import { toOrigins } from "./origins.ts";
import { readTls, type TlsFiles, type TlsIdentity } from "./tls.ts";
import { generateToken } from "./token.ts";

/** What a server may be told; everything has a default. */
export interface ServeOptions {
  /** 1024–49151, or 0 for any free one. Default: TRAINYARD_PORT, else RTEMISLIVE_PORT, else 5757. */
  readonly port?: number;
  /** `127.0.0.1` (default), `localhost` or `::1`; any other address or name only with `tls` and `token`. */
  readonly host?: string;
  /** Serve over TLS with this certificate. */
  readonly tls?: TlsFiles;
  /** With `tls`: tell browsers to come over TLS only, for a year. Default false. */
  readonly hsts?: boolean;
  /** Any non-empty text; at least 16 characters where other machines can connect. Default: TRAINYARD_TOKEN, else a fresh random one at each start. */
  readonly token?: string;
  /** Where everything is kept. Default: TRAINYARD_DATA_DIR, else the platform's folder for application data. */
  readonly dataDir?: string;
  /** The one folder that `job.save` writes below. Default: `saved` in the data folder. */
  readonly saveDir?: string;
  /** Files that replace the textual-gradient engine's own prompts. Default: none. */
  readonly promptsDir?: string;
  /** Daemons that fit models. Default: cores − 1, at least 1. */
  readonly daemons?: number;
  /** Pages that may connect besides our own. Replaces the default list. */
  readonly origins?: readonly string[];
  /** Jobs that run at the same time. Default 2. */
  readonly maxConcurrent?: number;
  /** Default 16. */
  readonly maxSessions?: number;
  /** Data sets per session. Default 16. */
  readonly maxHandles?: number;
  /** Jobs of one session that may wait in line. Default 100. */
  readonly maxQueuedJobs?: number;
  /** Largest table that may be uploaded. Default 2 GiB − 1. */
  readonly uploadLimitBytes?: number;
  /** What all links together may have sent without an answer; above it the link that holds most is ended. Default 512 MiB, at least 8 MiB. */
  readonly inboundLimitBytes?: number;
  /** What one daemon may use, in MiB; one that uses more is ended and its task says so. At least 128. Default 0: no limit. */
  readonly daemonMemoryMb?: number;
  /** Sessions that nobody used for so long are deleted with everything in them. Default 0: never. */
  readonly sessionTtlMs?: number;
  /** Data sets that nobody used for so long are deleted. Default 0: never. */
  readonly dataTtlMs?: number;
  /** How often the two above are looked at. Default 60,000. */
  readonly gcIntervalMs?: number;
  /** Between `heartbeat` events; 0 sends none. Default 5,000. */
  readonly heartbeatMs?: number;
  /** Time a new connection has for `auth`. Default 10,000. */
  readonly authDeadlineMs?: number;
  /** Where alerts of runs are posted, and what signs them. Default: TRAINYARD_ALERT_WEBHOOK and TRAINYARD_ALERT_SECRET, else nowhere. */
  readonly alertWebhook?: { readonly url: string; readonly secret?: string } | null;
  /** How long progress is gathered before it is written and sent. Default 50. */
  readonly flushMs?: number;
  /** Folder of the built page. Default: the package's own. */
  readonly pageDir?: string;
  /** 0 silent, 1 (default) connections and jobs on standard error. */
  readonly verbosity?: number;
  /** Where log lines go. Default: standard error. */
  readonly log?: (line: string) => void;
  /** Replaces the work behind jobs and imports, and the clock; for tests. */
  readonly parts?: {
    readonly clock?: Clock;
    readonly runner?: JobRunner;
    readonly training?: ComputeProfile;
    readonly dataProfile?: ComputeProfile;
    readonly importTask?: TaskReference;
  };
}

export type CompleteOptions = Required<Omit<ServeOptions, "parts" | "tls" | "promptsDir">> &
  Pick<ServeOptions, "parts" | "promptsDir"> & { readonly isDefaultPort: boolean; readonly tls: TlsIdentity | null };

const LOOPBACK_HOSTS: readonly string[] = ["127.0.0.1", "localhost", "::1"];
/** Where other machines may guess. */
const NETWORK_TOKEN_MIN = 16;
const FOREVER = Number.MAX_SAFE_INTEGER;

/** Checks the options and fills in defaults. @throws {InvalidArgumentError} naming the option and what it takes. */
export function completeOptions(options: ServeOptions, env: NodeJS.ProcessEnv = process.env): CompleteOptions {
  const { port, isDefaultPort } = toPort(options.port, env);
  const verbosity = whole("verbosity", options.verbosity, 1, 0, 9);
  const dataDir = resolve(options.dataDir ?? defaultDataDir(env));
  const givenToken = options.token ?? (env.TRAINYARD_TOKEN || undefined);
  const host = toHost(options.host, givenToken, options.tls !== undefined);
  const tls = options.tls === undefined ? null : readTls(options.tls);
  if (options.hsts === true && tls === null) throw new InvalidArgumentError("hsts needs tls: without it, browsers ignore the wish.");
  return {
    port,
    isDefaultPort,
    host,
    tls,
    hsts: options.hsts ?? false,
    token: toToken(givenToken),
    dataDir,
    saveDir: resolve(options.saveDir ?? join(dataDir, "saved")),
    daemons: whole("daemons", options.daemons, Math.max(1, availableParallelism() - 1), 1, 1024),
    origins: toOrigins(options.origins),
    maxConcurrent: whole("maxConcurrent", options.maxConcurrent, 2, 1, 1024),
    maxSessions: whole("maxSessions", options.maxSessions, 16, 1, 1_000_000),
    maxHandles: whole("maxHandles", options.maxHandles, 16, 1, 1_000_000),
    maxQueuedJobs: whole("maxQueuedJobs", options.maxQueuedJobs, 100, 0, 1_000_000),
    uploadLimitBytes: whole("uploadLimitBytes", options.uploadLimitBytes, 2 ** 31 - 1, 1, 2 ** 31 - 1),
    inboundLimitBytes: whole("inboundLimitBytes", options.inboundLimitBytes, 512 * 2 ** 20, 8 * 2 ** 20, FOREVER),
    daemonMemoryMb: toDaemonMemory(options.daemonMemoryMb),
    sessionTtlMs: whole("sessionTtlMs", options.sessionTtlMs, 0, 0, FOREVER),
    dataTtlMs: whole("dataTtlMs", options.dataTtlMs, 0, 0, FOREVER),
    gcIntervalMs: whole("gcIntervalMs", options.gcIntervalMs, 60_000, 10, 2 ** 31 - 1),
    heartbeatMs: whole("heartbeatMs", options.heartbeatMs, 5000, 0, 2 ** 31 - 1),
    authDeadlineMs: whole("authDeadlineMs", options.authDeadlineMs, 10_000, 10, 2 ** 31 - 1),
    alertWebhook: toWebhook(options.alertWebhook, env),
    flushMs: whole("flushMs", options.flushMs, 50, 0, 10_000),
    pageDir: resolve(options.pageDir ?? fileURLToPath(new URL("../../dist/ui", import.meta.url))),
    verbosity,
    log: verbosity === 0 ? () => {} : (options.log ?? ((line) => void process.stderr.write(`${new Date().toISOString()} ${line}\n`))),
    ...(options.parts === undefined ? {} : { parts: options.parts }),
    ...(options.promptsDir === undefined ? {} : { promptsDir: resolve(options.promptsDir) }),
  };
}

/** Where programs keep data on this platform. */
export function defaultDataDir(env: NodeJS.ProcessEnv): string {
  if (env.TRAINYARD_DATA_DIR) return env.TRAINYARD_DATA_DIR;
  if (process.platform === "darwin") return join(homedir(), "Library", "Application Support", "trainyard");
  if (process.platform === "win32") return join(env.LOCALAPPDATA ?? join(homedir(), "AppData", "Local"), "trainyard");
  return join(env.XDG_DATA_HOME || join(homedir(), ".local", "share"), "trainyard");
}

function toWebhook(given: ServeOptions["alertWebhook"], env: NodeJS.ProcessEnv): CompleteOptions["alertWebhook"] {
  if (given === null) return null;
  const url = given?.url ?? env.TRAINYARD_ALERT_WEBHOOK;
  const secret = given === undefined ? env.TRAINYARD_ALERT_SECRET : given.secret;
  return url ? { url: toWebhookUrl(url), ...(secret ? { secret } : {}) } : null;
}

function toPort(given: number | undefined, env: NodeJS.ProcessEnv): { readonly port: number; readonly isDefaultPort: boolean } {
  if (given !== undefined) return { port: given === 0 ? 0 : portIn("port", given), isDefaultPort: false };
  const name = env.TRAINYARD_PORT ? "TRAINYARD_PORT" : "RTEMISLIVE_PORT";
  const text = env[name];
  if (!text) return { port: 5757, isDefaultPort: true };
  return { port: portIn(name, /^\d+$/.test(text) ? Number(text) : Number.NaN, text), isDefaultPort: false };
}

function portIn(name: string, value: number, shown: unknown = value): number {
  if (Number.isInteger(value) && value >= 1024 && value <= 49_151) return value;
  throw new InvalidArgumentError(`${name} must be a whole number from 1024 to 49151, got ${String(shown)}.`);
}

function toHost(host: string | undefined, token: unknown, isSecure: boolean): string {
  if (host === undefined) return "127.0.0.1";
  if (LOOPBACK_HOSTS.includes(host)) return host;
  if (host === "" || /[\s/@]/.test(host)) throw new InvalidArgumentError(`host must be an address or a name, got "${host}".`);
  const missing = [
    ...(isSecure ? [] : ["a certificate (--tls-cert and --tls-key)"]),
    ...(token === undefined ? ["a token (--token)"] : []),
  ];
  if (missing.length > 0) {
    throw new InvalidArgumentError(
      `To listen on ${host}, where other machines can connect, TLS and a token are needed; give ${missing.join(" and ")}. Without them host is one of ${LOOPBACK_HOSTS.join(", ")}, and an SSH tunnel reaches it.`,
    );
  }
  if (typeof token === "string" && token.length < NETWORK_TOKEN_MIN) {
    throw new InvalidArgumentError(
      `token must have at least ${NETWORK_TOKEN_MIN} characters where other machines can connect, got ${token.length}.`,
    );
  }
  return host;
}

function toDaemonMemory(given: number | undefined): number {
  return given === 0 ? 0 : whole("daemonMemoryMb", given, 0, 128, 1_048_576);
}

function toToken(token: unknown): string {
  if (token === undefined) return generateToken();
  if (typeof token === "string" && token !== "") return token;
  throw new InvalidArgumentError("token must be a text that is not empty; leave it out for a random one.");
}

function whole(name: string, value: number | undefined, fallback: number, min: number, max: number): number {
  if (value === undefined) return fallback;
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  throw new InvalidArgumentError(`${name} must be a whole number from ${min} to ${max}, got ${value}.`);
}
