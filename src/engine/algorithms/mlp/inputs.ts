import { InvalidArgumentError } from "../../../core/errors.ts";
import { learnScaledDesign, rowCount, type ScaledPlan, scaledRows } from "../../scaled-design.ts";
import type { Column } from "../../table.ts";

/** How columns become the input of a network. JSON-safe but for `numbers`. */
export interface InputPlan {
  /** Per feature: its name, and whether it is an unordered category with an embedding. */
  readonly features: readonly { readonly name: string; readonly isEmbedded: boolean }[];
  /** Numbers and ordered categories, standardised, missing ones at the mean. */
  readonly numbers: ScaledPlan;
  /** Per embedded feature: the vector of each level code; 0 for levels that training did not see. */
  readonly vectorOf: readonly (readonly number[])[];
}

/** Learns the input from training columns. */
export function learnInputs(columns: readonly Column[], weights: Float64Array): InputPlan {
  const features = columns.map((column) => ({ name: column.name, isEmbedded: column.kind === "categorical" && !column.ordered }));
  const numbers = learnScaledDesign(
    columns.filter((_, index) => !features[index]!.isEmbedded),
    { standardize: true, weights },
  );
  const vectorOf: number[][] = [];
  for (const [index, column] of columns.entries()) {
    if (column.kind !== "categorical" || !features[index]!.isEmbedded) continue;
    const seen = new Uint8Array(column.levels.length);
    for (const [row, code] of column.codes.entries()) if (code >= 0 && weights[row]! > 0) seen[code] = 1;
    let next = 1;
    vectorOf.push(Array.from(seen, (isSeen) => (isSeen === 1 ? next++ : 0)));
  }
  return { features, numbers, vectorOf };
}

/** Vectors of an embedding, that for missing and unseen levels included. */
export function vectorsOf(vectorOf: readonly number[]): number {
  return 1 + vectorOf.reduce((most, vector) => Math.max(most, vector), 0);
}

export interface Inputs {
  readonly rows: number;
  /** Shape [rows, numbers] row-major. */
  readonly numbers: Float32Array;
  /** Vector of each embedding, shape [rows, embeddings]. */
  readonly codes: Int32Array;
}

/** @throws {InvalidArgumentError} when the number of columns or a column's kind differs from training. */
export function inputsOf(plan: InputPlan, columns: readonly Column[]): Inputs {
  if (columns.length !== plan.features.length) {
    throw new InvalidArgumentError(
      `the network was trained on ${plan.features.length} features and got ${columns.length}; pass them all, in training order`,
    );
  }
  const rows = rowCount(columns);
  const numbers = scaledRows(
    plan.numbers,
    columns.filter((_, index) => !plan.features[index]!.isEmbedded),
  );
  const count = plan.vectorOf.length;
  const codes = new Int32Array(rows * count);
  let embedding = 0;
  for (const [index, column] of columns.entries()) {
    if (!plan.features[index]!.isEmbedded) continue;
    if (column.kind !== "categorical") {
      throw new InvalidArgumentError(`feature "${column.name}" was a category in training and is numeric now; convert it first`);
    }
    const vectors = plan.vectorOf[embedding]!;
    for (let row = 0; row < rows; row++) codes[row * count + embedding] = column.codes[row]! < 0 ? 0 : (vectors[column.codes[row]!] ?? 0);
    embedding++;
  }
  return { rows, numbers: Float32Array.from(numbers), codes };
}
