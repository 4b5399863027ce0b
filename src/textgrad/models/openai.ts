import type OpenAI from "openai";
import { type ErrorCode, InvalidArgumentError, messageOf, TrainyardError } from "../../core/errors.ts";
import type { ChatModel, ChatOptions, ChatReply, ChatRequest } from "./chat-model.ts";
import { costOf, PRICES, type PriceTable } from "./prices.ts";
import { addUsage, NO_USAGE, type Usage } from "./usage.ts";

export const OPENAI_URL = "https://api.openai.com/v1";

export interface OpenAIModelOptions {
  /** Model for requests whose arguments name none. */
  readonly model?: string;
  /** Default: OPENAI_API_KEY of `env`. A local server takes any text. */
  readonly apiKey?: string;
  /** Any endpoint that speaks the OpenAI protocol, e.g. `http://127.0.0.1:11434/v1`. Default: OPENAI_BASE_URL of `env`, else OpenAI. */
  readonly baseUrl?: string;
  readonly organization?: string;
  readonly project?: string;
  /** Per attempt. Default 600,000. */
  readonly timeoutMs?: number;
  /** Further attempts after rate limits, server errors and lost connections, with growing delays. Default 2. */
  readonly maxRetries?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  readonly prices?: PriceTable;
  /** Where key and address come from when the options leave them out, e.g. `process.env`. Default: nowhere. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/**
 * A model behind any endpoint that speaks OpenAI's chat protocol, through the official `openai` package, which is loaded with the
 * first call. The key stays in memory, goes to that address only (redirects are refused), and is cut out of every error.
 * @throws {InvalidArgumentError} without a key, or for an address that is no http(s) URL.
 */
export function openAIChatModel(options: OpenAIModelOptions = {}): ChatModel {
  return new OpenAIChatModel(options);
}

class OpenAIChatModel implements ChatModel {
  readonly name: string;
  readonly #options: OpenAIModelOptions;
  readonly #key: string;
  readonly #url: string;
  #client: Promise<OpenAI> | null = null;
  #usage = NO_USAGE;

  constructor(options: OpenAIModelOptions) {
    this.#options = options;
    this.#key = options.apiKey ?? options.env?.OPENAI_API_KEY ?? "";
    if (this.#key === "") {
      throw new InvalidArgumentError("A language model needs a key: pass apiKey, or set OPENAI_API_KEY. Local servers take any text.");
    }
    this.#url = toUrl(options.baseUrl ?? options.env?.OPENAI_BASE_URL ?? OPENAI_URL);
    this.name = options.model === undefined ? new URL(this.#url).host : `${options.model} at ${new URL(this.#url).host}`;
  }

  get usage(): Usage {
    return this.#usage;
  }

  clearUsage(): void {
    this.#usage = NO_USAGE;
  }

  async complete(request: ChatRequest, { signal, onText }: ChatOptions = {}): Promise<ChatReply> {
    const { stream, model = this.#options.model, ...args } = request.args;
    if (typeof model !== "string") {
      throw new InvalidArgumentError(
        'A completion needs the name of a model: pass args: { model: "…" }, or name one when the model is made.',
      );
    }
    // Arguments are the caller's: the provider, not this code, knows which of them it takes.
    const body = { ...args, model, messages: request.messages } as unknown as Body;
    try {
      this.#client ??= this.#open();
      const client = await this.#client;
      const answer =
        onText !== undefined || stream === true ? await streamed(client, body, signal, onText) : await whole(client, body, signal);
      const counts = toCounts(answer.usage);
      const usage = { ...counts, costUsd: costOf(model, counts, this.#options.prices ?? PRICES) };
      this.#usage = addUsage(this.#usage, usage);
      return { text: answer.text, usage };
    } catch (error) {
      throw this.#toError(error, signal);
    }
  }

  async #open(): Promise<OpenAI> {
    const { default: Client } = await import("openai");
    const { timeoutMs, maxRetries = 2, headers, query, organization, project } = this.#options;
    // Everything is given, so that nothing is taken from the environment of whoever runs this.
    return new Client({
      apiKey: this.#key,
      baseURL: this.#url,
      organization: organization ?? null,
      project: project ?? null,
      webhookSecret: null,
      adminAPIKey: null,
      maxRetries,
      logLevel: "off",
      dangerouslyAllowBrowser: true,
      fetchOptions: { redirect: "error" },
      ...(timeoutMs === undefined ? {} : { timeout: timeoutMs }),
      ...(headers === undefined ? {} : { defaultHeaders: { ...headers } }),
      ...(query === undefined ? {} : { defaultQuery: { ...query } }),
    });
  }

  #toError(error: unknown, signal: AbortSignal | undefined): TrainyardError {
    if (error instanceof TrainyardError) return error;
    const status = (error as { status?: unknown }).status;
    const code = signal?.aborted === true ? "cancelled" : codeOf(status, error);
    // A key of a few letters, as local servers take, is no secret, and would be found inside words.
    const said = this.#key.length < 4 ? messageOf(error) : messageOf(error).replaceAll(this.#key, "[key]");
    const message = code === "cancelled" ? `The call to ${this.name} was cancelled.` : `The model ${this.name} failed: ${said}`;
    return new TrainyardError(code, message, {
      retryable: code === "unavailable" || code === "timeout",
      details: typeof status === "number" ? { status } : {},
    });
  }
}

type Body = OpenAI.Chat.ChatCompletionCreateParamsNonStreaming;

interface Answer {
  readonly text: string;
  readonly usage: OpenAI.CompletionUsage | null;
}

async function whole(client: OpenAI, body: Body, signal: AbortSignal | undefined): Promise<Answer> {
  const reply = await client.chat.completions.create(body, { signal: signal ?? null });
  return { text: reply.choices?.[0]?.message?.content ?? "", usage: reply.usage ?? null };
}

async function streamed(client: OpenAI, body: Body, signal: AbortSignal | undefined, onText?: (piece: string) => void): Promise<Answer> {
  const request = { ...body, stream: true as const, stream_options: { include_usage: true } };
  let text = "";
  let usage: OpenAI.CompletionUsage | null = null;
  for await (const chunk of await client.chat.completions.create(request, { signal: signal ?? null })) {
    const piece = chunk.choices?.[0]?.delta?.content ?? "";
    usage = chunk.usage ?? usage;
    if (piece === "") continue;
    text += piece;
    onText?.(piece);
  }
  return { text, usage };
}

/** Counts as providers report them; what is missing, as with many local servers, counts 0. */
function toCounts(usage: OpenAI.CompletionUsage | null): Omit<Usage, "costUsd"> {
  const prompt = usage?.prompt_tokens_details;
  const completion = usage?.completion_tokens_details;
  return {
    promptTokens: usage?.prompt_tokens ?? 0,
    completionTokens: usage?.completion_tokens ?? 0,
    totalTokens: usage?.total_tokens ?? (usage?.prompt_tokens ?? 0) + (usage?.completion_tokens ?? 0),
    cachedTokens: prompt?.cached_tokens ?? 0,
    promptAudioTokens: prompt?.audio_tokens ?? 0,
    reasoningTokens: completion?.reasoning_tokens ?? 0,
    completionAudioTokens: completion?.audio_tokens ?? 0,
    acceptedPredictionTokens: completion?.accepted_prediction_tokens ?? 0,
    rejectedPredictionTokens: completion?.rejected_prediction_tokens ?? 0,
  };
}

function codeOf(status: unknown, error: unknown): ErrorCode {
  if (status === 401 || status === 403) return "refused";
  if (status === 408 || (error as { name?: string }).name === "APIConnectionTimeoutError") return "timeout";
  if (typeof status === "number" && status >= 400 && status < 500 && status !== 409 && status !== 429) return "bad_input";
  return "unavailable";
}

function toUrl(given: string): string {
  const url = URL.canParse(given) ? new URL(given) : null;
  if (url !== null && (url.protocol === "http:" || url.protocol === "https:")) return given.replace(/\/+$/, "");
  throw new InvalidArgumentError(`baseUrl must be an http or https address like http://127.0.0.1:11434/v1, got "${given}".`);
}
