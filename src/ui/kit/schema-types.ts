/** What the form must know of one hyperparameter. Structurally the catalogue entry that the server sends. */
export interface HyperparameterEntry {
  readonly name: string;
  readonly type: "logical" | "integer" | "double" | "character" | "null" | "other";
  readonly default: unknown;
  readonly tunable: boolean;
  readonly choices?: readonly (string | number)[];
  readonly title: string;
  readonly help: string;
  readonly level: "basic" | "advanced";
  /** Present when null is allowed: what the algorithm then does. */
  readonly automatic?: string;
  readonly min?: number;
  readonly max?: number;
  readonly suggest?: readonly (number | string | boolean)[];
  readonly log?: boolean;
  readonly tasks?: readonly string[];
}

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
