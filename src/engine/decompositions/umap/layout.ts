import { InvalidArgumentError } from "../../../core/errors.ts";
import type { Random } from "../../../core/random.ts";
import { kernelModule } from "../../kernel-module.ts";
import type { Curve } from "./curve.ts";
import { KERNEL_BASE64 } from "./kernel.generated.ts";

/** Points pushed away for each one that is pulled near. */
const PUSHES = 5;

/** Pairs that attract each other, in the order in which they are taken. */
export interface Pulls {
  readonly heads: Int32Array;
  readonly tails: Int32Array;
  /** Above 0, up to 1; a pair of weight w takes its turn in about that share of the epochs. */
  readonly weights: Float64Array;
}

export interface LayoutOptions {
  readonly epochs: number;
  readonly step: number;
  readonly curve: Curve;
  readonly random: Random;
}

/** What `assembly/index.ts` exports; addresses in bytes. */
export interface LayoutKernel {
  readonly memory: WebAssembly.Memory;
  reserve(bytes: number): number;
  seed(a: number, b: number, c: number, d: number): void;
  power(x: number, b: number): number;
  runEpoch(...parameters: number[]): void;
}

/** A fresh instance of the loops. */
export const layoutKernel = kernelModule<LayoutKernel>(KERNEL_BASE64, "layout");

/**
 * A place where points are moved: pairs pull each other together, and for each pull the head is pushed away from five points drawn at random. Steps
 * shrink to nothing. Source: McInnes, Healy & Melville (2018), arXiv:1802.03426, algorithm 5.
 */
export class Layout {
  readonly #kernel: LayoutKernel;
  readonly #dims: number;
  readonly #count: number;
  /** Byte addresses. */
  readonly #at: { heads: number; tails: number; every: number; next: number; pushNext: number; headOf: number; tailOf: number };

  /**
   * @param tails shape [n, dims] row-major: the points pulled towards and pushed from. Copied.
   * @param size  how many points move, or null when the tails themselves do; and how many pairs there are at most.
   * @throws {InvalidArgumentError} when points and pairs do not fit in the 4 GB that one layout has.
   */
  constructor(tails: Float64Array, dims: number, size: { readonly heads: number | null; readonly pairs: number }) {
    this.#kernel = layoutKernel();
    this.#dims = dims;
    this.#count = tails.length / dims;
    const half = Math.ceil(size.pairs / 2);
    const lengths = [tails.length, (size.heads ?? 0) * dims, size.pairs, size.pairs, size.pairs, half, half];
    const bytes = lengths.reduce((sum, length) => sum + length * 8, 0);
    const start = bytes < 2 ** 32 - 2 ** 20 ? this.#kernel.reserve(bytes) >>> 0 : 0;
    if (start === 0) throw new InvalidArgumentError("rows and their neighbours do not fit in 4 GB; use fewer rows or a lower n_neighbors");
    const places = lengths.map((_, index) => start + 8 * lengths.slice(0, index).reduce((sum, length) => sum + length, 0));
    const [tailsAt = 0, headsAt = 0, every = 0, next = 0, pushNext = 0, headOf = 0, tailOf = 0] = places;
    this.#at = { heads: size.heads === null ? tailsAt : headsAt, tails: tailsAt, every, next, pushNext, headOf, tailOf };
    new Float64Array(this.#kernel.memory.buffer, tailsAt, tails.length).set(tails);
  }

  /**
   * Moves `heads`, shape [heads, dims] row-major, in place at the end. Yields after each epoch. Cost: O(epochs · pulls · dims). All randomness comes
   * from `random`.
   */
  *run(heads: Float64Array, pulls: Pulls, { epochs, step, curve, random }: LayoutOptions): Generator<void, void, void> {
    const at = this.#at;
    const pairs = pulls.weights.length;
    const { buffer } = this.#kernel.memory;
    const moved = new Float64Array(buffer, at.heads, heads.length);
    moved.set(heads);
    const between = pulls.weights.map((weight) => 1 / weight);
    new Float64Array(buffer, at.every, pairs).set(between);
    new Float64Array(buffer, at.next, pairs).set(between);
    new Float64Array(buffer, at.pushNext, pairs).set(between.map((count) => count / PUSHES));
    new Int32Array(buffer, at.headOf, pairs).set(pulls.heads);
    new Int32Array(buffer, at.tailOf, pairs).set(pulls.tails);
    this.#kernel.seed(random.bits() | 1, random.bits(), random.bits(), random.bits());
    const where = [at.heads, at.tails, this.#count, this.#dims, pairs, at.headOf, at.tailOf, at.every, at.next, at.pushNext];
    for (let epoch = 0; epoch < epochs; epoch++) {
      this.#kernel.runEpoch(...where, PUSHES, epoch, step * (1 - epoch / epochs), curve.a, curve.b);
      yield;
    }
    heads.set(moved);
  }
}
