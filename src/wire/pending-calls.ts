/** One call that has no answer yet, as its caller described it. */
interface Open<Result, Note> {
  readonly note: Note;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Calls of one side of a conversation that have no answer yet, in the order in which they were made. Invariant: each settles once; what
 * arrives later for it is told apart by `false`.
 */
export class PendingCalls<Id, Result, Note> {
  readonly #open = new Map<Id, Open<Result, Note>>();

  get size(): number {
    return this.#open.size;
  }

  /** What the callers said of their calls, oldest first. */
  notes(): Note[] {
    return Array.from(this.#open.values(), ({ note }) => note);
  }

  noteOf(id: Id): Note | undefined {
    return this.#open.get(id)?.note;
  }

  /** Settles when one of the methods below says so. */
  add(id: Id, note: Note): Promise<Result> {
    return new Promise((resolve, reject) => this.#open.set(id, { note, resolve, reject }));
  }

  /** @returns false for a call that is not open: never made, or settled. */
  resolve(id: Id, result: Result): boolean {
    const open = this.#open.get(id);
    this.#open.delete(id);
    open?.resolve(result);
    return open !== undefined;
  }

  reject(id: Id, error: unknown): boolean {
    const open = this.#open.get(id);
    this.#open.delete(id);
    open?.reject(error);
    return open !== undefined;
  }

  /** Fails every call, oldest first. */
  rejectAll(error: (note: Note) => unknown): void {
    const all = [...this.#open.values()];
    this.#open.clear();
    for (const open of all) open.reject(error(open.note));
  }
}
