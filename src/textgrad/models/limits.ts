import { InvalidArgumentError, TrainyardError } from "../../core/errors.ts";
import type { ChatModel, ChatOptions, ChatReply, ChatRequest } from "./chat-model.ts";
import { NO_USAGE, type Usage } from "./usage.ts";

export interface ModelLimits {
  /** Calls at the same time; the others wait, oldest first. Default 8. */
  readonly concurrency?: number;
  /** US dollars that may be spent through this object in all. */
  readonly budgetUsd?: number;
  /** Tokens, of prompts and answers, that may be used through this object in all. */
  readonly budgetTokens?: number;
  /** Answers that are kept for equal requests, oldest use dropped first. Default 0: none. */
  readonly cacheSize?: number;
}

/** Thrown by a call when the budget is spent. Nothing was sent. */
export class BudgetError extends TrainyardError {
  override readonly name = "BudgetError";
  readonly spent: Usage;
  constructor(what: string, spent: Usage) {
    super("too_large", `The budget for language models is spent: ${what}. Raise it, or go on with what was learned.`, {
      details: { cost_usd: spent.costUsd, tokens: spent.totalTokens },
    });
    this.spent = spent;
  }
}

/**
 * The same model with limits. A call that starts below the budget is finished and paid, so spending can pass the budget by the calls
 * under way, at most `concurrency` of them. Cached answers cost nothing; streaming calls are not cached.
 * @throws {InvalidArgumentError} for limits that are no positive numbers.
 */
export function limitModel(model: ChatModel, limits: ModelLimits): ChatModel {
  return new LimitedModel(model, limits);
}

class LimitedModel implements ChatModel {
  readonly name: string;
  readonly #model: ChatModel;
  readonly #concurrency: number;
  readonly #limits: ModelLimits;
  readonly #waiting: (() => void)[] = [];
  readonly #cache = new Map<string, Promise<ChatReply>>();
  #running = 0;
  #spentUsd = 0;
  #spentTokens = 0;

  constructor(model: ChatModel, limits: ModelLimits) {
    for (const [name, value] of Object.entries(limits)) {
      if (!(Number(value) >= 0)) throw new InvalidArgumentError(`${name} must be a number ≥ 0, got ${String(value)}.`);
    }
    this.name = model.name;
    this.#model = model;
    this.#limits = limits;
    this.#concurrency = limits.concurrency ?? 8;
    if (this.#concurrency < 1) throw new InvalidArgumentError(`concurrency must be at least 1, got ${this.#concurrency}.`);
  }

  get usage(): Usage {
    return this.#model.usage;
  }

  clearUsage(): void {
    this.#model.clearUsage();
  }

  async complete(request: ChatRequest, options: ChatOptions = {}): Promise<ChatReply> {
    const size = this.#limits.cacheSize ?? 0;
    if (size === 0 || options.onText !== undefined) return this.#ask(request, options);
    const key = JSON.stringify(request);
    const held = this.#cache.get(key);
    if (held !== undefined) {
      this.#cache.delete(key);
      this.#cache.set(key, held);
      return { text: (await held).text, usage: NO_USAGE };
    }
    const reply = this.#ask(request, options);
    this.#cache.set(key, reply);
    if (this.#cache.size > size) this.#cache.delete(this.#cache.keys().next().value!);
    reply.catch(() => this.#cache.delete(key));
    return reply;
  }

  async #ask(request: ChatRequest, options: ChatOptions): Promise<ChatReply> {
    await this.#turn(options.signal);
    try {
      this.#checkBudget();
      const reply = await this.#model.complete(request, options);
      this.#spentUsd += reply.usage.costUsd;
      this.#spentTokens += reply.usage.totalTokens;
      return reply;
    } finally {
      this.#running--;
      this.#waiting.shift()?.();
    }
  }

  #checkBudget(): void {
    const { budgetUsd = Number.POSITIVE_INFINITY, budgetTokens = Number.POSITIVE_INFINITY } = this.#limits;
    const spent = { ...NO_USAGE, costUsd: this.#spentUsd, totalTokens: this.#spentTokens };
    if (this.#spentUsd >= budgetUsd) throw new BudgetError(`$${this.#spentUsd.toFixed(4)} of $${budgetUsd}`, spent);
    if (this.#spentTokens >= budgetTokens) throw new BudgetError(`${this.#spentTokens} of ${budgetTokens} tokens`, spent);
  }

  async #turn(signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    if (this.#running >= this.#concurrency) {
      await new Promise<void>((resolve, reject) => {
        const start = (): void => {
          signal?.removeEventListener("abort", give);
          resolve();
        };
        const give = (): void => {
          this.#waiting.splice(this.#waiting.indexOf(start), 1);
          reject(signal?.reason);
        };
        signal?.addEventListener("abort", give, { once: true });
        this.#waiting.push(start);
      });
    }
    this.#running++;
  }
}
