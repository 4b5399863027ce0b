import { InvalidArgumentError, TrainyardError } from "../../core/errors.ts";
import { didYouMean } from "../../core/nearest.ts";
import { dial } from "./dial.ts";
import { join } from "./handshake.ts";
import { type JoinToken, parseToken } from "./join-token.ts";
import { type LinkOutcome, supervise } from "./supervisor.ts";
import { type DaemonTls, pemOf } from "./tls-settings.ts";
import { type DaemonUrl, isTls, parseUrl } from "./url.ts";

export interface DialInOptions {
  /** The host's join token. Default: the environment's `TRAINYARD_TOKEN`. */
  readonly token?: string;
  /** When the link is lost or the host resets its profile: end at once, finish the running task first, or stay and dial again. Default "kill". */
  readonly autoExit?: "kill" | "finish" | "persist";
  /** For how long to dial again, at the start and after a lost link. Default 0; without end for "persist". */
  readonly retryMs?: number;
  /** Leave after so long without a task; 0 never. Default 0. */
  readonly idleMs?: number;
  /** Leave at this age, between tasks; 0 never. Default 0. */
  readonly wallMs?: number;
  /** Leave after so many tasks; 0 never. Default 0. */
  readonly maxTasks?: number;
  /** False: what tasks leave behind stays, whatever the host says. Default true. */
  readonly cleanup?: boolean;
  /** Whether what tasks print is printed here. Default false. */
  readonly output?: boolean;
  /** Trust in a host's own certificate. A generated one needs none: the token names it. */
  readonly tls?: DaemonTls;
  /** A sign of life is sent so often. Default 5000. */
  readonly heartbeatMs?: number;
  /** After so long without one from the host the link counts as lost. Default 60,000: the host may be busy. */
  readonly patienceMs?: number;
  /** For one attempt to reach the host and to join. Default 10,000. */
  readonly joinTimeoutMs?: number;
  /** Ends the daemon, and the task that it runs. */
  readonly signal?: AbortSignal;
}

/** Why a daemon left. */
export type LeaveReason = "reset" | "leave" | "idle" | "wall" | "tasks" | "lost" | "signal";

const OPTION_TYPES: Readonly<Record<keyof DialInOptions, string>> = {
  token: "string",
  autoExit: "string",
  retryMs: "number",
  idleMs: "number",
  wallMs: "number",
  maxTasks: "number",
  cleanup: "boolean",
  output: "boolean",
  tls: "object",
  heartbeatMs: "number",
  patienceMs: "number",
  joinTimeoutMs: "number",
  signal: "object",
};
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5000;

/**
 * Makes this process a daemon of the profile that listens at `url`: its tasks run in child processes of this one. Resolves when it has left.
 *
 * @throws {InvalidArgumentError} at once for a URL, token or option that cannot be; {TrainyardError} `unavailable` when nobody answers within
 *   `retryMs`, `refused` (never tried again) for a wrong token or certificate.
 */
export async function daemon(url: string, options: DialInOptions = {}): Promise<LeaveReason> {
  const settings = completed(url, options);
  let isFirst = true;
  for (;;) {
    let stream: Awaited<ReturnType<typeof reach>>;
    try {
      stream = await reach(settings);
    } catch (error) {
      if (settings.signal.aborted) return "signal";
      if (!isFirst && error instanceof TrainyardError && error.retryable) return "lost";
      throw error;
    }
    isFirst = false;
    const outcome = await supervise(stream, { ...settings, finishes: settings.autoExit === "finish" });
    const reason = reasonToLeave(settings, outcome);
    if (reason !== null) return reason;
  }
}

/** Null: dial again. */
function reasonToLeave({ signal, autoExit, retryMs }: Settings, { bye }: LinkOutcome): LeaveReason | null {
  if (signal.aborted) return "signal";
  if (bye === "reset") return autoExit === "persist" ? null : "reset";
  if (bye !== null) return bye;
  return retryMs > 0 ? null : "lost";
}

interface Settings extends Required<Omit<DialInOptions, "token" | "tls">> {
  readonly url: DaemonUrl;
  readonly token: JoinToken;
  readonly ca: string | null;
}

/** A link on which both ends have proved themselves. Dials again, with growing pauses, for `retryMs`. */
async function reach({ url, token, ca, retryMs, joinTimeoutMs, signal }: Settings) {
  const start = performance.now();
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(LONGEST_PAUSE_MS, 2 * pauseMs)) {
    try {
      const { fingerprint } = token;
      const stream = await dial(url, { fingerprint, deadlineMs: joinTimeoutMs, ...(ca === null ? {} : { ca }) });
      try {
        await join(stream, token.secret, joinTimeoutMs);
      } catch (error) {
        stream.destroy();
        throw error;
      }
      return stream;
    } catch (error) {
      const isLasting = !(error instanceof TrainyardError) || !error.retryable;
      if (isLasting || signal.aborted || performance.now() - start + pauseMs > retryMs) throw error;
    }
    await paused(pauseMs * (0.5 + Math.random() / 2), signal);
  }
}

function paused(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done, { once: true });
  });
}

function completed(text: string, options: DialInOptions): Settings {
  for (const [name, value] of Object.entries(options)) {
    const expected = (OPTION_TYPES as Readonly<Record<string, string | undefined>>)[name];
    if (expected === undefined)
      throw new InvalidArgumentError(`daemon() has no option "${name}".${didYouMean(name, Object.keys(OPTION_TYPES))}`);
    if (value !== undefined && typeof value !== expected)
      throw new InvalidArgumentError(`${name} must be a ${expected}, not ${typeof value}`);
  }
  const url = parseUrl(text);
  const {
    autoExit = "kill",
    retryMs = autoExit === "persist" ? Number.POSITIVE_INFINITY : 0,
    idleMs = 0,
    wallMs = 0,
    maxTasks = 0,
  } = options;
  const { heartbeatMs = 5000, patienceMs = 60_000, joinTimeoutMs = 10_000, cleanup = true, output = false } = options;
  const { token = process.env.TRAINYARD_TOKEN, tls, signal = new AbortController().signal } = options;
  if (autoExit !== "kill" && autoExit !== "finish" && autoExit !== "persist") {
    throw new InvalidArgumentError(`autoExit must be "kill", "finish" or "persist", not "${String(autoExit)}"`);
  }
  for (const [name, value] of Object.entries({ idleMs, wallMs, maxTasks, heartbeatMs, patienceMs, joinTimeoutMs })) {
    if (!(Number.isSafeInteger(value) && value >= 0 && value < 2 ** 31))
      throw new InvalidArgumentError(`${name} must be a whole number of at least 0, not ${value}`);
  }
  if (!(retryMs >= 0)) throw new InvalidArgumentError(`retryMs must be 0 or more, not ${retryMs}`);
  if (token === undefined) throw new InvalidArgumentError("a daemon needs the host's join token: give token, or set TRAINYARD_TOKEN");
  const ca = tls === undefined ? null : pemOf("tls.ca", tls.ca);
  const parsed = parseToken(token);
  if (!isTls(url) && parsed.fingerprint !== null)
    throw new InvalidArgumentError(`the join token names a certificate, but "${text}" is no URL with TLS`);
  const limits = { idleMs, wallMs, maxTasks, heartbeatMs, patienceMs, joinTimeoutMs };
  return { url, token: parsed, ca, autoExit, retryMs, cleanup, output, signal, ...limits };
}
