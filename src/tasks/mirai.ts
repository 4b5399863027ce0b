import { InvalidArgumentError, TrainyardError } from "../core/errors.ts";
import { failureOf, MiraiFailure, TaskTimeout } from "./failure.ts";
import { type Note, NoteLog, toNote } from "./notes.ts";
import type { NoteKind } from "./profile.ts";

/** What `data` is until the task has settled. */
export const UNRESOLVED: unique symbol = Symbol("trainyard.unresolved");

export type MiraiState = "queued" | "running" | "done" | "failed" | "cancelled";
export type Settled<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: MiraiFailure };

/** Milliseconds, each from 1; a timer that is not given never ends. */
export interface Timeouts {
  /** From submission to the result. */
  readonly timeoutMs?: number;
  /** From submission to the start. */
  readonly queueTimeoutMs?: number;
  /** From the start to the result. */
  readonly runTimeoutMs?: number;
}

interface Timers {
  total?: NodeJS.Timeout;
  queue?: NodeJS.Timeout;
  run?: NodeJS.Timeout;
}

/** What a handle needs of whatever runs its task. */
export interface MiraiWork {
  readonly id: number;
  readonly state: MiraiState;
  readonly result: Promise<unknown>;
  readonly hasThrown: boolean;
  /** Told in the turn in which the work settles; where it is missing, `result` tells. */
  whenSettled?(listener: (outcome: { readonly isDone: boolean; readonly value: unknown }) => void): void;
  cancel(): boolean;
}

/** Told by the work while it runs; see `Mirai.listen`. */
export interface MiraiListener {
  readonly onStart: () => void;
  readonly onNote: (value: unknown, kind: NoteKind) => void;
}

/**
 * The handle of one task. `await` gives the value or throws the failure; `settled()` and `collect()` never throw; `data` never waits. Invariants:
 * it settles once, and then `data` is there before anybody who waits is told; a dropped handle neither cancels its task nor ends the program.
 */
export class Mirai<T> implements PromiseLike<T> {
  /** Name of the function, for messages. */
  readonly label: string;
  readonly profile: string;
  /** Until it settles. */
  #work: MiraiWork | null = null;
  #id = 0;
  #data: T | MiraiFailure | typeof UNRESOLVED = UNRESOLVED;
  #isFailed = false;
  /** Made when they are asked for. */
  #outcome: Promise<Settled<T>> | null = null;
  #promise: Promise<T> | null = null;
  #settle: ((outcome: Settled<T>) => void)[] | null = null;
  #notes: NoteLog | null = null;
  #timers: Timers | null = null;
  readonly #timeouts: Timeouts;

  constructor(label: string, profile: string, timeouts: Timeouts = {}) {
    this.label = label;
    this.profile = profile;
    this.#timeouts = timeouts;
  }

  /** What the work is to call. */
  listen(onNote?: (note: Note) => void): MiraiListener {
    return {
      onStart: () => this.#started(),
      onNote: (value, kind) => {
        const note = toNote(value, kind);
        this.#log.push(note);
        onNote?.(note);
      },
    };
  }

  /** Binds the handle to its work. Called once, by whoever made both. */
  follow(work: MiraiWork): this {
    this.#work = work;
    this.#id = work.id;
    const { timeoutMs, queueTimeoutMs } = this.#timeouts;
    if (timeoutMs !== undefined) this.#startTimer("total", timeoutMs, "it took longer than");
    if (queueTimeoutMs !== undefined && work.state === "queued") this.#startTimer("queue", queueTimeoutMs, "it was queued for longer than");
    const done = (value: unknown): void => this.#finish({ ok: true, value: value as T }); // the type is the caller's word: the value comes from another process
    const failed = (error: unknown): void => this.#finish({ ok: false, error: failureOf(this.label, error, work.hasThrown) });
    if (work.whenSettled === undefined) work.result.then(done, failed);
    else work.whenSettled(({ isDone, value }) => (isDone ? done(value) : failed(value)));
    return this;
  }

  /** For work that is over before its handle is given out. */
  settleNow(outcome: Settled<T>): void {
    this.#finish(outcome);
  }

  /** Increases in the order of submission, over all profiles. */
  get id(): number {
    return this.#id;
  }

  /** The value, the failure, or `UNRESOLVED`. Reading it never waits. */
  get data(): T | MiraiFailure | typeof UNRESOLVED {
    return this.#data;
  }

  get isResolved(): boolean {
    return this.#data !== UNRESOLVED;
  }

  get state(): MiraiState {
    if (this.#data === UNRESOLVED) return this.#work?.state === "running" ? "running" : "queued";
    if (!(this.#data instanceof MiraiFailure)) return "done";
    return this.#data.errorValue === 20 ? "cancelled" : "failed";
  }

  /**
   * Queued: it never runs. Running: its signal aborts, and after a short grace its daemon is replaced. The handle settles with 20 at once.
   * @returns false when it has settled before, or when its profile has no dispatcher: there the task runs on.
   */
  cancel(): boolean {
    if (this.isResolved || this.#work === null) return false;
    const hasCancelled = this.#work.cancel();
    const error = new TrainyardError("cancelled", `task "${this.label}" was cancelled`, { details: { task: this.id } });
    this.#finish({ ok: false, error: failureOf(this.label, error, false) });
    return hasCancelled;
  }

  /** Never rejects. */
  settled(): Promise<Settled<T>> {
    this.#outcome ??= new Promise((resolve) => this.#whenSettled(resolve));
    return this.#outcome;
  }

  // biome-ignore lint/suspicious/noThenProperty: being awaited is what a handle is for
  then<A = T, B = never>(
    onDone?: ((value: T) => A | PromiseLike<A>) | null,
    onFailed?: ((reason: MiraiFailure) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.promise.then(onDone, onFailed);
  }

  catch<B = never>(onFailed: (reason: MiraiFailure) => B | PromiseLike<B>): Promise<T | B> {
    return this.promise.catch(onFailed);
  }

  finally(onSettled: () => void): Promise<T> {
    return this.promise.finally(onSettled);
  }

  /** One promise, however often it is asked for. */
  get promise(): Promise<T> {
    this.#promise ??= new Promise<T>((resolve, reject) =>
      this.#whenSettled((outcome) => (outcome.ok ? resolve(outcome.value) : reject(outcome.error))),
    );
    return this.#promise;
  }

  /** What the task reports while it runs: everything from its start (the last 1000 when nobody listened), until it settles. */
  notes(): AsyncIterableIterator<Note> {
    return this.#log.read();
  }

  get #log(): NoteLog {
    this.#notes ??= new NoteLog();
    if (this.isResolved) this.#notes.end();
    return this.#notes;
  }

  #whenSettled(settle: (outcome: Settled<T>) => void): void {
    const data = this.#data;
    if (data === UNRESOLVED) this.#settle = [...(this.#settle ?? []), settle];
    else settle(this.#isFailed ? { ok: false, error: data as MiraiFailure } : { ok: true, value: data as T });
  }

  #started(): void {
    clearTimeout(this.#timers?.queue);
    const { runTimeoutMs } = this.#timeouts;
    if (runTimeoutMs !== undefined && !this.isResolved) this.#startTimer("run", runTimeoutMs, "it ran for longer than");
  }

  #startTimer(which: keyof Timers, ms: number, what: string): void {
    const timers = this.#timers ?? {};
    this.#timers = timers;
    timers[which] = setTimeout(() => {
      const work = this.#work;
      this.#finish({ ok: false, error: new TaskTimeout(`task "${this.label}" was cancelled because ${what} ${ms} ms`) });
      work?.cancel();
    }, ms);
  }

  #finish(outcome: Settled<T>): void {
    if (this.isResolved) return;
    this.#data = outcome.ok ? outcome.value : outcome.error;
    this.#isFailed = !outcome.ok;
    if (this.#timers !== null) for (const timer of Object.values(this.#timers)) clearTimeout(timer);
    if (this.#settle !== null) for (const settle of this.#settle) settle(outcome);
    // A handle may be kept for long: it keeps its value, and nothing of the work.
    this.#settle = null;
    this.#timers = null;
    this.#work = null;
    this.#notes?.end();
  }
}

/** @throws {InvalidArgumentError} for a timeout that is no number of milliseconds from 1 up. */
export function assertTimeouts(timeouts: Timeouts): void {
  for (const option of ["timeoutMs", "queueTimeoutMs", "runTimeoutMs"] as const) {
    const ms = timeouts[option];
    if (ms === undefined || (Number.isFinite(ms) && ms >= 1 && ms < 2 ** 31)) continue;
    throw new InvalidArgumentError(`${option} must be a number of milliseconds from 1 to 2147483647, not ${ms}`, { details: { option } });
  }
}
