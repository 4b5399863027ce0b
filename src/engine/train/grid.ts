import { randomStream, shuffle } from "../../core/random.ts";
import type { HyperparameterValue } from "../hyperparameter.ts";
import type { TrainConfig } from "./config.ts";
import { planOf } from "./validate.ts";
import { isSearchSpace } from "./validate-hyperparameters.ts";

/** One assignment of the given hyperparameters; those left out take their defaults. */
export type Candidate = Readonly<Record<string, HyperparameterValue>>;

/**
 * The candidates of a search, in order: the first hyperparameter varies slowest. A randomized search keeps a share of the full grid, drawn
 * by the configuration's seed, in grid order. One candidate means that there is nothing to tune.
 */
export function candidatesOf(config: TrainConfig): readonly Candidate[] {
  let grid: Candidate[] = [{}];
  for (const [name, value] of Object.entries(config.hyperparameters)) {
    const values = isSearchSpace(value) ? value.candidates : [value];
    grid = grid.flatMap((candidate) => values.map((choice) => ({ ...candidate, [name]: choice })));
  }
  const wanted = planOf(config).candidates;
  if (wanted >= grid.length) return grid;
  const order = shuffle(Int32Array.from(grid.keys()), randomStream(config.seed, SEARCH_STREAM));
  return [...order.subarray(0, wanted)].sort((a, b) => a - b).map((index) => grid[index]!);
}

/** The tuned part of a candidate, in words: `alpha 0.5, max_leaves 31`. */
export function candidateLabel(config: TrainConfig, candidate: Candidate): string {
  const tuned = Object.entries(config.hyperparameters).filter(([, value]) => isSearchSpace(value));
  return tuned.map(([name]) => `${name} ${candidate[name] ?? "automatic"}`).join(", ");
}

const SEARCH_STREAM = 7001;
