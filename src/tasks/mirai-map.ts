import { TrainyardError } from "../core/errors.ts";
import { isFailure, type MiraiFailure } from "./failure.ts";
import type { Mirai } from "./mirai.ts";

/** How to collect a map. All may be combined. */
export interface CollectOptions {
  /** Join arrays one level deep; a failure, or a value of another type than the first, rejects and cancels the rest. */
  readonly flat?: boolean;
  /** Reject at the first failure in list order, and cancel the rest. */
  readonly stop?: boolean;
  /** A counter on standard error, or a function that is told. */
  readonly progress?: boolean | ((done: number, total: number) => void);
}

/** What a map collects to: names are kept where the input had them. */
export type MapValues<R> = (R | MiraiFailure)[] | Record<string, R | MiraiFailure>;

/** One settled element, as iteration yields it. */
export interface MapEntry<R> {
  readonly index: number;
  readonly name: string | null;
  readonly value: R | MiraiFailure;
}

/**
 * The handles of a map, one for each element in order. `await` gives all values or throws the first failure that happens, while the others run on;
 * `collect` leaves failures in their places; `for await` yields elements as they complete; each of `handles` is a promise of its own.
 */
export class MiraiMap<R> implements PromiseLike<R[] | Record<string, R>> {
  /** Grows while the input is an async iterable. */
  readonly handles: Mirai<R>[] = [];
  /** Names of the elements; null for a list. */
  readonly names: string[] | null;
  #isFilled = false;
  #filled: Promise<void>;
  #settleFilled: (failure: unknown) => void = () => {};
  #promise: Promise<R[] | Record<string, R>> | null = null;
  readonly #submitAgain: (index: number) => Mirai<R>;
  #onAdded: (() => void)[] = [];

  /** @param submitAgain submits the element with this index once more. */
  constructor(names: string[] | null, submitAgain: (index: number) => Mirai<R>) {
    this.names = names;
    this.#submitAgain = submitAgain;
    this.#filled = new Promise((resolve, reject) => {
      this.#settleFilled = (failure) => (failure === null ? resolve() : reject(failure));
    });
    this.#filled.catch(() => {});
  }

  /** For whoever fills the map. */
  add(handle: Mirai<R>): void {
    this.handles.push(handle);
    this.#wake();
  }

  /** For whoever fills the map: nothing more comes, for want of more or because of `failure`. */
  close(failure: unknown = null): void {
    this.#isFilled = true;
    this.#settleFilled(failure);
    this.#wake();
  }

  get length(): number {
    return this.handles.length;
  }

  /** How many have settled. */
  get resolved(): number {
    return this.handles.filter((handle) => handle.isResolved).length;
  }

  // biome-ignore lint/suspicious/noThenProperty: being awaited is what a handle is for
  then<A = R[] | Record<string, R>, B = never>(
    onDone?: ((values: R[] | Record<string, R>) => A | PromiseLike<A>) | null,
    onFailed?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    this.#promise ??= this.#filled.then(async () => this.#named(await Promise.all(this.handles)));
    return this.#promise.then(onDone, onFailed);
  }

  /** All have settled. Rejects only when the input itself failed. */
  async settled(): Promise<this["handles"]> {
    await this.#filled;
    await Promise.all(this.handles.map((handle) => handle.settled()));
    return this.handles;
  }

  /** Cancels what has not settled. @returns for each element whether it was still to be cancelled. */
  cancel(): boolean[] {
    const results = this.handles.map(() => false);
    for (let i = this.handles.length - 1; i >= 0; i--) results[i] = this.handles[i]!.cancel();
    return results;
  }

  /**
   * A plain list, or a record where the input was one.
   * @throws {TrainyardError} with `stop` or `flat`: index and name in `details`, the element's failure as the cause.
   */
  async collect(options: CollectOptions & { readonly flat: true }): Promise<unknown[]>;
  async collect(options?: CollectOptions): Promise<MapValues<R>>;
  async collect(options: CollectOptions = {}): Promise<MapValues<R> | unknown[]> {
    await this.#filled;
    this.#report(options.progress ?? false);
    const values: (R | MiraiFailure)[] = [];
    for (const [index, handle] of this.handles.entries()) {
      const outcome = await handle.settled();
      const value = outcome.ok ? outcome.value : outcome.error;
      if (!outcome.ok && (options.stop === true || options.flat === true)) throw this.#stopped(index, outcome.error);
      if (options.flat === true && typeof value !== typeof values[0] && index > 0) throw this.#mixed(index, value, values[0]);
      values.push(value);
    }
    return options.flat === true ? values.flat() : this.#named(values);
  }

  /** As they complete. */
  async *[Symbol.asyncIterator](): AsyncIterableIterator<MapEntry<R>> {
    const done: number[] = [];
    let watched = 0;
    let yielded = 0;
    for (;;) {
      for (; watched < this.handles.length; watched++) {
        const index = watched;
        void this.handles[index]!.settled().then(() => {
          done.push(index);
          this.#wake();
        });
      }
      const index = done.shift();
      if (index !== undefined) {
        yielded++;
        yield { index, name: this.names?.[index] ?? null, value: this.handles[index]!.data as R | MiraiFailure };
      } else if (this.#isFilled && yielded === this.handles.length) {
        await this.#filled;
        return;
      } else await new Promise<void>((resolve) => this.#onAdded.push(resolve));
    }
  }

  /** A map of the same elements: those that failed are submitted again, the others keep their handles. Wait for this one first. */
  rerun(): MiraiMap<R> {
    const again = new MiraiMap<R>(this.names, this.#submitAgain);
    for (const [index, handle] of this.handles.entries()) again.add(isFailure(handle.data) ? this.#submitAgain(index) : handle);
    again.close();
    return again;
  }

  #named<V>(values: V[]): V[] | Record<string, V> {
    return this.names === null ? values : Object.fromEntries(values.map((value, i) => [this.names![i]!, value]));
  }

  #stopped(index: number, cause: MiraiFailure): TrainyardError {
    this.cancel();
    return new TrainyardError(cause.code, `${this.#place(index)} failed: ${cause.message}`, {
      cause,
      details: { index, name: this.names?.[index] ?? null },
    });
  }

  #mixed(index: number, value: unknown, first: unknown): TrainyardError {
    this.cancel();
    const message = `cannot flatten: ${this.#place(index)} is a ${typeof value}, the first a ${typeof first}`;
    return new TrainyardError("bad_input", message, { details: { index, name: this.names?.[index] ?? null } });
  }

  #place(index: number): string {
    const name = this.names?.[index];
    return name === undefined ? `element ${index}` : `element ${index} ("${name}")`;
  }

  #report(progress: boolean | ((done: number, total: number) => void)): void {
    if (progress === false) return;
    const total = this.handles.length;
    const tell = progress === true ? counter : progress;
    let done = 0;
    for (const handle of this.handles) void handle.settled().then(() => tell(++done, total));
  }

  #wake(): void {
    for (const wake of this.#onAdded.splice(0)) wake();
  }
}

/** One line of standard error, written over and over. */
function counter(done: number, total: number): void {
  process.stderr.write(`\r${done} / ${total}${done === total ? "\n" : ""}`);
}
