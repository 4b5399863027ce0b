/** A seeded stream of random numbers. Same seed and path, same numbers, on every machine. */
export interface Random {
  /** Uniform in [0, 1), 53 bits. */
  next(): number;
  /** Uniform integer in [0, bound), without modulo bias. `bound` in 1 … 2³². */
  integer(bound: number): number;
  /** 32 random bits as an unsigned integer. */
  bits(): number;
}

/**
 * The stream for one unit of work, chosen by index: `randomStream(seed, fold, cell)`. Streams of different paths are independent,
 * so results do not depend on which daemon runs which unit, or in what order.
 *
 * xoshiro128++ 1.0 (Blackman & Vigna 2021, doi:10.1145/3460772), its state filled from the seed and path by SplitMix32 steps.
 */
export function randomStream(seed: number, ...path: readonly number[]): Random {
  let mix = 0x9e3779b9;
  const absorb = (word: number): void => {
    mix = scramble((mix ^ (word >>> 0)) + 0x9e3779b9);
  };
  absorb(seed >>> 0);
  absorb(Math.floor(seed / 2 ** 32));
  absorb(path.length);
  for (const index of path) absorb(index);
  const fill = (): number => {
    mix = (mix + 0x9e3779b9) | 0;
    return scramble(mix) >>> 0;
  };
  return new Xoshiro128(fill(), fill(), fill(), fill() | 1);
}

/** A seed for one unit of work: 32 bits that depend on the whole path. */
export function derivedSeed(seed: number, ...path: readonly number[]): number {
  return randomStream(seed, ...path).bits();
}

function scramble(value: number): number {
  let z = value | 0;
  z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
  z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
  return z ^ (z >>> 16);
}

class Xoshiro128 implements Random {
  #a: number;
  #b: number;
  #c: number;
  #d: number;

  constructor(a: number, b: number, c: number, d: number) {
    this.#a = a;
    this.#b = b;
    this.#c = c;
    this.#d = d;
  }

  bits(): number {
    const sum = (this.#a + this.#d) | 0;
    const result = (((sum << 7) | (sum >>> 25)) + this.#a) >>> 0;
    const t = this.#b << 9;
    this.#c ^= this.#a;
    this.#d ^= this.#b;
    this.#b ^= this.#c;
    this.#a ^= this.#d;
    this.#c ^= t;
    this.#d = (this.#d << 11) | (this.#d >>> 21);
    return result;
  }

  next(): number {
    const high = this.bits() >>> 5;
    const low = this.bits() >>> 6;
    return (high * 67108864 + low) / 9007199254740992;
  }

  integer(bound: number): number {
    // Lemire (2019), doi:10.1145/3230636, kept in doubles: reject the part of the range that would bias.
    const limit = 2 ** 32 - (2 ** 32 % bound);
    for (;;) {
      const draw = this.bits();
      if (draw < limit) return draw % bound;
    }
  }
}

/** Shuffles in place (Fisher & Yates; Durstenfeld 1964). */
export function shuffle(values: Int32Array, random: Random): Int32Array {
  for (let i = values.length - 1; i > 0; i--) {
    const j = random.integer(i + 1);
    const held = values[i]!;
    values[i] = values[j]!;
    values[j] = held;
  }
  return values;
}
