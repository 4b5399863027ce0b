/** Tokens and money. Counters are whole numbers ≥ 0; cost is in US dollars. */
export interface Usage {
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly totalTokens: number;
  readonly cachedTokens: number;
  readonly promptAudioTokens: number;
  readonly reasoningTokens: number;
  readonly completionAudioTokens: number;
  readonly acceptedPredictionTokens: number;
  readonly rejectedPredictionTokens: number;
  readonly costUsd: number;
}

export const NO_USAGE: Usage = Object.freeze({
  promptTokens: 0,
  completionTokens: 0,
  totalTokens: 0,
  cachedTokens: 0,
  promptAudioTokens: 0,
  reasoningTokens: 0,
  completionAudioTokens: 0,
  acceptedPredictionTokens: 0,
  rejectedPredictionTokens: 0,
  costUsd: 0,
});

export function addUsage(a: Usage, b: Usage): Usage {
  const sum: Record<string, number> = {};
  for (const key of Object.keys(NO_USAGE) as (keyof Usage)[]) sum[key] = a[key] + b[key];
  return sum as unknown as Usage; // every key of Usage was just filled
}
