import { availableParallelism } from "node:os";

/** A sleeping process takes so long to wake, and a program that waits for an answer sends its next task sooner than this. */
const WATCH_MS = 0.1;
/** A look that took so long was interrupted: others want the processor. */
const INTERRUPTED_MS = 0.5;
/** Then nobody watches for so long. */
const PAUSE_MS = 50;

/**
 * Keeps an event loop from falling asleep for a moment, so that what comes next is read at once. Measured on two cores: 40 µs for a round trip over a
 * pipe to a process that sleeps in between, 20 µs to one that does not. Costs at most 0.1 ms of a processor for each call, where there is a second one
 * and nobody else wants it.
 */
export class Vigil {
  readonly #isAlone = availableParallelism() === 1;
  #until = 0;
  #lookedAt = 0;
  #pausedUntil = 0;
  #isWatching = false;

  watch(): void {
    if (!this.begin() || this.#isWatching) return;
    this.#isWatching = true;
    setImmediate(this.#turn);
  }

  /** Whether it is worth it to look now, and until `goesOn` says no. */
  begin(): boolean {
    const now = performance.now();
    if (this.#isAlone || now < this.#pausedUntil) return false;
    this.#until = now + WATCH_MS;
    this.#lookedAt = now;
    return true;
  }

  goesOn(): boolean {
    const now = performance.now();
    if (now - this.#lookedAt > INTERRUPTED_MS) this.#pausedUntil = now + PAUSE_MS;
    this.#lookedAt = now;
    return now < this.#until;
  }

  readonly #turn = (): void => {
    this.#isWatching = this.goesOn();
    if (this.#isWatching) setImmediate(this.#turn);
  };
}
