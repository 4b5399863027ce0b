import type { Algorithm } from "../src/engine/algorithm.ts";
export function algorithmDocs(algorithms: readonly Algorithm[]): string;
