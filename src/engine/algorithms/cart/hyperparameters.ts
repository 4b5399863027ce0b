import type { HyperparameterSchema, Hyperparameters } from "../../hyperparameter.ts";
import { BALANCE_CLASSES } from "../shared-hyperparameters.ts";
import type { Criterion } from "./split.ts";

/** Names and defaults are the catalogue's where it has them; `criterion` and `prune_rule` are additions. */
export const HYPERPARAMETERS: readonly HyperparameterSchema[] = [
  {
    name: "cp",
    title: "Complexity",
    help: "A split must lower the risk by at least this share of the root's risk per leaf. Larger gives a smaller tree.",
    type: "double",
    default: 0.01,
    min: 0,
    max: 1,
    tunable: true,
    level: "basic",
    suggest: [0.001, 0.01, 0.05],
    log: true,
  },
  {
    name: "maxdepth",
    title: "Largest depth",
    help: "Questions from the root to the deepest leaf, at most. Smaller gives a tree that is easier to read.",
    type: "integer",
    default: 20,
    min: 1,
    max: 60,
    tunable: true,
    level: "basic",
    suggest: [3, 5, 10, 20],
  },
  {
    name: "minsplit",
    title: "Rows to split",
    help: "A node with fewer rows is not split. Larger gives a smaller, steadier tree.",
    type: "integer",
    default: 2,
    min: 2,
    max: 1_000_000_000,
    tunable: true,
    level: "basic",
    suggest: [2, 20, 50],
    log: true,
  },
  {
    name: "minbucket",
    title: "Rows in a leaf",
    help: "Each leaf holds at least this many rows. Larger smooths the predictions.",
    type: "integer",
    default: 1,
    min: 1,
    max: 1_000_000_000,
    tunable: true,
    level: "basic",
    suggest: [1, 7, 20],
    log: true,
  },
  {
    name: "xval",
    title: "Folds for pruning",
    help: "Folds of a cross-validation inside the training rows that chooses how far to prune. 0 switches it off.",
    type: "integer",
    default: 0,
    min: 0,
    max: 100,
    tunable: false,
    level: "basic",
  },
  BALANCE_CLASSES,
  {
    name: "prune_cp",
    title: "Pruning complexity",
    help: "Prunes the grown tree back to this complexity. Values up to the first complexity change nothing.",
    type: "double",
    default: null,
    automatic: "chosen by cross-validation when the folds for pruning are 2 or more; else no second pruning",
    min: 0,
    max: 1,
    tunable: true,
    level: "advanced",
    suggest: [0.01, 0.03, 0.1],
    log: true,
  },
  {
    name: "prune_rule",
    title: "Pruning rule",
    help: "With folds: 1se takes the smallest tree within one standard error of the best, min the best itself.",
    type: "character",
    default: "1se",
    choices: ["1se", "min"],
    tunable: false,
    level: "advanced",
  },
  {
    name: "criterion",
    title: "Impurity",
    help: "What a split of classes should lower: the Gini index, or the entropy (information). Trees are mostly alike.",
    type: "character",
    default: "gini",
    choices: ["gini", "information"],
    tunable: true,
    level: "advanced",
    suggest: ["gini", "information"],
    tasks: ["binary", "multiclass"],
  },
  {
    name: "maxsurrogate",
    title: "Surrogate splits",
    help: "Stand-ins per split for rows where its feature is missing. 0 sends such rows the heavier way.",
    type: "integer",
    default: 5,
    min: 0,
    max: 20,
    tunable: false,
    level: "advanced",
  },
];

/** The hyperparameters by their types; they were validated before. */
export interface Settings {
  readonly cp: number;
  readonly maxDepth: number;
  readonly minSplit: number;
  readonly minBucket: number;
  readonly folds: number;
  readonly inverseFrequency: boolean;
  readonly pruneCp: number | null;
  readonly rule: "1se" | "min";
  readonly criterion: Criterion;
  readonly maxSurrogates: number;
}

export function settingsOf(values: Hyperparameters): Settings {
  return {
    cp: values.cp as number,
    maxDepth: values.maxdepth as number,
    minSplit: values.minsplit as number,
    minBucket: values.minbucket as number,
    folds: values.xval as number,
    inverseFrequency: values.ifw as boolean,
    pruneCp: values.prune_cp as number | null,
    rule: values.prune_rule as Settings["rule"],
    criterion: values.criterion as Criterion,
    maxSurrogates: values.maxsurrogate as number,
  };
}
