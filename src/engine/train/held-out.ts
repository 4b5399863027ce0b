import { BadInputError } from "../../core/errors.ts";
import { alignFeatures, featureSchema } from "../model/features.ts";
import { type Column, columnOf, numberLabel, type Table } from "../table.ts";
import type { TrainConfig } from "./config.ts";
import type { HeldOutName } from "./held-out-names.ts";

/** The tables themselves; null is none. */
export type HeldOutTables = { readonly [Name in HeldOutName]?: Table | null };

/** Rows of a held-out table in the form of the training table. Shapes [n]. */
export interface HeldOutRows {
  /** Features in training order, with training types and levels; all rows of the table. */
  readonly features: readonly Column[];
  /** Rows that have a target, ascending. */
  readonly rows: Int32Array;
  /** Of these rows: values, or codes of training's classes. */
  readonly target: Float64Array;
  /** Of these rows; 1 where the table has no such column. Null without weights. */
  readonly weights: Float64Array | null;
  readonly rowsMissingTarget: number;
  readonly warnings: readonly string[];
}

/**
 * Brings a held-out table into the form of the training table, by the names of columns. Rows without a target, or of a class that
 * training does not have, are left out; values of features are treated as in prediction.
 *
 * @throws {BadInputError} when a column is not there, or no row is left.
 */
export function readHeldOut(
  name: HeldOutName,
  table: Table,
  config: TrainConfig,
  training: { readonly features: readonly Column[]; readonly classes: readonly string[] },
): HeldOutRows {
  const { columns, warnings } = alignFeatures(training.features.map(featureSchema), table);
  const column = columnOf(table, config.target);
  if (column === null) throw new BadInputError(`The ${name} table has no column "${config.target}", which is the target.`);
  const targets = targetsOf(column, training.classes);
  const present = Int32Array.from(targets.keys()).filter((row) => !Number.isNaN(targets[row]!));
  if (present.length === 0) throw new BadInputError(`The ${name} table has no row with a usable "${config.target}"; give another table.`);
  return {
    features: columns,
    rows: present,
    target: Float64Array.from(present, (row) => targets[row]!),
    weights: config.weights === null ? null : weightsOf(columnOf(table, config.weights), present),
    rowsMissingTarget: targets.length - present.length,
    warnings: warnings.map((warning) => `In the ${name} table: ${warning}`),
  };
}

/** Per row the value or the code of the class; NaN for missing and for classes that training does not have. */
function targetsOf(column: Column, classes: readonly string[]): Float64Array {
  if (column.kind === "numeric" && classes.length === 0) return column.values;
  const codeOf = new Map(classes.map((label, code) => [label, code]));
  const ofLabel = (label: string | undefined): number => (label === undefined ? Number.NaN : (codeOf.get(label) ?? Number.NaN));
  if (column.kind === "categorical") {
    const codes = column.levels.map(ofLabel);
    return Float64Array.from(column.codes, (code) => (code < 0 ? Number.NaN : codes[code]!));
  }
  return column.values.map((value) => (Number.isNaN(value) ? value : ofLabel(numberLabel(column.type, value))));
}

function weightsOf(column: Column | null, rows: Int32Array): Float64Array {
  if (column?.kind !== "numeric") return new Float64Array(rows.length).fill(1);
  return Float64Array.from(rows, (row) => column.values[row]!);
}

/** The rows of `tables` one after the other. Columns have the same names, kinds and levels; those of the first are kept. */
export function stacked(tables: readonly (readonly Column[])[]): readonly Column[] {
  const [first = []] = tables;
  if (tables.length === 1) return first;
  return first.map((column, at): Column => {
    const parts = tables.map((columns) => columns[at]!);
    if (column.kind === "numeric") {
      const values = concat(
        parts.flatMap((part) => (part.kind === "numeric" ? [part.values] : [])),
        (n) => new Float64Array(n),
      );
      return { ...column, values };
    }
    const codes = concat(
      parts.flatMap((part) => (part.kind === "categorical" ? [part.codes] : [])),
      (n) => new Int32Array(n),
    );
    return { ...column, codes };
  });
}

/** Typed arrays one after the other. */
export function concat<Values extends Float64Array | Int32Array>(parts: readonly Values[], make: (length: number) => Values): Values {
  const all = make(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
