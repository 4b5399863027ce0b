import { InvalidArgumentError } from "../core/errors.ts";
import { Batch } from "./batch.ts";
import { assertTimeouts, Mirai } from "./mirai.ts";
import type { TaskLike } from "./mirai-context.ts";
import { MiraiMap } from "./mirai-map.ts";
import { type Entry, entryOf, type Submission, submitTo } from "./registry.ts";
import { checkedCode, follow, type MiraiOptions } from "./submit.ts";
import { labelOf, type Supply } from "./supply.ts";
import { withinMap } from "./telemetry.ts";

/** What can be mapped over. Names of a record are kept. */
export type Elements<E> = Iterable<E> | AsyncIterable<E> | Readonly<Record<string, E>>;

export interface MapOptions<Constants = Readonly<Record<string, unknown>>> extends Omit<MiraiOptions<Constants>, "daemon" | "transfer"> {
  /**
   * Most elements that are given to a daemon at a time. Default "auto": as many as take about 4 ms, judged by those that have run, so that small
   * work travels together and large work is spread. Elements stay tasks of their own either way.
   */
  readonly chunk?: number | "auto";
}

/** Of an async iterable, so many elements are taken ahead of the results. */
const AHEAD = 1000;

/**
 * One task for each element, `task(element, context)`, submitted at once and in order. Constants are sent to each daemon once, not with each element.
 *
 * @throws {TrainyardError} `not_found` when the profile has no daemons; {InvalidArgumentError} as `mirai`.
 */
export function miraiMap<E, R, Constants = Readonly<Record<string, unknown>>>(
  elements: Elements<E>,
  task: TaskLike<E, R, Constants>,
  options: MapOptions<Constants> = {},
): MiraiMap<R> {
  const entry = entryOf(options.profile);
  const make = submitter<E, R, Constants>(entry, task, options);
  if (isAsyncIterable(elements)) return mapAsync(elements, entry, make);
  const isList = isIterable(elements);
  if (!isList && (typeof elements !== "object" || elements === null)) {
    throw new InvalidArgumentError(
      `miraiMap needs an iterable or a record of elements, not ${elements === null ? "null" : typeof elements}`,
    );
  }
  const values = isList ? [...elements] : Object.values(elements);
  const map = new MiraiMap<R>(isList ? null : Object.keys(elements), (index) => make.submit(values[index]!));
  try {
    withinMap(entry.set ?? null, () => {
      for (const value of values) map.add(make.submit(value));
    });
  } catch (error) {
    map.cancel();
    throw error;
  }
  map.close();
  make.releaseAfter(map);
  return map;
}

interface Submitter<E, R> {
  readonly submit: (element: E) => Mirai<R>;
  /** Daemons forget the constants when the map has settled. */
  readonly releaseAfter: (map: MiraiMap<R>) => void;
}

function submitter<E, R, Constants>(entry: Entry, task: TaskLike<E, R, Constants>, options: MapOptions<Constants>): Submitter<E, R> {
  const { chunk = "auto", globals, signal, retries, onNote } = options;
  if (chunk !== "auto" && !(Number.isSafeInteger(chunk) && chunk >= 1)) {
    throw new InvalidArgumentError(`chunk must be "auto" or a whole number of at least 1, not ${chunk}`);
  }
  if (typeof task !== "function" && (typeof task !== "object" || task === null)) {
    throw new InvalidArgumentError(`miraiMap needs a function or { module, export }, not a ${task === null ? "null" : typeof task}`);
  }
  assertTimeouts(options);
  const code = checkedCode(task, entry, globals);
  const batch = chunk === 1 ? null : new Batch(chunk === "auto" ? undefined : chunk);
  const label = labelOf(code);
  let constants: Supply | null = null;
  const made = { code, batch, isMapped: true, ...withValues({ globals, signal, retries }) };
  let shared: Submission = made;
  const submit = (args: E): Mirai<R> => {
    if (options.constants !== undefined && constants === null) {
      constants = entry.profile.constants(options.constants);
      shared = { ...made, constants };
    }
    const handle = new Mirai<R>(label, entry.name, options);
    follow(handle, submitTo(entry, shared, args, handle.listen(onNote)));
    return handle;
  };
  const releaseAfter = (map: MiraiMap<R>): void => {
    const release = (): void => {
      if (constants !== null) entry.profile.forget(constants);
      constants = null;
    };
    map.settled().then(release, release);
  };
  return { submit, releaseAfter };
}

function mapAsync<E, R>(elements: AsyncIterable<E>, entry: Entry, make: Submitter<E, R>): MiraiMap<R> {
  const values: E[] = [];
  const map = new MiraiMap<R>(null, (index) => make.submit(values[index]!));
  const fill = async (): Promise<void> => {
    for await (const element of elements) {
      await entry.profile.room();
      values.push(element);
      map.add(make.submit(element));
      if (map.length > AHEAD) await map.handles[map.length - AHEAD]!.settled();
    }
  };
  fill().then(
    () => map.close(),
    (error: unknown) => {
      map.cancel();
      map.close(error);
    },
  );
  make.releaseAfter(map);
  return map;
}

function withValues<T extends object>(options: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

function isAsyncIterable<E>(value: Elements<E>): value is AsyncIterable<E> {
  return typeof value === "object" && value !== null && Symbol.asyncIterator in value;
}

function isIterable<E>(value: Elements<E>): value is Iterable<E> {
  return typeof value === "string" || (typeof value === "object" && value !== null && Symbol.iterator in value);
}
