import { type ErrorCode, messageOf, TrainyardError } from "../core/errors.ts";

/** The numbers that mirai gives to failures of its transport. */
export const ERROR_VALUES = { TIMED_OUT: 5, OBJECT_CLOSED: 7, CONNECTION_RESET: 19, OPERATION_CANCELED: 20 } as const;
export type ErrorValue = (typeof ERROR_VALUES)[keyof typeof ERROR_VALUES];

/** Base of every way in which a task can fail. A failure is a value: `collect` returns it, `await` throws it. */
export class MiraiFailure extends TrainyardError {
  override readonly name: string = "MiraiFailure";
  /** mirai's number; null when the task itself failed. */
  readonly errorValue: ErrorValue | null = null;
}

/** The task threw. `cause` is what it threw: name, message, remote stack, its own fields, its own cause. */
export class TaskError extends MiraiFailure {
  override readonly name = "TaskError";
  /** Stack in the daemon, without frames of ours; null when what was thrown had none. */
  readonly remoteStack: string | null;
  /** Class names of what was thrown, as far as they travel. */
  readonly remoteClass: string;

  constructor(label: string, thrown: unknown) {
    const isError = typeof thrown === "object" && thrown !== null && "message" in thrown;
    const name = isError && "name" in thrown ? String(thrown.name) : typeof thrown;
    const message = isError ? String(thrown.message) : messageOf(thrown);
    super("task_failed", `task "${label}" failed: ${name}: ${message}`, { cause: thrown, details: { name } });
    this.remoteClass = name;
    this.remoteStack = isError && "stack" in thrown && typeof thrown.stack === "string" ? trimmed(thrown.stack) : null;
  }
}

/** The time for queueing, for running, or for both was over. The task was cancelled. */
export class TaskTimeout extends MiraiFailure {
  override readonly name = "TaskTimeout";
  override readonly errorValue = ERROR_VALUES.TIMED_OUT;
  constructor(message: string) {
    super("timeout", `5 | Timed out: ${message}`, { retryable: true });
  }
}

/** The daemon that ran the task was terminated on purpose, or what it was to run on is closed. */
export class ObjectClosed extends MiraiFailure {
  override readonly name = "ObjectClosed";
  override readonly errorValue = ERROR_VALUES.OBJECT_CLOSED;
}

/** The daemon was lost, or the profile was reset. `details`: exit status, signal, last lines of standard error. */
export class DaemonLost extends MiraiFailure {
  override readonly name = "DaemonLost";
  override readonly errorValue = ERROR_VALUES.CONNECTION_RESET;
}

/** `cancel()` was called, or the signal aborted; its reason is the `cause`. */
export class TaskCancelled extends MiraiFailure {
  override readonly name = "TaskCancelled";
  override readonly errorValue = ERROR_VALUES.OPERATION_CANCELED;
}

/** The failure that a dispatcher's error means. `hasThrown`: the task's own code threw it. */
export function failureOf(label: string, error: unknown, hasThrown: boolean): MiraiFailure {
  if (!(error instanceof TrainyardError)) return new TaskError(label, error);
  if (hasThrown) return new TaskError(label, error.code === "task_failed" && error.cause !== undefined ? error.cause : error);
  const options = { cause: error.cause, details: error.details, retryable: error.retryable };
  const make = (Class: typeof MiraiFailure, code: ErrorCode, text: string): MiraiFailure =>
    new Class(code, `${text}: ${error.message}`, options);
  if (error.code === "closed") return make(ObjectClosed, "closed", "7 | Object closed");
  if (error.code === "cancelled" && error.details.isReset !== true) return make(TaskCancelled, "cancelled", "20 | Operation canceled");
  return make(DaemonLost, "daemon_lost", "19 | Connection reset");
}

/** Any failed task, whatever the reason. */
export function isFailure(value: unknown): value is MiraiFailure {
  return value instanceof MiraiFailure;
}

/** The task itself threw. */
export function isTaskError(value: unknown): value is TaskError {
  return value instanceof TaskError;
}

/** Frames of the executor and of Node's own code say nothing about the task. */
function trimmed(stack: string): string {
  return stack
    .split("\n")
    .filter((line) => !/\/tasks\/(?:executor|load-code|context|sync-profile)\.[jt]s|\(?node:internal\//.test(line))
    .join("\n");
}
