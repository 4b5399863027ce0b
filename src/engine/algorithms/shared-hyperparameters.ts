import type { HyperparameterSchema, HyperparameterValue } from "../hyperparameter.ts";

/** Class balance, which every learner of classes offers under the catalogue's name; `case-weights.ts` does what it says. */
export const BALANCE_CLASSES: HyperparameterSchema = {
  name: "ifw",
  title: "Balance the classes",
  help: "Weighs each class by the inverse of its frequency, so that a rare class counts as much as a common one.",
  type: "logical",
  default: false,
  tunable: true,
  level: "basic",
  suggest: [false, true],
  tasks: ["binary", "multiclass"],
};

/** Flags of missing values, as `design-matrix.ts` makes them. */
export const MISSING_INDICATOR: HyperparameterSchema = {
  name: "missing_indicator",
  title: "Flag missing values",
  help: "Adds a 0/1 column for each feature with missing values, so that the fact of being missing can count.",
  type: "logical",
  default: false,
  tunable: true,
  level: "advanced",
  suggest: [false, true],
};

/** The limit on an iteration's steps: never tuned, and when it is reached the result says so. */
export function iterationLimit(own: {
  readonly title: string;
  readonly help: string;
  readonly default: number;
  readonly max: number;
}): HyperparameterSchema {
  const { title, help, default: count, max } = own;
  return { name: "maxit", title, help, type: "integer", default: count, min: 1, max, tunable: false, level: "advanced", log: true };
}

/** How exactly an iteration is to end, under the name that the learner's reference gives it. Never tuned. */
export function convergenceThreshold(own: {
  readonly name: string;
  readonly title: string;
  readonly help: string;
  readonly default: number;
  readonly min: number;
  readonly max: number;
}): HyperparameterSchema {
  const { name, title, help, default: size, min, max } = own;
  return { name, title, help, type: "double", default: size, min, max, tunable: false, level: "advanced", log: true };
}

/**
 * Another learner's declaration under other circumstances. The default is always written out: a learner's defaults are its own.
 * @throws {Error} when there is no such declaration, which is a mistake in code.
 */
export function like(
  from: readonly HyperparameterSchema[],
  name: string,
  changes: Partial<HyperparameterSchema> & { readonly default: HyperparameterValue },
): HyperparameterSchema {
  const found = from.find((schema) => schema.name === name);
  if (found === undefined) throw new Error(`there is no hyperparameter ${name} to start from; declare it in full`);
  return { ...found, ...changes };
}
