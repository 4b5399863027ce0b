import { InvalidArgumentError } from "../../core/errors.ts";
import { type Random, randomStream, shuffle } from "../../core/random.ts";

/** Gives the order in which an epoch visits a data set of `length` samples. The same seed and epoch give the same order. */
export type Sampler = (length: number, epoch: number) => readonly number[];

export const sequentialSampler: Sampler = (length) => Array.from({ length }, (_, index) => index);

export interface RandomSamplerOptions {
  readonly seed: number;
  /** Draws independently instead of shuffling. */
  readonly replacement?: boolean;
  /** Default: the length of the data set. Without replacement, more than that starts another shuffle. */
  readonly count?: number;
}

export function randomSampler({ seed, replacement = false, count }: RandomSamplerOptions): Sampler {
  return (length, epoch) => {
    const random = randomStream(seed, epoch);
    const wanted = count ?? length;
    if (length === 0) return [];
    if (replacement) return Array.from({ length: wanted }, () => random.integer(length));
    const order: number[] = [];
    while (order.length < wanted) order.push(...permutation(length, random));
    return order.slice(0, wanted);
  };
}

export interface WeightedSamplerOptions {
  readonly seed: number;
  /** One per sample, ≥ 0, not all 0; need not sum to one. */
  readonly weights: readonly number[];
  readonly count: number;
  /** Default true. */
  readonly replacement?: boolean;
}

/**
 * Draws by weight. Without replacement each draw is by the weights that are left (Efraimidis & Spirakis 2006, doi:10.1016/j.ipl.2005.11.003).
 * @throws {InvalidArgumentError} for bad weights, and when more is wanted than has a weight above 0.
 */
export function weightedSampler({ seed, weights, count, replacement = true }: WeightedSamplerOptions): Sampler {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  if (!(total > 0) || weights.some((weight) => !(weight >= 0) || !Number.isFinite(weight))) {
    throw new InvalidArgumentError("weights must be finite numbers ≥ 0, at least one of them above 0.");
  }
  const possible = weights.filter((weight) => weight > 0).length;
  if (!replacement && count > possible) {
    throw new InvalidArgumentError(`Without replacement at most ${possible} samples can be drawn, ${count} were asked for.`);
  }
  return (length, epoch) => {
    if (weights.length !== length) throw new InvalidArgumentError(`There are ${weights.length} weights for ${length} samples.`);
    const random = randomStream(seed, epoch);
    if (!replacement) {
      const keys = weights.map((weight) => (weight > 0 ? Math.log(1 - random.next()) / weight : Number.NEGATIVE_INFINITY));
      return sequentialSampler(length, 0)
        .toSorted((a, b) => keys[b]! - keys[a]!)
        .slice(0, count);
    }
    return Array.from({ length: count }, () => drawOne(weights, random.next() * total));
  };
}

function drawOne(weights: readonly number[], target: number): number {
  let reached = 0;
  for (const [index, weight] of weights.entries()) {
    reached += weight;
    if (target < reached) return index;
  }
  return weights.findLastIndex((weight) => weight > 0); // rounding at the upper end
}

function permutation(length: number, random: Random): number[] {
  return [
    ...shuffle(
      Int32Array.from({ length }, (_, index) => index),
      random,
    ),
  ];
}
