import type { ConfigProblem } from "../../core/errors.ts";
import { didYouMean } from "../../core/nearest.ts";
import type { TrainConfig } from "./config.ts";
import { plural, show } from "./field-reader.ts";
import { HELD_OUT, HELD_OUT_FIELDS, type HeldOutMap, type HeldOutName } from "./held-out-names.ts";
import type { ColumnShape, TableShape } from "./shape.ts";

/** Checks the tables given beside the training table against what is trained. Adds every fault and what is worth knowing. */
export function checkHeldOut(
  config: TrainConfig,
  training: TableShape,
  heldOut: HeldOutMap<TableShape>,
  problems: ConfigProblem[],
  warnings: string[],
): void {
  for (const name of HELD_OUT) {
    const shape = heldOut[name];
    if (shape === undefined) continue;
    const found = [
      ...missingColumns(config, name, shape),
      ...badWeights(config, name, shape),
      ...badTarget(config, training, name, shape, warnings),
    ];
    for (const message of found) problems.push({ path: HELD_OUT_FIELDS[name], message: `The ${name} table ${message}` });
  }
  if (heldOut.test !== undefined && config.outer_resampling_config !== null) {
    const message =
      "A test table cannot be combined with outer_resampling_config: the table judges one model on its own rows, resampling judges several on rows of the training table. Leave one of them out.";
    problems.push({ path: HELD_OUT_FIELDS.test, message });
  }
}

function missingColumns(config: TrainConfig, name: HeldOutName, shape: TableShape): string[] {
  const names = shape.columns.map((column) => column.name);
  // Weights count where a fit watches rows, not where a model is judged.
  const weights = name === "validation" && config.weights !== null ? [config.weights] : [];
  const absent = [...config.features, config.target, ...weights].filter((wanted) => !names.includes(wanted));
  if (absent.length === 0) return [];
  const list = absent.slice(0, 10).map(show).join(", ");
  const more = absent.length > 10 ? ` and ${absent.length - 10} more` : "";
  const hint = absent.length === 1 ? didYouMean(absent[0] ?? "", names) : "";
  return [`lacks the ${absent.length === 1 ? "column" : "columns"} ${list}${more}, which the training table has.${hint}`];
}

function badWeights({ weights }: TrainConfig, name: HeldOutName, shape: TableShape): string[] {
  const column = name === "validation" ? columnNamed(shape, weights) : null;
  if (column === null) return [];
  const isUsable =
    column.kind === "numeric" && column.n_missing === 0 && column.n_infinite === 0 && (column.min ?? 0) >= 0 && (column.max ?? 0) > 0;
  return isUsable ? [] : [`must have a number for the weight "${column.name}" in every row, none negative and not all zero.`];
}

function badTarget(config: TrainConfig, training: TableShape, name: HeldOutName, shape: TableShape, warnings: string[]): string[] {
  const target = columnNamed(shape, config.target);
  const trained = columnNamed(training, config.target);
  if (target === null || trained === null) return [];
  if (target.n_missing === shape.rows) return [`has no value of the target "${target.name}" at all; give another table.`];
  if (target.n_missing > 0)
    warnings.push(`${plural(target.n_missing, "row")} of the ${name} table without a value of "${target.name}" left out.`);
  if (config.task === "regression") {
    if (target.kind !== "numeric") return [`holds text in the target "${target.name}", which is a number in the training table.`];
    return target.n_infinite > 0 ? [`has ${plural(target.n_infinite, "infinite value")} of the target "${target.name}".`] : [];
  }
  const known = (trained.levels ?? []).map((level) => level.label);
  const levels = target.levels ?? [];
  const unseen = levels.filter((level) => !known.includes(level.label));
  if (unseen.length === levels.length) {
    return [
      `has none of the classes of "${target.name}" that training has (${known.slice(0, 5).map(show).join(", ")}${known.length > 5 ? ", …" : ""}).`,
    ];
  }
  for (const level of unseen.slice(0, 5)) {
    warnings.push(
      `${plural(level.count, "row")} of the ${name} table left out: training has no class "${level.label}" of "${target.name}".`,
    );
  }
  return [];
}

function columnNamed(shape: TableShape, name: string | null): ColumnShape | null {
  return shape.columns.find((column) => column.name === name) ?? null;
}
