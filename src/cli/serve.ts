import { spawn } from "node:child_process";
import { InvalidArgumentError } from "../core/errors.ts";
import type { ServeOptions } from "../server/serve.ts";
import { secondsOption, wholeNumber } from "./arguments.ts";

export interface ServeFlags {
  readonly port?: string;
  readonly host?: string;
  readonly token?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly tlsPassphraseEnv?: string;
  readonly hsts?: boolean;
  readonly dataDir?: string;
  readonly daemons?: string;
  readonly maxConcurrent?: string;
  readonly maxSessions?: string;
  readonly maxHandles?: string;
  readonly maxQueuedJobs?: string;
  readonly daemonMemory?: string;
  readonly inboundLimit?: string;
  readonly sessionTtl?: string;
  readonly dataTtl?: string;
  readonly gcInterval?: string;
  readonly heartbeat?: string;
  readonly origins?: string;
  readonly saveDir?: string;
  readonly prompts?: string;
  readonly open?: boolean;
  readonly verbosity?: string;
}

/** `trainyard serve`: runs until it is interrupted. */
export async function serveCommand(flags: ServeFlags): Promise<void> {
  const options = serveOptions(flags);
  const { serve } = await import("../server/serve.ts");
  const interrupted = new Promise<void>((resolve) => {
    process.once("SIGINT", resolve);
    process.once("SIGTERM", resolve);
  });
  const server = await serve(options);
  const address = `${server.url}#token=${server.token}`;
  if ((options.verbosity ?? 1) > 0) {
    process.stdout.write(`Trainyard is ready: ${address}\nData is kept in ${server.dataDir}. Press Ctrl C to stop.\n`);
  }
  if (flags.open === true) openInBrowser(address);
  await interrupted;
  await server.close();
}

function serveOptions(flags: ServeFlags): ServeOptions {
  const given = {
    port: wholeNumber("--port", flags.port, 0, 49_151),
    host: flags.host,
    token: flags.token,
    tls: tlsOption(flags),
    hsts: flags.hsts,
    dataDir: flags.dataDir,
    daemons: wholeNumber("--daemons", flags.daemons, 1, 256),
    maxConcurrent: wholeNumber("--max-concurrent", flags.maxConcurrent, 1, 1024),
    maxSessions: wholeNumber("--max-sessions", flags.maxSessions, 1, 100_000),
    maxHandles: wholeNumber("--max-handles", flags.maxHandles, 1, 1_000_000),
    maxQueuedJobs: wholeNumber("--max-queued-jobs", flags.maxQueuedJobs, 0, 1_000_000),
    daemonMemoryMb: wholeNumber("--daemon-memory", flags.daemonMemory, 0, 1_048_576),
    inboundLimitBytes: mebibytes("--inbound-limit", flags.inboundLimit),
    sessionTtlMs: secondsOption("--session-ttl", flags.sessionTtl),
    dataTtlMs: secondsOption("--data-ttl", flags.dataTtl),
    gcIntervalMs: secondsOption("--gc-interval", flags.gcInterval),
    heartbeatMs: secondsOption("--heartbeat", flags.heartbeat),
    origins: flags.origins?.split(",").map((origin) => origin.trim()),
    saveDir: flags.saveDir,
    promptsDir: flags.prompts,
    verbosity: wholeNumber("--verbosity", flags.verbosity, 0, 2),
  };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

function mebibytes(option: string, text: string | undefined): number | undefined {
  const value = wholeNumber(option, text, 8, 1_048_576);
  return value === undefined ? undefined : value * 2 ** 20;
}

function tlsOption({ tlsCert, tlsKey, tlsPassphraseEnv }: ServeFlags): ServeOptions["tls"] {
  if (tlsCert === undefined && tlsKey === undefined && tlsPassphraseEnv === undefined) return undefined;
  if (tlsCert === undefined || tlsKey === undefined) {
    throw new InvalidArgumentError("TLS needs both --tls-cert and --tls-key; a passphrase only belongs to them.");
  }
  if (tlsPassphraseEnv === undefined) return { certFile: tlsCert, keyFile: tlsKey };
  const passphrase = process.env[tlsPassphraseEnv];
  if (passphrase === undefined)
    throw new InvalidArgumentError(`--tls-passphrase-env: there is no environment variable ${tlsPassphraseEnv}.`);
  return { certFile: tlsCert, keyFile: tlsKey, passphrase };
}

/** Opens an address where a person is likely to look at it; does nothing, silently, where there is no screen. */
function openInBrowser(address: string): void {
  const hasScreen = process.platform !== "linux" || process.env.DISPLAY !== undefined || process.env.WAYLAND_DISPLAY !== undefined;
  if (!hasScreen || !process.stdout.isTTY || process.env.CI !== undefined) return;
  const [command, ...before] =
    process.platform === "darwin" ? ["open"] : process.platform === "win32" ? ["cmd", "/c", "start", ""] : ["xdg-open"];
  const child = spawn(command!, [...before, address], { stdio: "ignore", detached: true });
  child.on("error", () => {}); // no browser: the address is on the screen
  child.unref();
}
