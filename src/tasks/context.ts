import type { StreamRandom } from "../core/lecuyer.ts";
import type { MiraiContext, TaskLike } from "./mirai-context.ts";
import type { NoteKind, TaskCode } from "./profile.ts";

/** What a task's context asks of whoever runs the task. */
export interface ContextHost {
  readonly signal: AbortSignal;
  readonly cache: Map<string, unknown>;
  readonly constants: Readonly<Record<string, unknown>>;
  random(): StreamRandom;
  note(value: unknown, kind: NoteKind): void;
  transfer(buffers: readonly ArrayBuffer[]): void;
  submit(code: TaskCode, args: unknown): Promise<unknown>;
  breathe(): Promise<void>;
}

/** Its methods may be taken off it: `({ n }, { note }) => note(n)`. */
export class Context implements MiraiContext {
  readonly cache: Map<string, unknown>;
  readonly constants: Readonly<Record<string, unknown>>;
  readonly #host: ContextHost;
  #random: StreamRandom | null = null;

  constructor(host: ContextHost) {
    this.#host = host;
    this.cache = host.cache;
    this.constants = host.constants;
  }

  get signal(): AbortSignal {
    return this.#host.signal;
  }

  get random(): StreamRandom {
    this.#random ??= this.#host.random();
    return this.#random;
  }

  readonly note = (value: unknown): void => this.#host.note(value, "note");
  readonly log = (message: string): void => this.#host.note(String(message), "log");
  readonly progress = (fraction: number, message?: string): void =>
    this.#host.note(message === undefined ? { fraction } : { fraction, message }, "progress");
  readonly breathe = (): Promise<void> => this.#host.breathe();
  readonly run = async <Args, Result>(task: TaskLike<Args, Result>, args: Args): Promise<Result> => {
    const { toTaskCode } = await import("./code.ts"); // the parser in it is loaded only where it is used
    return (await this.#host.submit(toTaskCode(task), args)) as Result;
  };
  readonly transfer = <T>(value: T, buffers: readonly ArrayBuffer[]): T => {
    this.#host.transfer(buffers);
    return value;
  };
}
