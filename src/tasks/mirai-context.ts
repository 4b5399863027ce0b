import { nextStream, type StreamRandom, type StreamState } from "../core/lecuyer.ts";
import type { TaskContext } from "./profile.ts";

/** How far a task is. `fraction` lies in [0, 1]. */
export interface Progress {
  readonly fraction: number;
  readonly message?: string;
}

/** What a task gets beside its arguments, in the daemon. */
export interface MiraiContext<Constants = Readonly<Record<string, unknown>>> extends TaskContext {
  /** The task's own stream when the profile has a seed, else the daemon's. */
  readonly random: StreamRandom;
  /** What the submission named as constants: sent once to each daemon, shared by tasks, so do not change it. */
  readonly constants: Constants;
  /** Tells the handle how far the task is. */
  progress(fraction: number, message?: string): void;
  /** Sends a line to the handle's notes. */
  log(message: string): void;
  /**
   * Runs another task on the profile that this one runs in, and waits for it; while it waits, its daemon's slot is lent out, so that waiting never
   * blocks the profile. Same rules for `task` as in `mirai`.
   */
  run<Args, Result>(task: TaskLike<Args, Result>, args: Args): Promise<Result>;
  /** Where daemons are threads: gives `buffers`, which are part of the result, away instead of copying them. Returns `value`. */
  transfer<T>(value: T, buffers: readonly ArrayBuffer[]): T;
}

/** A self-contained function, or a module reference with the types of its function. */
export type TaskLike<Args, Result, Constants = Readonly<Record<string, unknown>>> =
  | ((args: Args, task: MiraiContext<Constants>) => Result | Promise<Result>)
  | {
      readonly module: string | URL;
      readonly export: string;
      readonly types?: (args: Args, task: MiraiContext<Constants>) => Result | Promise<Result>;
    };

/** A stream for tasks of a profile without a seed, one that never repeats. */
export function freshStream(): StreamState {
  const words = crypto.getRandomValues(new Uint32Array(6));
  const state = [...words].map((word) => (word % 4294944442) + 1);
  return nextStream(state);
}

/** The mark of a process or thread that runs tasks. On the global object, because a daemon may load this module twice. */
const MARK = Symbol.for("trainyard.daemon");

export interface DaemonMark {
  /** The element of a map runs. */
  isMapped: boolean;
}

export function markDaemon(): DaemonMark {
  const mark: DaemonMark = { isMapped: false };
  Object.defineProperty(globalThis, MARK, { value: mark, enumerable: false });
  return mark;
}

export function daemonMark(): DaemonMark | null {
  return (globalThis as { readonly [MARK]?: DaemonMark })[MARK] ?? null;
}
