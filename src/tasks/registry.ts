import { AsyncLocalStorage } from "node:async_hooks";
import { TrainyardError } from "../core/errors.ts";
import { nextStream, type StreamState } from "../core/lecuyer.ts";
import type { Batch } from "./batch.ts";
import type { RunExtras } from "./messages.ts";
import type { MiraiListener, MiraiWork } from "./mirai.ts";
import type { DaemonProfile, RunOptions } from "./open-profile.ts";
import type { TaskCode } from "./profile.ts";
import type { Supply } from "./supply.ts";
import { labelOf } from "./supply.ts";
import type { SyncProfile } from "./sync-profile.ts";
import { beginTask, isTracing, tellSet } from "./telemetry.ts";
import type { TraceCarrier } from "./trace-carrier.ts";

/** Anything that a profile's name can stand for. */
export type AnyProfile = DaemonProfile | SyncProfile;

/** A named profile and what submissions to it share. */
export interface Entry {
  readonly name: string;
  readonly profile: AnyProfile;
  /** Names that `everywhere` put on the daemons' global object. */
  readonly knownGlobals: Set<string>;
  readonly retries: number;
  /** Stream of the next task; null without a seed. */
  stream: StreamState | null;
  /** The span of its making; null without telemetry. */
  readonly set?: TraceCarrier | null;
  /** Where its daemons come from, as it was set. */
  readonly where?: string;
}

const entries = new Map<string, Entry>();
const current = new AsyncLocalStorage<string>();

export const DEFAULT_PROFILE = "default";

/** The profile that functions use when none is named: set by `withProfile` and `withDaemons`, carried across `await`. */
export function currentProfile(): string {
  return current.getStore() ?? DEFAULT_PROFILE;
}

export function runWithProfile<T>(name: string, work: () => T): T {
  return current.run(name, work);
}

export function setEntry(entry: Entry): void {
  entries.set(entry.name, entry);
}

export function dropEntry(entry: Entry): void {
  if (entries.get(entry.name) !== entry) return;
  entries.delete(entry.name);
  if (entry.set !== undefined && entry.set !== null) tellSet("reset", entry.name, entry.where ?? "", entry.set);
}

export function maybeEntry(name: string = currentProfile()): Entry | null {
  return entries.get(name) ?? null;
}

/** @throws {TrainyardError} `not_found` with the call that makes one. */
export function entryOf(name: string = currentProfile()): Entry {
  const entry = entries.get(name);
  if (entry !== undefined) return entry;
  const option = name === DEFAULT_PROFILE ? "" : `, { profile: ${JSON.stringify(name)} }`;
  throw new TrainyardError("not_found", `profile "${name}" has no daemons; make some: await daemons(4${option})`, {
    details: { profile: name },
  });
}

/** What goes with every task of `mirai`, `miraiMap` and `everywhere`. */
export interface Submission {
  readonly code: TaskCode;
  readonly globals?: Readonly<Record<string, unknown>>;
  readonly signal?: AbortSignal;
  readonly retries?: number;
  readonly daemon?: string;
  readonly transfer?: readonly ArrayBuffer[];
  readonly constants?: Supply | null;
  readonly batch?: Batch | null;
  readonly isMapped?: boolean;
}

/** Sends one task; the profile's stream moves on only when it was accepted. */
export function submitTo(entry: Entry, submission: Submission, args: unknown, listener: MiraiListener): MiraiWork {
  const { stream } = entry;
  const options = runOptionsOf(submission, listener, stream, entry.retries);
  const work = isTracing() ? runTraced(entry, submission, args, options) : entry.profile.run(submission.code, args, options);
  if (stream !== null) entry.stream = nextStream(stream);
  return work;
}

function runTraced(entry: Entry, submission: Submission, args: unknown, options: RunOptions): MiraiWork {
  const span = beginTask(labelOf(submission.code), entry.name, entry.set ?? null);
  if (span === null) return entry.profile.run(submission.code, args, options);
  try {
    const work = entry.profile.run(submission.code, args, { ...options, extras: { ...options.extras, trace: span.carrier } });
    work.result.then(
      () => span.end(),
      (error: unknown) => span.end(error instanceof TrainyardError ? error.code : "failed"),
    );
    return work;
  } catch (error) {
    span.end("refused");
    throw error;
  }
}

/** Takes the next stream of a seeded profile; null without a seed. For programs that hand out streams themselves. */
export function takeStream(entry: Entry): StreamState | null {
  const { stream } = entry;
  if (stream !== null) entry.stream = nextStream(stream);
  return stream;
}

/** One object with what was given and nothing else: it is made for each task. */
function runOptionsOf(submission: Submission, listener: MiraiListener, stream: StreamState | null, retriesByDefault: number): RunOptions {
  const { globals, isMapped, signal, daemon, transfer, constants = null, batch = null, retries = retriesByDefault } = submission;
  const options: { -readonly [K in keyof RunOptions]: RunOptions[K] } = {
    onStart: listener.onStart,
    onNote: listener.onNote,
    retries,
    constants,
    batch,
  };
  if (signal !== undefined) options.signal = signal;
  if (daemon !== undefined) options.daemon = daemon;
  if (transfer !== undefined) options.transfer = transfer;
  if (globals === undefined && isMapped !== true && stream === null) return options;
  const extras: { -readonly [K in keyof RunExtras]: RunExtras[K] } = {};
  if (globals !== undefined) extras.globals = globals;
  if (isMapped === true) extras.isMapped = true;
  if (stream !== null) extras.stream = stream;
  options.extras = extras;
  return options;
}
