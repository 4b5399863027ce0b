import { createHash } from "node:crypto";
import { isToken } from "./token.ts";

/** Different wrong tokens that an address may show at once; then one more every `REFILL_MS`. */
const GUESSES = 20;
const REFILL_MS = 3000;
/** Addresses that are remembered; the one that guessed longest ago goes first. */
const ADDRESSES_MAX = 10_000;

/** What came of a token. `retryAfterSeconds` is null while the address may still guess. */
export type Verdict = { readonly opens: true } | { readonly opens: false; readonly retryAfterSeconds: number | null };

interface Guesses {
  /** Those that still count, as of `at`. */
  count: number;
  at: number;
  /** Digests of the last different ones. */
  readonly recent: Set<string>;
}

/**
 * Compares tokens in constant time and counts wrong ones per address, over every door and link of the server. The right token always
 * opens, however much was guessed from its address: on one machine everybody shares an address, and a reporter that was left behind with
 * an old token must not lock the others out. The same wrong token again is no new guess. Whoever has used up its guesses is told so, and
 * its link is ended by the door, so that each further guess costs a link.
 */
export class TokenGate {
  readonly #token: string;
  readonly #now: () => number;
  readonly #guesses = new Map<string, Guesses>();

  constructor(token: string, now: () => number = Date.now) {
    this.#token = token;
    this.#now = now;
  }

  /** @param address of the other side, as its socket says. */
  check(address: string | undefined, given: unknown): Verdict {
    if (isToken(this.#token, given)) return { opens: true };
    const { count } = this.#noteGuess(address ?? "", given);
    const wait = Math.ceil(((count - GUESSES) * REFILL_MS) / 1000);
    return { opens: false, retryAfterSeconds: wait > 0 ? wait : null };
  }

  opens(address: string | undefined, given: unknown): boolean {
    return this.check(address, given).opens;
  }

  #noteGuess(address: string, given: unknown): Guesses {
    const now = this.#now();
    const guesses = this.#guesses.get(address) ?? { count: 0, at: now, recent: new Set() };
    guesses.count = Math.max(0, guesses.count - (now - guesses.at) / REFILL_MS);
    guesses.at = now;
    const digest = createHash("sha256").update(String(given)).digest("base64");
    if (!guesses.recent.has(digest)) {
      // The count ends a little above the limit: whoever goes on guessing does not wait longer and longer.
      guesses.count = Math.min(guesses.count + 1, GUESSES + 1);
      guesses.recent.add(digest);
      if (guesses.recent.size > GUESSES) guesses.recent.delete(guesses.recent.values().next().value!); // not empty: one was just added
    }
    this.#guesses.delete(address);
    this.#guesses.set(address, guesses);
    if (this.#guesses.size > ADDRESSES_MAX) this.#guesses.delete(this.#guesses.keys().next().value!); // not empty: one was just set
    return guesses;
  }
}
