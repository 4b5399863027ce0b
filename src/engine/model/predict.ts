import { type CategoricalColumn, type Column, numericColumn, type Table } from "../table.ts";
import { alignFeatures } from "./features.ts";
import type { SavedModel } from "./model-file.ts";

/**
 * Predictions for every row of a table, in its order: `predicted`, and for classification `prob_<class>` per class. Missing feature
 * values are the learner's to handle; a missing column is an error.
 *
 * @throws {BadInputError} when a feature column is not there.
 */
export function predictTable(saved: SavedModel, table: Table): { table: Table; warnings: string[] } {
  const { columns, warnings } = alignFeatures(saved.header.features, table);
  const values = saved.model.predict(columns);
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

/** The most probable class of each row, ties to the lower code; with two classes, code 1 from probability 0.5 on. Shape [n]. */
export function predictedCodes(probabilities: Float64Array, classes: number): Int32Array {
  const codes = new Int32Array(probabilities.length / classes);
  for (let i = 0; i < codes.length; i++) {
    if (classes === 2) {
      codes[i] = probabilities[2 * i + 1]! >= 0.5 ? 1 : 0;
      continue;
    }
    let best = 0;
    for (let k = 1; k < classes; k++) if (probabilities[i * classes + k]! > probabilities[i * classes + best]!) best = k;
    codes[i] = best;
  }
  return codes;
}
