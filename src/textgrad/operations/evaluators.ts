import type { Scalar, TextData } from "../values.ts";
import { at } from "../values.ts";
import { Variable } from "../variable.ts";
import {
  type EvaluateFunction,
  type Evaluation,
  type EvaluatorOptions,
  evaluationBackward,
  evaluationOutputs,
  explainScores,
  pairLength,
  scored,
  toScore,
} from "./evaluation.ts";
import { dataOf, forEachPosition } from "./messages.ts";
import { record, willRecord } from "./record.ts";

export interface DeterministicOptions extends EvaluatorOptions {
  /** Completes "evaluation for …". */
  readonly purpose?: string | undefined;
  /** Positions of a batch with such a score are not criticised. Default: none. */
  readonly isPerfect?: (score: Scalar) => boolean;
}

/**
 * Scores predictions by a function of plain values: once for a pair, for a batch once per pair, in order. A target that is a
 * variable is an input as well, but gets no gradient.
 * @throws {InvalidArgumentError} for unequal lengths, or when the function returns no score; what the function throws passes through.
 */
export async function deterministicEvaluator(
  prediction: Variable,
  target: Variable | TextData,
  evaluate: EvaluateFunction,
  { purpose = "correctness", isPerfect = () => false, ...options }: DeterministicOptions = {},
): Promise<Evaluation> {
  const inputs = target instanceof Variable ? [prediction, target] : [prediction];
  const isRecorded = willRecord(inputs, options);
  const length = pairLength(prediction, target);
  const predicted = prediction.data;
  const expected = dataOf(target);
  const scores: Scalar[] = [];
  for (let index = 0; index < (length ?? 1); index++) {
    scores.push(toScore(await evaluate(at(predicted, index), at(expected, index)), "The evaluation function"));
  }
  const result = await scored(length, scores, options);
  const explanation = explainScores(purpose, predicted, expected, result, options.prompts);
  const explanations = scores.map((score, index) =>
    explainScores(purpose, at(predicted, index), at(expected, index), { ...result, length: null, score }, options.prompts),
  );
  const saved = { role: prediction.role, prediction: predicted, target: expected, purpose, result, explanations, isPerfect };
  const outputs = evaluationOutputs(prediction, result.score, explanation);
  const [score, why] = record("DeterministicEvaluator", inputs, outputs, isRecorded, evaluationBackward(saved, inputs.length, 0));
  return { score: score!, explanation: why!, scores };
}

/** 1 where prediction and target are the same value, else 0. Positions that match are not criticised; all matching is success. */
export async function exactMatchEvaluator(
  prediction: Variable,
  target: Variable | TextData,
  options: EvaluatorOptions = {},
): Promise<Evaluation> {
  const inputs = target instanceof Variable ? [prediction, target] : [prediction];
  const isRecorded = willRecord(inputs, options);
  const length = pairLength(prediction, target);
  const predicted = prediction.data;
  const expected = dataOf(target);
  const scores = await forEachPosition(length, async (index) => (at(predicted, index) === at(expected, index) ? 1 : 0));
  const result = await scored(length, scores, { successFn: (all) => all.every((one) => one === 1), ...options });
  const purpose = "exact match";
  const explanation = explainScores(purpose, predicted, expected, result, options.prompts);
  const explanations = scores.map((score, index) =>
    explainScores(purpose, at(predicted, index), at(expected, index), { ...result, length: null, score }, options.prompts),
  );
  const isPerfect = (score: Scalar): boolean => score === 1;
  const saved = { role: prediction.role, prediction: predicted, target: expected, purpose, result, explanations, isPerfect };
  const outputs = evaluationOutputs(prediction, result.score, explanation);
  const [score, why] = record("ExactMatchEvaluator", inputs, outputs, isRecorded, evaluationBackward(saved, inputs.length, 0));
  return { score: score!, explanation: why!, scores };
}
