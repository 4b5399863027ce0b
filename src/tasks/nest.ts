import type { EncodedFrame } from "../wire/frames.ts";
import type { Daemon } from "./daemon.ts";
import type { Dispatcher } from "./dispatcher.ts";
import type { ReplyMessage } from "./messages.ts";
import type { Task } from "./task.ts";

/**
 * Tasks that tasks submit. Invariants: each gets one answer, unless its parent has ended; a parent's end cancels its children; a parent counts as
 * waiting exactly while it has children that are not settled.
 */
export class Nest {
  readonly #children = new Map<Task, Set<Task>>();
  readonly #pack: (reply: ReplyMessage) => EncodedFrame;

  constructor(pack: (reply: ReplyMessage) => EncodedFrame) {
    this.#pack = pack;
  }

  /** `make` throws what the parent is then told. */
  submit(dispatcher: Dispatcher, daemon: Daemon, parent: Task, call: number, make: () => Task): void {
    let child: Task;
    try {
      child = make();
    } catch (error) {
      this.#reply(daemon, parent, call, false, error);
      return;
    }
    this.#adopt(dispatcher, parent, child);
    const settled = (isDone: boolean, value: unknown): void => {
      this.#leave(dispatcher, parent, child);
      this.#reply(daemon, parent, call, isDone, value);
    };
    child.result.then(
      (value) => settled(true, value),
      (error: unknown) => settled(false, error),
    );
    dispatcher.submit(child);
  }

  #adopt(dispatcher: Dispatcher, parent: Task, child: Task): void {
    const siblings = this.#children.get(parent);
    if (siblings !== undefined) {
      siblings.add(child);
      return;
    }
    this.#children.set(parent, new Set([child]));
    dispatcher.setWaiting(true);
    const cancelAll = (): void => {
      for (const each of this.#children.get(parent) ?? []) each.cancel();
    };
    parent.result.then(cancelAll, cancelAll);
  }

  #leave(dispatcher: Dispatcher, parent: Task, child: Task): void {
    const siblings = this.#children.get(parent);
    siblings?.delete(child);
    if (siblings?.size !== 0) return;
    this.#children.delete(parent);
    dispatcher.setWaiting(false);
  }

  #reply(daemon: Daemon, parent: Task, call: number, isDone: boolean, value: unknown): void {
    if (parent.daemon === daemon) daemon.send(this.#pack({ type: "reply", call, isDone, value }));
  }
}
