import type { Usage } from "./usage.ts";

export type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue };

export interface ChatMessage {
  readonly role: string;
  readonly content: string;
}

/** `model`, `temperature` and so on: passed through to the provider as they are. */
export type CompletionArguments = Readonly<Record<string, JsonValue>>;

export interface ChatRequest {
  readonly messages: readonly ChatMessage[];
  readonly args: CompletionArguments;
}

export interface ChatOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called with each piece of text as it arrives; makes the model stream where it can. */
  readonly onText?: ((piece: string) => void) | undefined;
}

export interface ChatReply {
  readonly text: string;
  /** Tokens and cost of this call alone. */
  readonly usage: Usage;
}

/** A language model that answers chats. Implementations: `openAIChatModel`, decorators of `limitModel`, fakes in tests. */
export interface ChatModel {
  /** For people and checkpoints: provider and address, never a key. */
  readonly name: string;
  /** Cumulative since it was made or since `clearUsage`. */
  readonly usage: Usage;
  /** @throws {TrainyardError} `unavailable`, `refused`, `timeout`, `cancelled`; the message never holds a key. */
  complete(request: ChatRequest, options?: ChatOptions): Promise<ChatReply>;
  clearUsage(): void;
}
