import { askFor } from "../backward-context.ts";
import type { ChatMessage, ChatModel, CompletionArguments } from "../models/chat-model.ts";
import { DEFAULT_PROMPTS, type EnginePrompts } from "../prompts/index.ts";
import type { Scalar, TextData } from "../values.ts";
import { batchLength } from "../values.ts";
import { type BackwardFunction, Variable } from "../variable.ts";
import { assertOneAnswer, completionBackward } from "./chat-completion.ts";
import {
  type Evaluation,
  type EvaluatorOptions,
  evaluationOutputs,
  explainBatch,
  predictionFeedback,
  type Scored,
  scored,
} from "./evaluation.ts";
import {
  batchData,
  dataOf,
  forEachPosition,
  type PromptInputs,
  type PromptMessage,
  renderMessages,
  scalarOrList,
  variablesOf,
} from "./messages.ts";
import { record, willRecord } from "./record.ts";

export interface JudgeOptions extends EvaluatorOptions {
  readonly inputs?: PromptInputs;
  readonly args?: CompletionArguments;
  /** True (default): the prediction is criticised. False: the judge's own messages and inputs are. */
  readonly evalMode?: boolean;
  readonly signal?: AbortSignal | undefined;
}

/**
 * A model scores predictions. It sees the messages, with `{prediction}` and `{target}` as placeholders beside `inputs`, and answers
 * with a JSON object `{score, explanation}`; an answer without one is asked for again, three times at most. Batches: one question
 * per position, all at once.
 * Source: Zheng et al. (2023), arXiv:2306.05685.
 */
export async function lmJudgeEvaluator(
  model: ChatModel,
  messages: readonly PromptMessage[],
  prediction: Variable,
  target: Variable | TextData | null,
  { inputs = {}, args = {}, evalMode = true, prompts = DEFAULT_PROMPTS, signal, ...options }: JudgeOptions = {},
): Promise<Evaluation> {
  assertOneAnswer(args);
  const own = variablesOf(messages, inputs);
  const judged = [...new Set([prediction, ...(target instanceof Variable ? [target] : [])])].filter((variable) => !own.includes(variable));
  const variables = [...own, ...judged];
  const isRecorded = willRecord(variables, options);
  const placeholders: PromptInputs = { ...inputs, prediction, ...(target === null ? {} : { target }) };
  const length = batchLength(batchData(messages, placeholders), "evaluation by a judge");
  const values = own.map((variable) => variable.data);
  const predicted = prediction.data;
  const calls = Array.from({ length: length ?? 1 }, (_, index) => withForm(renderMessages(messages, placeholders, index), prompts));
  const verdicts = await forEachPosition(length, (index) => {
    return askFor(model, calls[index]!, readVerdict, 'a JSON object with "score" and "explanation"', { args, signal });
  });
  const scores = verdicts.map(({ score }) => score);
  const explanations = verdicts.map(({ explanation }) => explanation);
  const result = await scored(length, scores, options);
  const purpose = "judgement by a language model";
  const saved = { variables: own, values, calls, answers: explanations, isBatch: length !== null };
  const aboutPrediction = {
    role: prediction.role,
    prediction: predicted,
    target: target === null ? "" : dataOf(target),
    purpose,
    result,
    explanations,
    isPerfect: () => false,
  };
  const criticise: BackwardFunction = async (feedback, wanted, context) => {
    if (!evalMode) {
      if (result.isSuccess) return own.map((_, edge) => (wanted[edge] === true ? [""] : []));
      return completionBackward(saved, feedback.flat(), wanted.slice(0, own.length), context);
    }
    const edge = variables.indexOf(prediction);
    const sent: TextData[][] = variables.map(() => []);
    if (wanted[edge] === true) sent[edge] = [await predictionFeedback(aboutPrediction, feedback, context)];
    return sent;
  };
  const outputs = evaluationOutputs(prediction, result.score, explain(purpose, explanations, result));
  const [score, why] = record("LMJudgeEvaluator", variables, outputs, isRecorded, criticise);
  return { score: score!, explanation: why!, scores };
}

function explain(purpose: string, explanations: readonly string[], result: Scored): TextData {
  if (result.length === null || result.reductionPurpose === null) return scalarOrList(result.length, explanations);
  return explainBatch(purpose, result);
}

/** The form of the answer stands behind the last message of the user, or in one of its own. */
function withForm(messages: readonly ChatMessage[], { judgeForm }: EnginePrompts): ChatMessage[] {
  const last = messages.at(-1);
  if (last?.role !== "user") return [...messages, { role: "user", content: judgeForm }];
  return [...messages.slice(0, -1), { role: "user", content: `${last.content}\n\n${judgeForm}` }];
}

interface Verdict {
  readonly score: Scalar;
  readonly explanation: string;
}

/** The first JSON object of a text that has a score; null when there is none. */
export function readVerdict(text: string): Verdict | null {
  for (let start = text.indexOf("{"); start >= 0; start = text.indexOf("{", start + 1)) {
    for (let end = text.lastIndexOf("}"); end > start; end = text.lastIndexOf("}", end - 1)) {
      const verdict = toVerdict(text.slice(start, end + 1));
      if (verdict !== null) return verdict;
    }
  }
  return null;
}

function toVerdict(json: string): Verdict | null {
  let parsed: unknown;
  try {
    parsed = JSON.parse(json);
  } catch {
    return null;
  }
  const { score, explanation = "" } = parsed as { score?: unknown; explanation?: unknown };
  if (typeof score !== "number" && typeof score !== "boolean") return null;
  return { score, explanation: typeof explanation === "string" ? explanation : JSON.stringify(explanation) };
}
