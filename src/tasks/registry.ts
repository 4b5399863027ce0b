import { AsyncLocalStorage } from "node:async_hooks";
import { TrainyardError } from "../core/errors.ts";
import { nextStream, type StreamState } from "../core/lecuyer.ts";
import type { Batch } from "./batch.ts";
import type { RunExtras } from "./messages.ts";
import type { MiraiWork } from "./mirai.ts";
import type { DaemonProfile, RunOptions } from "./open-profile.ts";
import type { NoteKind, TaskCode } from "./profile.ts";
import type { Supply } from "./supply.ts";
import type { SyncProfile } from "./sync-profile.ts";

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
  if (entries.get(entry.name) === entry) entries.delete(entry.name);
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
  readonly args: unknown;
  readonly globals?: Readonly<Record<string, unknown>>;
  readonly signal?: AbortSignal;
  readonly retries?: number;
  readonly daemon?: string;
  readonly transfer?: readonly ArrayBuffer[];
  readonly constants?: Supply | null;
  readonly batch?: Batch | null;
  readonly isMapped?: boolean;
  readonly onStart: () => void;
  readonly onNote: (value: unknown, kind: NoteKind) => void;
}

/** Sends one task; the profile's stream moves on only when it was accepted. */
export function submitTo(entry: Entry, submission: Submission): MiraiWork {
  const { stream } = entry;
  const work = entry.profile.run(submission.code, submission.args, { retries: entry.retries, ...runOptionsOf(submission, stream) });
  if (stream !== null) entry.stream = nextStream(stream);
  return work;
}

/** Takes the next stream of a seeded profile; null without a seed. For programs that hand out streams themselves. */
export function takeStream(entry: Entry): StreamState | null {
  const { stream } = entry;
  if (stream !== null) entry.stream = nextStream(stream);
  return stream;
}

function runOptionsOf(submission: Submission, stream: StreamState | null): RunOptions {
  const { globals, isMapped, code: _code, args: _args, ...rest } = submission;
  if (globals === undefined && isMapped !== true && stream === null) return withoutUndefined(rest);
  const extras: RunExtras = {
    ...(globals === undefined ? {} : { globals }),
    ...(isMapped === true ? { isMapped } : {}),
    ...(stream === null ? {} : { stream }),
  };
  return { ...withoutUndefined(rest), extras };
}

/** Options left out and options that are undefined mean the same. */
function withoutUndefined<T extends object>(options: T): T {
  const copy = { ...options };
  for (const key of Object.keys(copy) as (keyof T)[]) if (copy[key] === undefined) delete copy[key];
  return copy;
}
