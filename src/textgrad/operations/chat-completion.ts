import { InvalidArgumentError } from "../../core/errors.ts";
import { askFor, type BackwardContext } from "../backward-context.ts";
import type { ChatMessage, ChatModel, CompletionArguments } from "../models/chat-model.ts";
import { fill } from "../prompts/template.ts";
import { at, batchLength, isBatch, isEmptyText, items, type TextData, textOf } from "../values.ts";
import type { Feedback, Variable } from "../variable.ts";
import {
  batchData,
  forEachPosition,
  type PromptInputs,
  type PromptMessage,
  renderMessages,
  scalarOrList,
  showConversation,
  variablesOf,
} from "./messages.ts";
import { type OperationOptions, record, willRecord } from "./record.ts";

export interface ChatCompletionOptions extends OperationOptions {
  readonly inputs?: PromptInputs;
  /** `model`, `temperature`, …: passed through. `n` above 1 is refused. */
  readonly args?: CompletionArguments;
  readonly signal?: AbortSignal | undefined;
  /** Each piece of text as it arrives, with its position in the batch. */
  readonly onText?: (piece: string, index: number) => void;
}

/**
 * Asks a model. A list anywhere among contents and inputs makes it a batch: one completion per position, all at once, and a list
 * in input order as result. Criticism of the answer goes to each variable that requires it, contents first, then inputs: one question
 * to the backward model per variable and position.
 * @throws {InvalidArgumentError} when lists differ in length or `n` is above 1; the model's own errors otherwise.
 */
export async function chatCompletion(
  model: ChatModel,
  messages: readonly PromptMessage[],
  { inputs = {}, args = {}, signal, onText, ...options }: ChatCompletionOptions = {},
): Promise<Variable> {
  assertOneAnswer(args);
  const variables = variablesOf(messages, inputs);
  const isRecorded = willRecord(variables, options);
  const length = batchLength(batchData(messages, inputs), "chat completion");
  const values = variables.map((variable) => variable.data);
  const calls = Array.from({ length: length ?? 1 }, (_, index) => renderMessages(messages, inputs, index));
  const answers = await forEachPosition(length, async (index) => {
    const streaming = onText === undefined ? {} : { onText: (piece: string) => onText(piece, index) };
    return (await model.complete({ messages: calls[index]!, args }, { signal, ...streaming })).text;
  });
  const role = `answer to ${
    variables
      .map((variable) => variable.role)
      .filter((role) => role !== "")
      .join(" and ") || "a conversation"
  }`;
  const backward = (feedback: readonly (readonly Feedback[])[], wanted: readonly boolean[], context: BackwardContext) =>
    completionBackward({ variables, values, calls, answers, isBatch: length !== null }, feedback[0] ?? [], wanted, context);
  return record("ChatCompletion", variables, [{ data: scalarOrList(length, answers), role }], isRecorded, backward)[0]!;
}

export function assertOneAnswer(args: CompletionArguments): void {
  if (args.n !== undefined && args.n !== null && args.n !== 1) {
    throw new InvalidArgumentError(`Completions give one answer each; n must be 1, got ${String(args.n)}.`);
  }
}

/** What a completion remembers: its variables with the values they had, each rendered chat, each answer. */
export interface SavedCompletion {
  readonly variables: readonly Variable[];
  readonly values: readonly TextData[];
  readonly calls: readonly (readonly ChatMessage[])[];
  readonly answers: readonly string[];
  readonly isBatch: boolean;
}

/** One gradient per wanted variable. Positions without criticism ask nothing; without any criticism the gradient is empty. */
export async function completionBackward(
  saved: SavedCompletion,
  feedback: readonly Feedback[],
  wanted: readonly boolean[],
  context: BackwardContext,
): Promise<TextData[][]> {
  const said = saved.answers.map((_, index) => feedbackAt(feedback, index, context));
  const about = async (edge: number, index: number): Promise<string> => {
    if (said[index] === "") return "";
    const question = fill(context.prompts.backwardCompletion, {
      role: saved.variables[edge]!.role,
      value: textOf(at(saved.values[edge]!, index)),
      conversation: showConversation(saved.calls[index]!),
      output: saved.answers[index]!,
      feedback: said[index]!,
    });
    return context.ask(context.prompts.backwardSystem, question);
  };
  return Promise.all(
    saved.variables.map(async (_, edge) => {
      if (wanted[edge] !== true || feedback.length === 0) return [];
      const texts = await Promise.all(said.map((_, index) => about(edge, index)));
      return [joinPositions(texts, saved.isBatch, saved.values[edge]!)];
    }),
  );
}

/** A list for a list; for one value that served every position, what was said of it as one text. */
export function joinPositions(texts: readonly string[], isBatchCall: boolean, value: TextData): TextData {
  if (!isBatchCall) return texts[0] ?? "";
  if (isBatch(value)) return texts;
  const spoken = texts.filter((text) => text !== "");
  return spoken.length > 1 ? items(spoken) : (spoken[0] ?? "");
}

/** All criticism of one position as one text; "" when nobody said anything. */
export function feedbackAt(feedback: readonly Feedback[], index: number, { prompts }: BackwardContext): string {
  const texts = feedback.filter(({ data }) => !isEmptyText(data)).map(({ data }) => textOf(at(data, index)));
  const spoken = texts.filter((text) => text !== "");
  if (spoken.length > 1) return items(spoken);
  return spoken[0] ?? (feedback.some(({ isIdentity }) => isIdentity) ? prompts.noFeedback : "");
}

/** The `ask` of a backward context. */
export function askerOf(model: ChatModel, args: CompletionArguments, signal: AbortSignal): BackwardContext["ask"] {
  return (system, user) => {
    const messages = [
      { role: "system", content: system },
      { role: "user", content: user },
    ];
    return askFor(model, messages, (text) => (text.trim() === "" ? null : text.trim()), "feedback", { args, signal });
  };
}
