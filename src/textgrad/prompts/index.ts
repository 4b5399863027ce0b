import { BACKWARD_COMPLETION, BACKWARD_EVALUATION, BACKWARD_SYSTEM, COMBINED_FEEDBACK, NO_FEEDBACK } from "./backward.ts";
import { JUDGE_FORM, SCORE_EXPLANATION } from "./judge.ts";
import { OPTIMIZER_CONSTRAINTS, OPTIMIZER_EXAMPLES, OPTIMIZER_PAST, OPTIMIZER_SYSTEM, OPTIMIZER_USER } from "./optimizer.ts";

/** Every text that the engine itself says to a model. Read them in this folder; replace any of them with `withPrompts`. */
export interface EnginePrompts {
  readonly backwardSystem: string;
  readonly backwardCompletion: string;
  readonly backwardEvaluation: string;
  readonly noFeedback: string;
  readonly combinedFeedback: string;
  readonly judgeForm: string;
  readonly scoreExplanation: string;
  readonly optimizerSystem: string;
  readonly optimizerUser: string;
  readonly optimizerConstraints: string;
  readonly optimizerPast: string;
  readonly optimizerExamples: string;
}

export const DEFAULT_PROMPTS: EnginePrompts = Object.freeze({
  backwardSystem: BACKWARD_SYSTEM,
  backwardCompletion: BACKWARD_COMPLETION,
  backwardEvaluation: BACKWARD_EVALUATION,
  noFeedback: NO_FEEDBACK,
  combinedFeedback: COMBINED_FEEDBACK,
  judgeForm: JUDGE_FORM,
  scoreExplanation: SCORE_EXPLANATION,
  optimizerSystem: OPTIMIZER_SYSTEM,
  optimizerUser: OPTIMIZER_USER,
  optimizerConstraints: OPTIMIZER_CONSTRAINTS,
  optimizerPast: OPTIMIZER_PAST,
  optimizerExamples: OPTIMIZER_EXAMPLES,
});

/** The default prompts with some of them replaced. */
export function withPrompts(replaced: Partial<EnginePrompts> = {}): EnginePrompts {
  return { ...DEFAULT_PROMPTS, ...replaced };
}
