import { InvalidArgumentError } from "../core/errors.ts";
import { didYouMean } from "../core/nearest.ts";
import type { Launcher } from "./launchers/launcher.ts";
import type { OutputListener } from "./profile.ts";
import type { HostTls } from "./remote/tls-settings.ts";

/** Node itself needs about 40. */
const LEAST_MEMORY_MB = 64;
const REMOTE_ONLY = ["tls", "joinToken", "allowPlaintext", "remote", "heartbeatMs", "patienceMs", "joinTimeoutMs"] as const;

/** Everything about a profile. Only `n` or `url` is needed; unknown options are refused. */
export interface DaemonsOptions {
  /** How many daemons; 0 resets the profile. */
  readonly n?: number;
  readonly profile?: string;
  /** One queue for all daemons, tasks to idle ones only, cancelling. Without: each daemon is dealt a backlog of its own. Default true. */
  readonly dispatcher?: boolean;
  /** Evaluate in this process at submission instead, for tests. Default false. */
  readonly sync?: boolean;
  /** Worker threads instead of processes. Default false. */
  readonly thread?: boolean;
  /** A random stream per task, chosen by the order of submission: results do not depend on the number of daemons. Default: one per daemon. */
  readonly seed?: number;
  /** How often a task is run again when its daemon dies. Default 0. */
  readonly retry?: number;
  /** What a daemon in the middle of a task does when this process dies. Default "kill". */
  readonly autoExit?: "kill" | "finish";
  /** Whether globals, environment, working directory and process listeners are put back after each task. Default true. */
  readonly cleanup?: boolean;
  /** Default "discard". */
  readonly output?: "discard" | "inherit" | OutputListener;
  /** A daemon leaves after so long without a task, and is started again on demand; 0 never. Default 0. */
  readonly idleMs?: number;
  /** A daemon of this age leaves between tasks; 0 never. Default 0. */
  readonly wallMs?: number;
  /** A daemon leaves after so many tasks; 0 never. Default 0. */
  readonly maxTasks?: number;
  /** Whether daemons that left or were lost are replaced. Default true. */
  readonly respawn?: boolean;
  /** Keep one started spare. Default false. */
  readonly warmSpare?: boolean;
  /** Between asking a cancelled task to stop and replacing its daemon. Default 200 ms. */
  readonly cancelGraceMs?: number;
  /**
   * Queued tasks of one function that may go to a daemon at a time, at most about 4 ms of work. They leave the queue in order, and count as running from then
   * on; those behind one that turns out long are taken back. Default 64 for daemons here, 1 for others; 1: one by one.
   */
  readonly prefetch?: number;
  /** Queued tasks beyond this are refused. Default 1,000,000. */
  readonly queueLimit?: number;
  /** Queued arguments, in MB of 10⁶ bytes, from which on tasks are refused; not positive or not finite: unlimited. */
  readonly memoryLimitMb?: number;
  readonly nodeArguments?: readonly string[];
  /** What one daemon's process may use, in MiB: beyond it the task fails and the daemon is replaced. Default 0: no limit. */
  readonly daemonMemoryMb?: number;
  /** Listen here for daemons that dial in, instead of starting some: tcp:, tls+tcp:, ws:, wss: or ipc:. Port 0 is any free one. */
  readonly url?: string;
  /** The host's own certificate. Default for TLS: one made for this profile, which the join token names. */
  readonly tls?: HostTls;
  /** A join token of before, so that daemons that persist can join again. Default: a new one. Not with a certificate made for the profile. */
  readonly joinToken?: string;
  /** Lets tcp: and ws: leave this machine, readable by whoever is between. Default false. */
  readonly allowPlaintext?: boolean;
  /** Starts `n` daemons that dial in at `url`; default as many as it names. */
  readonly remote?: Launcher;
  /** A sign of life to daemons that dialled in is sent so often. Default 5000. */
  readonly heartbeatMs?: number;
  /** After so long without one from a daemon it counts as lost. Default 15,000. */
  readonly patienceMs?: number;
  /** What dials in has so long to prove that it knows the join token. Default 10,000. */
  readonly joinTimeoutMs?: number;
}

const OPTION_TYPES: Readonly<Record<keyof DaemonsOptions, string>> = {
  n: "number",
  profile: "string",
  dispatcher: "boolean",
  sync: "boolean",
  thread: "boolean",
  seed: "number",
  retry: "number",
  autoExit: "string",
  cleanup: "boolean",
  output: "string or function",
  idleMs: "number",
  wallMs: "number",
  maxTasks: "number",
  respawn: "boolean",
  warmSpare: "boolean",
  cancelGraceMs: "number",
  prefetch: "number",
  queueLimit: "number",
  memoryLimitMb: "number",
  nodeArguments: "object",
  daemonMemoryMb: "number",
  url: "string",
  tls: "object",
  joinToken: "string",
  allowPlaintext: "boolean",
  remote: "object",
  heartbeatMs: "number",
  patienceMs: "number",
  joinTimeoutMs: "number",
};

/** What a profile is made with, wherever its daemons run. */
export function profileOptions(options: DaemonsOptions) {
  const {
    n: _n,
    profile: _profile,
    dispatcher = true,
    sync: _sync,
    seed: _seed,
    retry: _retry,
    url: _url,
    tls: _tls,
    joinToken: _joinToken,
    allowPlaintext: _plain,
    remote: _remote,
    heartbeatMs: _heartbeat,
    patienceMs: _patience,
    joinTimeoutMs: _join,
    memoryLimitMb = 0,
    cleanup = true,
    ...same
  } = options;
  const isLimited = Number.isFinite(memoryLimitMb) && memoryLimitMb > 0;
  return {
    ...same,
    cleanup: cleanup && options.thread !== true,
    dealt: !dispatcher,
    memoryLimitBytes: isLimited ? Math.round(memoryLimitMb * 1e6) : 0,
  };
}

/** @throws {InvalidArgumentError} for an option that is unknown, of another type, outside its range, or that does not go with another. */
export function assertOptions(options: DaemonsOptions): void {
  for (const [name, value] of Object.entries(options)) {
    const expected = (OPTION_TYPES as Readonly<Record<string, string | undefined>>)[name];
    if (expected === undefined) {
      throw new InvalidArgumentError(`daemons() has no option "${name}".${didYouMean(name, Object.keys(OPTION_TYPES))}`, {
        details: { option: name },
      });
    }
    if (value !== undefined && !expected.split(" or ").includes(typeof value)) {
      throw new InvalidArgumentError(`${name} must be a ${expected}, not ${JSON.stringify(value) ?? typeof value}`, {
        details: { option: name },
      });
    }
  }
  assertRanges(options);
  if (options.url === undefined) assertLocal(options);
  else assertRemote(options);
}

function assertRanges({ n, seed, autoExit = "kill", daemonMemoryMb = 0 }: DaemonsOptions): void {
  if (n !== undefined && !(Number.isSafeInteger(n) && n >= 0))
    throw new InvalidArgumentError(`n must be a whole number of at least 0, not ${n}`);
  if (seed !== undefined && !Number.isSafeInteger(seed)) throw new InvalidArgumentError(`seed must be a whole number, not ${seed}`);
  if (autoExit !== "kill" && autoExit !== "finish")
    throw new InvalidArgumentError(`autoExit must be "kill" or "finish", not "${autoExit}"`);
  if (daemonMemoryMb !== 0 && !(Number.isSafeInteger(daemonMemoryMb) && daemonMemoryMb >= LEAST_MEMORY_MB)) {
    throw new InvalidArgumentError(`daemonMemoryMb must be a whole number of at least ${LEAST_MEMORY_MB}, or 0, not ${daemonMemoryMb}`);
  }
}

function assertLocal({ n, sync = false, autoExit = "kill", thread = false, dispatcher = true, ...options }: DaemonsOptions): void {
  if (n === undefined && !sync) throw new InvalidArgumentError("daemons() needs a number of daemons: daemons(4), or daemons(0) to reset");
  if (thread && autoExit === "finish")
    throw new InvalidArgumentError('threads end with their process: autoExit cannot be "finish" for them');
  if (thread && options.cleanup === true)
    throw new InvalidArgumentError("threads share the process that cleanup would put back; use processes, or maxTasks: 1");
  if (!dispatcher && options.warmSpare === true) throw new InvalidArgumentError("a warm spare needs a dispatcher");
  for (const name of REMOTE_ONLY) {
    if (options[name] !== undefined)
      throw new InvalidArgumentError(`${name} is for daemons that dial in; it needs a url`, { details: { option: name } });
  }
}

function assertRemote({ n, remote, thread, sync, dispatcher = true, autoExit = "kill", ...options }: DaemonsOptions): void {
  const refuse = (option: string, why: string): never => {
    throw new InvalidArgumentError(`${option} does not go with url: ${why}`, { details: { option } });
  };
  if (thread === true) refuse("thread", "daemons that dial in are processes");
  if (sync === true) refuse("sync", "a synchronous profile has no daemons");
  if (!dispatcher) refuse("dispatcher: false", "who dials in is given tasks when idle, and only then");
  if (autoExit === "finish") refuse("autoExit", "say it to the daemons: trainyard daemon URL --auto-exit finish");
  if (options.respawn === false) refuse("respawn", "a daemon that dialled in replaces its own executors");
  if (n !== undefined && remote === undefined) refuse("n", "any number of daemons may dial in; add remote to launch some");
  for (const name of ["heartbeatMs", "patienceMs", "joinTimeoutMs"] as const) {
    const ms = options[name];
    if (ms !== undefined && !(Number.isSafeInteger(ms) && ms >= 1 && ms < 2 ** 31))
      throw new InvalidArgumentError(`${name} must be a number of milliseconds from 1 to 2147483647, not ${ms}`, {
        details: { option: name },
      });
  }
}
