import { InvalidArgumentError } from "../../core/errors.ts";
import { type AppendedGradient, type BackwardOptions, backward } from "../backward.ts";
import type { DataLoader } from "../data/loader.ts";
import { noGrad } from "../gradient-mode.ts";
import type { ChatModel } from "../models/chat-model.ts";
import type { Module, StateDict, StepResult } from "../modules/module.ts";
import type { TextualGradientDescent } from "../optimize/optimizer.ts";
import { isBatch, type TextData } from "../values.ts";
import type { Variable } from "../variable.ts";
import type { Checkpoint } from "./checkpoint.ts";

export interface EarlyStopping {
  /** A logged name such as `val_loss`. Default `val_loss`, or `train_loss` without validation. */
  readonly metric?: string;
  /** Epochs without improvement after which training ends. */
  readonly patience: number;
  /** Improvement that counts. Default 0: any. */
  readonly minDelta?: number;
}

/** Hears what happens in a training, for a log or a page. Nothing that it does changes the training. */
export interface TrainingObserver {
  /** Scores of one evaluation, per sample where the step gives them. */
  evaluated?(scores: readonly unknown[], isTraining: boolean): void;
  backward?(results: readonly Variable[], appended: readonly AppendedGradient[]): void;
  /** What a step looked at, with the data from before. */
  stepped?(
    rewritten: readonly { readonly parameter: Variable; readonly before: TextData; readonly gradients: readonly Variable[] }[],
  ): void;
}

export interface TrainerOptions {
  /** Default 10. */
  readonly maxEpochs?: number;
  /** Writes criticism in the backward pass, with these arguments. */
  readonly backward: Pick<BackwardOptions, "model" | "args" | "prompts">;
  /** Whether larger scores are better. Default true. */
  readonly higherIsBetter?: boolean;
  readonly earlyStopping?: EarlyStopping;
  /** Puts the best epoch's state back when training ends. Default true. */
  readonly keepBest?: boolean;
  /** Attempts per batch when a step fails in a way that may pass. Default 3. */
  readonly attempts?: number;
  /** Models whose cost is counted and whose usage is cleared after every batch. */
  readonly models?: readonly ChatModel[];
  /** Numbers as they come: `train_loss`, `val_loss`, other metrics, `total_cost($)`; `epoch` from 1, null for `test`. */
  readonly log?: (name: string, value: number, epoch: number | null) => void;
  /** After each epoch. */
  readonly onCheckpoint?: (checkpoint: Checkpoint) => void | Promise<void>;
  readonly signal?: AbortSignal;
  readonly observe?: TrainingObserver;
}

export interface TrainingReport {
  readonly epochs: number;
  /** Means by logged name, one entry per epoch. */
  readonly history: readonly Readonly<Record<string, number>>[];
  readonly bestEpoch: number | null;
  readonly stopped: "finished" | "early";
  readonly costUsd: number;
}

/** Trains a module: per batch forward, backward on the explanation, step; per epoch validation without gradients and a checkpoint. */
export class Trainer {
  readonly #options: TrainerOptions;
  #costUsd = 0;
  #best: Checkpoint["best"] = null;

  constructor(options: TrainerOptions) {
    this.#options = options;
  }

  /**
   * @param from  where an earlier training ended; module and optimizer take its state.
   * @throws what the last attempt of a step threw; the signal's reason when it was aborted.
   */
  async fit(
    module: Module,
    optimizer: TextualGradientDescent,
    train: DataLoader,
    { validation = null, from = null }: { readonly validation?: DataLoader | null; readonly from?: Checkpoint | null } = {},
  ): Promise<TrainingReport> {
    const { maxEpochs = 10, keepBest = true, earlyStopping } = this.#options;
    const metric = earlyStopping?.metric ?? (validation === null ? "train_loss" : "val_loss");
    const history: Record<string, number>[] = [];
    this.#begin(module, optimizer, from);
    let epoch = from?.epoch ?? 0;
    let stopped: TrainingReport["stopped"] = "finished";
    while (epoch < maxEpochs && stopped === "finished") {
      epoch++;
      const means = await this.#epoch(module, optimizer, train, validation, epoch);
      history.push(means);
      this.#judge(module, means, metric, epoch);
      await this.#options.onCheckpoint?.(this.#checkpoint(module, optimizer, epoch));
      if (earlyStopping !== undefined && this.#best !== null && epoch - this.#best.epoch >= earlyStopping.patience) stopped = "early";
    }
    if (keepBest && this.#best !== null) module.loadStateDict(this.#best.module);
    return { epochs: epoch, history, bestEpoch: this.#best?.epoch ?? null, stopped, costUsd: this.#costUsd };
  }

  /** Means over a loader without gradients, logged as `test_…` without an epoch. */
  async test(module: Module, loader: DataLoader): Promise<Readonly<Record<string, number>>> {
    const means = await this.#evaluate(module, loader, "test", null);
    this.#log("total_cost($)", this.#costUsd, null);
    return means;
  }

  #begin(module: Module, optimizer: TextualGradientDescent, from: Checkpoint | null): void {
    this.#best = from?.best ?? null;
    this.#costUsd = from?.costUsd ?? 0;
    if (from === null) return;
    module.loadStateDict(from.module);
    optimizer.loadStateDict(from.optimizer);
  }

  async #epoch(
    module: Module,
    optimizer: TextualGradientDescent,
    train: DataLoader,
    validation: DataLoader | null,
    epoch: number,
  ): Promise<Record<string, number>> {
    const means = new Means();
    module.train();
    let index = 0;
    for (const batch of train.batches(epoch)) {
      means.add(await this.#attempt(() => this.#trainBatch(module, optimizer, batch, index)));
      this.#countCost();
      index++;
    }
    const all = this.#logMeans(means, "train", epoch);
    if (validation !== null) Object.assign(all, await this.#evaluate(module, validation, "val", epoch));
    this.#log("total_cost($)", this.#costUsd, epoch);
    return all;
  }

  async #trainBatch(module: Module, optimizer: TextualGradientDescent, batch: unknown, index: number): Promise<StepResult> {
    const { signal, observe } = this.#options;
    optimizer.clearGrad();
    const result = await module.trainingStep(batch, index);
    observe?.evaluated?.(result.scores ?? [result.score.data].flat(), true);
    const appended = await backward(result.explanation, { ...this.#options.backward, signal });
    observe?.backward?.([result.explanation], appended);
    const before = optimizer.parameters.map((parameter) => ({ parameter, before: parameter.data, gradients: [...parameter.grad] }));
    await optimizer.step({ signal });
    observe?.stepped?.(before);
    return result;
  }

  async #evaluate(module: Module, loader: DataLoader, prefix: string, epoch: number | null): Promise<Record<string, number>> {
    const means = new Means();
    module.eval();
    let index = 0;
    for (const batch of loader.batches(0)) {
      const result = await this.#attempt(() => noGrad(() => module.validationStep(batch, index)));
      this.#options.observe?.evaluated?.(result.scores ?? [result.score.data].flat(), false);
      means.add(result);
      this.#countCost();
      index++;
    }
    module.train();
    return this.#logMeans(means, prefix, epoch);
  }

  /** Again, when what failed may pass. */
  async #attempt<Result>(work: () => Promise<Result>): Promise<Result> {
    const { attempts = 3, signal } = this.#options;
    for (let attempt = 1; ; attempt++) {
      signal?.throwIfAborted();
      try {
        return await work();
      } catch (error) {
        signal?.throwIfAborted();
        if (attempt >= attempts || (error as { retryable?: boolean }).retryable !== true) throw error;
      }
    }
  }

  #judge(module: Module, means: Readonly<Record<string, number>>, metric: string, epoch: number): void {
    const value = means[metric];
    if (value === undefined) {
      throw new InvalidArgumentError(`There is no metric "${metric}" to watch; logged are ${Object.keys(means).join(", ")}.`);
    }
    const sign = (this.#options.higherIsBetter ?? true) ? 1 : -1;
    const gain = this.#best === null ? Number.POSITIVE_INFINITY : sign * (value - this.#best.value);
    if (gain > (this.#options.earlyStopping?.minDelta ?? 0)) this.#best = { epoch, value, module: snapshot(module) };
  }

  #checkpoint(module: Module, optimizer: TextualGradientDescent, epoch: number): Checkpoint {
    return {
      format: "trainyard.textgrad.checkpoint",
      version: 1,
      epoch,
      module: snapshot(module),
      optimizer: optimizer.stateDict(),
      best: this.#best,
      costUsd: this.#costUsd,
    };
  }

  #countCost(): void {
    for (const model of this.#options.models ?? []) {
      this.#costUsd += model.usage.costUsd;
      model.clearUsage();
    }
  }

  #logMeans(means: Means, prefix: string, epoch: number | null): Record<string, number> {
    const all: Record<string, number> = {};
    for (const [name, value] of means.entries()) {
      all[`${prefix}_${name}`] = value;
      this.#log(`${prefix}_${name}`, value, epoch);
    }
    return all;
  }

  #log(name: string, value: number, epoch: number | null): void {
    this.#options.log?.(name, value, epoch);
  }
}

function snapshot(module: Module): StateDict {
  return structuredClone(module.stateDict());
}

/** Means over batches. The score counts as `loss`, as trainers call it; a list counts with its mean. */
class Means {
  readonly #sums = new Map<string, { total: number; count: number }>();

  add({ score, metrics = {} }: StepResult): void {
    const { data } = score;
    const loss = isBatch(data) ? data.reduce<number>((total, one) => total + Number(one), 0) / data.length : Number(data);
    for (const [name, value] of Object.entries({ loss, ...metrics })) {
      const sum = this.#sums.get(name) ?? { total: 0, count: 0 };
      this.#sums.set(name, { total: sum.total + value, count: sum.count + 1 });
    }
  }

  *entries(): Generator<[string, number]> {
    for (const [name, { total, count }] of this.#sums) yield [name, total / count];
  }
}
