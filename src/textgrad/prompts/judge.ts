/** Put behind a judge's own messages. The form of the answer is what `lmJudge` reads. Source: Zheng et al. (2023), arXiv:2306.05685. */
export const JUDGE_FORM = `Answer with one JSON object and nothing else: {"score": <number>, "explanation": "<why, in one or two sentences>"}`;

/** What an evaluation by rules says of one pair. Placeholders: purpose, prediction, target, score. */
export const SCORE_EXPLANATION = `Evaluation for {purpose}: the predicted value was "{prediction}", the target value was "{target}", and the score is {score}.`;
