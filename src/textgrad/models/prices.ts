import type { Usage } from "./usage.ts";

/** US dollars per million tokens. A missing price counts as 0. */
export interface Price {
  readonly input?: number;
  readonly cached?: number;
  readonly output?: number;
}
export type PriceTable = Readonly<Record<string, Price>>;

/** List prices of OpenAI, November 2025. Pass your own table where yours differ; a model that is not listed costs 0. */
export const PRICES: PriceTable = {
  "gpt-4.1": { input: 2, cached: 0.5, output: 8 },
  "gpt-4.1-mini": { input: 0.4, cached: 0.1, output: 1.6 },
  "gpt-4.1-nano": { input: 0.1, cached: 0.025, output: 0.4 },
  "gpt-4o": { input: 2.5, cached: 1.25, output: 10 },
  "gpt-4o-mini": { input: 0.15, cached: 0.075, output: 0.6 },
  "gpt-5": { input: 1.25, cached: 0.125, output: 10 },
  "gpt-5-mini": { input: 0.25, cached: 0.025, output: 2 },
  "gpt-5-nano": { input: 0.05, cached: 0.005, output: 0.4 },
  o3: { input: 2, cached: 0.5, output: 8 },
  "o4-mini": { input: 1.1, cached: 0.275, output: 4.4 },
};

/** Cost of one call in US dollars: `((prompt − cached)·input + cached·cached price + completion·output) / 10⁶`. */
export function costOf(model: string, usage: Omit<Usage, "costUsd">, prices: PriceTable = PRICES): number {
  const price = prices[model] ?? prices[baseName(model)] ?? {};
  const { promptTokens, cachedTokens, completionTokens } = usage;
  const { input = 0, cached = 0, output = 0 } = price;
  return ((promptTokens - cachedTokens) * input + cachedTokens * cached + completionTokens * output) / 1e6;
}

/** `gpt-4o-2024-08-06` is priced as `gpt-4o`. */
function baseName(model: string): string {
  return model.replace(/-\d{4}-\d{2}-\d{2}$/, "");
}
