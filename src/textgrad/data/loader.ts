import { InvalidArgumentError } from "../../core/errors.ts";
import { isBatch, type Scalar } from "../values.ts";
import { Parameter, Variable } from "../variable.ts";
import { randomSampler, type Sampler, sequentialSampler } from "./samplers.ts";

/** Samples by index. An array is one. */
export interface Dataset<Sample> {
  readonly length: number;
  at(index: number): Sample | undefined;
}

export interface LoaderOptions {
  /** Default 1. */
  readonly batchSize?: number;
  /** A new order each epoch, from `seed`. Not together with `sampler`. */
  readonly shuffle?: boolean;
  readonly seed?: number;
  readonly sampler?: Sampler;
  /** Leaves out a last batch that is not full. */
  readonly dropLast?: boolean;
}

/** Cuts a data set into batches. An epoch's order depends on the seed and the epoch alone, so training can be resumed. */
export class DataLoader<Sample = unknown> {
  readonly #samples: Dataset<Sample>;
  readonly #batchSize: number;
  readonly #sampler: Sampler;
  readonly #dropLast: boolean;

  /** @throws {InvalidArgumentError} for a batch size below 1, or `shuffle` together with `sampler`. */
  constructor(samples: Dataset<Sample>, { batchSize = 1, shuffle = false, seed = 0, sampler, dropLast = false }: LoaderOptions = {}) {
    if (!Number.isInteger(batchSize) || batchSize < 1)
      throw new InvalidArgumentError(`batchSize must be a whole number ≥ 1, got ${batchSize}.`);
    if (shuffle && sampler !== undefined)
      throw new InvalidArgumentError("shuffle and sampler exclude each other; let the sampler shuffle.");
    this.#samples = samples;
    this.#batchSize = batchSize;
    this.#dropLast = dropLast;
    this.#sampler = sampler ?? (shuffle ? randomSampler({ seed }) : sequentialSampler);
  }

  /** Batches of one epoch over a sampler as long as the data set. */
  get length(): number {
    const batches = this.#samples.length / this.#batchSize;
    return this.#dropLast ? Math.floor(batches) : Math.ceil(batches);
  }

  *batches(epoch = 0): Generator<unknown> {
    const order = this.#sampler(this.#samples.length, epoch);
    for (let start = 0; start < order.length; start += this.#batchSize) {
      const indices = order.slice(start, start + this.#batchSize);
      if (this.#dropLast && indices.length < this.#batchSize) return;
      yield collate(indices.map((index) => this.#samples.at(index)));
    }
  }
}

/**
 * Samples as one batch: objects become lists by key, tuples go position by position, variables become one variable that holds the list
 * (role and `requiresGrad` of the first), anything else becomes a list.
 * @throws {InvalidArgumentError} when samples have different keys or lengths, or variables hold lists already.
 */
export function collate(samples: readonly unknown[]): unknown {
  const first = samples[0];
  if (first instanceof Variable) return collateVariables(samples as readonly Variable[], first);
  if (Array.isArray(first)) {
    const rows = samples.filter((sample) => Array.isArray(sample) && sample.length === first.length) as unknown[][];
    if (rows.length < samples.length) throw new InvalidArgumentError("The samples of a batch are tuples of different lengths.");
    return first.map((_, position) => collate(rows.map((row) => row[position])));
  }
  if (typeof first === "object" && first !== null) {
    return Object.fromEntries(Object.keys(first).map((key) => [key, collate(samples.map((sample) => keyOf(sample, key)))]));
  }
  return [...samples];
}

function collateVariables(samples: readonly Variable[], first: Variable): Variable {
  const data = samples.map((sample) => {
    if (isBatch(sample.data)) throw new InvalidArgumentError(`"${sample.role}" holds a list already and cannot become part of a batch.`);
    return sample.data as Scalar;
  });
  const kind = first instanceof Parameter ? Parameter : Variable;
  return new kind(data, { role: first.role, requiresGrad: first.requiresGrad });
}

function keyOf(sample: unknown, key: string): unknown {
  if (typeof sample === "object" && sample !== null && Object.hasOwn(sample, key)) return (sample as Record<string, unknown>)[key];
  throw new InvalidArgumentError(`A sample of the batch has no "${key}", but the first one has.`);
}
