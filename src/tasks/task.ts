import { messageOf, TrainyardError } from "../core/errors.ts";
import type { EncodedFrame } from "../wire/frames.ts";
import type { Batch } from "./batch.ts";
import type { LinkEnd } from "./links/link.ts";
import type { NoteKind, SubmitOptions, TaskHandle } from "./profile.ts";
import type { Supply } from "./supply.ts";
import type { Queueable, TaskQueue } from "./task-queue.ts";

/** Increases over all profiles of the process. */
let tasksMade = 0;

/** Ids strictly increase in the order of submission. */
export function nextTaskId(): number {
  return ++tasksMade;
}

/** How a task ended: with its value, or with the error that its promise rejects with. */
export interface Outcome {
  readonly isDone: boolean;
  readonly value: unknown;
}

/** The daemon that a task was given to, as the task knows it. */
export interface TaskHolder {
  readonly id: string;
  abort(task: Task, graceMs: number): void;
}

/** What a task is made of. */
export interface TaskParts {
  readonly id: number;
  /** Name of the function, for messages. */
  readonly label: string;
  /** The `run` message. */
  readonly frame: EncodedFrame;
  /** What a daemon must have been given before. */
  readonly needs?: readonly Supply[];
  /** Tasks with the same batch may be given to a daemon several at a time. */
  readonly batch?: Batch | null;
  /** 0 for a task of the host's, one more than its parent's for one that a task submitted. */
  readonly depth?: number;
  /** It prepares its daemon for others, and counts for nothing else. */
  readonly isSetup?: boolean;
}

/**
 * One submitted task: the caller's handle and the dispatcher's record. Invariants:
 *  1. It settles once; later outcomes change nothing.
 *  2. Once settled it holds neither its arguments nor the caller's signal.
 */
export class Task implements TaskHandle<unknown>, Queueable<Task> {
  before: Task | null = null;
  after: Task | null = null;
  readonly id: number;
  readonly label: string;
  /** The `run` message, until the task settles. */
  frame: EncodedFrame | null;
  needs: readonly Supply[];
  readonly batch: Batch | null;
  readonly depth: number;
  readonly isSetup: boolean;
  /** Settled for its caller, and run all the same. */
  isDisowned = false;
  /** Its own code threw: whatever the error looks like, it says nothing about the daemon. */
  hasThrown = false;
  /** Its handle was made before a daemon joined that could take it. */
  isOwed = false;
  retriesLeft: number;
  /** The queue it waits in; null when it waits in none. */
  home: TaskQueue<Task> | null = null;
  /** The daemon that it was given to, until that answered or is gone. */
  daemon: TaskHolder | null = null;
  #state: TaskHandle<unknown>["state"] = "queued";
  #hasStarted = false;
  readonly #options: SubmitOptions;
  readonly #onCancel: (task: Task) => boolean;
  #onAbort: (() => void) | null = null;
  /** Made when it is asked for: a handle of its own may listen instead. */
  #result: Promise<unknown> | null = null;
  #outcome: Outcome | null = null;
  #listeners: ((outcome: Outcome) => void)[] | null = null;

  constructor(parts: TaskParts, options: SubmitOptions, onCancel: (task: Task) => boolean) {
    this.id = parts.id;
    this.label = parts.label;
    this.frame = parts.frame;
    this.needs = parts.needs ?? [];
    this.batch = parts.batch ?? null;
    this.depth = parts.depth ?? 0;
    this.isSetup = parts.isSetup ?? false;
    this.retriesLeft = options.retries ?? 0;
    this.#options = options;
    this.#onCancel = onCancel;
    if (options.signal !== undefined) {
      this.#onAbort = () => void this.cancel();
      options.signal.addEventListener("abort", this.#onAbort, { once: true });
    }
  }

  get result(): Promise<unknown> {
    if (this.#result === null) {
      this.#result = new Promise((resolve, reject) => this.whenSettled(({ isDone, value }) => (isDone ? resolve(value) : reject(value))));
      this.#result.catch(() => {}); // a handle may be dropped; that must not end the host
    }
    return this.#result;
  }

  /** Called once, in the turn in which it settles; now when it has. */
  whenSettled(listener: (outcome: Outcome) => void): void {
    if (this.#outcome !== null) listener(this.#outcome);
    else if (this.#listeners === null) this.#listeners = [listener];
    else this.#listeners.push(listener);
  }

  get state(): TaskHandle<unknown>["state"] {
    return this.#state;
  }

  get isSettled(): boolean {
    return this.#state !== "queued" && this.#state !== "running";
  }

  cancel(): boolean {
    return !this.isSettled && this.#onCancel(this);
  }

  start(daemonId: string): void {
    if (this.isSettled) return;
    this.#state = "running";
    if (this.#hasStarted) return;
    this.#hasStarted = true;
    if (this.#options.onStart !== undefined) callUser(this.#options.onStart, daemonId);
  }

  /** A daemon has it, behind others that end soon. */
  given(): void {
    if (!this.isSettled) this.#state = "running";
  }

  /** It stands in the queue again: its daemon died, or had no time for it. */
  queuedAgain(): void {
    if (!this.isSettled) this.#state = "queued";
  }

  note(value: unknown, kind: NoteKind): void {
    const { onNote } = this.#options;
    if (!this.isSettled && onNote !== undefined) callUser((note) => onNote(note, kind), value);
  }

  finish(value: unknown): boolean {
    return this.#settle("done", value);
  }

  /** Settles as cancelled; `why` is the end of the sentence. */
  abandon(why: string, details: Readonly<Record<string, unknown>> = {}): boolean {
    if (this.isSettled) return false;
    const { signal } = this.#options;
    const cause: unknown = signal?.aborted === true ? signal.reason : undefined;
    const message = `task "${this.label}" was cancelled${why}`;
    return this.#settle("cancelled", new TrainyardError("cancelled", message, { cause, details: { task: this.id, ...details } }));
  }

  fail(error: TrainyardError): boolean {
    return this.#settle("failed", error);
  }

  #settle(state: "done" | "failed" | "cancelled", value: unknown): boolean {
    if (this.isSettled) return false;
    this.#state = state;
    const outcome = { isDone: state === "done", value };
    this.#outcome = outcome;
    if (!this.isDisowned) {
      this.frame = null;
      this.needs = [];
    }
    if (this.#onAbort !== null) this.#options.signal?.removeEventListener("abort", this.#onAbort);
    const listeners = this.#listeners;
    this.#listeners = null;
    if (listeners !== null) for (const listener of listeners) listener(outcome);
    return true;
  }
}

/** A fault in a caller's callback is the caller's: it surfaces as an uncaught error and leaves the dispatcher's state alone. */
function callUser<T>(callback: (value: T) => void, value: T): void {
  try {
    callback(value);
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}

/** What a handle rejects with when its task threw: our own errors as they are, anything else as the cause of `task_failed`. */
export function taskFailure(task: Task, thrown: unknown): TrainyardError {
  if (thrown instanceof TrainyardError) return thrown;
  const name = thrown instanceof Error ? thrown.name : typeof thrown;
  const code = thrown instanceof Error && "code" in thrown ? { code: thrown.code } : {};
  return new TrainyardError("task_failed", `task "${task.label}" failed: ${messageOf(thrown)}`, {
    cause: thrown,
    details: { task: task.id, export: task.label, name, ...code },
  });
}

export function daemonLost(what: string, daemon: { readonly id: string; readonly pid: number | null }, end: LinkEnd): TrainyardError {
  const stderr = end.stderr.trimEnd();
  const lastLine = stderr.slice(stderr.lastIndexOf("\n") + 1);
  const says = stderr === "" ? "" : `; it last wrote: ${lastLine}`;
  return new TrainyardError("daemon_lost", `${what}: ${howItEnded(end)}${says}`, {
    retryable: true,
    details: { daemon: daemon.id, pid: daemon.pid, exitCode: end.exitCode, signal: end.signal, stderr },
    ...(end.cause === undefined ? {} : { cause: end.cause }),
  });
}

function howItEnded(end: LinkEnd): string {
  if (end.cause !== undefined) return messageOf(end.cause);
  if (end.signal !== null) return `its process was ended by ${end.signal}`;
  return `its process exited with status ${end.exitCode ?? "unknown"}`;
}
