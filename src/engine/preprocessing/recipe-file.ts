import type { ModelState } from "../algorithm.ts";
import type { Recipe } from "./recipe.ts";

type Arrays = ModelState["arrays"];
type TypedArray = Arrays[string];

/** Names of arrays in a model file that belong to the recipe, not to the learner. */
const PREFIX = "preprocessing_";

/** A recipe as JSON, and its typed arrays by name; `recipeFromState` is the inverse, to the bit. */
export function recipeState(recipe: Recipe): { readonly meta: unknown; readonly arrays: Arrays } {
  const arrays: Record<string, TypedArray> = {};
  const take = (value: unknown): unknown => {
    if (ArrayBuffer.isView(value)) {
      const name = `${PREFIX}${Object.keys(arrays).length}`;
      arrays[name] = value as TypedArray; // states hold no other views
      return { $array: name };
    }
    if (Array.isArray(value)) return value.map(take);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, take(inner)]));
  };
  return { meta: take(recipe), arrays };
}

/** `meta` as a model file's header has it, `arrays` all those of the file. */
export function recipeFromState(meta: unknown, arrays: Arrays): Recipe {
  const give = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(give);
    if (typeof value !== "object" || value === null) return value;
    const entries = Object.entries(value);
    const [first] = entries;
    if (entries.length === 1 && first?.[0] === "$array" && typeof first[1] === "string") return arrays[first[1]];
    return Object.fromEntries(entries.map(([key, inner]) => [key, give(inner)]));
  };
  return give(meta) as Recipe; // written by `recipeState`
}

/** The arrays of a file that are the learner's own. */
export function withoutRecipe(arrays: Arrays): Arrays {
  return Object.fromEntries(Object.entries(arrays).filter(([name]) => !name.startsWith(PREFIX)));
}
