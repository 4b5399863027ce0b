import type { ChatModel, ChatOptions, ChatReply, ChatRequest } from "../../src/textgrad/index.ts";
import { addUsage, NO_USAGE } from "../../src/textgrad/index.ts";

/** Answers by a function; counts its calls and how many were open at the same time. */
export class FakeModel implements ChatModel {
  readonly name = "fake";
  readonly requests: ChatRequest[] = [];
  usage = NO_USAGE;
  open = 0;
  mostOpen = 0;
  readonly #answer: (user: string, request: ChatRequest) => string | Promise<string>;

  constructor(answer: (user: string, request: ChatRequest) => string | Promise<string>) {
    this.#answer = answer;
  }

  async complete(request: ChatRequest, _options?: ChatOptions): Promise<ChatReply> {
    this.requests.push(request);
    this.mostOpen = Math.max(this.mostOpen, ++this.open);
    try {
      const text = await this.#answer(request.messages.at(-1)?.content ?? "", request);
      const usage = { ...NO_USAGE, promptTokens: 10, completionTokens: 5, totalTokens: 15, costUsd: 0.01 };
      this.usage = addUsage(this.usage, usage);
      return { text, usage };
    } finally {
      this.open--;
    }
  }

  clearUsage(): void {
    this.usage = NO_USAGE;
  }
}
