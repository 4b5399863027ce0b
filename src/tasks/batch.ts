/** Work given to a daemon at a time should last about this long: long beside a message, short beside anybody's patience. */
const TARGET_MS = 4;
const MOST = 64;

/**
 * Tasks of equal kind that may be given to a daemon several at a time. How many depends on how long they have taken: the first is given alone,
 * and one that turns out long makes the next handful small.
 */
export class Batch {
  readonly #most: number;
  #meanMs = TARGET_MS;

  constructor(most: number = MOST) {
    this.#most = most;
  }

  /** Records that a daemon needed `ms` for one of them. A surprise upwards counts at once, downwards slowly. */
  observe(ms: number): void {
    this.#meanMs = ms > 4 * this.#meanMs ? ms : this.#meanMs + (ms - this.#meanMs) / 8;
  }

  /** How many to give to one daemon now, of `left` queued ones and with so many `daemons`. */
  size(left: number, daemons: number): number {
    const byTime = Math.floor(TARGET_MS / Math.max(this.#meanMs, 1e-3));
    return Math.max(1, Math.min(this.#most, byTime, Math.ceil(left / (2 * daemons))));
  }
}
