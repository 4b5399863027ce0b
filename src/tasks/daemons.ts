import { InvalidArgumentError, TrainyardError } from "../core/errors.ts";
import { type StreamState, streamOfSeed } from "../core/lecuyer.ts";
import { didYouMean } from "../core/nearest.ts";
import { daemonMark } from "./mirai-context.ts";
import { DaemonProfile, openDaemonProfile } from "./open-profile.ts";
import type { DaemonExit, DaemonStatus, OutputListener } from "./profile.ts";
import { currentProfile, dropEntry, type Entry, entryOf, maybeEntry, runWithProfile, setEntry, takeStream } from "./registry.ts";
import { SyncProfile } from "./sync-profile.ts";

/** Everything about a profile. Only `n` is needed; unknown options are refused. */
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
  /** Queued tasks of one function that may go to a daemon at a time. Default 1: strictly first in, first out. */
  readonly prefetch?: number;
  /** Queued tasks beyond this are refused. Default 1,000,000. */
  readonly queueLimit?: number;
  /** Queued arguments, in MB of 10⁶ bytes, from which on tasks are refused; not positive or not finite: unlimited. */
  readonly memoryLimitMb?: number;
  readonly nodeArguments?: readonly string[];
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
};

/** A profile that `daemons` has set. `await using` resets it at the end of the block. */
export interface Daemons extends AsyncDisposable {
  readonly profile: string;
  /** True after setting, false after resetting. */
  readonly isSet: boolean;
  /** Ends the daemons; what has not settled fails with 19. */
  reset(): Promise<void>;
}

/**
 * Sets the daemons of a profile; what it had before is reset first. Resolves when all are connected. `daemons(0)` resets.
 * Tasks may be submitted without waiting: they are queued.
 *
 * @throws {InvalidArgumentError} at once, for an option that is unknown or outside its range. Nothing has changed by then.
 */
export function daemons(n: number | DaemonsOptions, more: DaemonsOptions = {}): Promise<Daemons> {
  const options: DaemonsOptions = typeof n === "object" && n !== null ? n : { ...more, n };
  assertOptions(options);
  const name = options.profile ?? currentProfile();
  const count = options.sync === true ? 1 : (options.n ?? 0);
  if (count > 0 && daemonMark()?.isMapped === true) {
    throw new TrainyardError("refused", "daemons() was called in a task of a map: each would start daemons of its own; set them outside");
  }
  const before = maybeEntry(name);
  if (count === 0) return reset(name, before);
  const entry = makeEntry(name, count, options);
  setEntry(entry);
  return settled(entry, before, count);
}

/** Runs `work` with these daemons as the current profile, and resets them whatever happens. */
export async function withDaemons<T>(n: number | DaemonsOptions, work: () => T | Promise<T>): Promise<T> {
  const name = typeof n === "object" && n.profile !== undefined ? n.profile : `scope-${++scopesMade}`;
  const set = await daemons(typeof n === "object" ? { ...n, profile: name } : { n, profile: name });
  try {
    return await runWithProfile(name, work);
  } finally {
    await set.reset();
  }
}

let scopesMade = 0;

/** Runs `work` with a profile that exists as the current one. @throws {TrainyardError} `not_found`. */
export function withProfile<T>(name: string, work: () => T): T {
  entryOf(name);
  return runWithProfile(name, work);
}

/** Adds daemons to a profile. @throws {TrainyardError} `not_found`, `refused` for a synchronous profile. */
export function launchLocal(count: number, profile?: string): void {
  const entry = entryOf(profile);
  daemonProfileOf(entry).launch(count);
}

/** Ends one daemon, whatever it does; the task that it runs fails with 7. */
export function terminateDaemon(daemonId: string, profile?: string): void {
  daemonProfileOf(entryOf(profile)).terminate(daemonId);
}

export interface Info {
  /** Daemons connected now. */
  readonly connections: number;
  /** Null where there is no dispatcher that knows. */
  readonly cumulative: number | null;
  readonly awaiting: number | null;
  readonly executing: number | null;
  /** Also failed, cancelled and timed out. */
  readonly completed: number | null;
}

/** Counters of a profile, cheap enough for every task; null when it has no daemons. */
export function info(profile?: string): Info | null {
  const entry = maybeEntry(profile);
  if (entry === null) return null;
  const { connections, cumulative, awaiting, executing, completed } = entry.profile.tally();
  if (isDealt(entry)) return { connections, cumulative: null, awaiting: null, executing: null, completed: null };
  return { connections, cumulative, awaiting, executing, completed };
}

export interface Status {
  readonly connections: number;
  readonly daemons: readonly DaemonStatus[];
  /** Why daemons are gone: the last 100. */
  readonly exits: readonly DaemonExit[];
  readonly memory: { readonly usedMb: number; readonly peakMb: number; readonly capacityMb: number | null };
}

export function status(profile?: string): Status {
  const entry = maybeEntry(profile);
  if (entry === null) return { connections: 0, daemons: [], exits: [], memory: { usedMb: 0, peakMb: 0, capacityMb: null } };
  const { connections, usedBytes, peakBytes } = entry.profile.tally();
  const limit = entry.profile instanceof DaemonProfile ? (entry.profile.options.memoryLimitBytes ?? 0) : 0;
  const memory = { usedMb: usedBytes / 1e6, peakMb: peakBytes / 1e6, capacityMb: limit === 0 ? null : limit / 1e6 };
  return { connections, daemons: entry.profile.status().daemons, exits: [...entry.profile.exits], memory };
}

/** Whether a profile has daemons set. */
export function daemonsSet(profile?: string): boolean {
  return maybeEntry(profile) !== null;
}

/** True, or @throws {TrainyardError} `not_found` with the call to make. */
export function requireDaemons(profile?: string): true {
  entryOf(profile);
  return true;
}

/** Whether this code runs in a daemon. */
export function onDaemon(): boolean {
  return daemonMark() !== null;
}

/** Takes the next random stream of a seeded profile, as the next task would have; null without a seed. */
export function takeNextStream(profile?: string): StreamState | null {
  return takeStream(entryOf(profile));
}

async function reset(name: string, before: Entry | null): Promise<Daemons> {
  if (before !== null) {
    dropEntry(before);
    await before.profile.close();
  }
  return { profile: name, isSet: false, reset: async () => {}, [Symbol.asyncDispose]: async () => {} };
}

async function settled(entry: Entry, before: Entry | null, count: number): Promise<Daemons> {
  await before?.profile.close();
  if (entry.profile instanceof DaemonProfile) await connected(entry, count);
  const close = async (): Promise<void> => {
    dropEntry(entry);
    await entry.profile.close();
  };
  return { profile: entry.name, isSet: true, reset: close, [Symbol.asyncDispose]: close };
}

/** A task for each daemon tells when it is there; where none can be started, its failure tells why. */
async function connected(entry: Entry, count: number): Promise<void> {
  const profile = daemonProfileOf(entry);
  while (profile.tally().cumulative < count && maybeEntry(entry.name) === entry) {
    await profile.whenChanged();
    const failure = profile.startFailure;
    if (failure === null) continue;
    dropEntry(entry);
    await profile.close();
    throw failure;
  }
}

function makeEntry(name: string, count: number, options: DaemonsOptions): Entry {
  const stream = options.seed === undefined ? null : streamOfSeed(options.seed);
  const profile = options.sync === true ? new SyncProfile(name) : openDaemonProfile({ ...profileOptions(options), name, daemons: count });
  return { name, profile, knownGlobals: new Set(), retries: options.retry ?? 0, stream };
}

function profileOptions(options: DaemonsOptions) {
  const {
    n: _n,
    profile: _profile,
    dispatcher = true,
    sync: _sync,
    seed: _seed,
    retry: _retry,
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

function assertOptions(options: DaemonsOptions): void {
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
  const { n, sync = false, seed, autoExit = "kill", thread = false, dispatcher = true } = options;
  if (n === undefined && !sync) throw new InvalidArgumentError("daemons() needs a number of daemons: daemons(4), or daemons(0) to reset");
  if (n !== undefined && !(Number.isSafeInteger(n) && n >= 0))
    throw new InvalidArgumentError(`n must be a whole number of at least 0, not ${n}`);
  if (seed !== undefined && !Number.isSafeInteger(seed)) throw new InvalidArgumentError(`seed must be a whole number, not ${seed}`);
  if (autoExit !== "kill" && autoExit !== "finish")
    throw new InvalidArgumentError(`autoExit must be "kill" or "finish", not "${autoExit}"`);
  if (thread && autoExit === "finish")
    throw new InvalidArgumentError('threads end with their process: autoExit cannot be "finish" for them');
  if (thread && options.cleanup === true)
    throw new InvalidArgumentError("threads share the process that cleanup would put back; use processes, or maxTasks: 1");
  if (!dispatcher && options.warmSpare === true) throw new InvalidArgumentError("a warm spare needs a dispatcher");
}

function daemonProfileOf(entry: Entry): DaemonProfile {
  if (entry.profile instanceof DaemonProfile) return entry.profile;
  throw new TrainyardError("refused", `profile "${entry.name}" is synchronous: it has no daemons`);
}

function isDealt(entry: Entry): boolean {
  return entry.profile instanceof DaemonProfile && entry.profile.options.dealt === true;
}
