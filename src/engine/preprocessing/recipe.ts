import { BadInputError, InvalidArgumentError } from "../../core/errors.ts";
import type { Column } from "../table.ts";
import { cutBins, quantileBins } from "./bins.ts";
import {
  characterToFactor,
  factorToInteger,
  fewValuesToFactor,
  integerToFactor,
  integerToNumeric,
  logicalToFactor,
  logicalToNumeric,
  missingLevel,
  numericToFactor,
} from "./conversions.ts";
import { dateFeatures, holidays } from "./dates.ts";
import { impute } from "./impute.ts";
import { missingFlags } from "./missing-flags.ts";
import { oneHot } from "./one-hot.ts";
import type { PreprocessorConfig } from "./option.ts";
import { scaling } from "./scaling.ts";
import { type RowFacts, select } from "./selection.ts";
import { settingsOf } from "./settings.ts";
import type { Step } from "./step.ts";

/** Steps that change columns, in the order of the live protocol's section 11.1. The selection of rows and features comes before them. */
export const STEPS: readonly Step[] = [
  dateFeatures,
  holidays,
  integerToFactor,
  logicalToFactor,
  numericToFactor,
  characterToFactor,
  fewValuesToFactor,
  integerToNumeric,
  logicalToNumeric,
  cutBins,
  quantileBins,
  missingLevel,
  factorToInteger,
  missingFlags,
  impute as unknown as Step, // its state is its own, as that of every step
  scaling,
  oneHot,
];

/** What was learned from training rows; JSON with typed arrays. `applyRecipe` replays it on any rows. */
export interface Recipe {
  readonly version: 1;
  /** Features that are worked on, then those that nothing touches; all others are dropped. */
  readonly inputs: readonly string[];
  readonly excluded: readonly string[];
  readonly steps: readonly { readonly step: string; readonly state: object }[];
}

export interface Learned {
  readonly recipe: Recipe;
  /** Positions of the training rows to train on; null for all of them. */
  readonly rows: Int32Array | null;
  /** Those rows, prepared: the bits that `applyRecipe` gives for them. */
  readonly columns: readonly Column[];
}

export interface LearnOptions extends Partial<RowFacts> {
  readonly seed: number;
}

/**
 * Learns preprocessing from the features of training rows, and prepares them. Nothing but these rows decides anything.
 *
 * @param config as `readPreprocessing` returns it.
 * @throws {InvalidArgumentError} when no row or no feature is left, or one-hot columns would be too many; the message names the option.
 * Yields between pieces of long work; `return()` cancels it. Cost: a pass over each column per step, sorting for quantiles and medians,
 * forests and regressions for chained imputation. Deterministic: same rows, options and seed, same bits. Inputs are not modified.
 */
export function* learnRecipe(
  features: readonly Column[],
  config: PreprocessorConfig,
  options: LearnOptions,
): Generator<null, Learned, void> {
  const settings = settingsOf(config);
  const selection = select(features, settings, { target: options.target ?? null, ids: options.ids ?? null });
  if (selection.rows !== null && selection.rows.length === 0) throw nothingLeft("row", rowOptions(config));
  if (selection.columns.length + selection.excluded.length === 0) throw nothingLeft("feature", columnOptions(config));
  const steps: { step: string; state: object }[] = [];
  let columns = selection.columns;
  for (const step of STEPS) {
    const state = yield* step.learn(columns, settings, options);
    if (state === null) continue;
    steps.push({ step: step.name, state });
    columns = step.apply(columns, state);
  }
  const names = (list: readonly Column[]): string[] => list.map((column) => column.name);
  const recipe: Recipe = { version: 1, inputs: names(selection.columns), excluded: names(selection.excluded), steps };
  return { recipe, rows: selection.rows, columns: [...columns, ...selection.excluded] };
}

/**
 * The columns that a learner sees, for any rows. Rows are never dropped, and each is treated on its own: permuted rows give permuted
 * results. Categories that are not among the training levels count as missing.
 *
 * @param columns at least the recipe's features, with training types; others are ignored.
 */
export function applyRecipe(recipe: Recipe, columns: readonly Column[]): Column[] {
  const byName = new Map(columns.map((column) => [column.name, column]));
  const pick = (names: readonly string[]): Column[] =>
    names.map((name) => {
      const column = byName.get(name);
      if (column === undefined) throw new InvalidArgumentError(`preprocessing needs the column "${name}", which is not there; add it`);
      return column;
    });
  let current = pick(recipe.inputs);
  for (const { step, state } of recipe.steps) current = stepOf(step).apply(current, state);
  return [...current, ...pick(recipe.excluded)];
}

/** Learns in one go, for those who need not yield. */
export function learnAtOnce(features: readonly Column[], config: PreprocessorConfig, options: LearnOptions): Learned {
  const steps = learnRecipe(features, config, options);
  for (;;) {
    const next = steps.next();
    if (next.done === true) return next.value;
  }
}

function stepOf(name: string): Step {
  const step = STEPS.find((candidate) => candidate.name === name);
  if (step !== undefined) return step;
  throw new BadInputError(`The model prepares its data with "${name}", which this program does not know. Update Trainyard.`);
}

function nothingLeft(what: "row" | "feature", options: readonly string[]): InvalidArgumentError {
  return new InvalidArgumentError(`preprocessing leaves no ${what} to train on; relax or leave out ${options.join(", ")}`, {
    details: { options },
  });
}

const rowOptions = (config: PreprocessorConfig): string[] => ["complete_cases", "remove_cases_thres"].filter((name) => name in config);
const columnOptions = (config: PreprocessorConfig): string[] =>
  ["remove_features", "remove_constants", "remove_features_thres"].filter((name) => name in config);
