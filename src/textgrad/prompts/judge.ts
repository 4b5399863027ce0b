/** Put behind a judge's own messages. The form of the answer is what `lmJudge` reads. Source: Zheng et al. (2023), arXiv:2306.05685. */
export const JUDGE_FORM = `Answer with one JSON object and nothing else: {"score": <number>, "explanation": "<why, in one or two sentences>"}`;
