import type { TrainyardError } from "../core/errors.ts";
import { BadFrameError } from "../wire/bad-frame.ts";
import { takeCodecFailure } from "../wire/codecs.ts";
import type { CodecReference } from "./codecs.ts";
import type { NoteKind, TaskCode } from "./profile.ts";
import type { TraceCarrier } from "./trace-carrier.ts";

/** What comes with a task beside its code and arguments. All optional; what is absent costs nothing. */
export interface RunExtras {
  /** Put on the global object while the task runs. */
  readonly globals?: Readonly<Record<string, unknown>>;
  /** Key of a `constant` message that came before. */
  readonly constants?: number;
  /** The task's random stream: six words. */
  readonly stream?: readonly number[];
  /** What it leaves behind stays: cleaning up takes the state after it as the new start. */
  readonly isSetup?: boolean;
  /** It is one element of a map. */
  readonly isMapped?: boolean;
  /** The host's span of this task. */
  readonly trace?: TraceCarrier;
}

/** Sent once, before anything else, when the daemon has settings other than the defaults. */
export interface InitMessage {
  readonly type: "init";
  readonly cleanup: boolean;
  readonly autoExit: "kill" | "finish";
  /** Stream for tasks that have none of their own. */
  readonly stream: readonly number[] | null;
  /** To be imported before anything else is read. */
  readonly codecs?: readonly CodecReference[];
}

/** How a nested task ended, for the task that submitted it. */
export interface ReplyMessage {
  readonly type: "reply";
  readonly call: number;
  readonly isDone: boolean;
  readonly value: unknown;
}

/**
 * From the dispatcher to an executor. `code` and `constant` come before the first `run` that names their key. `drop` comes after a recall: the last
 * `count` tasks that wait there run elsewhere, the others may begin.
 */
export type HostMessage =
  | InitMessage
  | { readonly type: "code"; readonly key: number; readonly code: TaskCode }
  | { readonly type: "constant"; readonly key: number; readonly value: unknown; readonly failure?: TrainyardError | null }
  | { readonly type: "forget"; readonly key: number }
  | {
      readonly type: "run";
      readonly id: number;
      readonly code: number;
      readonly args: unknown;
      readonly extras?: RunExtras;
      readonly failure?: TrainyardError;
    }
  | { readonly type: "abort"; readonly id: number }
  /** The host's span of this executor's coming. */
  | { readonly type: "trace"; readonly connect: TraceCarrier }
  | { readonly type: "drop"; readonly count: number }
  | ReplyMessage;

/** A task submits another one to the profile it runs in. `call` is its own number for the answer. */
export interface SubmitMessage {
  readonly type: "submit";
  readonly id: number;
  readonly call: number;
  readonly code: TaskCode;
  readonly args: unknown;
  /** A codec could not read its arguments. */
  readonly failure?: TrainyardError | null;
}

/**
 * From an executor to the dispatcher. `ready` comes once and first; `dropped` answers `drop`; `note`s of a task come before its `done` or `failed`; tasks are answered in the
 * order in which they were given.
 */
export type ExecutorMessage =
  | { readonly type: "ready" }
  | { readonly type: "dropped" }
  | { readonly type: "note"; readonly id: number; readonly value: unknown; readonly kind: NoteKind }
  | { readonly type: "done"; readonly id: number; readonly value: unknown }
  | { readonly type: "failed"; readonly id: number; readonly error: unknown }
  | SubmitMessage;

type Fields = Readonly<Partial<Record<string, unknown>>>;

/** @throws {BadFrameError} for anything that an executor may not send. */
export function toExecutorMessage(value: unknown): ExecutorMessage {
  const failure = takeCodecFailure(); // of the message that was read just now
  if (typeof value !== "object" || value === null || !("type" in value)) throw new BadFrameError("a message must be an object with a type");
  const message = value as Fields;
  if (message.type === "ready" || message.type === "dropped") return { type: message.type };
  const { id } = message;
  if (typeof id !== "number") throw new BadFrameError("a message must name its task");
  switch (message.type) {
    case "note":
      return {
        type: "note",
        id,
        value: failure ?? message.value,
        kind: message.kind === "progress" || message.kind === "log" ? message.kind : "note",
      };
    case "done":
      return failure === null ? { type: "done", id, value: message.value } : { type: "failed", id, error: failure };
    case "failed":
      return { type: "failed", id, error: failure ?? message.error };
    case "submit":
      if (typeof message.call !== "number") throw new BadFrameError("a nested task must have a number");
      return { type: "submit", id, call: message.call, code: toCode(message.code), args: message.args, failure };
    default:
      throw new BadFrameError(`an executor cannot send ${JSON.stringify(message.type)}`);
  }
}

/** @throws {BadFrameError} for anything that a dispatcher may not send. The host is trusted: what depends on its word alone is not checked. */
export function toHostMessage(value: unknown): HostMessage {
  const failure = takeCodecFailure(); // of the message that was read just now
  if (typeof value !== "object" || value === null) throw new BadFrameError("a message must be an object");
  const message = value as Fields;
  switch (message.type) {
    case "init":
      return message as unknown as InitMessage;
    case "code":
      return { type: "code", key: toNumber(message.key), code: toCode(message.code) };
    case "constant":
      return { type: "constant", key: toNumber(message.key), value: message.value, failure };
    case "forget":
      return { type: "forget", key: toNumber(message.key) };
    case "run": {
      const extras = message.extras as RunExtras | undefined;
      const run = { type: "run", id: toNumber(message.id), code: toNumber(message.code), args: message.args } as const;
      if (failure !== null) return { ...run, ...(extras === undefined ? {} : { extras }), failure };
      return extras === undefined ? run : { ...run, extras };
    }
    case "trace":
      return { type: "trace", connect: message.connect as TraceCarrier };
    case "abort":
      return { type: "abort", id: toNumber(message.id) };
    case "drop":
      return { type: "drop", count: toNumber(message.count) };
    case "reply":
      return {
        type: "reply",
        call: toNumber(message.call),
        isDone: message.isDone === true && failure === null,
        value: failure ?? message.value,
      };
    default:
      throw new BadFrameError(`a dispatcher cannot send ${JSON.stringify(message.type)}`);
  }
}

function toNumber(value: unknown): number {
  if (typeof value === "number") return value;
  throw new BadFrameError("a message must name its task or key");
}

function toCode(value: unknown): TaskCode {
  const code = (value ?? {}) as Fields;
  if (typeof code.module === "string" && typeof code.export === "string") return { module: code.module, export: code.export };
  if (typeof code.source === "string") return { source: code.source, label: String(code.label) };
  throw new BadFrameError("code must be a module reference or a function's source");
}
