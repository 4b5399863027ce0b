import { availableParallelism } from "node:os";

/** A sleeping process takes so long to wake, and a program that waits for an answer sends its next task sooner than this. */
const WATCH_MS = 0.1;

/**
 * Keeps an event loop from falling asleep for a moment, so that what comes next is read at once. Measured on two cores: 40 µs for a round trip over a
 * pipe to a process that sleeps in between, 20 µs to one that does not. Costs at most 0.1 ms of a processor for each call, where there is a second one.
 */
export class Vigil {
  readonly #isWorthIt = availableParallelism() > 1;
  #until = 0;
  #isWatching = false;

  watch(): void {
    if (!this.#isWorthIt) return;
    this.#until = performance.now() + WATCH_MS;
    if (this.#isWatching) return;
    this.#isWatching = true;
    setImmediate(this.#turn);
  }

  readonly #turn = (): void => {
    this.#isWatching = performance.now() < this.#until;
    if (this.#isWatching) setImmediate(this.#turn);
  };
}
