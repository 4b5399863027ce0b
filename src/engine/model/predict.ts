import { predictedCodes } from "../metrics/index.ts";
import { applyRecipe } from "../preprocessing/recipe.ts";
import { type CategoricalColumn, type Column, numericColumn, type Table } from "../table.ts";
import { alignFeatures } from "./features.ts";
import type { SavedModel } from "./model-file.ts";

/**
 * Predictions for every row of a table, in its order: `predicted`, and for classification `prob_<class>` per class. Features are prepared
 * as in training; missing values that are left are the learner's to handle; a missing column is an error.
 *
 * @throws {BadInputError} when a feature column is not there.
 */
export function predictTable(saved: SavedModel, table: Table): { table: Table; warnings: string[] } {
  const { columns, warnings } = alignFeatures(saved.header.features, table);
  const values = saved.model.predict(saved.recipe === null ? columns : applyRecipe(saved.recipe, columns));
  return { table: { rows: table.rows, columns: predictionColumns(values, saved.header.classes) }, warnings };
}

/** `predicted` and `prob_<class>` columns from a model's output; `values` is [n] for regression and [n, K] row-major otherwise. */
export function predictionColumns(values: Float64Array, classes: readonly string[]): Column[] {
  if (classes.length === 0) return [numericColumn("predicted", values)];
  const predicted: CategoricalColumn = {
    kind: "categorical",
    name: "predicted",
    type: "factor",
    codes: predictedCodes(values, classes.length),
    levels: classes,
    ordered: false,
  };
  const k = classes.length;
  const probabilities = classes.map((label, code) => {
    const column = new Float64Array(values.length / k);
    for (let i = 0; i < column.length; i++) column[i] = values[i * k + code]!;
    return numericColumn(`prob_${label}`, column);
  });
  return [predicted, ...probabilities];
}
