import { TrainyardError } from "../core/errors.ts";
import { StreamRandom } from "../core/lecuyer.ts";
import type { ContextHost } from "./context.ts";
import type { ExecutorMessage, RunExtras } from "./messages.ts";
import type { NoteKind, TaskCode } from "./profile.ts";

const NO_CONSTANTS: Readonly<Record<string, unknown>> = Object.freeze({});

/** What a turn needs of the executor that gives it. */
export interface TurnHost {
  readonly cache: Map<string, unknown>;
  constantsOf(key: number): unknown;
  daemonRandom(): StreamRandom;
  send(message: ExecutorMessage): void;
  call(id: number, code: TaskCode, args: unknown): Promise<unknown>;
  breathe(): Promise<void>;
}

/** One task while it runs: what its context may ask for. Once it is over, notes and tasks of its own go nowhere. */
export class Turn implements ContextHost {
  readonly id: number;
  readonly cache: Map<string, unknown>;
  readonly constants: Readonly<Record<string, unknown>>;
  /** Buffers to give away with the answer. */
  given: ArrayBuffer[] | null = null;
  isOver = false;
  readonly #host: TurnHost;
  readonly #extras: RunExtras | undefined;
  #isAborted = false;
  /** Made when it is asked for: most tasks never look. */
  #abort: AbortController | null = null;

  constructor(id: number, extras: RunExtras | undefined, host: TurnHost) {
    this.id = id;
    this.#extras = extras;
    this.#host = host;
    this.cache = host.cache;
    this.constants = (extras?.constants === undefined ? NO_CONSTANTS : host.constantsOf(extras.constants)) as typeof NO_CONSTANTS;
  }

  get signal(): AbortSignal {
    if (this.#abort === null) {
      this.#abort = new AbortController();
      if (this.#isAborted) this.#abort.abort(cancelled());
    }
    return this.#abort.signal;
  }

  abort(): void {
    this.#isAborted = true;
    this.#abort?.abort(cancelled());
  }

  /** @throws {TrainyardError} `cancelled`. */
  throwIfAborted(): void {
    if (this.#isAborted) throw cancelled();
  }

  random(): StreamRandom {
    const stream = this.#extras?.stream;
    return stream === undefined ? this.#host.daemonRandom() : new StreamRandom(stream);
  }

  note(value: unknown, kind: NoteKind): void {
    if (!this.isOver) this.#host.send({ type: "note", id: this.id, value, kind });
  }

  transfer(buffers: readonly ArrayBuffer[]): void {
    this.given = [...(this.given ?? []), ...buffers];
  }

  submit(code: TaskCode, args: unknown): Promise<unknown> {
    if (this.isOver) return Promise.reject(new TrainyardError("closed", "the task that submits this one has ended"));
    return this.#host.call(this.id, code, args);
  }

  breathe(): Promise<void> {
    return this.#host.breathe();
  }
}

function cancelled(): TrainyardError {
  return new TrainyardError("cancelled", "the task was cancelled");
}
