import { TrainyardError } from "../core/errors.ts";
import type { Task } from "./task.ts";
import { TaskQueue } from "./task-queue.ts";

export interface BacklogLimits {
  /** Of the profile, for messages. */
  readonly name: string;
  readonly queueLimit: number;
  /** Bytes; 0 unlimited. */
  readonly memoryLimitBytes: number;
}

/**
 * The tasks that wait for any daemon: one queue for tasks of the host's, and one for each depth of nesting. Invariants:
 *  1. Each queue is first in, first out; deeper ones go first, because shallower tasks wait for them.
 *  2. Of each depth at most `slots` tasks run at a time, so that nesting needs at most that many daemons per depth, and the deepest can always run.
 *  3. `usedBytes` is the size of what is queued, and nothing else.
 */
export class Backlog {
  readonly #queues: TaskQueue<Task>[] = [new TaskQueue<Task>()];
  readonly #running: number[] = [0];
  #length = 0;
  #usedBytes = 0;
  #peakBytes = 0;
  readonly #limits: BacklogLimits;

  constructor(limits: BacklogLimits) {
    this.#limits = limits;
  }

  /** Whether it takes another task. */
  get hasRoom(): boolean {
    const { queueLimit, memoryLimitBytes } = this.#limits;
    return this.#length < queueLimit && (memoryLimitBytes === 0 || this.#usedBytes < memoryLimitBytes);
  }

  /** @throws {TrainyardError} `queue_full`. */
  assertRoom(): void {
    if (this.hasRoom) return;
    const { name, queueLimit, memoryLimitBytes } = this.#limits;
    const isLong = this.#length >= queueLimit;
    const message = isLong
      ? `profile "${name}" already has ${queueLimit} queued tasks; wait for one or raise queueLimit`
      : `profile "${name}" already has ${this.#usedBytes} bytes queued; wait for room() or raise memoryLimitMb`;
    throw new TrainyardError("queue_full", message, { retryable: true, details: { limit: isLong ? queueLimit : memoryLimitBytes } });
  }

  get length(): number {
    return this.#length;
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  get peakBytes(): number {
    return this.#peakBytes;
  }

  has(queue: TaskQueue<Task>): boolean {
    return this.#queues.includes(queue);
  }

  put(task: Task): void {
    const queue = this.#queueOf(task.depth);
    queue.enqueue(task);
    this.#entered(task, queue);
  }

  putBack(task: Task): void {
    const queue = this.#queueOf(task.depth);
    queue.putBack(task);
    task.queuedAgain();
    this.#entered(task, queue);
  }

  remove(task: Task): void {
    if (task.home === null) return;
    task.home.remove(task);
    task.home = null;
    this.#length--;
    this.#usedBytes -= task.frame?.byteLength ?? 0;
  }

  /** How many may be given to daemons now. */
  assignable(slots: number): number {
    let count = 0;
    for (let depth = 0; depth < this.#queues.length; depth++) {
      count += Math.max(0, Math.min(this.#queues[depth]!.length, slots - this.#running[depth]!));
    }
    return count;
  }

  /** Takes out the task whose turn it is, or null. */
  next(slots: number): Task | null {
    for (let depth = this.#queues.length - 1; depth >= 0; depth--) {
      const { head } = this.#queues[depth]!;
      if (head === null || this.#running[depth]! >= slots) continue;
      this.remove(head);
      return head;
    }
    return null;
  }

  /** Takes out the next one of the depth of `like` if it is of the same batch, or null. */
  nextLike(like: Task): Task | null {
    const { head } = this.#queues[like.depth]!;
    if (head === null || head.batch !== like.batch) return null;
    this.remove(head);
    return head;
  }

  /** The head of any queue, whatever may run. */
  get any(): Task | null {
    return this.#queues.find((queue) => queue.head !== null)?.head ?? null;
  }

  lengthAt(depth: number): number {
    return this.#queues[depth]?.length ?? 0;
  }

  began(depth: number): void {
    this.#queueOf(depth);
    this.#running[depth]!++;
  }

  ended(depth: number): void {
    this.#running[depth]!--;
  }

  #queueOf(depth: number): TaskQueue<Task> {
    while (this.#queues.length <= depth) {
      this.#queues.push(new TaskQueue<Task>());
      this.#running.push(0);
    }
    return this.#queues[depth]!;
  }

  #entered(task: Task, queue: TaskQueue<Task>): void {
    task.home = queue;
    this.#length++;
    this.#usedBytes += task.frame?.byteLength ?? 0;
    this.#peakBytes = Math.max(this.#peakBytes, this.#usedBytes);
  }
}
