import { TrainyardError } from "../core/errors.ts";
import type { ChatMessage, ChatModel, CompletionArguments } from "./models/chat-model.ts";
import type { EnginePrompts } from "./prompts/index.ts";

/** Attempts per question when a model answers with nothing, or without the form that was asked for. */
export const ATTEMPTS = 3;

export interface AskOptions {
  readonly args?: CompletionArguments | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What backward functions may use. */
export interface BackwardContext {
  readonly prompts: EnginePrompts;
  /** One answer of the backward model; never empty. @throws {TrainyardError} `refused` when no model was chosen. */
  ask(system: string, user: string): Promise<string>;
}

/**
 * Asks until `read` gives something other than null, at most three times.
 * @throws {TrainyardError} `bad_input` with the start of the last answer when it never does.
 */
export async function askFor<Answer>(
  model: ChatModel,
  messages: readonly ChatMessage[],
  read: (text: string) => Answer | null,
  form: string,
  { args = {}, signal }: AskOptions,
): Promise<Answer> {
  let last = "";
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const { text } = await model.complete({ messages, args }, { signal });
    const answer = read(text);
    if (answer !== null) return answer;
    last = text;
  }
  const shown = last === "" ? "nothing" : `"${last.slice(0, 80)}"`;
  throw new TrainyardError("bad_input", `The model ${model.name} was asked ${ATTEMPTS} times for ${form} and answered ${shown}.`, {
    retryable: true,
  });
}
