/** Counts wrap here: 31 bits are left of a word when one is the lock. */
const COUNT_MASK = 0x7fffffff;

/**
 * Decides, one by one, whether the tasks that wait in an executor begin there: a word of shared memory, `[passed: 31 bits][closed: 1 bit]`. Any thread may
 * close it, also while user code blocks the executor's own; from then on nothing passes until the executor opens it again. So whoever closed it knows
 * exactly which tasks have begun.
 */
export class Gate {
  readonly memory: SharedArrayBuffer;
  readonly #word: Int32Array;

  constructor(memory: SharedArrayBuffer = new SharedArrayBuffer(4)) {
    this.memory = memory;
    this.#word = new Int32Array(memory);
  }

  /** The executor's next task wants to begin. */
  pass(): boolean {
    const now = Atomics.load(this.#word, 0);
    return (now & 1) === 0 && Atomics.compareExchange(this.#word, 0, now, (now + 2) | 0) === now;
  }

  /** @returns how many have passed, modulo 2^31. */
  close(): number {
    return (Atomics.or(this.#word, 0, 1) >>> 1) & COUNT_MASK;
  }

  open(): void {
    Atomics.and(this.#word, 0, ~1);
  }
}

/** How many have passed beyond those that were answered; both counts may have wrapped. */
export function passedBeyond(passed: number, answered: number): number {
  return (passed - answered) & COUNT_MASK;
}
