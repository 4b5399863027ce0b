import vm from "node:vm";
import { messageOf, TrainyardError } from "../core/errors.ts";
import { StreamRandom } from "../core/lecuyer.ts";
import { takeCodecFailure } from "../wire/codecs.ts";
import { decodeEnvelope, encodeEnvelope } from "../wire/envelope.ts";
import { Context } from "./context.ts";
import type { Tally } from "./dispatcher-options.ts";
import { compile, loadCode } from "./load-code.ts";
import { freshStream } from "./mirai-context.ts";
import type { RunOptions } from "./open-profile.ts";
import type { ProfileStatus, TaskCode } from "./profile.ts";
import { nextSupplyKey, type Supply } from "./supply.ts";
import { nextTaskId } from "./task.ts";

type State = "running" | "done" | "failed";

/** What ran, or still runs where it waited for something. */
export interface SyncWork {
  readonly id: number;
  readonly state: State;
  readonly result: Promise<unknown>;
  readonly hasThrown: boolean;
  /** Set when the task ended before `run` returned. */
  readonly outcome: { readonly isDone: boolean; readonly value: unknown } | null;
  cancel(): boolean;
}

/**
 * Runs tasks in this process, when they are submitted: for tests and for finding faults. Shipped functions run in a global scope of their own, which
 * lasts as long as the profile, so that what they leave there is never seen outside. Arguments and results are copied as if they had travelled.
 */
export class SyncProfile {
  readonly name: string;
  readonly #scope: vm.Context;
  readonly #functions = new Map<string, (args: unknown, context: Context) => unknown>();
  readonly #constants = new Map<number, unknown>();
  readonly #cache = new Map<string, unknown>();
  #random: StreamRandom | null = null;
  #completed = 0;
  #executing = 0;

  constructor(name: string) {
    this.name = name;
    const scope: Record<string, unknown> = {};
    const own = new Set(vm.runInNewContext("Object.getOwnPropertyNames(globalThis)") as string[]);
    for (const key of Object.getOwnPropertyNames(globalThis)) {
      if (!own.has(key) && key !== "global") scope[key] = (globalThis as unknown as Record<string, unknown>)[key];
    }
    this.#scope = vm.createContext(scope);
    scope.global = vm.runInContext("globalThis", this.#scope);
  }

  run(code: TaskCode, args: unknown, options: RunOptions = {}): SyncWork {
    const copy = copied(args);
    const globals = copied(options.extras?.globals ?? {}) as object;
    const id = nextTaskId();
    if (options.signal?.aborted === true) {
      return settledWork(
        id,
        false,
        new TrainyardError("cancelled", `task "${"label" in code ? code.label : code.export}" was cancelled before it was submitted`),
        false,
      );
    }
    options.onStart?.("sync");
    const undo = options.extras?.isSetup === true ? Object.assign(this.#scope, globals) && null : this.#put(globals);
    try {
      const value = this.#call(code, copy, options);
      if (!isThenable(value)) return this.#ended(id, true, copied(value), undo);
      return this.#pending(id, value, undo);
    } catch (error) {
      return this.#ended(id, false, error, undo);
    }
  }

  setUp(code: TaskCode, args: unknown, _least: number, options: RunOptions = {}): SyncWork[] {
    return [this.run(code, args, { ...options, extras: { ...options.extras, isSetup: true } })];
  }

  constants(value: unknown): Supply {
    const key = nextSupplyKey();
    this.#constants.set(key, copied(value));
    return { key, frame: { chunks: [], byteLength: 0 } };
  }

  forget(supply: Supply): void {
    this.#constants.delete(supply.key);
  }

  status(): ProfileStatus {
    return { daemons: [], queued: 0, running: this.#executing };
  }

  tally(): Tally {
    return {
      connections: 0,
      cumulative: 0,
      awaiting: 0,
      executing: this.#executing,
      completed: this.#completed,
      usedBytes: 0,
      peakBytes: 0,
    };
  }

  get exits(): readonly never[] {
    return [];
  }

  get hasRoom(): boolean {
    return true;
  }

  room(): Promise<void> {
    return Promise.resolve();
  }

  get wanted(): number {
    return 0;
  }

  async close(): Promise<void> {}

  #call(code: TaskCode, args: unknown, options: RunOptions): unknown {
    const context = this.#context(options);
    if ("module" in code) return loadCode(code).then((task) => task(args, context));
    const task =
      this.#functions.get(code.source) ?? compile(code.source, code.label, (text, how) => vm.runInContext(text, this.#scope, how));
    this.#functions.set(code.source, task);
    return task(args, context);
  }

  #context(options: RunOptions): Context {
    const { extras, onNote, constants = null } = options;
    return new Context({
      signal: options.signal ?? new AbortController().signal,
      cache: this.#cache,
      constants: (constants === null ? {} : this.#constants.get(constants.key)) as Readonly<Record<string, unknown>>,
      random: () => (extras?.stream === undefined ? this.#ownRandom() : new StreamRandom(extras.stream)),
      note: (value, kind) => onNote?.(copied(value), kind),
      transfer: () => {},
      submit: async (code, args) => this.run(code, args).result,
      breathe: () => new Promise((resolve) => setImmediate(resolve)),
    });
  }

  #ownRandom(): StreamRandom {
    this.#random ??= new StreamRandom(freshStream());
    return this.#random;
  }

  #put(globals: object): (() => void) | null {
    const names = Object.keys(globals);
    if (names.length === 0) return null;
    const before = new Map(names.map((name) => [name, Reflect.getOwnPropertyDescriptor(this.#scope, name)]));
    Object.assign(this.#scope, globals);
    return () => {
      for (const [name, descriptor] of before) {
        if (descriptor === undefined) Reflect.deleteProperty(this.#scope, name);
        else Reflect.defineProperty(this.#scope, name, descriptor);
      }
    };
  }

  #ended(id: number, isDone: boolean, value: unknown, undo: (() => void) | null): SyncWork {
    undo?.();
    this.#completed++;
    return settledWork(id, isDone, value, !isDone);
  }

  #pending(id: number, value: PromiseLike<unknown>, undo: (() => void) | null): SyncWork {
    this.#executing++;
    const work = { id, state: "running" as State, hasThrown: false, outcome: null, result: Promise.resolve(), cancel: () => false } as {
      -readonly [K in keyof SyncWork]: SyncWork[K];
    };
    const settle = (state: State): void => {
      this.#executing--;
      this.#completed++;
      undo?.();
      work.state = state;
      work.hasThrown = state === "failed";
    };
    const copies = Promise.resolve(value).then(copied); // a result that cannot be sent is its task's failure
    work.result = copies.then(
      (result) => {
        settle("done");
        return result;
      },
      (error: unknown) => {
        settle("failed");
        throw error;
      },
    );
    work.result.catch(() => {});
    return work;
  }
}

function settledWork(id: number, isDone: boolean, value: unknown, hasThrown: boolean): SyncWork {
  const result = isDone ? Promise.resolve(value) : Promise.reject(value);
  result.catch(() => {});
  return { id, state: isDone ? "done" : "failed", result, hasThrown, outcome: { isDone, value }, cancel: () => false };
}

function copied(value: unknown): unknown {
  try {
    const copy = decodeEnvelope(new Uint8Array(Buffer.concat(encodeEnvelope(value))));
    const failure = takeCodecFailure();
    if (failure !== null) throw failure;
    return copy;
  } catch (cause) {
    if (cause instanceof TrainyardError) throw cause;
    throw new TrainyardError("task_failed", `the value cannot be sent: ${messageOf(cause)}`, { cause });
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}
