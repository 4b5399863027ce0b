import type { PreprocessorOption } from "../src/engine/preprocessing/option.ts";
export function preprocessingDocs(text: string, options: readonly PreprocessorOption[]): string;
