import { availableParallelism } from "node:os";
import { InvalidArgumentError } from "../core/errors.ts";
import { toTaskCode } from "./code.ts";
import { failureOf } from "./failure.ts";
import { assertTimeouts, Mirai, type MiraiWork, type Timeouts } from "./mirai.ts";
import type { TaskLike } from "./mirai-context.ts";
import type { Note } from "./notes.ts";
import { openDaemonProfile } from "./open-profile.ts";
import type { TaskCode } from "./profile.ts";
import { currentProfile, DEFAULT_PROFILE, type Entry, entryOf, maybeEntry, type Submission, submitTo } from "./registry.ts";
import { labelOf, type Supply } from "./supply.ts";
import type { SyncWork } from "./sync-profile.ts";

/** Options of one task. */
export interface MiraiOptions<Constants = Readonly<Record<string, unknown>>> extends Timeouts {
  /** The profile to run on. Default: the current one. */
  readonly profile?: string;
  /** On the daemon's global object while the task runs. Names here count as declared in a shipped function. */
  readonly globals?: Readonly<Record<string, unknown>>;
  /** `task.constants`: the same rules as for arguments. */
  readonly constants?: Constants;
  /** Aborting cancels; its reason is the failure's cause. */
  readonly signal?: AbortSignal;
  /** How often to run again when its daemon dies. Default: the profile's. */
  readonly retries?: number;
  /** The id of the daemon to run on, of those that `status()` lists. */
  readonly daemon?: string;
  /** Buffers in the arguments that are moved instead of copied, where daemons are threads. */
  readonly transfer?: readonly ArrayBuffer[];
  /** Called with each note when it comes. */
  readonly onNote?: (note: Note) => void;
}

/**
 * Runs `task(args, context)` on a daemon and returns at once. Without daemons in the default profile, a process is started for this one task.
 *
 * @param task a module reference, or a function of its own: nothing of the code around it travels. A name that it does not declare is an error here.
 * @param args one value, copied now; binary values above 4 kB are read when the task is sent, so leave them unchanged until it settles.
 * @throws {InvalidArgumentError} for a task or arguments that cannot be sent; {TrainyardError} `not_found` for a profile without daemons,
 *   `queue_full`. Nothing was submitted by then.
 */
export function mirai<Args, Result, Constants = Readonly<Record<string, unknown>>>(
  task: TaskLike<Args, Result, Constants>,
  args?: Args,
  options: MiraiOptions<Constants> = {},
): Mirai<Result> {
  const entry = entryFor(options.profile);
  const code = checkedCode(task, entry, options.globals);
  assertTimeouts(options);
  const handle = new Mirai<Result>(labelOf(code), entry.name, options);
  const constants = options.constants === undefined ? null : entry.profile.constants(options.constants);
  const work = submitTo(entry, submissionOf(code, constants, options), args, handle.listen(options.onNote));
  follow(handle, work);
  if (constants !== null) void handle.settled().then(() => entry.profile.forget(constants));
  return handle;
}

/** As `mirai`, or null when the profile's queue is full: nothing was queued, and no random stream used. */
export function tryMirai<Args, Result, Constants = Readonly<Record<string, unknown>>>(
  task: TaskLike<Args, Result, Constants>,
  args?: Args,
  options: MiraiOptions<Constants> = {},
): Mirai<Result> | null {
  return entryFor(options.profile).profile.hasRoom ? mirai(task, args, options) : null;
}

/** Resolves when the profile's queue takes more: await it before each `mirai` of a long series. */
export async function room(profile?: string): Promise<void> {
  await maybeEntry(profile)?.profile.room();
}

/** Binds a handle to its work; what has ended already is there at once. */
export function follow<T>(handle: Mirai<T>, work: MiraiWork | SyncWork): void {
  handle.follow(work as MiraiWork);
  if (!("outcome" in work) || work.outcome === null) return;
  const { isDone, value } = work.outcome;
  handle.settleNow(isDone ? { ok: true, value: value as T } : { ok: false, error: failureOf(handle.label, value, work.hasThrown) });
}

/** The code of a task, checked against what the daemons of its profile will know. */
export function checkedCode(task: TaskLike<never, unknown, never>, entry: Entry, globals: Readonly<Record<string, unknown>> = {}) {
  if (task === undefined) throw new InvalidArgumentError("there is no task to run: give a function or { module, export }");
  if (typeof globals !== "object" || globals === null || Array.isArray(globals)) {
    throw new InvalidArgumentError("globals must be a record, so that each value has a name");
  }
  const names = Object.keys(globals);
  return toTaskCode(task, names.length === 0 ? entry.knownGlobals : new Set([...entry.knownGlobals, ...names]));
}

/** The profile's entry; without daemons in the default profile, the one that starts a process for each task. */
export function entryFor(name: string = currentProfile()): Entry {
  if (name !== DEFAULT_PROFILE) return entryOf(name);
  return maybeEntry(name) ?? ephemeral();
}

let ephemeralEntry: Entry | null = null;

/** Daemons for one task each; as many at a time as there are processors, and at least two. */
function ephemeral(): Entry {
  ephemeralEntry ??= {
    name: "ephemeral",
    profile: openDaemonProfile({
      name: "ephemeral",
      daemons: Math.max(2, availableParallelism()),
      lazy: true,
      maxTasks: 1,
      idleMs: 1000,
    }),
    knownGlobals: new Set(),
    retries: 0,
    stream: null,
  };
  return ephemeralEntry;
}

/** What is not given is undefined, and read as absent: one object for each task, made quickly. */
function submissionOf(code: TaskCode, constants: Supply | null, options: MiraiOptions<unknown>): Submission {
  const { globals, signal, retries, daemon, transfer } = options;
  return { code, constants, globals, signal, retries, daemon, transfer } as Submission;
}
