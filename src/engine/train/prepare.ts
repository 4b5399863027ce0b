import { derivedSeed } from "../../core/random.ts";
import type { Problem, Task } from "../algorithm.ts";
import { type Resample, resample } from "../resampling/index.ts";
import { type Column, columnOf, numberLabel, type Table, takeRows } from "../table.ts";
import type { ResamplerConfig, TrainConfig } from "./config.ts";
import { concat, type HeldOutTables, readHeldOut, stacked } from "./held-out.ts";
import { HELD_OUT, type HeldOutMap } from "./held-out-names.ts";
import { innerDefault } from "./validate-resampler.ts";

/**
 * A table seen through a configuration: rows with a target, target as numbers, resamples. Everything here is a pure function of
 * (configuration, table), so every daemon that prepares the same job gets the same bits.
 */
export interface PreparedTraining {
  readonly config: TrainConfig;
  readonly task: Task;
  /** Class labels by code; the positive one is last of two. Empty for regression. */
  readonly classes: readonly string[];
  /**
   * Where the rows that take part stand in `features`: those of the training table, ascending, then those of held-out tables. All other row
   * numbers below index into this. Shape [n].
   */
  readonly rows: Int32Array;
  /** The same rows' numbers in the table that each comes from. Shape [n]. */
  readonly tableRows: Int32Array;
  /** How many of them are of the training table. */
  readonly trainingRows: number;
  /** Rows of the tables given beside it; nothing is learned from them. */
  readonly heldOut: HeldOutMap<{ readonly rows: Int32Array; readonly rowsMissingTarget: number }>;
  /** Shape [n]: values, or class codes. */
  readonly target: Float64Array;
  readonly weights: Float64Array | null;
  readonly features: readonly Column[];
  readonly rowsMissingTarget: number;
  /** What was found in held-out tables. */
  readonly warnings: readonly string[];
  /** Outer resamples; empty when one model is asked for. */
  readonly outer: readonly Resample[];
  /** Inner resamples of an outer fold (1-based), or of all rows (0); row numbers are those of `rows`. */
  inner(fold: number): readonly Resample[];
}

/**
 * @throws {InvalidArgumentError} when the resampler cannot split these rows.
 * @throws {BadInputError} when a held-out table lacks a column, or has no row to use.
 * Cost: O(rows) per resample; held-out tables cost a copy of the features.
 */
export function prepareTraining(config: TrainConfig, table: Table, heldOut: HeldOutTables = {}): PreparedTraining {
  const targetColumn = columnOf(table, config.target)!; // the configuration was checked against this table's shape
  const { rows, target, classes } = readTarget(targetColumn, config);
  const task: Task = config.task === "regression" ? "regression" : classes.length > 2 ? "multiclass" : "binary";
  const weightsColumn = config.weights === null ? null : columnOf(table, config.weights);
  const numbers = weightsColumn?.kind === "numeric" ? weightsColumn.values : null;
  const split = (config: ResamplerConfig, among: Int32Array | null, seed: number): readonly Resample[] =>
    resampleRows(config, { table, rows, target, classes: classes.length }, among, seed);
  const outer =
    config.outer_resampling_config === null ? [] : split(config.outer_resampling_config, null, derivedSeed(config.seed, OUTER_STREAM));
  const innerCache = new Map<number, readonly Resample[]>();
  const features = config.features.map((name) => columnOf(table, name)!); // checked, as above
  const weights = numbers === null ? null : Float64Array.from(rows, (row) => numbers[row]!);
  return {
    config,
    task,
    classes,
    ...withHeldOut({ features, rows, target, weights }, table.rows, heldOut, config, classes),
    trainingRows: rows.length,
    rowsMissingTarget: table.rows - rows.length,
    outer,
    inner(fold) {
      const known = innerCache.get(fold);
      if (known !== undefined) return known;
      const among = fold === 0 ? null : outer[fold - 1]!.train;
      const made = split(config.tuner_config?.resampler_config ?? innerDefault(), among, derivedSeed(config.seed, INNER_STREAM, fold));
      innerCache.set(fold, made);
      return made;
    },
  };
}

type Rows = Pick<PreparedTraining, "features" | "rows" | "target" | "weights">;
type WithHeldOut = Rows & Pick<PreparedTraining, "tableRows" | "heldOut" | "warnings">;

/** The training rows, then those of the tables given beside them. */
function withHeldOut(
  training: Rows,
  tableRows: number,
  tables: HeldOutTables,
  config: TrainConfig,
  classes: readonly string[],
): WithHeldOut {
  const given = HELD_OUT.flatMap((name) => {
    const table = tables[name] ?? null;
    return table === null ? [] : [{ name, table, read: readHeldOut(name, table, config, { ...training, classes }) }];
  });
  if (given.length === 0) return { ...training, tableRows: training.rows, heldOut: {}, warnings: [] };
  let start = tableRows;
  let count = training.rows.length;
  const places = given.map(({ name, table, read }) => {
    const place = { name, read, at: read.rows.map((row) => row + start), rows: read.rows.map((_, i) => count + i) };
    start += table.rows;
    count += read.rows.length;
    return place;
  });
  const reads = places.map(({ read }) => read);
  const weights = reads.flatMap((read) => (read.weights === null ? [] : [read.weights]));
  const numbers = (n: number): Float64Array => new Float64Array(n);
  const integers = (n: number): Int32Array => new Int32Array(n);
  return {
    features: stacked([training.features, ...reads.map((read) => read.features)]),
    rows: concat([training.rows, ...places.map(({ at }) => at)], integers),
    tableRows: concat([training.rows, ...reads.map((read) => read.rows)], integers),
    target: concat([training.target, ...reads.map((read) => read.target)], numbers),
    weights: training.weights === null ? null : concat([training.weights, ...weights], numbers),
    heldOut: Object.fromEntries(places.map(({ name, rows, read }) => [name, { rows, rowsMissingTarget: read.rowsMissingTarget }])),
    warnings: reads.flatMap((read) => read.warnings),
  };
}

/** The learner's view of some rows (numbers index into `prepared.rows`). Copies those rows. */
export function problemOf(prepared: PreparedTraining, rows: Int32Array): Problem {
  const tableRows = Int32Array.from(rows, (row) => prepared.rows[row]!);
  const pick = (values: Float64Array): Float64Array => Float64Array.from(rows, (row) => values[row]!);
  return {
    task: prepared.task,
    rows: rows.length,
    features: prepared.features.map((column) => takeRows(column, tableRows)),
    target: pick(prepared.target),
    classes: prepared.classes,
    weights: prepared.weights === null ? null : pick(prepared.weights),
  };
}

/** All rows of the training table. */
export function allRows(prepared: PreparedTraining): Int32Array {
  return Int32Array.from({ length: prepared.trainingRows }, (_, row) => row);
}

function readTarget(column: Column, config: TrainConfig): { rows: Int32Array; target: Float64Array; classes: string[] } {
  const present: number[] = [];
  const length = column.kind === "numeric" ? column.values.length : column.codes.length;
  for (let row = 0; row < length; row++) {
    if (column.kind === "numeric" ? !Number.isNaN(column.values[row]!) : column.codes[row]! >= 0) present.push(row);
  }
  const rows = Int32Array.from(present);
  if (config.task === "regression" && column.kind === "numeric") {
    return { rows, target: Float64Array.from(rows, (row) => column.values[row]!), classes: [] };
  }
  const raw =
    column.kind === "numeric"
      ? Float64Array.from(rows, (row) => column.values[row]!)
      : Float64Array.from(rows, (row) => column.codes[row]!);
  const occurring = [...new Set(raw)].sort((a, b) => a - b);
  const labelled = occurring.map((value) => ({
    value,
    label: column.kind === "numeric" ? numberLabel(column.type, value) : column.levels[value]!,
  }));
  if (labelled.length === 2 && config.positive_class !== null && labelled[0]?.label === config.positive_class) labelled.reverse();
  const codeOf = new Map(labelled.map(({ value }, code) => [value, code]));
  return { rows, target: raw.map((value) => codeOf.get(value)!), classes: labelled.map(({ label }) => label) };
}

interface Splittable {
  readonly table: Table;
  readonly rows: Int32Array;
  readonly target: Float64Array;
  readonly classes: number;
}

/** Resamples of all prepared rows, or of `among` only; row numbers in the answer are those of the prepared rows. */
function resampleRows(config: ResamplerConfig, data: Splittable, among: Int32Array | null, seed: number): readonly Resample[] {
  const n = among?.length ?? data.rows.length;
  const at = (i: number): number => (among === null ? i : among[i]!);
  const strata = strataOf(config, data);
  const groups = config.id_strat === null ? null : codesOf(columnOf(data.table, config.id_strat)!, data.rows);
  const resamples = resample(
    { ...config, n_resamples: config.type === "LOOCV" ? n : config.n_resamples },
    n,
    {
      stratify: strata === null ? null : { kind: strata.kind, values: Float64Array.from({ length: n }, (_, i) => strata.values[at(i)]!) },
      groups: groups === null ? null : Int32Array.from({ length: n }, (_, i) => groups[at(i)]!),
    },
    config.seed ?? seed,
  );
  if (among === null) return resamples;
  return resamples.map(({ label, train, test }) => ({ label, train: train.map(at), test: test.map(at) }));
}

/** What to stratify on: the named column, else the outcome. */
function strataOf(config: ResamplerConfig, data: Splittable): { kind: "classes" | "numbers"; values: Float64Array } | null {
  if (config.type === "LOOCV" || config.type === "Bootstrap") return null;
  if (config.stratify_var === null) return { kind: data.classes > 0 ? "classes" : "numbers", values: data.target };
  const column = columnOf(data.table, config.stratify_var)!; // checked against the table's shape
  if (column.kind === "categorical") return { kind: "classes", values: Float64Array.from(data.rows, (row) => column.codes[row]!) };
  return { kind: column.type === "logical" ? "classes" : "numbers", values: Float64Array.from(data.rows, (row) => column.values[row]!) };
}

function codesOf(column: Column, rows: Int32Array): Int32Array {
  const values =
    column.kind === "categorical"
      ? Float64Array.from(rows, (row) => column.codes[row]!)
      : Float64Array.from(rows, (row) => column.values[row]!);
  const codes = new Map<number, number>();
  return Int32Array.from(values, (value) => {
    const known = codes.get(value);
    if (known !== undefined) return known;
    codes.set(value, codes.size);
    return codes.size - 1;
  });
}

const OUTER_STREAM = 1001;
const INNER_STREAM = 1002;
