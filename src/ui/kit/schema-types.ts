export type { HyperparameterEntry } from "../../client/index.ts";

/** One value, or several to choose from by tuning. */
export interface Candidates {
  readonly candidates: readonly unknown[];
}

export function isCandidates(value: unknown): value is Candidates {
  return typeof value === "object" && value !== null && Array.isArray((value as { candidates?: unknown }).candidates);
}

/** A fault that the server found, at a path such as `hyperparameters.max_depth`. */
export interface FieldProblem {
  readonly path: string;
  readonly message: string;
}
