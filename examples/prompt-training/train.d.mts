import type { ChatModel, TrainingObserver } from "trainyard/textgrad";

export declare const FIRST_PROMPT: string;
export declare function trainRouter(options?: {
  readonly print?: (line: string) => void;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly lm?: ChatModel | null;
  readonly prompt?: string;
  readonly observe?: TrainingObserver;
  readonly signal?: AbortSignal;
}): Promise<{ readonly before: number; readonly after: number; readonly prompt: string; readonly requests: number | null }>;
