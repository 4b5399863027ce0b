import { InvalidArgumentError } from "../../core/errors.ts";
import { askFor } from "../backward-context.ts";
import type { ChatMessage, ChatModel, CompletionArguments } from "../models/chat-model.ts";
import { dataOf, type PromptInputs, type PromptMessage } from "../operations/messages.ts";
import { DEFAULT_PROMPTS, type EnginePrompts } from "../prompts/index.ts";
import { fill } from "../prompts/template.ts";
import { isBatch, isEmptyText, joinedText, type TextData, textOf } from "../values.ts";
import { Parameter, Variable } from "../variable.ts";

/** An earlier version of a parameter and the criticism that it got. */
export interface PastVersion {
  readonly value: Variable;
  readonly gradients: readonly Variable[];
}

export interface DescentOptions {
  readonly model: ChatModel;
  /** Instead of the engine's own prompts. `{role}`, `{value}`, `{feedback}`, `{constraints}`, `{past}`, `{examples}` are filled in. */
  readonly messages?: readonly PromptMessage[] | null | undefined;
  readonly inputs?: PromptInputs | undefined;
  /** Sentences that every new text must satisfy. */
  readonly constraints?: readonly (string | Variable)[] | undefined;
  /** Good texts of the kind that is learned. */
  readonly examples?: readonly string[] | undefined;
  /** Earlier versions that the optimizer sees, newest kept. Default 0. */
  readonly momentum?: number | undefined;
  readonly args?: CompletionArguments | undefined;
  readonly prompts?: EnginePrompts | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A parameter with its gradients and the versions before it. */
export interface DescentItem {
  readonly parameter: Variable;
  readonly gradients: readonly Variable[];
  readonly past: readonly PastVersion[];
}

export interface DescentResult {
  readonly parameter: Variable;
  /** The new data; the old data where nothing was to be done. Not yet assigned. */
  readonly data: TextData;
  readonly past: readonly PastVersion[];
}

/**
 * One step of textual gradient descent, without state: each parameter that was criticised is rewritten by one question to the model,
 * all at the same time. Nothing is assigned; a caller does that when every answer is there, so a failing step changes nothing.
 * Parameters without gradients, or with empty ones only, keep their text and ask nothing.
 * @throws {InvalidArgumentError} for a momentum that is no whole number ≥ 0; errors of the model; `bad_input` when no answer had the form.
 * Source: Yuksekgonul et al. (2024), arXiv:2406.07496; Pryzant et al. (2023), arXiv:2305.03495; history as in Yang et al. (2023), arXiv:2309.03409.
 */
export async function descend(items: readonly DescentItem[], options: DescentOptions): Promise<DescentResult[]> {
  const { momentum = 0 } = options;
  if (!Number.isInteger(momentum) || momentum < 0) throw new InvalidArgumentError(`momentum must be a whole number ≥ 0, got ${momentum}.`);
  const stop = new AbortController();
  const signal = options.signal === undefined ? stop.signal : AbortSignal.any([stop.signal, options.signal]);
  try {
    return await Promise.all(items.map((item) => rewrite(item, { ...options, momentum, signal })));
  } catch (error) {
    stop.abort(error);
    throw error;
  }
}

async function rewrite(item: DescentItem, options: DescentOptions & { readonly momentum: number }): Promise<DescentResult> {
  const { parameter, past } = item;
  const gradients = item.gradients.filter((gradient) => !isEmptyText(gradient.data));
  if (gradients.length === 0) return { parameter, data: parameter.data, past };
  const before = parameter.data;
  const { model, args, signal } = options;
  const isOwnForm = options.messages === null || options.messages === undefined;
  const read = (text: string): TextData | null => readAnswer(text, isOwnForm, before);
  const messages = questionFor(before, { ...item, gradients }, options);
  const data = await askFor(model, messages, read, `a new text for "${parameter.role}"`, { args, signal });
  const copy = parameter instanceof Parameter ? Parameter : Variable;
  const value = new copy(before, { role: parameter.role, requiresGrad: parameter.requiresGrad });
  const kept = options.momentum === 0 ? [] : [...past, { value, gradients: [...item.gradients] }].slice(-options.momentum);
  return { parameter, data, past: kept };
}

function questionFor(before: TextData, { parameter, gradients, past }: DescentItem, options: DescentOptions): ChatMessage[] {
  const { prompts = DEFAULT_PROMPTS, constraints = [], examples = [], momentum = 0, inputs = {}, messages = null } = options;
  const values = {
    role: parameter.role,
    value: joinedText(before),
    feedback: numbered(
      gradients.map((gradient) => joinedText(gradient.data)),
      "CRITICISM",
    ),
    constraints: section(
      prompts.optimizerConstraints,
      constraints.map((one) => `- ${typeof one === "string" ? one : joinedText(one.data)}`),
    ),
    past: section(prompts.optimizerPast, momentum === 0 ? [] : past.slice(-momentum).map(showPast)),
    examples: section(
      prompts.optimizerExamples,
      examples.map((one) => `<EXAMPLE>${one}</EXAMPLE>`),
    ),
  };
  if (messages === null) {
    return [
      { role: "system", content: prompts.optimizerSystem },
      { role: "user", content: fill(prompts.optimizerUser, values) },
    ];
  }
  const given = Object.fromEntries(Object.entries(inputs).map(([name, value]) => [name, joinedText(dataOf(value))]));
  return messages.map(({ role, content }) => ({
    role,
    content: content.map((part) => fill(joinedText(part.data), { ...values, ...given })).join("\n"),
  }));
}

function section(template: string, blocks: readonly string[]): string {
  return blocks.length === 0 ? "" : fill(template, { items: blocks.join("\n") });
}

function numbered(texts: readonly string[], tag: string): string {
  return texts.map((text, index) => `<${tag} number="${index + 1}">${text}</${tag}>`).join("\n");
}

function showPast({ value, gradients }: PastVersion): string {
  return `<VERSION>\n<VALUE>${joinedText(value.data)}</VALUE>\n${numbered(
    gradients.map((gradient) => joinedText(gradient.data)),
    "CRITICISM",
  )}\n</VERSION>`;
}

/** The text between the tags. Own prompts of a caller may do without tags; a list comes back as `<ITEM>`s, as many as before. */
function readAnswer(answer: string, needsTag: boolean, before: TextData): TextData | null {
  const open = answer.indexOf("<NEW_VALUE>");
  const close = answer.lastIndexOf("</NEW_VALUE>");
  const isTagged = open >= 0 && close > open;
  if (!isTagged && needsTag) return null;
  const text = (isTagged ? answer.slice(open + "<NEW_VALUE>".length, close) : answer).trim();
  if (text === "") return null;
  if (!isBatch(before)) return typeof before === "string" ? text : numberLike(text, before);
  const parts = [...text.matchAll(/<ITEM>([\s\S]*?)<\/ITEM>/g)].map((match) => match[1]!);
  if (parts.length !== before.length) return null;
  const values = parts.map((part, index) => (typeof before[index] === "string" ? part : numberLike(part, before[index]!)));
  return values.every((value) => value !== null) ? (values as TextData) : null;
}

function numberLike(text: string, before: TextData): number | boolean | null {
  if (typeof before === "boolean") return text === textOf(true) ? true : text === textOf(false) ? false : null;
  const number = text.trim() === "" ? Number.NaN : Number(text);
  return Number.isFinite(number) ? number : null;
}
