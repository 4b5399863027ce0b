import { InvalidArgumentError } from "../core/errors.ts";
import type { TellurioClient, TellurioOptimizer } from "./tellurio-client.ts";
import { type TellurioModel, TellurioVariable } from "./tellurio-mirrors.ts";

/** What a step gives: `(score, explanation)`, or that pair as `loss` beside further numbers. */
export type TellurioStep =
  | readonly [TellurioVariable, TellurioVariable]
  | ({ readonly loss: readonly [TellurioVariable, TellurioVariable] } & Readonly<Record<string, unknown>>);

export interface TellurioAgent<Batch> {
  trainingStep(batch: Batch, index: number): Promise<TellurioStep>;
  /** Without gradients; the caller passes `gradEnabled: false` to its operations. Default: not validated. */
  validationStep?(batch: Batch, index: number): Promise<TellurioStep>;
}

export interface TellurioTrainerOptions {
  /** Default 10. */
  readonly maxEpochs?: number;
  /** Their cost is added up after every batch, and their usage cleared. */
  readonly models?: readonly TellurioModel[];
  /** Default: the client's active run. `epoch` counts from 1. */
  readonly log?: (name: string, value: number, epoch: number) => unknown;
  readonly signal?: AbortSignal;
}

/**
 * Trains on a server, batch by batch: clear gradients, forward, backward on the explanation, step, and one clearing of usage per
 * model; nothing else is asked (T-121). Logs means per epoch as `train_…` and `val_…`, and `total_cost($)`.
 */
export class TellurioTrainer {
  readonly #client: TellurioClient;
  readonly #options: TellurioTrainerOptions;
  #costUsd = 0;

  constructor(client: TellurioClient, options: TellurioTrainerOptions = {}) {
    this.#client = client;
    this.#options = options;
  }

  /** What every batch so far has cost, each counted once (T-123). */
  get costUsd(): number {
    return this.#costUsd;
  }

  /** @returns the logged means, one entry per epoch. @throws what a step throws, and the signal's reason. */
  async fit<Batch>(
    agent: TellurioAgent<Batch>,
    optimizer: TellurioOptimizer,
    batches: (epoch: number) => Iterable<Batch>,
    validation: (() => Iterable<Batch>) | null = null,
  ): Promise<readonly Readonly<Record<string, number>>[]> {
    const { maxEpochs = 10, signal } = this.#options;
    const history: Record<string, number>[] = [];
    for (let epoch = 1; epoch <= maxEpochs; epoch++) {
      const train = await this.#means(batches(epoch), async (batch, index) => {
        await optimizer.clearGrad();
        const step = read(await agent.trainingStep(batch, index));
        await this.#client.backward(step.explanation, {}, { signal });
        await optimizer.step({ signal });
        return step;
      });
      const all = await this.#logAll("train", train, epoch);
      if (validation !== null && agent.validationStep !== undefined) {
        const means = await this.#means(validation(), async (batch, index) => read(await agent.validationStep!(batch, index)));
        Object.assign(all, await this.#logAll("val", means, epoch));
      }
      await this.#log("total_cost($)", this.#costUsd, epoch);
      history.push(all);
    }
    return history;
  }

  async #means<Batch>(batches: Iterable<Batch>, work: (batch: Batch, index: number) => Promise<StepNumbers>): Promise<Map<string, number>> {
    const sums = new Map<string, { total: number; count: number }>();
    let index = 0;
    for (const batch of batches) {
      this.#options.signal?.throwIfAborted();
      const { numbers } = await work(batch, index++);
      for (const [name, value] of Object.entries(numbers)) {
        const sum = sums.get(name) ?? { total: 0, count: 0 };
        sums.set(name, { total: sum.total + value, count: sum.count + 1 });
      }
      await this.#countCost();
    }
    return new Map([...sums].map(([name, { total, count }]) => [name, total / count]));
  }

  async #countCost(): Promise<void> {
    for (const model of this.#options.models ?? []) {
      const cost = model.usage.cost as { readonly amount?: unknown } | undefined;
      this.#costUsd += typeof cost?.amount === "number" ? cost.amount : 0;
      await this.#client.clearUsage(model);
    }
  }

  async #logAll(prefix: string, means: ReadonlyMap<string, number>, epoch: number): Promise<Record<string, number>> {
    const named: Record<string, number> = {};
    for (const [name, value] of means) {
      named[`${prefix}_${name}`] = value;
      await this.#log(`${prefix}_${name}`, value, epoch);
    }
    return named;
  }

  async #log(name: string, value: number, epoch: number): Promise<void> {
    if (this.#options.log !== undefined) await this.#options.log(name, value, epoch);
    else await this.#client.activeRun?.log(name, value, epoch);
  }
}

interface StepNumbers {
  readonly explanation: TellurioVariable;
  readonly numbers: Readonly<Record<string, number>>;
}

/** @throws {InvalidArgumentError} unless it is a pair of variables, or an object whose `loss` is one. */
function read(step: TellurioStep): StepNumbers {
  const pair = Array.isArray(step) ? step : (step as { readonly loss?: unknown } | null)?.loss;
  if (!Array.isArray(pair) || pair.length !== 2 || !pair.every((part) => part instanceof TellurioVariable)) {
    throw new InvalidArgumentError("A step must return [score, explanation], both variables, or an object with that pair as loss.");
  }
  const [score, explanation] = pair as [TellurioVariable, TellurioVariable];
  const values = Array.isArray(score.data) ? score.data.map(Number) : [Number(score.data)];
  const loss = values.reduce((total, value) => total + value, 0) / values.length;
  const more = Array.isArray(step) ? [] : Object.entries(step).filter(([name, value]) => name !== "loss" && typeof value === "number");
  return { explanation, numbers: { loss, ...(Object.fromEntries(more) as Record<string, number>) } };
}
