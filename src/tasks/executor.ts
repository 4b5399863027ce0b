import { messageOf, TrainyardError } from "../core/errors.ts";
import { StreamRandom } from "../core/lecuyer.ts";
import { BadFrameError } from "../wire/bad-frame.ts";
import { Context } from "./context.ts";
import { Housekeeping } from "./housekeeping.ts";
import type { Gate } from "./links/gate.ts";
import { loadCode } from "./load-code.ts";
import type { ExecutorMessage, HostMessage, InitMessage, ReplyMessage } from "./messages.ts";
import { freshStream, markDaemon } from "./mirai-context.ts";
import type { TaskCode, TaskFunction } from "./profile.ts";
import type { TraceCarrier } from "./trace-carrier.ts";
import { Turn, type TurnHost } from "./turn.ts";

/** `breathe()` returns at once when the last one that waited is younger; so long may tasks that do not wait run on without a look at the messages. */
const BREATH_MS = 5;
const NO_BUFFERS: readonly ArrayBuffer[] = [];

type Run = HostMessage & { readonly type: "run" };

/** The executor's side of a link. */
export interface ExecutorPort {
  /** `transfer`: buffers in the message to give away, where the link can. @throws when the message cannot be encoded; nothing was sent. */
  send(message: ExecutorMessage, transfer?: readonly ArrayBuffer[]): void;
  /** Resolves when what was sent no longer waits in memory. */
  drained(): Promise<void>;
  /** Each task passes it before it begins. */
  readonly gate: Gate;
  /** True when `drained()` would wait. */
  readonly isFull: boolean;
  /** What tasks leave behind stays, whatever the host says. */
  readonly keepsState?: boolean;
  /** The daemon's settings, before anything else. */
  onInit?(message: InitMessage): void;
  /** Called once, before any user code runs. */
  onFirstRun?(): void;
  /** Nothing is left to run. */
  onRest?(): void;
}

interface Call {
  readonly resolve: (value: unknown) => void;
  readonly reject: (reason: unknown) => void;
}

/**
 * Runs the tasks that a dispatcher sends, one at a time, in their order. Invariants:
 *  1. Each `run` is answered once, by `done` or `failed`; notes come before the answer.
 *  2. A task begins only when the answers of those before have left this process: whatever kills it, the host knows which tasks had begun.
 *  3. A task begins only when it passed the gate: one that was taken back is not run here.
 *  4. An `abort` for a task that was answered has no effect: it came too late. One that waits here is answered without being run.
 */
export class Executor {
  readonly #port: ExecutorPort;
  readonly #codes = new Map<number, TaskCode>();
  readonly #functions = new Map<number, TaskFunction<unknown, unknown>>();
  readonly #constants = new Map<number, unknown>();
  /** Constants that a codec could not read, and why. */
  readonly #unread = new Map<number, TrainyardError>();
  readonly #waiting: Run[] = [];
  readonly #aborted = new Set<number>();
  readonly #calls = new Map<number, Call>();
  readonly #mark = markDaemon();
  readonly #turnHost: TurnHost;
  #running: Turn | null = null;
  #isAtWork = false;
  #callsMade = 0;
  #housekeeping: Housekeeping | null = null;
  #random: StreamRandom | null = null;
  #hasRun = false;
  #connect: TraceCarrier | null = null;
  #breathedAt = 0;

  constructor(port: ExecutorPort) {
    this.#port = port;
    this.#turnHost = {
      cache: new Map(),
      constantsOf: (key) => this.#constants.get(key),
      daemonRandom: () => this.#daemonRandom(),
      send: (message) => port.send(message),
      call: (id, code, args) => this.#call(id, code, args),
      breathe: () => this.#breathe(),
    };
  }

  get isBusy(): boolean {
    return this.#isAtWork;
  }

  receive(message: HostMessage): void {
    switch (message.type) {
      case "run":
        this.#waiting.push(message);
        if (!this.#isAtWork) void this.#work();
        break;
      case "trace":
        this.#connect = message.connect;
        break;
      case "abort":
        this.#abort(message.id);
        break;
      case "drop":
        this.#drop(message.count);
        break;
      case "code":
        this.#codes.set(message.key, message.code);
        break;
      case "constant":
        this.#constants.set(message.key, message.value);
        if (message.failure instanceof TrainyardError) this.#unread.set(message.key, message.failure);
        break;
      case "forget":
        this.#constants.delete(message.key);
        this.#unread.delete(message.key);
        break;
      case "reply":
        this.#replied(message);
        break;
      case "init":
        this.#init(message);
        break;
    }
  }

  /** What has not begun is not run: nobody waits for it any more. */
  finishRunning(): void {
    this.#waiting.length = 0;
  }

  #init(message: InitMessage): void {
    this.#port.onInit?.(message);
    if (message.cleanup && this.#port.keepsState !== true) this.#housekeeping = new Housekeeping();
    if (message.stream !== null) this.#random = new StreamRandom(message.stream);
  }

  #abort(id: number): void {
    if (this.#running?.id === id) this.#running.abort();
    else if (this.#waiting.some((run) => run.id === id)) this.#aborted.add(id);
  }

  #drop(count: number): void {
    for (const { id } of this.#waiting.splice(Math.max(0, this.#waiting.length - count))) this.#aborted.delete(id);
    this.#port.gate.open();
    this.#port.send({ type: "dropped" });
    if (this.#waiting.length > 0 && !this.#isAtWork) void this.#work();
  }

  async #work(): Promise<void> {
    this.#isAtWork = true;
    if (!this.#hasRun) this.#port.onFirstRun?.();
    this.#hasRun = true;
    this.#breathedAt = performance.now();
    for (let run = this.#waiting[0]; run !== undefined; run = this.#waiting[0]) {
      if (!this.#port.gate.pass()) break; // the dispatcher takes back what waits here; `drop` says what is left
      this.#waiting.shift();
      if (this.#aborted.delete(run.id)) this.#port.send({ type: "failed", id: run.id, error: null });
      else await this.#run(run);
      if (this.#port.isFull) await this.#port.drained();
      if (this.#waiting.length > 0) await this.#breathe();
    }
    this.#isAtWork = false;
    this.#port.onRest?.();
  }

  async #run({ id, code, args, extras, failure = this.#unread.get(extras?.constants ?? -1) }: Run): Promise<void> {
    const turn = new Turn(id, extras, this.#turnHost);
    this.#running = turn;
    this.#mark.isMapped = extras?.isMapped === true;
    let answer: ExecutorMessage;
    let undo: (() => void) | null = null;
    try {
      if (failure !== undefined) throw failure;
      if (extras?.globals !== undefined) undo = putGlobals(extras.globals);
      const task = this.#functions.get(code) ?? (await this.#load(code));
      turn.throwIfAborted(); // cancelled while its code was loaded: it has not begun
      const work = (): unknown => task(args, new Context(turn));
      const value = extras?.trace === undefined ? work() : traced(extras.trace, this.#connect, turn, work);
      answer = { type: "done", id, value: await value };
    } catch (error) {
      answer = { type: "failed", id, error };
    }
    this.#running = null;
    turn.isOver = true;
    this.#answer(answer, turn.given ?? NO_BUFFERS);
    if (extras?.isSetup === true) {
      this.#housekeeping?.remember();
      return;
    }
    undo?.();
    this.#housekeeping?.restore();
  }

  async #load(key: number): Promise<TaskFunction<unknown, unknown>> {
    const code = this.#codes.get(key);
    if (code === undefined) throw new BadFrameError(`code ${key} was never sent`);
    const task = await loadCode(code);
    this.#functions.set(key, task);
    return task;
  }

  #call(id: number, code: TaskCode, args: unknown): Promise<unknown> {
    const call = ++this.#callsMade;
    return new Promise((resolve, reject) => {
      this.#port.send({ type: "submit", id, call, code, args });
      this.#calls.set(call, { resolve, reject });
    });
  }

  #daemonRandom(): StreamRandom {
    this.#random ??= new StreamRandom(freshStream());
    return this.#random;
  }

  #replied({ call, isDone, value }: ReplyMessage): void {
    const waiting = this.#calls.get(call);
    this.#calls.delete(call);
    if (isDone) waiting?.resolve(value);
    else waiting?.reject(value);
  }

  async #breathe(): Promise<void> {
    if (performance.now() - this.#breathedAt < BREATH_MS) return;
    await this.#port.drained();
    await new Promise((resolve) => setImmediate(resolve));
    this.#breathedAt = performance.now();
  }

  /** A result or an error that cannot be encoded fails its own task and nothing else. */
  #answer(answer: ExecutorMessage & { readonly id: number }, transfer: readonly ArrayBuffer[]): void {
    try {
      this.#port.send(answer, transfer);
    } catch (cause) {
      const error = answer.type === "failed" ? stripped(answer.error) : unsendable(cause);
      this.#port.send({ type: "failed", id: answer.id, error });
    }
  }
}

/** Loaded only where somebody traces. */
async function traced(parent: TraceCarrier, connect: TraceCarrier | null, turn: Turn, work: () => unknown): Promise<unknown> {
  const { evaluated } = await import("./telemetry.ts");
  return evaluated(parent, connect, () => turn.signal.aborted, work);
}

/** @returns what puts back the globals as they were. */
function putGlobals(globals: Readonly<Record<string, unknown>>): () => void {
  const names = Object.keys(globals);
  const before = names.map((name) => Reflect.getOwnPropertyDescriptor(globalThis, name));
  for (const name of names)
    Object.defineProperty(globalThis, name, { value: globals[name], writable: true, enumerable: true, configurable: true });
  return () => {
    names.forEach((name, i) => {
      const descriptor = before[i];
      if (descriptor === undefined) Reflect.deleteProperty(globalThis, name);
      else Reflect.defineProperty(globalThis, name, descriptor);
    });
  };
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
