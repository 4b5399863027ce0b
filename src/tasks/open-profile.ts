import { InvalidArgumentError } from "../core/errors.ts";
import { encodeFrame } from "../wire/frames.ts";
import { Dispatcher, type DispatcherOptions } from "./dispatcher.ts";
import type { OpenLink } from "./links/link.ts";
import { openProcessLink } from "./links/process-link.ts";
import type { ComputeProfile, ProfileOptions, ProfileStatus, SubmitOptions, TaskHandle, TaskReference } from "./profile.ts";
import { Task } from "./task.ts";

/** Increases over all profiles of the process. */
let tasksMade = 0;

/**
 * A compute profile whose daemons are child processes of this one. They end with it, however it ends. Idle daemons do not keep this process alive.
 *
 * @param openLink how to start an executor; the default starts a child process.
 * @throws {InvalidArgumentError} for an option outside its range.
 */
export function openProfile(options: ProfileOptions, openLink?: OpenLink): ComputeProfile {
  const { nodeArguments = [] } = options;
  return new Profile(completed(options), openLink ?? ((events) => openProcessLink({ nodeArguments }, events)));
}

class Profile implements ComputeProfile {
  readonly name: string;
  readonly #dispatcher: Dispatcher;

  constructor(options: DispatcherOptions, openLink: OpenLink) {
    this.name = options.name;
    this.#dispatcher = new Dispatcher(options, openLink);
  }

  /**
   * `args` are encoded now; binary values above 4 kB are not copied but read when the task is sent, so leave them unchanged until it settles.
   * @throws {InvalidArgumentError} when `args` cannot be sent or `task` is no module reference; {TrainyardError} `queue_full`, `closed`, `too_large`.
   */
  submit<Result>(task: TaskReference, args: unknown, options: SubmitOptions = {}): TaskHandle<Result> {
    assertReference(task);
    assertCount("retries", options.retries ?? 0, 0);
    this.#dispatcher.assertOpen();
    const id = ++tasksMade;
    const frame = encodeFrame({ type: "run", id, module: task.module, export: task.export, args });
    const made = new Task(id, task, frame, options, (self) => this.#dispatcher.cancel(self));
    if (options.signal?.aborted === true) made.abandon(" before it was submitted");
    else this.#dispatcher.submit(made);
    return made as TaskHandle<unknown> as TaskHandle<Result>; // the result's type is the caller's word: it comes from another process
  }

  status(): ProfileStatus {
    return this.#dispatcher.status;
  }

  resize(daemons: number): void {
    assertCount("daemons", daemons, 1);
    this.#dispatcher.resize(daemons);
  }

  close(): Promise<void> {
    return this.#dispatcher.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

function completed(options: ProfileOptions): DispatcherOptions {
  const { name = "default", daemons, lazy = false, queueLimit = 1_000_000, cancelGraceMs = 200, warmSpare = false, idleMs = 0 } = options;
  assertCount("daemons", daemons, 1);
  assertCount("queueLimit", queueLimit, 1);
  assertCount("cancelGraceMs", cancelGraceMs, 0);
  assertCount("idleMs", idleMs, 0);
  return { name, daemons, lazy, queueLimit, cancelGraceMs, warmSpare, idleMs };
}

function assertCount(option: string, value: number, least: number): void {
  if (Number.isSafeInteger(value) && value >= least) return;
  throw new InvalidArgumentError(`${option} must be a whole number of at least ${least}, not ${value}`, { details: { option } });
}

function assertReference(task: TaskReference): void {
  if (typeof task.module === "string" && task.module.startsWith("file:") && typeof task.export === "string" && task.export !== "") return;
  throw new InvalidArgumentError(`a task is { module: file URL, export: function name }, not ${JSON.stringify(task)}`);
}
