import type { ChatModel, ChatOptions, ChatReply, ChatRequest } from "./chat-model.ts";
import type { Usage } from "./usage.ts";

/** The same model; `onReply` hears what each answer used, before the caller gets it. */
export function watchModel(model: ChatModel, onReply: (usage: Usage) => void): ChatModel {
  return {
    name: model.name,
    get usage() {
      return model.usage;
    },
    clearUsage: () => model.clearUsage(),
    async complete(request: ChatRequest, options: ChatOptions = {}): Promise<ChatReply> {
      const reply = await model.complete(request, options);
      onReply(reply.usage);
      return reply;
    },
  };
}
