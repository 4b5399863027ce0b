import { InvalidArgumentError } from "../../core/errors.ts";
import type { ModelState } from "../algorithm.ts";
import type { HyperparameterSchema, Hyperparameters } from "../hyperparameter.ts";
import type { NumericMatrix } from "../matrix.ts";

/** The declaration of `k` that all decompositions share. */
export function componentsSchema(count: number): HyperparameterSchema {
  return {
    name: "k",
    title: "Components",
    help: "How many components to keep. More keep more of the data; at most as many as there are rows or columns.",
    type: "integer",
    default: count,
    min: 1,
    max: 10_000,
    tunable: false,
    level: "basic",
  };
}

/** `k`, lowered with a warning to what a matrix of this shape can have. */
export function componentCount(matrix: NumericMatrix, { k }: Hyperparameters, warnings: string[]): number {
  const asked = Number(k);
  const most = Math.min(matrix.rows, matrix.names.length);
  if (asked > most) warnings.push(`k is ${most}, not ${asked}: there cannot be more components than rows or columns.`);
  return Math.min(asked, most);
}

/** An array of numbers from a saved state. @throws {InvalidArgumentError} when it is not there: the file is damaged. */
export function arrayOf(state: ModelState, name: string): Float64Array {
  const array = state.arrays[name];
  if (array instanceof Float64Array) return array;
  throw new InvalidArgumentError(`the saved fit has no array "${name}"; the file is damaged or from another version`);
}
