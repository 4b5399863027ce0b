import type { Problem } from "../algorithm.ts";
import { applyRecipe, learnRecipe, type Recipe } from "../preprocessing/recipe.ts";
import type { Column } from "../table.ts";
import { type PreparedTraining, problemOf } from "./prepare.ts";

/** Rows as the learner of one unit sees them: through the preprocessing that the unit's training rows taught. */
export interface FoldView {
  /** Training rows (of the prepared ones) that take part; preprocessing may leave some out. */
  readonly train: Int32Array;
  /** Null when features are used as they are. */
  readonly recipe: Recipe | null;
  /** Any rows, prepared; copies them. */
  problem(rows: Int32Array): Problem;
}

/** Recipes kept per prepared table: the candidates of a search meet the same inner resamples again. */
const RECIPES_KEPT = 20;

const kept = new WeakMap<PreparedTraining, Map<string, Pick<FoldView, "train" | "recipe">>>();

/**
 * Learns preprocessing on `train`, and on nothing else. The same key must mean the same rows and seed: what was learned is then reused.
 * Yields between pieces of long work.
 */
export function* foldView(prepared: PreparedTraining, train: Int32Array, key: string, seed: number): Generator<null, FoldView, void> {
  const config = prepared.config.preprocessor_config ?? null;
  if (config === null) return { train, recipe: null, problem: (rows) => problemOf(prepared, rows) };
  let learned = recall(prepared, key);
  let columns: readonly Column[] | null = null; // of the training rows, where they were prepared just now
  if (learned === null) {
    const { features, target } = problemOf(prepared, train);
    const fresh = yield* learnRecipe(features, config, { seed, target, ids: train });
    learned = { recipe: fresh.recipe, train: fresh.rows === null ? train : fresh.rows.map((row) => train[row]!) };
    columns = fresh.columns;
    remember(prepared, key, learned);
  }
  const { recipe, train: rows } = learned;
  return {
    train: rows,
    recipe,
    problem(asked) {
      const problem = problemOf(prepared, asked);
      return { ...problem, features: asked === rows && columns !== null ? columns : applyRecipe(recipe!, problem.features) };
    },
  };
}

function recall(prepared: PreparedTraining, key: string): Pick<FoldView, "train" | "recipe"> | null {
  return kept.get(prepared)?.get(key) ?? null;
}

function remember(prepared: PreparedTraining, key: string, learned: Pick<FoldView, "train" | "recipe">): void {
  const recipes = kept.get(prepared) ?? new Map();
  kept.set(prepared, recipes);
  for (const oldest of recipes.keys()) {
    if (recipes.size < RECIPES_KEPT) break;
    recipes.delete(oldest);
  }
  recipes.set(key, learned);
}
