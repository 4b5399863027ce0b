import type { MiraiFailure } from "./failure.ts";
import { Mirai, UNRESOLVED } from "./mirai.ts";
import { MiraiMap } from "./mirai-map.ts";

/** Several handles: a list, or a record whose names are kept. */
export type Handles = readonly Mirai<unknown>[] | Readonly<Record<string, Mirai<unknown>>>;

/** What `collect` makes of handles: a value or a failure in each one's place. */
export type Collected<H> =
  H extends Mirai<infer T> ? T | MiraiFailure : { -readonly [K in keyof H]: H[K] extends Mirai<infer T> ? T | MiraiFailure : never };

/** Waits for one handle, a list or a record of them. Failures are values in their place; it never rejects. Order, length and names are kept. */
export async function collect<H extends Mirai<unknown> | Handles>(handles: H): Promise<Collected<H>> {
  if (handles instanceof Mirai) return (await valueOrFailure(handles)) as Collected<H>;
  if (Array.isArray(handles)) return (await Promise.all(handles.map(valueOrFailure))) as Collected<H>;
  const pairs = Object.entries(handles as Readonly<Record<string, Mirai<unknown>>>);
  return Object.fromEntries(
    await Promise.all(pairs.map(async ([name, handle]) => [name, await valueOrFailure(handle)] as const)),
  ) as Collected<H>;
}

/** Waits, and gives the very handle back: its `data` is there. */
export async function callMirai<H extends Mirai<unknown> | MiraiMap<unknown>>(handle: H): Promise<readonly [H]> {
  if (handle instanceof MiraiMap) await handle.settled();
  else await handle.settled();
  return [handle]; // a handle alone would be awaited by whoever awaits this
}

/**
 * The position of the first handle in list order that has settled, as soon as there is one; -1 for an empty list. Take it out and call again to
 * drain a list in the order of completion.
 */
export async function race(handles: readonly Mirai<unknown>[]): Promise<number> {
  if (handles.length === 0) return -1;
  const first = (): number => handles.findIndex((handle) => handle.isResolved);
  if (first() < 0) await Promise.race(handles.map((handle) => handle.settled()));
  return first();
}

/** Whether something still runs or waits: a handle, any of a list, record or map, or a value taken from `data`. */
export function unresolved(value: unknown): boolean {
  if (value === UNRESOLVED) return true;
  if (value instanceof Mirai) return !value.isResolved;
  if (value instanceof MiraiMap) return value.handles.some((handle) => !handle.isResolved);
  if (Array.isArray(value)) return value.some(unresolved);
  const isRecord = typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
  return isRecord && Object.values(value).some(unresolved);
}

/** Cancels the last first, so that what is queued leaves before what runs makes room. @returns for each whether it was still to be cancelled. */
export function cancelAll(handles: readonly Mirai<unknown>[]): boolean[] {
  const results = handles.map(() => false);
  for (let i = handles.length - 1; i >= 0; i--) results[i] = handles[i]!.cancel();
  return results;
}

export function isMirai(value: unknown): value is Mirai<unknown> {
  return value instanceof Mirai;
}

export function isMiraiMap(value: unknown): value is MiraiMap<unknown> {
  return value instanceof MiraiMap;
}

async function valueOrFailure(handle: Mirai<unknown>): Promise<unknown> {
  const outcome = await handle.settled();
  return outcome.ok ? outcome.value : outcome.error;
}
