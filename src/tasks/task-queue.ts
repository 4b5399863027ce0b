/** What a queue threads through its members, so that any of them can be taken out at once. */
export interface Queueable<T> {
  before: T | null;
  after: T | null;
}

/**
 * First in, first out; enqueue, dequeue and removal from the middle are O(1) whatever the length. Invariants:
 *  1. A member is in at most one queue, at most once; its two links are null when it is in none.
 *  2. `length` is the number of members from head to tail.
 */
export class TaskQueue<T extends Queueable<T>> {
  #head: T | null = null;
  #tail: T | null = null;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** The next to be dequeued. */
  get head(): T | null {
    return this.#head;
  }

  enqueue(member: T): void {
    member.before = this.#tail;
    if (this.#tail === null) this.#head = member;
    else this.#tail.after = member;
    this.#tail = member;
    this.#length++;
  }

  /** Back to the front: for a task that has had its turn and lost it. */
  putBack(member: T): void {
    member.after = this.#head;
    if (this.#head === null) this.#tail = member;
    else this.#head.before = member;
    this.#head = member;
    this.#length++;
  }

  dequeue(): T | null {
    const member = this.#head;
    if (member !== null) this.remove(member);
    return member;
  }

  /** `member` must be in this queue. */
  remove(member: T): void {
    if (member.before === null) this.#head = member.after;
    else member.before.after = member.after;
    if (member.after === null) this.#tail = member.before;
    else member.after.before = member.before;
    member.before = null;
    member.after = null;
    this.#length--;
  }
}
