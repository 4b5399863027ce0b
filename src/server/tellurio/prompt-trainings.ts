import { InvalidArgumentError, messageOf, TrainyardError } from "../../core/errors.ts";
import { limitModel, openAIChatModel, type TrainingObserver, watchModel } from "../../textgrad/index.ts";
import type { PromptRuns } from "./prompt-runs.ts";
import type { RunSink } from "./run-sink.ts";

/** Which language model a training asks. The key lives in that model, in memory, until the training ends. */
type ModelChoice =
  | { readonly kind: "scripted" }
  | { readonly kind: "openai"; readonly model: string; readonly baseUrl: string; readonly apiKey: string; readonly budgetUsd: number };

export interface TrainingRequest {
  readonly model: ModelChoice;
  readonly prompt: string | null;
}

/** The program that is run: nothing that a client sends names it. */
const EXAMPLE = new URL("../../../examples/prompt-training/", import.meta.url);
const AT_ONCE = 4;
const PROMPT_MAX = 20_000;
/** So that a person can follow what the scripted model does. */
const SCRIPTED_DELAY_MS = 25;
const BUDGET_USD = 1;

/** Only what is used of `examples/prompt-training`, which stands beside the built code. */
interface Example {
  trainRouter(options: {
    readonly print: (line: string) => void;
    readonly lm: ReturnType<typeof limitModel>;
    readonly prompt?: string;
    readonly observe: TrainingObserver;
    readonly signal: AbortSignal;
  }): Promise<unknown>;
}
interface ScriptedModels {
  startScriptedModel(options: { readonly delayMs: number }): Promise<{ readonly baseUrl: string; close(): Promise<void> }>;
}

/** Trainings that the page starts. They run in the server, so closing the page changes nothing; stopping the run ends them. */
export class PromptTrainings {
  readonly #prompts: PromptRuns;
  readonly #sink: RunSink;
  readonly #underWay = new Map<string, { readonly stop: AbortController; readonly done: Promise<void> }>();

  constructor(prompts: PromptRuns, sink: RunSink) {
    this.#prompts = prompts;
    this.#sink = sink;
  }

  /** @returns the id of the run. @throws {TrainyardError} `queue_full` when enough are under way; nothing was started. */
  start({ model, prompt }: TrainingRequest): string {
    if (this.#underWay.size >= AT_ONCE) {
      throw new TrainyardError("queue_full", `${AT_ONCE} prompt trainings are under way. Wait for one, or stop one.`, { retryable: true });
    }
    const asked = model.kind === "scripted" ? "the scripted model" : model.model;
    const runId = this.#sink.create(`Customer messages, ${asked}`, { project: "Prompt training", description: null });
    const stop = new AbortController();
    const done = this.#run(runId, model, prompt, stop.signal).finally(() => this.#underWay.delete(runId));
    this.#underWay.set(runId, { stop, done });
    return runId;
  }

  /** Ends every training; resolves when they have ended. */
  async close(): Promise<void> {
    const all = [...this.#underWay.values()];
    for (const { stop } of all) stop.abort(new TrainyardError("closed", "The server stopped."));
    await Promise.all(all.map(({ done }) => done));
  }

  /** Never rejects: how it ended is in the run. */
  async #run(runId: string, choice: ModelChoice, prompt: string | null, signal: AbortSignal): Promise<void> {
    let key = "";
    const redact = (text: string): string => (key.length < 4 ? text : text.replaceAll(key, "[key]"));
    const recorder = this.#prompts.recorder(runId);
    let scripted: Awaited<ReturnType<ScriptedModels["startScriptedModel"]>> | null = null;
    try {
      if (choice.kind === "openai") key = choice.apiKey;
      recorder?.redactors.add(redact);
      if (choice.kind === "scripted") {
        const { startScriptedModel } = (await import(new URL("scripted-model.mjs", EXAMPLE).href)) as ScriptedModels;
        scripted = await startScriptedModel({ delayMs: SCRIPTED_DELAY_MS });
      }
      const { trainRouter } = (await import(new URL("train.mjs", EXAMPLE).href)) as Example;
      const inner =
        choice.kind === "openai"
          ? openAIChatModel({ model: choice.model, apiKey: choice.apiKey, baseUrl: choice.baseUrl })
          : openAIChatModel({ model: "scripted", apiKey: "scripted", baseUrl: scripted!.baseUrl });
      const budgetUsd = choice.kind === "openai" ? choice.budgetUsd : BUDGET_USD;
      const lm = limitModel(
        watchModel(inner, (usage) => recorder?.spent(usage)),
        { concurrency: 8, budgetUsd },
      );
      const observe = recorder ?? {};
      await this.#prompts.whileGoingOn(runId, signal, (both) =>
        trainRouter({ print: () => {}, lm, ...(prompt === null ? {} : { prompt }), observe, signal: both }),
      );
      recorder?.flush();
      this.#sink.status(runId, "COMPLETED");
    } catch (error) {
      recorder?.flush();
      this.#sink.status(runId, "FAILED", redact(messageOf(error)));
    } finally {
      recorder?.redactors.delete(redact);
      await scripted?.close();
    }
  }
}

/** Checks what a page asks for. @throws {InvalidArgumentError} that names the field and the remedy. */
export function toTrainingRequest(body: unknown): TrainingRequest {
  const { model, prompt = null } = fieldsOf(body, "the request");
  if (prompt !== null && (typeof prompt !== "string" || prompt.trim() === "" || prompt.length > PROMPT_MAX)) {
    throw new InvalidArgumentError(`prompt must be a text of at most ${PROMPT_MAX} characters; leave it out for the example's.`);
  }
  const fields = fieldsOf(model, "model");
  if (fields.kind === "scripted") return { model: { kind: "scripted" }, prompt };
  if (fields.kind !== "openai") throw new InvalidArgumentError('model.kind must be "scripted" or "openai".');
  const { model: name, base_url: baseUrl, api_key: apiKey, consent, budget_usd: budgetUsd = BUDGET_USD } = fields;
  if (consent !== true)
    throw new InvalidArgumentError("consent must be true: the server would hold the key in memory until the training ends.");
  if (typeof name !== "string" || name === "")
    throw new InvalidArgumentError("model.model must be the name of a model, such as gpt-4.1-mini.");
  if (typeof apiKey !== "string" || apiKey === "")
    throw new InvalidArgumentError("model.api_key must not be empty; local servers take any text.");
  if (typeof baseUrl !== "string" || !/^https?:\/\/[^\s/]+/.test(baseUrl)) {
    throw new InvalidArgumentError("model.base_url must begin with http:// or https://, such as http://127.0.0.1:11434/v1.");
  }
  if (typeof budgetUsd !== "number" || !(budgetUsd > 0)) throw new InvalidArgumentError("model.budget_usd must be a number above 0.");
  return { model: { kind: "openai", model: name, baseUrl, apiKey, budgetUsd }, prompt };
}

function fieldsOf(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Readonly<Record<string, unknown>>;
  throw new InvalidArgumentError(`${what} must be a JSON object.`);
}
