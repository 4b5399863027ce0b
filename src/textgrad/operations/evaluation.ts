import { InvalidArgumentError } from "../../core/errors.ts";
import type { BackwardContext } from "../backward-context.ts";
import { DEFAULT_PROMPTS, type EnginePrompts } from "../prompts/index.ts";
import { fill } from "../prompts/template.ts";
import { at, batchLength, joinedText, type Scalar, type TextData, textOf, toTextData } from "../values.ts";
import type { BackwardFunction, Feedback, Variable } from "../variable.ts";
import { feedbackAt, joinPositions } from "./chat-completion.ts";
import { dataOf } from "./messages.ts";
import type { OperationOptions } from "./record.ts";

export type Score = number | boolean;
export type EvaluateFunction = (prediction: Scalar, target: Scalar) => unknown;
export type ReduceFunction = (scores: readonly Scalar[]) => unknown;
export type SuccessFunction = (scores: readonly Scalar[]) => unknown;

/** What evaluators have in common. Functions may be asynchronous. */
export interface EvaluatorOptions extends OperationOptions {
  /** True: nothing is to be improved. The gradient is then empty, and no model is asked. */
  readonly successFn?: SuccessFunction | null | undefined;
  /** Makes one score of a batch. Default: the sum. Null keeps the list. */
  readonly reductionFn?: ReduceFunction | null | undefined;
  /** Completes "the scores were combined by …". Default: summation. */
  readonly reductionPurpose?: string | null | undefined;
  /** What the evaluation says in words. Default: the engine's own. */
  readonly prompts?: EnginePrompts;
}

/** Score (output 0) and explanation (output 1). Train on the explanation. */
export interface Evaluation {
  readonly score: Variable;
  readonly explanation: Variable;
  /** Per position of the batch, before they were combined. */
  readonly scores: readonly Scalar[];
}

export const sumOf: ReduceFunction = (scores) => scores.reduce<number>((total, score) => total + Number(score), 0);

export interface Scored {
  readonly length: number | null;
  readonly scores: readonly Scalar[];
  readonly score: TextData;
  readonly isSuccess: boolean;
  readonly reductionPurpose: string | null;
}

/** @throws {InvalidArgumentError} unless prediction and target are both single values, or lists of equal length. */
export function pairLength(prediction: Variable, target: Variable | TextData): number | null {
  const values = [prediction.data, dataOf(target)];
  const length = batchLength(values, "evaluation of prediction and target");
  if (length !== null && !values.every(Array.isArray)) {
    throw new InvalidArgumentError(`A list of predictions needs a list of targets of the same length (${length}), and the reverse.`);
  }
  return length;
}

/** Reduces a batch's scores and asks whether all is well. */
export async function scored(length: number | null, scores: readonly Scalar[], options: EvaluatorOptions): Promise<Scored> {
  const { reductionFn = sumOf, successFn = null } = options;
  const purpose = options.reductionPurpose ?? (reductionFn === sumOf ? "summation" : null);
  let score: TextData = length === null ? scores[0]! : scores;
  if (length !== null && reductionFn !== null) score = toScore(await reductionFn(scores), "The reduction function");
  const isSuccess = successFn !== null && Boolean(await successFn(scores));
  return { length, scores, score, isSuccess, reductionPurpose: reductionFn === null ? null : (purpose ?? "reduction") };
}

/** @throws {InvalidArgumentError} when a function returned something that is no score. */
export function toScore(value: unknown, who: string): Scalar {
  const data = typeof value === "object" ? null : value;
  try {
    return toTextData(data) as Scalar; // lists were excluded
  } catch {
    throw new InvalidArgumentError(`${who} must return a number, a text or a truth value, got ${JSON.stringify(value) ?? String(value)}.`);
  }
}

/** Explanation of scores that rules, not a model, gave. */
export function explainScores(
  purpose: string,
  prediction: TextData,
  target: TextData,
  result: Scored,
  prompts: EnginePrompts = DEFAULT_PROMPTS,
): string {
  if (result.length !== null) return explainBatch(purpose, result);
  const values = { purpose, prediction: joinedText(prediction), target: joinedText(target), score: joinedText(result.score) };
  return fill(prompts.scoreExplanation, values);
}

export function explainBatch(purpose: string, { length, score, reductionPurpose }: Scored): string {
  const start = `Evaluation for ${purpose}: each of ${length} predictions got a score of its own`;
  if (reductionPurpose === null) return `${start}: ${joinedText(score)}.`;
  return `${start}; combined by ${reductionPurpose}, the score is ${joinedText(score)}.`;
}

export function evaluationOutputs(prediction: Variable, score: TextData, explanation: TextData) {
  return [
    { data: score, role: `Evaluation result score of ${prediction.role}` },
    { data: explanation, role: `Evaluation result explanation of ${prediction.role}` },
  ];
}

export interface SavedEvaluation {
  readonly role: string;
  readonly prediction: TextData;
  readonly target: TextData;
  readonly purpose: string;
  readonly result: Scored;
  /** Per position. */
  readonly explanations: readonly string[];
  /** Positions that need no criticism. */
  readonly isPerfect: (score: Scalar) => boolean;
}

/** Criticism of the prediction: one question per position that is not perfect; empty when the evaluation was a success. */
export async function predictionFeedback(
  saved: SavedEvaluation,
  feedback: readonly (readonly Feedback[])[],
  context: BackwardContext,
): Promise<TextData> {
  const { result, prediction } = saved;
  const said = feedback.flat().filter(({ isIdentity }) => !isIdentity);
  const about = async (score: Scalar, index: number): Promise<string> => {
    if (result.isSuccess || saved.isPerfect(score)) return "";
    const question = fill(context.prompts.backwardEvaluation, {
      role: saved.role,
      value: textOf(at(prediction, index)),
      purpose: saved.purpose,
      target: textOf(at(saved.target, index)),
      score: textOf(score),
      explanation: saved.explanations[index] ?? "",
      feedback: feedbackAt(said, index, context),
    });
    return context.ask(context.prompts.backwardSystem, question);
  };
  return joinPositions(await Promise.all(result.scores.map(about)), result.length !== null, prediction);
}

/** Backward of evaluators that criticise their prediction, which is input number `edge`. */
export function evaluationBackward(saved: SavedEvaluation, inputCount: number, edge: number): BackwardFunction {
  return async (feedback, wanted, context) => {
    const sent: TextData[][] = Array.from({ length: inputCount }, () => []);
    if (wanted[edge] === true) sent[edge] = [await predictionFeedback(saved, feedback, context)];
    return sent;
  };
}
