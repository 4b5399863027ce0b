import type { Column } from "../table.ts";
import type { Settings } from "./settings.ts";

export interface LearnContext {
  /** All randomness of learning and of replaying comes from here. */
  readonly seed: number;
}

/**
 * One kind of change to columns. `learn` sees training rows only; `apply` gives the same answer for a row whatever rows are beside it,
 * so training, held-out and new rows are all treated alike. Inputs are not modified; columns that are not changed are passed on.
 */
export interface Step<State extends object = object> {
  readonly name: string;
  /** What the training rows show, as JSON with typed arrays; null when there is nothing to do. Yields between pieces of long work. */
  learn(columns: readonly Column[], settings: Settings, context: LearnContext): Generator<null, State | null, void>;
  apply(columns: readonly Column[], state: State): Column[];
}

/** A step that is learned at once. */
export function simpleStep<State extends object>(
  name: string,
  learn: (columns: readonly Column[], settings: Settings) => State | null,
  apply: (columns: readonly Column[], state: State) => Column[],
): Step {
  const step: Step<State> = {
    name,
    // biome-ignore lint/correctness/useYield: the interface is a generator for the sake of imputation
    *learn(columns, settings) {
      return learn(columns, settings);
    },
    apply,
  };
  return step as unknown as Step; // a recipe hands every state back to the step that learned it
}
