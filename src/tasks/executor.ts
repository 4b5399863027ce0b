import { messageOf, TrainyardError } from "../core/errors.ts";
import { BadFrameError } from "../wire/bad-frame.ts";
import type { ExecutorMessage, HostMessage } from "./messages.ts";
import type { TaskContext, TaskFunction } from "./profile.ts";

/** `breathe()` returns at once when the last one that waited is younger. */
const BREATH_MS = 5;

/** The executor's side of a link. */
export interface ExecutorPort {
  /** @throws when the message cannot be encoded; nothing was sent. */
  send(message: ExecutorMessage): void;
  /** Resolves when what was sent no longer waits in memory. */
  drained(): Promise<void>;
  /** Called once, before any user code runs. */
  onFirstRun?(): void;
}

/**
 * Runs the tasks that a dispatcher sends, one at a time. Invariants:
 *  1. Each `run` is answered once, by `done` or `failed`; notes come before the answer.
 *  2. An `abort` for any other task than the running one has no effect: it came too late.
 */
export class Executor {
  readonly #port: ExecutorPort;
  readonly #cache = new Map<string, unknown>();
  readonly #functions = new Map<string, TaskFunction<unknown, unknown>>();
  #running: { readonly id: number; readonly abort: AbortController } | null = null;
  #hasRun = false;
  #breathedAt = 0;

  constructor(port: ExecutorPort) {
    this.#port = port;
  }

  receive(message: HostMessage): void {
    if (message.type === "run") void this.#run(message);
    else if (this.#running?.id === message.id) this.#running.abort.abort(new TrainyardError("cancelled", "the task was cancelled"));
  }

  async #run(message: HostMessage & { type: "run" }): Promise<void> {
    if (this.#running !== null) throw new BadFrameError(`task ${message.id} came while task ${this.#running.id} runs`);
    const { id } = message;
    const abort = new AbortController();
    this.#running = { id, abort };
    if (!this.#hasRun) this.#port.onFirstRun?.();
    this.#hasRun = true;
    this.#breathedAt = performance.now();
    let answer: ExecutorMessage;
    try {
      const task = await this.#load(message.module, message.export);
      answer = { type: "done", id, value: await task(message.args, this.#context(id, abort.signal)) };
    } catch (error) {
      answer = { type: "failed", id, error };
    }
    this.#running = null;
    this.#answer(answer);
  }

  async #load(module: string, name: string): Promise<TaskFunction<unknown, unknown>> {
    const key = `${name} ${module}`;
    const known = this.#functions.get(key);
    if (known !== undefined) return known;
    const exported: unknown = ((await import(module)) as Readonly<Record<string, unknown>>)[name];
    if (typeof exported !== "function") throw new TypeError(`${module} exports no function named "${name}"`);
    const task = exported as TaskFunction<unknown, unknown>;
    this.#functions.set(key, task);
    return task;
  }

  #context(id: number, signal: AbortSignal): TaskContext {
    return {
      signal,
      cache: this.#cache,
      note: (value) => {
        if (this.#running?.id === id) this.#port.send({ type: "note", id, value });
      },
      breathe: () => this.#breathe(),
    };
  }

  async #breathe(): Promise<void> {
    if (performance.now() - this.#breathedAt < BREATH_MS) return;
    await this.#port.drained();
    await new Promise((resolve) => setImmediate(resolve));
    this.#breathedAt = performance.now();
  }

  /** A result or an error that cannot be encoded fails its own task and nothing else. */
  #answer(answer: ExecutorMessage & { id: number }): void {
    try {
      this.#port.send(answer);
    } catch (cause) {
      const error = answer.type === "failed" ? stripped(answer.error) : unsendable(cause);
      this.#port.send({ type: "failed", id: answer.id, error });
    }
  }
}

function unsendable(cause: unknown): TrainyardError {
  return new TrainyardError("task_failed", `the task's result cannot be sent: ${messageOf(cause)}`, { cause });
}

/** The sendable part of an error whose own properties cannot be sent. */
function stripped(error: unknown): unknown {
  if (!(error instanceof Error)) return new Error(`the task threw a ${typeof error} that cannot be sent`);
  const copy = new Error(error.message);
  copy.name = String(error.name);
  if (typeof error.stack === "string") copy.stack = error.stack;
  const code = (error as { code?: unknown }).code;
  return typeof code === "string" || typeof code === "number" ? Object.assign(copy, { code }) : copy;
}
