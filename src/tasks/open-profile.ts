import { InvalidArgumentError } from "../core/errors.ts";
import { nextStream, type StreamState, streamAt } from "../core/lecuyer.ts";
import { Batch } from "./batch.ts";
import { type CodecReference, codecReferences } from "./codecs.ts";
import type { Daemon } from "./daemon.ts";
import { Dispatcher } from "./dispatcher.ts";
import type { DispatcherOptions, Tally } from "./dispatcher-options.ts";
import { type OpenLink, packFrame, type Transport } from "./links/link.ts";
import { openProcessLink } from "./links/process-link.ts";
import { openThreadLink, packForThread } from "./links/thread-link.ts";
import { memoryArguments, withMemoryLimit } from "./memory-limit.ts";
import type { HostMessage, RunExtras, SubmitMessage } from "./messages.ts";
import { Nest } from "./nest.ts";
import type {
  ComputeProfile,
  DaemonExit,
  DaemonOptions,
  OutputListener,
  ProfileOptions,
  ProfileStatus,
  SubmitOptions,
  TaskCode,
  TaskHandle,
  TaskReference,
} from "./profile.ts";
import { CodeBook, labelOf, nextSupplyKey, type Supply } from "./supply.ts";
import { nextTaskId, Task } from "./task.ts";
import { isTracing, traced } from "./telemetry.ts";

/** Most tasks that a daemon has at a time where the profile does not say; fewer when they take long. */
const GIVEN_AHEAD = 64;
/** Deeper nesting of tasks in tasks is refused: each depth may need as many daemons again. */
const DEPTH_LIMIT = 4;

/** What `mirai` and its kin can ask for beyond `SubmitOptions`. */
export interface RunOptions extends SubmitOptions {
  readonly extras?: RunExtras;
  /** Sent to each daemon once, before the first task that needs it. */
  readonly constants?: Supply | null;
  readonly batch?: Batch | null;
  /** Run it on this daemon and no other. */
  readonly daemon?: string;
  /** Buffers in the arguments to give away, where daemons are threads. */
  readonly transfer?: readonly ArrayBuffer[];
}

export type AllOptions = ProfileOptions & DaemonOptions & { readonly stream?: StreamState | null };

/**
 * A compute profile whose daemons are child processes of this one. They end with it, however it ends. Idle daemons do not keep this process alive.
 *
 * @param openLink how to start an executor; the default starts a child process.
 * @throws {InvalidArgumentError} for an option outside its range.
 */
export function openProfile(options: ProfileOptions, openLink?: OpenLink): ComputeProfile {
  return openDaemonProfile(options, openLink);
}

/** As `openProfile`, with everything that daemons can be asked for. */
export function openDaemonProfile(options: AllOptions, openLink?: OpenLink): DaemonProfile {
  return new DaemonProfile(options, openLink === undefined ? transportOf(options) : { open: openLink, pack: packFrame });
}

export class DaemonProfile implements ComputeProfile {
  readonly name: string;
  readonly transport: Transport;
  readonly options: AllOptions;
  /** One; where each daemon has a backlog of its own, one for each daemon. */
  readonly #dispatchers: readonly Dispatcher[];
  readonly #codes = new CodeBook();
  readonly #batches = new Map<number, Batch>();
  readonly #nest: Nest;
  #dealt = 0;

  constructor(options: AllOptions, plain: Transport) {
    this.name = options.name ?? "default";
    this.options = options;
    const transport = isTracing() ? traced(plain, this.name, () => this.where) : plain;
    this.transport = transport;
    this.#nest = new Nest((message) => transport.pack(message));
    const codecs = codecReferences();
    const complete = completed(options, transport.mayOpen === undefined ? 1 : 0, {
      greeting: (k) => greetingOf(options, k, transport, codecs),
      onSubmit: (daemon, parent, message) => this.#submitNested(dispatcher(parent), daemon, parent, message),
    });
    const dispatcher = (task: Task): Dispatcher => this.#homes.get(task) ?? this.#dispatchers[0]!;
    const count = complete.dealt ? complete.daemons : 1;
    this.#dispatchers = Array.from({ length: count }, (_, i) => {
      const own = complete.dealt ? { ...complete, daemons: 1, name: `${this.name}-${i + 1}` } : complete;
      return new Dispatcher(own, transport);
    });
  }

  /** Which backlog a task went to, where there are several. */
  readonly #homes = new WeakMap<Task, Dispatcher>();

  /**
   * `args` are encoded now; binary values above 4 kB are not copied but read when the task is sent, so leave them unchanged until it settles.
   * @throws {InvalidArgumentError} when `args` cannot be sent or `task` is no module reference; {TrainyardError} `queue_full`, `closed`, `too_large`.
   */
  submit<Result>(task: TaskReference, args: unknown, options: SubmitOptions = {}): TaskHandle<Result> {
    assertReference(task);
    return this.run(task, args, options) as TaskHandle<unknown> as TaskHandle<Result>; // the result's type is the caller's word: it comes from another process
  }

  /** Where daemons come from, for people. */
  get where(): string {
    return this.options.thread === true ? "thread" : "process";
  }

  /** As `submit`, for code of any form. */
  run(code: TaskCode, args: unknown, options: RunOptions = {}): Task {
    assertCount("retries", options.retries ?? 0, 0);
    const dispatcher = this.#dispatchers[this.#dealt++ % this.#dispatchers.length]!;
    dispatcher.assertOpen();
    const task = this.#make(dispatcher, code, args, options, 0);
    if (options.signal?.aborted === true) task.abandon(" before it was submitted");
    else if (options.daemon !== undefined) dispatcher.submitTo(options.daemon, task);
    else dispatcher.submit(task);
    return task;
  }

  /** Runs code on every daemon, also on those that join later, before anything that is submitted after it. @returns one task for each slot. */
  setUp(code: TaskCode, args: unknown, least: number, options: RunOptions = {}): Task[] {
    const extras: RunExtras = { ...options.extras, isSetup: true };
    return this.#dispatchers.flatMap((dispatcher) => {
      dispatcher.assertOpen();
      return dispatcher.setUp(() => this.#make(dispatcher, code, args, { ...options, extras }, 0), least);
    });
  }

  /** A value that tasks can name as their constants. Give it up with `forget`. */
  constants(value: unknown): Supply {
    const key = nextSupplyKey();
    return { key, frame: this.transport.pack({ type: "constant", key, value }) };
  }

  forget(supply: Supply): void {
    for (const dispatcher of this.#dispatchers) dispatcher.forget(supply.key);
  }

  status(): ProfileStatus {
    const all = this.#dispatchers.map((dispatcher) => dispatcher.status);
    return {
      daemons: all.flatMap((each) => each.daemons),
      queued: sum(all, (each) => each.queued),
      running: sum(all, (each) => each.running),
    };
  }

  tally(): Tally {
    const all = this.#dispatchers.map((dispatcher) => dispatcher.tally);
    const keys = ["connections", "cumulative", "awaiting", "executing", "completed", "usedBytes", "peakBytes"] as const;
    return Object.fromEntries(keys.map((key) => [key, sum(all, (each) => each[key])])) as unknown as Tally;
  }

  get exits(): readonly DaemonExit[] {
    return this.#dispatchers.flatMap((dispatcher) => dispatcher.exits);
  }

  get hasRoom(): boolean {
    return this.#dispatchers.every((dispatcher) => dispatcher.hasRoom);
  }

  async room(): Promise<void> {
    await Promise.all(this.#dispatchers.map((dispatcher) => dispatcher.room()));
  }

  /** Resolves when a daemon has joined or left. */
  async whenChanged(): Promise<void> {
    await Promise.race(this.#dispatchers.map((dispatcher) => dispatcher.whenChanged()));
  }

  /** Why no daemon can be started; null while that is not known. */
  get startFailure(): Error | null {
    return this.#dispatchers.find((dispatcher) => dispatcher.startFailure !== null)?.startFailure ?? null;
  }

  /** How many daemons there should be. */
  get wanted(): number {
    return sum(this.#dispatchers, (dispatcher) => dispatcher.wanted);
  }

  resize(daemons: number): void {
    assertCount("daemons", daemons, 1);
    this.#only("resize").resize(daemons);
  }

  launch(count: number): void {
    assertCount("count", count, 1);
    this.#only("launch").launch(count);
  }

  /** A place where a daemon ran is gone; `leave` closes the links of those that were there. */
  vacate(leave: () => void): void {
    this.#dispatchers[0]!.vacate(leave);
  }

  terminate(daemonId: string): void {
    const holder = this.#dispatchers.find((dispatcher) => dispatcher.status.daemons.some((daemon) => daemon.id === daemonId));
    (holder ?? this.#dispatchers[0]!).terminate(daemonId);
  }

  async close(): Promise<void> {
    await Promise.all(this.#dispatchers.map((dispatcher) => dispatcher.close()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #only(what: string): Dispatcher {
    if (this.#dispatchers.length === 1) return this.#dispatchers[0]!;
    throw new InvalidArgumentError(`profile "${this.name}" has no dispatcher, so it cannot ${what}: set its daemons again`);
  }

  #make(dispatcher: Dispatcher, code: TaskCode, args: unknown, options: RunOptions, depth: number): Task {
    const { constants = null, transfer } = options;
    const supply = this.#codes.supplyOf(code, (key) => this.transport.pack({ type: "code", key, code }));
    const extras = constants === null ? options.extras : { ...options.extras, constants: constants.key };
    const id = nextTaskId();
    const message: HostMessage = { type: "run", id, code: supply.key, args, ...(extras === undefined ? {} : { extras }) };
    const frame = this.transport.pack(message, transfer, (options.retries ?? 0) > 0);
    const needs = constants === null ? [supply] : [supply, constants];
    // What cannot be sent again cannot be taken back either.
    const batch = frame.isSentOnce === true ? null : (options.batch ?? this.#batchOf(supply.key));
    const isSetup = extras?.isSetup === true;
    const task = new Task({ id, label: labelOf(code), frame, needs, batch, depth, isSetup }, options, (self) => dispatcher.cancel(self));
    if (this.#dispatchers.length > 1) this.#homes.set(task, dispatcher);
    return task;
  }

  /** Tasks of one function may go together when the profile says so. */
  #batchOf(code: number): Batch | null {
    const { prefetch = this.transport.givesAhead === true ? GIVEN_AHEAD : 1 } = this.options;
    if (prefetch === 1) return null;
    const known = this.#batches.get(code) ?? new Batch(prefetch);
    this.#batches.set(code, known);
    return known;
  }

  #submitNested(dispatcher: Dispatcher, daemon: Daemon, parent: Task, message: SubmitMessage): void {
    const depth = parent.depth + 1;
    this.#nest.submit(dispatcher, daemon, parent, message.call, () => {
      if (message.failure instanceof Error) throw message.failure;
      if (depth <= DEPTH_LIMIT) return this.#make(dispatcher, message.code, message.args, {}, depth);
      throw new InvalidArgumentError(`task "${parent.label}" is ${DEPTH_LIMIT} tasks deep in others; it may not submit another one`);
    });
  }
}

/** The first thing that a daemon is told; null when it is what daemons do anyway. */
function greetingOf(options: AllOptions, k: number, transport: Transport, codecs: readonly CodecReference[]) {
  const { cleanup = false, autoExit = "kill", stream = null } = options;
  const hasCodecs = codecs.length > 0 && options.thread !== true;
  if (!cleanup && autoExit === "kill" && stream === null && !hasCodecs) return null;
  // The k-th daemon starts on the k-th stream after the profile's own.
  const own = stream === null ? null : streamAt(nextStream(stream), k - 1);
  return transport.pack({ type: "init", cleanup, autoExit, stream: own, ...(hasCodecs ? { codecs } : {}) });
}

function transportOf(options: AllOptions): Transport {
  const { thread = false, daemonMemoryMb = 0 } = options;
  const nodeArguments = [...(options.nodeArguments ?? []), ...memoryArguments(daemonMemoryMb)];
  const onOutput = listenerOf(options.output ?? "discard");
  const open: OpenLink = thread
    ? (events) => openThreadLink({ onOutput, memoryMb: daemonMemoryMb }, events)
    : (events) => openProcessLink({ nodeArguments, onOutput }, events);
  return {
    open: daemonMemoryMb === 0 ? open : withMemoryLimit(open, daemonMemoryMb),
    pack: thread ? packForThread : packFrame,
    givesAhead: options.dealt !== true,
  };
}

export function listenerOf(output: "discard" | "inherit" | OutputListener): OutputListener | null {
  if (output === "discard") return null;
  if (output !== "inherit") return output;
  return (text, from) => void (from === "stdout" ? process.stdout : process.stderr).write(text);
}

function completed(options: AllOptions, least: number, callbacks: Pick<DispatcherOptions, "greeting" | "onSubmit">): DispatcherOptions {
  const { name = "default", daemons, lazy = false, queueLimit = 1_000_000, cancelGraceMs = 200, warmSpare = false, idleMs = 0 } = options;
  const { wallMs = 0, maxTasks = 0, respawn = true, dealt = false, memoryLimitBytes = 0, prefetch = 1 } = options;
  assertCount("daemons", daemons, least);
  assertCount("queueLimit", queueLimit, 1);
  assertCount("prefetch", prefetch, 1);
  for (const [option, value] of Object.entries({ cancelGraceMs, idleMs, wallMs, maxTasks, memoryLimitBytes }))
    assertCount(option, value, 0);
  const limits = { queueLimit, cancelGraceMs, idleMs, wallMs, maxTasks, memoryLimitBytes };
  return { name, daemons, lazy, warmSpare, respawn, dealt, ...limits, ...callbacks };
}

function assertCount(option: string, value: number, least: number): void {
  if (Number.isSafeInteger(value) && value >= least) return;
  throw new InvalidArgumentError(`${option} must be a whole number of at least ${least}, not ${value}`, { details: { option } });
}

function assertReference(task: TaskReference): void {
  if (typeof task.module === "string" && task.module.startsWith("file:") && typeof task.export === "string" && task.export !== "") return;
  throw new InvalidArgumentError(`a task is { module: file URL, export: function name }, not ${JSON.stringify(task)}`);
}

function sum<T>(values: readonly T[], of: (value: T) => number): number {
  return values.reduce((total, value) => total + of(value), 0);
}
