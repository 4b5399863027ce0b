import { TrainyardError } from "../core/errors.ts";
import { type StreamState, streamOfSeed } from "../core/lecuyer.ts";
import { assertOptions, type DaemonsOptions, profileOptions } from "./daemons-options.ts";
import { launchAt } from "./launchers/launch.ts";
import type { Launched } from "./launchers/launcher.ts";
import { daemonMark } from "./mirai-context.ts";
import { DaemonProfile, listenerOf, openDaemonProfile } from "./open-profile.ts";
import type { DaemonExit, DaemonStatus } from "./profile.ts";
import { currentProfile, dropEntry, type Entry, entryOf, maybeEntry, runWithProfile, setEntry, takeStream } from "./registry.ts";
import { joinCommand } from "./remote/join-command.ts";
import { RemoteProfile } from "./remote/remote-profile.ts";
import { SyncProfile } from "./sync-profile.ts";
import { tellSet } from "./telemetry.ts";

/** A profile that `daemons` has set. `await using` resets it at the end of the block. */
export interface Daemons extends AsyncDisposable {
  readonly profile: string;
  /** True after setting, false after resetting. */
  readonly isSet: boolean;
  /** Where daemons dial in, with the real port; null for local ones. */
  readonly url: string | null;
  /** What they must know to join; null for local ones. Treat it as a password. */
  readonly token: string | null;
  /** The shell command that starts a daemon for this profile on any machine with Trainyard; null for local ones. */
  readonly joinCommand: string | null;
  /** What `remote` launched. */
  readonly launched: readonly Launched[];
  /** Resolves when at least so many daemons are connected. Rejects with `closed` when the profile is reset before. */
  connected(least: number): Promise<void>;
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
  const count = options.url !== undefined || options.sync === true ? 1 : (options.n ?? 0);
  if (count > 0 && options.url === undefined && daemonMark()?.isMapped === true) {
    throw new TrainyardError("refused", "daemons() was called in a task of a map: each would start daemons of its own; set them outside");
  }
  const before = maybeEntry(name);
  if (count === 0) return reset(name, before);
  const entry = makeEntry(name, count, options);
  setEntry(entry);
  return settled(entry, before, count, options);
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

/** From now on daemons need another token to join; those that have joined stay. @returns it. @throws {TrainyardError} `refused` without a URL. */
export function rotateToken(profile?: string): string {
  return remoteProfileOf(entryOf(profile)).remote.rotateToken();
}

/** Resets a profile, and ends its daemons for good: also those with `autoExit: "persist"`, which would dial again. */
export async function dismissDaemons(profile?: string): Promise<void> {
  const entry = maybeEntry(profile);
  if (entry === null) return;
  dropEntry(entry);
  if (entry.profile instanceof RemoteProfile) await entry.profile.leave("leave");
  else await entry.profile.close();
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
  /** Where daemons dial in; null for local ones. */
  readonly url: string | null;
  readonly daemons: readonly DaemonStatus[];
  /** Why daemons are gone: the last 100. */
  readonly exits: readonly DaemonExit[];
  readonly memory: { readonly usedMb: number; readonly peakMb: number; readonly capacityMb: number | null };
}

export function status(profile?: string): Status {
  const entry = maybeEntry(profile);
  if (entry === null) return { connections: 0, url: null, daemons: [], exits: [], memory: { usedMb: 0, peakMb: 0, capacityMb: null } };
  const { connections, usedBytes, peakBytes } = entry.profile.tally();
  const limit = entry.profile instanceof DaemonProfile ? (entry.profile.options.memoryLimitBytes ?? 0) : 0;
  const memory = { usedMb: usedBytes / 1e6, peakMb: peakBytes / 1e6, capacityMb: limit === 0 ? null : limit / 1e6 };
  const url = entry.profile instanceof RemoteProfile ? entry.profile.remote.url : null;
  return { connections, url, daemons: entry.profile.status().daemons, exits: [...entry.profile.exits], memory };
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
  const nothing = async (): Promise<void> => {};
  const none = { url: null, token: null, joinCommand: null, launched: [] };
  return { profile: name, isSet: false, ...none, connected: nothing, reset: nothing, [Symbol.asyncDispose]: nothing };
}

async function settled(entry: Entry, before: Entry | null, count: number, options: DaemonsOptions): Promise<Daemons> {
  await before?.profile.close();
  const { profile } = entry;
  const close = async (): Promise<void> => {
    dropEntry(entry);
    await profile.close();
  };
  let launched: readonly Launched[] = [];
  if (profile instanceof RemoteProfile) {
    try {
      await profile.remote.listening;
      if (options.remote !== undefined) launched = await launchAt(profile.remote, options.remote, { n: options.n });
    } catch (error) {
      await close();
      throw error;
    }
  } else if (profile instanceof DaemonProfile) await connected(entry, count);
  const remote = profile instanceof RemoteProfile ? profile.remote : null;
  return {
    profile: entry.name,
    isSet: true,
    url: remote?.url ?? null,
    get token() {
      return remote?.token ?? null;
    },
    get joinCommand() {
      return remote === null ? null : joinCommand(remote.url, remote.token);
    },
    launched,
    connected: (least) => connectedAtLeast(entry, least),
    reset: close,
    [Symbol.asyncDispose]: close,
  };
}

async function connectedAtLeast(entry: Entry, least: number): Promise<void> {
  const { profile } = entry;
  while (profile.tally().connections < least && profile instanceof DaemonProfile) {
    if (maybeEntry(entry.name) !== entry)
      throw new TrainyardError("closed", `profile "${entry.name}" was reset before ${least} daemons had joined`);
    await profile.whenChanged();
  }
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
  const profile = makeProfile(name, count, options);
  const where = options.url ?? (options.sync === true ? "sync" : options.thread === true ? "thread" : "process");
  const set = tellSet("set", name, where, null);
  return { name, profile, knownGlobals: new Set(), retries: options.retry ?? 0, stream, set, where };
}

function daemonProfileOf(entry: Entry): DaemonProfile {
  if (entry.profile instanceof DaemonProfile) return entry.profile;
  throw new TrainyardError("refused", `profile "${entry.name}" is synchronous: it has no daemons`);
}

function isDealt(entry: Entry): boolean {
  return entry.profile instanceof DaemonProfile && entry.profile.options.dealt === true;
}

function makeProfile(name: string, count: number, options: DaemonsOptions): Entry["profile"] {
  const common = { ...profileOptions(options), name };
  if (options.sync === true) return new SyncProfile(name);
  if (options.url === undefined) return openDaemonProfile({ ...common, daemons: count });
  const { url, tls, joinToken, allowPlaintext, nodeArguments, output = "discard", daemonMemoryMb = 0 } = options;
  const { heartbeatMs = 5000, patienceMs = 15_000, joinTimeoutMs = 10_000 } = options;
  const given = Object.fromEntries(
    Object.entries({ tls, joinToken, allowPlaintext, nodeArguments }).filter(([, value]) => value !== undefined),
  );
  const limits = { heartbeatMs, patienceMs, joinTimeoutMs, memoryMb: daemonMemoryMb };
  return new RemoteProfile(common, { url, ...given, ...limits, onOutput: listenerOf(output) });
}

/** @throws {TrainyardError} `refused` for a profile whose daemons are local. */
export function remoteProfileOf(entry: Entry): RemoteProfile {
  if (entry.profile instanceof RemoteProfile) return entry.profile;
  throw new TrainyardError("refused", `profile "${entry.name}" does not listen: set its daemons with a url first`);
}
