import type { ChatMessage } from "../models/chat-model.ts";
import { fill } from "../prompts/template.ts";
import { at, type Scalar, type TextData, textOf } from "../values.ts";
import { Variable } from "../variable.ts";

/** One message of a chat whose texts are variables. They are joined by line breaks. */
export interface PromptMessage {
  readonly role: string;
  readonly content: readonly Variable[];
}

/** Values of placeholders: what is written `{name}` in a message. A list makes the call a batch. */
export type PromptInputs = Readonly<Record<string, Variable | TextData>>;

export function dataOf(value: Variable | TextData): TextData {
  return value instanceof Variable ? value.data : value;
}

/** The variables of a chat in order: contents of messages, then inputs; each once. */
export function variablesOf(messages: readonly PromptMessage[], inputs: PromptInputs): Variable[] {
  const found = [...messages.flatMap((message) => message.content), ...Object.values(inputs).filter((value) => value instanceof Variable)];
  return [...new Set(found)];
}

/** The chat for one position of a batch, placeholders filled. Only names in `inputs` are placeholders. */
export function renderMessages(messages: readonly PromptMessage[], inputs: PromptInputs, index: number): ChatMessage[] {
  const values = Object.fromEntries(Object.entries(inputs).map(([name, value]) => [name, textOf(at(dataOf(value), index))]));
  return messages.map(({ role, content }) => ({
    role,
    content: content.map((variable) => fill(textOf(at(variable.data, index)), values)).join("\n"),
  }));
}

/** Every list that makes a batch of a chat. */
export function batchData(messages: readonly PromptMessage[], inputs: PromptInputs): TextData[] {
  return [...messages.flatMap((message) => message.content.map((variable) => variable.data)), ...Object.values(inputs).map(dataOf)];
}

export function showConversation(messages: readonly ChatMessage[]): string {
  return messages.map(({ role, content }) => `<MESSAGE role="${role}">${content}</MESSAGE>`).join("\n");
}

/** One result per position, or the single result of a call that is no batch; all at the same time. */
export async function forEachPosition<Result>(length: number | null, work: (index: number) => Promise<Result>): Promise<Result[]> {
  return Promise.all(Array.from({ length: length ?? 1 }, (_, index) => work(index)));
}

export function scalarOrList(length: number | null, values: readonly Scalar[]): TextData {
  return length === null ? values[0]! : values;
}
