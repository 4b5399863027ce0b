import { WireError } from "./live/wire-error.ts";
import { isToken } from "./token.ts";

/** Wrong guesses that an address has at once; then it gets one more every `REFILL_MS`. */
const GUESSES = 20;
const REFILL_MS = 3000;
/** Addresses that are remembered; the one that guessed longest ago goes first. */
const ADDRESSES_MAX = 10_000;

/**
 * Compares tokens and counts wrong guesses per address, over all links: a stranger who opens one link after the other has no more
 * guesses than 20 a minute. Whoever has used them up is not compared at all until the next one is due.
 */
export class TokenGate {
  readonly #token: string;
  readonly #now: () => number;
  /** By address: wrong guesses that still count, as of `at`. */
  readonly #guesses = new Map<string, { count: number; at: number }>();

  constructor(token: string, now: () => number = Date.now) {
    this.#token = token;
    this.#now = now;
  }

  /** @throws {WireError} `unauthorized` when the address has guessed too often; `given` was not looked at. */
  opens(address: string, given: unknown): boolean {
    const now = this.#now();
    const before = this.#guesses.get(address);
    const count = before === undefined ? 0 : Math.max(0, before.count - (now - before.at) / REFILL_MS);
    if (count > GUESSES - 1) {
      const wait = Math.ceil(((count - GUESSES + 1) * REFILL_MS) / 1000);
      throw new WireError("unauthorized", `Too many wrong tokens came from this address. Try again in ${wait} s.`, {
        retry_after_seconds: wait,
      });
    }
    if (isToken(this.#token, given)) return true;
    this.#guesses.delete(address);
    this.#guesses.set(address, { count: count + 1, at: now });
    if (this.#guesses.size > ADDRESSES_MAX) this.#guesses.delete(this.#guesses.keys().next().value!); // not empty: one was just set
    return false;
  }
}
